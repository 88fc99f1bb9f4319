"""The two ways in which an encoding gets its tokenizer: learn a vocabulary, or use a tokenizer that exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pairlens.errors import UsageError
from pairlens.locations.location import Location
from pairlens.runs import names
from pairlens.runs.run import Run
from pairlens.texts.class_names import read_class_names
from pairlens.tokenizer.recipe import Kind, Normalize
from pairlens.tokenizer.tokenizer import Tokenizer
from pairlens.vectors.array_file import words_file
from pairlens.vectors.files import read_vectors
from pairlens.vectors.pretrained import vectors_path
from pairlens.vectors.wanted import Vectors


@dataclass(frozen=True, slots=True)
class Learning:
    """Learn a vocabulary with these settings; see `learn_tokenizer`.

    `vectors` is a file of word vectors, of whose first `vector_words` words those that train lacks are added.
    """

    kind: Kind = "word"
    vocab_size: int | None = None
    min_count: int = 2
    lowercase: bool = True
    normalize: Normalize = "NFKC"
    classes: Sequence[str] | None = None
    vectors: Location | None = None
    vector_words: int = 50_000


@dataclass(frozen=True, slots=True)
class Given:
    """Use an existing tokenizer, with the names of the classes if labels are words.

    `origin` is the directory they were read from; adding splits to it does not rewrite them. `vectors` are those of the
    vocabulary, in its order; `lost_vectors` is the file that had them, if it is missing.
    """

    tokenizer: Tokenizer
    classes: Sequence[str] | None = None
    origin: Location | None = None
    vectors: Vectors | None = None
    lost_vectors: Location | None = None


def vector_files(directory: Location) -> list[Location]:
    """The matrix of vectors in a directory of encoded files, and its words."""
    matrix = directory / "vocab.vectors.npy"
    return [matrix, words_file(matrix)]


def given_like(directory: Location) -> Given:
    """Read the tokenizer, the classes and the word vectors of encoded files, or of a run.

    Raises:
        UsageError: there is no tokenizer.
        DataError, RunError: a file is damaged.
    """
    path = directory / names.TOKENIZER
    if not path.is_file():
        raise UsageError(
            f"{path}: no such file; --like needs a directory written by `pairlens encode`, or a run trained from one"
        )
    classes = directory / names.CLASSES
    tokenizer, order = Tokenizer.read(path), read_class_names(classes) if classes.is_file() else None
    origin = vector_files(directory)[0]
    if not origin.is_file():
        if not (directory / names.CONFIG).is_file() or (trained_with := vectors_path(Run(directory).config())) is None:
            return Given(tokenizer, order, directory)
        origin = trained_with
    if not origin.is_file():
        return Given(tokenizer, order, directory, lost_vectors=origin)
    return Given(tokenizer, order, directory, read_vectors(origin, tokenizer.vocabulary_lines()))
