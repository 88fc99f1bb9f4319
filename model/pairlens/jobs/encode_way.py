"""How an encoding makes ids of texts: by a vocabulary that it learns, or by a tokenizer that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pairlens.errors import UsageError
from pairlens.runs import names
from pairlens.texts.class_names import read_class_names
from pairlens.tokenizer.recipe import Kind, Normalize
from pairlens.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Learning:
    """How a vocabulary is learned; see `learn_tokenizer`."""

    kind: Kind = "word"
    vocab_size: int | None = None
    min_count: int = 2
    lowercase: bool = True
    normalize: Normalize = "NFKC"
    classes: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A tokenizer that there is already, and the names of the classes of its labels, if they are words.

    `origin` is the directory that they are of; splits that are added there leave them as they are.
    """

    tokenizer: Tokenizer
    classes: Sequence[str] | None = None
    origin: Path | None = None


def given_like(directory: Path) -> Given:
    """The tokenizer and the classes of encoded files, or of a run.

    Raises:
        UsageError: there is no tokenizer. DataError: a file is damaged.
    """
    path = directory / names.TOKENIZER
    if not path.is_file():
        raise UsageError(f"{path}: no such file; --like takes what `pairlens encode` wrote, or a run trained from it")
    classes = directory / names.CLASSES
    return Given(Tokenizer.read(path), read_class_names(classes) if classes.is_file() else None, directory)
