"""The network on plain arrays: the only engine that scores, and it needs no TensorFlow.

It tells the story of network.py in the same order with the same names: encode (embed, convolve), attend, pool, dnn,
head. Texts stay ragged throughout, so no padding exists and none can change a number.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pairlens.activations import activate, softmax
from pairlens.config import Config
from pairlens.encoder import Encoded, Encoder, Folded
from pairlens.errors import DataError
from pairlens.overlap import FEATURES, overlap_features
from pairlens.pairs import Pairs, Texts

Floats = NDArray[np.float32]
Dense = tuple[Floats, Floats]  # kernel [inputs, units], bias [units]
TextsLike = Texts | Sequence[Sequence[int] | NDArray[np.integer]]

# A window's encodings stay in the cache. The work is cut the same way for any number of threads.
_WINDOW_PAIRS = 256
_WINDOW_TOKENS = 8192
_CHUNK_PAIRS = 65_536


@dataclass(frozen=True, slots=True)
class PairAttention:
    """What the texts of one pair attended to.

    Attributes:
        query, value: int32 ids [Tq], [Tv].
        scores: float32 [Tq, Tv] after mask and softmax, as the Keras layer's `return_attention_scores` gives them.
        value_scores: float32 [Tv, Tq], the value's attention to the query, with `direction: both`; else None.
    """

    query: NDArray[np.int32]
    value: NDArray[np.int32]
    scores: Floats
    value_scores: Floats | None = None


class Scorer:
    """A trained model that scores pairs and shows their attention.

    Args:
        config: the run's config.
        weights: float32 arrays by the names of weights.npz.
        threads: how many windows of pairs are worked on at once; default: the processors this process may use. The
            scores are the same for any number.
    """

    def __init__(self, config: Config, weights: Mapping[str, Floats], threads: int | None = None) -> None:
        from pairlens import kernels

        model = config.model
        self.config = config
        self.threads = threads or len(os.sched_getaffinity(0))
        self._encoder = Encoder(model, weights)
        self._directions = 2 if model.attention.direction == "both" else 1
        self._weights = weights
        self._layers = [_dense(weights, name) for name in [*(f"dnn/{i}" for i in range(len(model.dnn.units))), "head"]]
        self._compare: Dense | None = None
        if model.compare:
            self._compare = self._with_padded_rows(_dense(weights, "compare"), len(model.features))
            self._pooled = model.compare.units * len(model.pooling)
        else:
            blocks = self._directions * len(model.features) * len(model.pooling)
            self._layers[0] = self._with_padded_rows(self._layers[0], blocks)
            self._pooled = self._encoder.width * len(model.features) * len(model.pooling)
        self._attention_plan = kernels.AttentionPlan(
            dot=model.attention.score_mode == "dot",
            scale=float(weights.get("attention/scale", 1.0)),
            concat_score_weight=float(weights.get("attention/concat_score_weight", 1.0)),
            temperature=model.attention.temperature,
            causal=model.attention.use_causal_mask,
        )
        self._pooling_plan = kernels.PoolingPlan(
            *(feature in model.features for feature in kernels.PoolingPlan._fields[:4]),
            *(pooling in model.pooling for pooling in kernels.PoolingPlan._fields[4:]),
        )

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
        query, value = self._checked(queries, values)
        batched_query, batched_value = self._as_batched(query), self._as_batched(value)
        folded = self._encoder.fold(batched_query, batched_value)
        rows, columns = self._encoder.encode(batched_query, batched_value, folded)
        scores = self._attend(rows, columns)
        value_scores = self._attend(columns, rows) if self._directions == 2 else None
        return [
            PairAttention(
                q,
                v,
                scores[i][: len(q), : len(v)],
                None if value_scores is None else value_scores[i][: len(v), : len(q)],
            )
            for i, (q, v) in enumerate(zip(query, value, strict=True))
        ]

    def warm_up(self) -> None:
        """Load the compiled kernels, or compile them if this machine never did, by scoring a pair of one token each."""
        self._start_order(*[Texts.from_lists([[0]])] * 2)()

    # ---- the network, in data-flow order -------------------------------------------------------------------------

    def _start(self, query: Texts, value: Texts) -> Callable[[], Floats]:
        """Begin to score; what is returned waits for the scores [B]."""
        if self.config.model.symmetric:
            one, other = self._start_order(query, value), self._start_order(value, query)
            return lambda: (one() + other()) / np.float32(2.0)
        return self._start_order(query, value)

    def _start_order(self, query: Texts, value: Texts) -> Callable[[], Floats]:
        query, value = self._as_batched(query), self._as_batched(value)
        scores: list[Iterator[Floats]] = []
        for block in _windows(query, value, len(query), self._encoder.fold_limit):
            folded = self._encoder.fold(*block)
            windows = [(*window, folded) for window in _windows(*block, _WINDOW_PAIRS, _WINDOW_TOKENS)]
            workers = map if self.threads == 1 else self._workers.map
            scores.append(workers(self._score_window, *zip(*windows, strict=True)))
        none = np.zeros((0, classes) if (classes := self.config.model.classes) else 0, np.float32)
        return lambda: np.concatenate([none, *chain.from_iterable(scores)])

    def _score_window(self, query: Texts, value: Texts, folded: Folded) -> Floats:
        return self._head(self._dnn(self._features(query, value, folded)))

    def _features(self, query: Texts, value: Texts, folded: Folded) -> Floats:
        """The DNN's input [B, width]: what each direction pools, and what the texts have in common."""
        encoded = self._encoder.encode(query, value, folded)
        overlap = FEATURES if self.config.model.overlap else 0
        x = np.empty((len(query), self._directions * self._pooled + overlap), np.float32)
        for i, (rows, columns) in enumerate([encoded, encoded[::-1]][: self._directions]):
            self._attend_and_pool(rows, columns, x, i * self._pooled)
        if overlap:
            common = overlap_features(query, value, self._weights["tokens/idf"])
            x[:, -overlap:] = (common - self._weights["overlap/mean"]) / self._weights["overlap/deviation"]
        return x

    def _attend_and_pool(self, query: Encoded, value: Encoded, out: Floats, column: int) -> None:
        """Fill out [B, width] from `column` on: of each feature (or their comparison) the poolings."""
        from pairlens import kernels

        plans = self._attention_plan, self._pooling_plan
        model = self.config.model
        if self._compare is None or model.compare is None:
            kernels.pair_features(query.side, value.key, value.side, *plans, out, column)
            return
        encoding, offsets, real = query.side
        features = np.empty((len(encoding), len(model.features) * encoding.shape[1]), np.float32)
        kernels.position_features(query.side, value.key, value.side, *plans, features)
        kernel, bias = self._compare
        compared = activate(model.compare.activation, features @ kernel + bias)
        kernels.pool(compared, offsets, real, self._pooling_plan, out, column)

    def _attend(self, query: Encoded, value: Encoded) -> list[Floats]:
        """Attention scores [Tq, Tv] of each pair."""
        from pairlens import kernels

        Tq, Tv = np.diff(query.side[1]), np.diff(value.side[1])
        offsets = np.concatenate(([0], np.cumsum(Tq * Tv)))
        flat = np.empty(offsets[-1], np.float32)
        kernels.pair_scores(query.side, value.key, value.side, self._attention_plan, flat, offsets)
        return [flat[offsets[i] : offsets[i + 1]].reshape(Tq[i], Tv[i]) for i in range(len(Tq))]

    def _dnn(self, x: Floats) -> Floats:
        for kernel, bias in self._layers[:-1]:
            x = activate(self.config.model.dnn.activation, x @ kernel + bias)
        return x

    def _head(self, x: Floats) -> Floats:
        kernel, bias = self._layers[-1]
        logits: Floats = x @ kernel + bias
        match self.config.task:
            case "multiclass":
                return softmax(logits)
            case "regression":
                return logits[:, 0]
        return activate("sigmoid", logits[:, 0])

    def _with_padded_rows(self, dense: Dense, blocks: int) -> Dense:
        """The layer for an input that begins with so many encodings as the encoder makes them, with zero columns."""
        kernel, bias = dense
        encoder, units = self._encoder, kernel.shape[1]
        rows = blocks * len(encoder.columns)
        padded = np.zeros((blocks, encoder.width, units), np.float32)
        padded[:, encoder.columns] = kernel[:rows].reshape(blocks, -1, units)
        return np.concatenate([padded.reshape(-1, units), kernel[rows:]]), bias

    # ---- around it -----------------------------------------------------------------------------------------------

    @cached_property
    def _workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.threads, "pairlens")

    def _checked(self, queries: TextsLike, values: TextsLike) -> tuple[Texts, Texts]:
        query, value = _as_texts(queries), _as_texts(values)
        if len(query) != len(value):
            raise DataError(f"{len(query)} queries but {len(value)} values; a pair has one of each")
        input_dim = self.config.model.embedding.input_dim
        for name, texts in (("query", query), ("value", value)):
            if len(texts.ids) and not 0 <= texts.ids.min() <= texts.ids.max() < input_dim:
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


def _as_texts(texts: TextsLike) -> Texts:
    return texts if isinstance(texts, Texts) else Texts.from_lists(texts)


def _windows(query: Texts, value: Texts, pairs: int, tokens: int) -> Iterator[tuple[Texts, Texts]]:
    """Consecutive pairs, at most so many of them with at most so many tokens, but at least one."""
    before = query.offsets + value.offsets
    start = 0
    while start < len(query):
        fit = int(np.searchsorted(before, before[start] + tokens, side="right")) - 1
        stop = max(start + 1, min(start + pairs, fit))
        yield _slice(query, start, stop), _slice(value, start, stop)
        start = stop


def _slice(texts: Texts, start: int, stop: int) -> Texts:
    first, last = texts.offsets[start], texts.offsets[stop]
    return Texts(texts.ids[first:last], texts.offsets[start : stop + 1] - first)


def _dense(weights: Mapping[str, Floats], name: str) -> Dense:
    return weights[f"{name}/kernel"], weights[f"{name}/bias"]
