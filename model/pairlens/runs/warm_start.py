"""The run whose weights a training begins with."""

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
    """Weights to begin with.

    Attributes:
        weights: of that run, by name.
        rows: int64 [input_dim], the row there of each word here, -1 where it has none; None: the ids are the same.
    """

    weights: dict[str, Floats]
    rows: NDArray[np.int64] | None

    def over(self, fresh: Mapping[str, Floats]) -> dict[str, Floats]:
        """The weights, and for words that the run lacks the rows of those that a fresh start makes."""
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
    """What `training.warm_start` names, if it is set.

    Raises:
        RunError: there is no run, it has no weights, they are another network's, or their rows are other words.
        DataError: a vocabulary cannot be read.
    """
    if config.training.warm_start is None:
        return None
    origin = Run.open(config.training.warm_start)
    began = origin.config()  # which refuses a run of a later format
    theirs, ours = origin.vocabulary(), vocabulary_of(config)
    if theirs is None or ours is None or theirs == ours:
        return WarmStart(origin.weights(config), None)
    if not config.training.warm_start_words:
        raise RunError(
            f"{origin.path}: its vocabulary is not {config.data.vocab}, so its embedding is of other words; set "
            f"training.warm_start_words: true to match them, or data.vocab to {origin.path / names.VOCAB}"
        )
    embedding = config.model.embedding.model_copy(update={"input_dim": began.model.embedding.input_dim})
    model = config.model.model_copy(update={"embedding": embedding})
    weights = read_weights(origin.path / names.WEIGHTS, model)
    return WarmStart(weights, _rows(ours, theirs, config.model.embedding.input_dim, embedding.input_dim))


def warm_start_checksum(config: Config) -> str | None:
    """Tells that run's weights from others; None if there is no such run, which matters only to what begins."""
    try:
        return Run(config.training.warm_start).checksum() if config.training.warm_start else None
    except OSError:
        return None


def _rows(ours: Sequence[str], theirs: Sequence[str], input_dim: int, their_dim: int) -> NDArray[np.int64]:
    """Of each of our words the place of the same among theirs, -1 where there is none; a blank line is no word."""
    places = {word: place for place, word in reversed([*enumerate(theirs[:their_dim])]) if word.strip()}
    rows = np.full(input_dim, -1, np.int64)
    for place, word in enumerate(ours[:input_dim]):
        rows[place] = places.get(word, -1)
    return rows
