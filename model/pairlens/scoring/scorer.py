"""The network on plain arrays: the only engine that scores, and it needs no TensorFlow.

It tells the story of network.py in the same order with the same names: encode (embed, convolve), attend, pool, dnn,
head. Texts stay ragged throughout, so no padding exists and none can change a number.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.weights import OVERLAP_FEATURES, weight_shapes
from pairlens.errors import DataError
from pairlens.kernels.loader import call
from pairlens.kernels.plan import COMPARED, POOLED, SCORES
from pairlens.scoring.activations import activate, softmax
from pairlens.scoring.compare_layer import split_comparison
from pairlens.scoring.encoder import Encoder, Folded, dense
from pairlens.scoring.maps import Maps, PairAttention
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts

Floats = NDArray[np.float32]
Dense = tuple[Floats, Floats]  # kernel [inputs, units], bias [units]
TextsLike = Texts | Sequence[Sequence[int] | NDArray[np.integer]]

# The work is cut into windows, the same for any number of threads. They are large enough to hide what Python does
# between them, and so small that what the kernels make for the DNN, or of every position, stays in the cache.
_WINDOW_PAIRS = 2048
_WINDOW_TOKENS = 65_536
_WINDOW_FLOATS = 1 << 20
_CHUNK_PAIRS = 65_536
_NO_OFFSETS = np.zeros(0, np.int64)
_MAPS_COST = 2**20  # of the maps made at once: a number costs 1, and so many a token's encoding:
_TOKEN_COST = 16


class Scorer:
    """A trained model that scores pairs and shows their attention.

    Args:
        config: the run's config.
        weights: float32 arrays by the names of weights.npz.
        threads: how many windows of pairs are worked on at once; default: the processors this process may use. The
            scores are the same for any number.
    """

    def __init__(self, config: Config, weights: Mapping[str, Floats], threads: int | None = None) -> None:
        model = config.model
        self.config = config
        self.threads = threads or len(os.sched_getaffinity(0))
        self._comparison = split_comparison(model, weights)
        self._encoder = Encoder(model, weights, self._comparison.words)
        self._directions = 2 if model.attention.direction == "both" else 1
        self._weights = weights
        self._layers = [_dense(weights, name) for name in [*(f"dnn/{i}" for i in range(len(model.dnn.units))), "head"]]
        width = model.compare.units if model.compare else self._encoder.width * len(model.features)
        self._pooled = width * len(model.pooling)
        self._window_pairs = min(_WINDOW_PAIRS, _WINDOW_FLOATS // (self._directions * self._pooled) + 1)
        self._window_tokens = _WINDOW_FLOATS // width if model.compare else _WINDOW_TOKENS

    def score(self, queries: TextsLike, values: TextsLike) -> Floats:
        """Scores float32 [B] of the pairs (queries[i], values[i]), in order; of a multiclass model [B, classes].

        Raises:
            DataError: unequal counts, an id outside the vocabulary, or an empty text that the config does not allow.
        """
        return self._start(*self._checked(queries, values))()

    def stream(self, chunks: Iterable[Pairs]) -> Iterator[tuple[Pairs, Floats]]:
        """Each chunk of pairs with its scores, in order; the next is read while one is scored. Raises as `score`."""
        started: deque[tuple[Pairs, Callable[[], Floats]]] = deque()
        for pairs in chunks:
            started.append((pairs, self._start(*self._checked(pairs.query, pairs.value))))
            if len(started) > 1:
                done, scores = started.popleft()
                yield done, scores()
        for done, scores in started:
            yield done, scores()

    @property
    def chunk(self) -> int:
        """How many pairs a chunk of a stream may well have: with `masking: none`, where they matter, whole batches."""
        size = self.config.training.batch_size if self.config.model.masking == "none" else 1
        return max(_CHUNK_PAIRS // size, 1) * size

    def attend(self, queries: TextsLike, values: TextsLike) -> list[PairAttention]:
        """Attention scores of each pair at the texts' true lengths, in order; raises as `score` does."""
        return [pair for maps in self.maps(queries, values) for pair in maps]

    def maps(self, queries: TextsLike, values: TextsLike, chosen: NDArray[np.int64] | None = None) -> Iterator[Maps]:
        """What `attend` gives of the pairs `chosen` [n] (default: all), in that order, in parts of bounded memory.

        The texts of the others matter to `masking: none` alone.
        """
        query, value = self._checked(queries, values)
        padded_query, padded_value = self._as_batched(query), self._as_batched(value)
        if chosen is None:
            chosen = np.arange(len(query))
        lengths = padded_query.lengths[chosen], padded_value.lengths[chosen]
        before = np.concatenate([[0], np.cumsum(lengths[0] * lengths[1] + _TOKEN_COST * (lengths[0] + lengths[1]))])
        for start, stop in _parts(before, len(chosen), _MAPS_COST):
            some = chosen[start:stop]
            maps = self._maps(padded_query.take(some), padded_value.take(some))
            yield maps.cropped(query.take(some), value.take(some))

    # ---- the network, in data-flow order -------------------------------------------------------------------------

    def _start(self, query: Texts, value: Texts) -> Callable[[], Floats]:
        """Begin to score; what is returned waits for the scores [B]."""
        if self.config.model.symmetric:
            one, other = self._start_order(query, value), self._start_order(value, query)
            return lambda: (one() + other()) / np.float32(2.0)
        return self._start_order(query, value)

    def _start_order(self, query: Texts, value: Texts) -> Callable[[], Floats]:
        query, value = self._as_batched(query), self._as_batched(value)
        scores: list[Iterable[Floats]] = []
        for block in _windows(query, value, len(query), self._encoder.fold_limit):
            folded = self._encoder.fold(*block, each=self._each)
            windows = [(*window, folded) for window in _windows(*block, self._window_pairs, self._window_tokens)]
            scores.append(self._each(self._score_window, *zip(*windows, strict=True)))
        none = np.zeros((0, classes) if (classes := self.config.model.classes) else 0, np.float32)
        return lambda: np.concatenate([none, *chain.from_iterable(scores)])

    def _score_window(self, query: Texts, value: Texts, folded: Folded) -> Floats:
        return self._head(self._dnn(self._features(query, value, folded)))

    def _features(self, query: Texts, value: Texts, folded: Folded) -> Floats:
        """The DNN's input [B, width]: what each direction pools, and what the texts have in common."""
        overlap = OVERLAP_FEATURES if self.config.model.overlap else 0
        x = np.empty((len(query), self._directions * self._pooled + overlap), np.float32)
        if self.config.model.compare is None:
            self._run_pairs(query, value, folded, POOLED, x, x)
        else:
            self._compare_positions(query, value, folded, x)
        if overlap:
            common = overlap_features(query, value, self._weights["tokens/idf"])
            x[:, -overlap:] = (common - self._weights["overlap/mean"]) / self._weights["overlap/deviation"]
        return x

    def _compare_positions(self, query: Texts, value: Texts, folded: Folded, out: Floats) -> None:
        """Fill out [B, width] with what is pooled of the comparison of each position's features."""
        assert self.config.model.compare is not None
        units = self.config.model.compare.units
        texts = (query, value)[: self._directions]
        compared = [np.empty((len(text.ids), units), np.float32) for text in texts]
        self._run_pairs(query, value, folded, COMPARED, compared[0], compared[-1])
        for i, (text, x) in enumerate(zip(texts, compared, strict=True)):
            rows, column = activate(self.config.model.compare.activation, x), np.array([i * self._pooled])
            room = np.empty(text.lengths.max(initial=0), np.float32)
            call("pool", self._encoder.plan, text.ids, text.offsets, rows, column, room, out)

    def _maps(self, query: Texts, value: Texts) -> Maps:
        """Attention scores [Tq, Tv] of each pair, and with `direction: both` those [Tv, Tq] of the value."""
        offsets = np.concatenate(([0], np.cumsum(query.lengths * value.lengths)))
        scores, value_scores = (np.empty(offsets[-1] if i < self._directions else 0, np.float32) for i in range(2))
        folded = self._encoder.fold(query, value)
        self._run_pairs(query, value, folded, SCORES, scores, value_scores, offsets)
        return Maps(query, value, scores, value_scores if self._directions == 2 else None)

    def _run_pairs(
        self,
        query: Texts,
        value: Texts,
        folded: Folded,
        task: int,
        out: Floats,
        value_out: Floats,
        offsets: NDArray[np.int64] = _NO_OFFSETS,
    ) -> None:
        """The kernel `pairs` with its arguments; see kernels/pairs.py."""
        Tq, Tv = int(query.lengths.max(initial=0)), int(value.lengths.max(initial=0))
        width, keys = self._encoder.width, int(self._encoder.plan["own_key"][0])
        # In the room, a row of scores goes on to the end of a vector, which has 16 numbers at most.
        largest, rows = int(((query.lengths + 16) * (value.lengths + 16)).max(initial=0)), max(Tq, Tv)
        room = [(Tq, width), (Tv, width), (keys * Tq, width), (keys * Tv, width), (Tq,), (Tv,)]
        more_room = [(2 * largest,), (rows, width), (rows, width), (Tq + Tv,)]
        call(
            "pairs",
            self._encoder.plan,
            *(query.ids, query.offsets, value.ids, value.offsets),
            *self._encoder.kernel_arguments(query, value, folded),
            *self._encoder.encode(query, value, folded),
            *(np.empty(shape, np.float32) for shape in (*room, *more_room)),
            *(np.array([task]), out, value_out, offsets, np.zeros(width, np.float32)),
            *(folded.tables[-1], *self._comparison[1:]),
            *(np.empty((rows, self._comparison.tokens.shape[1]), np.float32) for rows in (Tq, Tv)),
        )

    def _dnn(self, x: Floats) -> Floats:
        for layer in self._layers[:-1]:
            x = activate(self.config.model.dnn.activation, dense(x, *layer))
        return x

    def _head(self, x: Floats) -> Floats:
        logits = dense(x, *self._layers[-1])
        match self.config.task:
            case "multiclass":
                return softmax(logits)
            case "regression":
                return logits[:, 0]
        return activate("sigmoid", logits[:, 0])

    # ---- around it -----------------------------------------------------------------------------------------------

    @cached_property
    def _each(self) -> Callable[..., Iterable[Any]]:
        """`map` that begins at once, in all threads; in one it also ends, so that no tables wait for their use."""
        if self.threads == 1:
            return lambda function, *arguments: list(map(function, *arguments))
        return ThreadPoolExecutor(self.threads, "pairlens").map

    def _checked(self, queries: TextsLike, values: TextsLike) -> tuple[Texts, Texts]:
        query, value = _as_texts(queries), _as_texts(values)
        if len(query) != len(value):
            raise DataError(f"{len(query)} queries but {len(value)} values; a pair has one of each")
        input_dim = self.config.model.embedding.input_dim
        for name, texts in (("query", query), ("value", value)):
            if texts.ids.view(np.uint32).max(initial=0) >= input_dim:  # one pass: what is negative is huge
                wrong = int(np.flatnonzero((texts.ids < 0) | (texts.ids >= input_dim))[0])
                text = int(np.searchsorted(texts.offsets, wrong, side="right")) - 1
                raise DataError(f"{name} {text}: id {texts.ids[wrong]}; the model's ids go from 0 to {input_dim - 1}")
            if self.config.data.empty == "error" and not texts.lengths.all():
                raise DataError(
                    f"{name} {int(np.argmin(texts.lengths))}: no tokens; `data.empty: score` would allow it"
                )
        return query, value

    def _as_batched(self, texts: Texts) -> Texts:
        """With `masking: none`, the texts as the page's snippet sees them: padded with id 0 in batches of the config's
        size, in order, as `Model.predict` would be given them. Otherwise as they are."""
        if self.config.model.masking == "exact":
            return texts
        padded = texts.lengths.copy()
        for start in range(0, len(padded), self.config.training.batch_size):
            batch = padded[start : start + self.config.training.batch_size]
            batch[:] = batch.max()
        offsets = np.concatenate(([0], np.cumsum(padded)))
        ids = np.zeros(offsets[-1], np.int32)
        ids[np.arange(len(texts.ids)) + np.repeat(offsets[:-1] - texts.offsets[:-1], texts.lengths)] = texts.ids
        return Texts(ids, offsets)


