"""Reads the weights of another run that a training starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import RunError
from pairlens.runs import names
from pairlens.runs.carried import vocabulary_of
from pairlens.runs.run import Floats, Run
from pairlens.runs.weights import read_weights

_OF_TOKENS = ("embedding/embeddings", "tokens/idf")  # weights with a row for each id


class WarmStart(NamedTuple):
    """Weights to start from.

    Attributes:
        weights: the other run's, by name.
        rows: int64 [input_dim], for each of our words its row in the other run, -1 if it has none; None if the ids are
            the same.
    """

    weights: dict[str, Floats]
    rows: NDArray[np.int64] | None

    def over(self, fresh: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return the weights, with rows from `fresh` for words that the other run lacks."""
        if self.rows is None:
            return self.weights
        merged, known = dict(self.weights), self.rows >= 0
        for name in _OF_TOKENS:
            if name in merged:
                array = fresh[name].copy()
                array[known] = self.weights[name][self.rows[known]]
                merged[name] = array
        return merged


def warm_start(config: Config) -> WarmStart | None:
    """Read the weights of the run in `training.warm_start`; None if it is not set.

    Raises:
        RunError: there is no such run, it has no weights, or its network or its words are others.
        DataError: a vocabulary cannot be read.
    """
    if config.training.warm_start is None:
        return None
    origin = Run.open(config.training.warm_start)
    began = origin.config()  # refuses a run of a later format
    theirs, ours = origin.vocabulary(), vocabulary_of(config)
    if theirs is None or ours is None or theirs == ours:
        return WarmStart(origin.weights(config), None)
    if not config.training.warm_start_words:
        raise RunError(
            f"{origin.path}: its vocabulary differs from {config.data.vocab}, so its embedding is for other words; set "
            f"training.warm_start_words: true to match them, or data.vocab to {origin.path / names.VOCAB}"
        )
    embedding = config.model.embedding.model_copy(update={"input_dim": began.model.embedding.input_dim})
    model = config.model.model_copy(update={"embedding": embedding})
    weights = read_weights(origin.path / names.WEIGHTS, model)
    return WarmStart(weights, _rows(ours, theirs, config.model.embedding.input_dim, embedding.input_dim))


def warm_start_checksum(config: Config) -> str | None:
    """Return the checksum of the run in `training.warm_start`; None without one, or if its files are missing."""
    try:
        return Run(config.training.warm_start).checksum() if config.training.warm_start else None
    except OSError:
        return None


def _rows(ours: Sequence[str], theirs: Sequence[str], input_dim: int, their_dim: int) -> NDArray[np.int64]:
    """The index of each of our words among theirs (the first, if it occurs twice), -1 without one or if it is blank."""
    indices = {word: index for index, word in reversed([*enumerate(theirs[:their_dim])]) if word.strip()}
    rows = np.full(input_dim, -1, np.int64)
    for index, word in enumerate(ours[:input_dim]):
        rows[index] = indices.get(word, -1)
    return rows
