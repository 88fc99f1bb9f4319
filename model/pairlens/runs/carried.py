"""The copies of vocabulary, tokenizer and class names that a run carries, and checks of them by SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from pairlens.config.schema import Config
from pairlens.errors import DataError, RunError
from pairlens.locations.location import Location
from pairlens.runs import names
from pairlens.texts.blocks import read_blocks
from pairlens.texts.lines import read_vocabulary

RECORD = "carried"  # in environment.json: the SHA-256 of each copy, by its name
_SHOWN = 12  # digits of a hash in a message


def vocabulary_of(config: Config) -> list[str] | None:
    """The words to train with: the lines of `data.vocab`, or the tokens of `data.tokenizer`; None if neither is set.

    Raises:
        DataError: a file cannot be read, the two differ, or the tokenizer has more tokens than the model has ids.
    """
    from pairlens.tokenizer.tokenizer import Tokenizer

    data, words, own = config.data, None, None
    if data.vocab:
        words = read_vocabulary(data.vocab)
    if data.tokenizer:
        own = Tokenizer.read(data.tokenizer).vocabulary_lines()
        if len(own) > config.model.embedding.input_dim:
            found = f"{len(own):,} tokens, but model.embedding.input_dim is {config.model.embedding.input_dim}"
            raise DataError(f"{data.tokenizer}: {found}; set it to {len(own)}")
    if words is not None and own is not None and words != own:
        line = next(
            (i for i, pair in enumerate(zip(words, own, strict=False)) if pair[0] != pair[1]), min(len(words), len(own))
        )
        raise DataError(
            f"{data.vocab}:{line + 1}: differs from the vocabulary of {data.tokenizer}; give files that belong together"
        )
    return own if words is None else words


def read_carried(config: Config) -> dict[str, bytes]:
    """Read every file that a run of this config will carry: its decompressed content, by its name in the run.

    Raises:
        DataError: a file cannot be read.
    """
    paths = {name: getattr(config.data, key) for name, key in names.CARRIED.items()}
    carried = {name: b"".join(read_blocks(path, whole=True)) for name, path in paths.items() if path}
    if names.TOKENIZER in carried and names.VOCAB not in carried:
        words = vocabulary_of(config) or []
        carried[names.VOCAB] = "".join(f"{word}\n" for word in words).encode()
    return carried


def with_own_copies(config: Config, run: Location) -> Config:
    """Return the config with missing files replaced by the copies in the run."""
    paths = {key: (getattr(config.data, key), run / name) for name, key in names.CARRIED.items()}
    copies = {key: own for key, (path, own) in paths.items() if path and not is_there(path) and is_there(own)}
    return config.model_copy(update={"data": config.data.model_copy(update=copies)})


def hashes(carried: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of each file that a run carries, by name."""
    return {name: _sha256([content]) for name, content in carried.items()}


def recorded_hash(environment: Mapping[str, Any], name: str) -> str | None:
    """The SHA-256 that a run's environment.json records of a file that it carries; None without one."""
    record = environment.get(RECORD)
    return record.get(name) if isinstance(record, dict) else None


def refuse_another(run: Location, name: str, path: Location, environment: Mapping[str, Any]) -> None:
    """Raises RunError, with both hashes, unless the file has the content that the run was trained with.

    Without a recorded hash, the run's own copy is compared; without a copy, any file is accepted.
    """
    began, own = recorded_hash(environment, name), run / name
    expected = began or (_sha256(read_blocks(own)) if is_there(own) else None)
    found = _sha256(read_blocks(path))
    if expected in (None, found):
        return
    both = f"its SHA-256 is {found[:_SHOWN]}… and was {str(expected)[:_SHOWN]}… in training"
    remedy = "copy the run again" if path == own else f"give the {name} that {run} was trained with"
    raise RunError(f"{path}: not what {run} was trained with: {both}; {remedy}")


def vocabulary_file(
    run: Location, config: Config, environment: Mapping[str, Any], given: Location | None
) -> Location | None:
    """Return the vocabulary file: `given`, else the run's copy, else the file in its config; None if there is none.

    Raises:
        RunError: as `refuse_another` does.
        DataError: the file cannot be read.
    """
    own = run / names.VOCAB
    path = given or (own if is_there(own) else config.data.vocab)
    if path is None or not (given or is_there(path)):
        return None
    refuse_another(run, names.VOCAB, path, environment)
    return path


def why_no_words(run: Location, config: Config) -> str | None:
    """Why a run has no words, for a message; None if it was trained without a vocabulary."""
    if config.data.vocab is None:
        return None
    missing = f"the run has no {names.VOCAB}, and {config.data.vocab}, used in training, is missing"
    return f"{run}: showing ids instead of words: {missing}; give the vocabulary with --vocab FILE"


def carried_file(run: Location, name: str, environment: Mapping[str, Any]) -> Location | None:
    """Return the path of the run's copy, or None without one. Raises as `refuse_another` does."""
    path = run / name
    if not is_there(path):
        return None
    refuse_another(run, name, path, environment)
    return path


def is_there(path: Location) -> bool:
    """Whether a path exists; False if this user may not look, or a server cannot be reached."""
    try:
        return path.exists()
    except (OSError, DataError):
        return False


def _sha256(blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
