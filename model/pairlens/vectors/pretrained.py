"""The pretrained vectors that a config names, and how much of the data they cover."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.keras import PpmiSvd
from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.pairs import Pairs
from pairlens.texts.regular import refuse_irregular
from pairlens.vectors.array_file import open_npy
from pairlens.vectors.files import files_read, read_vectors, rows_are_ids
from pairlens.vectors.wanted import Vectors


def read_pretrained(config: Config) -> NDArray[np.float32] | None:
    """The embeddings [input_dim, output_dim] of `model.embedding.pretrained`, if it is a matrix with a row for each id.

    Raises:
        DataError: the file is missing, is not a .npy file, or has another shape or numbers that are not finite.
    """
    embedding = config.model.embedding
    path = embedding.pretrained
    if path is None or not rows_are_ids(path):
        return None
    refuse_irregular(path, "a .npy matrix must be one")
    matrix = open_npy(path)
    shape = (embedding.input_dim, embedding.output_dim)
    if matrix is None or matrix.shape != shape or matrix.dtype.kind != "f":
        found = "an archive" if matrix is None else f"{matrix.dtype} {list(matrix.shape)}"
        raise DataError(
            f"{path}: found {found}; must be floats {list(shape)}, "
            "model.embedding.input_dim by model.embedding.output_dim"
        )
    with np.errstate(over="ignore"):
        floats = matrix.astype(np.float32)
    if not np.isfinite(floats).all():
        raise DataError(f"{path}: contains numbers that are not finite as 32-bit floats")
    return floats


def vectors_path(config: Config) -> Location | None:
    """The file of word vectors for the initial embeddings; None without one, or with a warm start."""
    embedding, initializer = config.model.embedding, config.model.embedding.embeddings_initializer
    if config.training.warm_start is not None:
        return None
    if isinstance(initializer, PpmiSvd):
        return initializer.vectors
    path = embedding.pretrained
    return None if path is None or rows_are_ids(path) else path


def read_word_vectors(config: Config, vocabulary: Sequence[str] | None) -> Vectors | None:
    """The vectors [input_dim, dim] of `vectors_path` for the words of the vocabulary; None if the config names none.

    Raises:
        DataError: there is no vocabulary, the file has a fault (see `read_vectors`), or the width does not fit
            `model.embedding.output_dim`.
    """
    path = vectors_path(config)
    if path is None:
        return None
    if not vocabulary:
        raise DataError(f"{path}: vectors are looked up by word; set data.vocab to the file with the words of the ids")
    embedding = config.model.embedding
    words = list(vocabulary[: embedding.input_dim])
    vectors = read_vectors(path, words + [""] * (embedding.input_dim - len(words)))
    if isinstance(embedding.embeddings_initializer, PpmiSvd):
        if vectors.dim >= embedding.output_dim:
            raise DataError(
                f"{path}: vectors of {vectors.dim} numbers, but model.embedding.output_dim is {embedding.output_dim}; "
                f"set it to {vectors.dim} plus the columns of ppmi_svd, at least {vectors.dim + 1}"
            )
    elif vectors.dim != embedding.output_dim:
        raise DataError(
            f"{path}: vectors of {vectors.dim} numbers, but model.embedding.output_dim is {embedding.output_dim}; "
            f"set it to {vectors.dim}"
        )
    return vectors


def vector_files(config: Config) -> list[Location]:
    """Every file of pretrained embeddings or word vectors that a training reads, with the vocabulary if by word."""
    path = vectors_path(config)
    if path is None:
        return [] if config.model.embedding.pretrained is None else [config.model.embedding.pretrained]
    return files_read(path) + ([config.data.vocab] if config.data.vocab else [])


class Coverage(NamedTuple):
    """How much of the vocabulary and of the train split's tokens has a vector."""

    path: Location
    vectors: Vectors
    words: int
    tokens: int
    tokens_found: int

    def record(self) -> dict[str, Any]:
        """The entry for a run's environment.json."""
        found = self.vectors
        return {
            "path": str(self.path),
            "rows": found.rows,
            "dim": found.dim,
            "words": self.words,
            "words_found": int(found.found.sum()),
            "words_found_exact": found.exact,
            "words_found_lower_case": found.lower_case,
            "train_tokens": self.tokens,
            "train_tokens_found": self.tokens_found,
            "duplicates": found.duplicates,
            "undecodable": found.undecodable,
        }

    def sentence(self) -> str:
        """One line for people."""
        found = self.vectors
        count = int(found.found.sum())
        lower = f", {found.lower_case:,} of them in lower case" if found.lower_case else ""
        faults = [
            f"{number:,} {what}"
            for number, what in (
                (found.duplicates, "further vectors of the same words were skipped"),
                (found.undecodable, "words are not UTF-8"),
            )
            if number
        ]
        return "; ".join(
            [
                f"{self.path}: {count:,} of {self.words:,} words of the vocabulary have a vector "
                f"({count / max(self.words, 1):.1%}{lower}), and {self.tokens_found / max(self.tokens, 1):.1%} of the "
                "train tokens",
                *faults,
            ]
        )


def coverage(config: Config, vectors: Vectors, vocabulary: Sequence[str], train: Pairs) -> Coverage:
    """The coverage of vectors from `read_word_vectors`."""
    path = vectors_path(config)
    assert path is not None
    ids = np.concatenate([train.query.ids, train.value.ids])
    known = ids[ids < len(vectors.found)]  # `check` also reads data with larger ids, and reports them
    words = min(len(vocabulary), len(vectors.found))
    return Coverage(path, vectors, words, len(ids), int(vectors.found[known].sum()))