def warm_up(config: Config) -> None:
    """Load the kernels that a model's scoring needs, or compile them if this machine never did."""
    weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(config.model).items()}
    weights["overlap/deviation"] = np.ones(OVERLAP_FEATURES, np.float32)  # by which is divided
    Scorer(config, weights, threads=1).score([[0]], [[0]])


def _as_texts(texts: TextsLike) -> Texts:
    return texts if isinstance(texts, Texts) else Texts.from_lists(texts)


def _windows(query: Texts, value: Texts, pairs: int, tokens: int) -> Iterator[tuple[Texts, Texts]]:
    """Consecutive pairs, at most so many of them with at most so many tokens, but at least one."""
    for start, stop in _parts(query.offsets + value.offsets, pairs, tokens):
        yield _slice(query, start, stop), _slice(value, start, stop)


def _parts(before: NDArray[np.int64], pairs: int, limit: int) -> Iterator[tuple[int, int]]:
    """Consecutive pairs (start, stop): at most so many, costing at most the limit together, but at least one.

    `before` [pairs + 1] is what the pairs before each cost.
    """
    start = 0
    while start < len(before) - 1:
        fit = int(np.searchsorted(before, before[start] + limit, side="right")) - 1
        stop = max(start + 1, min(start + pairs, fit))
        yield start, stop
        start = stop


def _slice(texts: Texts, start: int, stop: int) -> Texts:
    first, last = texts.offsets[start], texts.offsets[stop]
    return Texts(texts.ids[first:last], texts.offsets[start : stop + 1] - first)


def _dense(weights: Mapping[str, Floats], name: str) -> Dense:
    return weights[f"{name}/kernel"], weights[f"{name}/bias"]
