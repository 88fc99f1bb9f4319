"""The scoring engine: the network on plain arrays, without TensorFlow.

It has the stages of reference.py, in the same order and with the same names. The kernels run the stages from a pair's
ids to its pooled features (see kernels/pairs.py). Texts stay ragged, so no padding can change a number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import OVERLAP_FEATURES, WIDE_LIMIT
from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.kernels.threads import each_in, processors
from pairlens.scoring.activations import activate
from pairlens.scoring.compare_layer import split_comparison
from pairlens.scoring.dense import dense
from pairlens.scoring.encoder import Encoder, Folded
from pairlens.scoring.given import Tokenizing, given_pairs, given_weights, with_texts
from pairlens.scoring.logits import Logits, refuse_overflow
from pairlens.scoring.maps import Maps, PairAttention
from pairlens.scoring.memory import too_large_maps
from pairlens.scoring.padding import as_seen
from pairlens.scoring.windows import chunk_pairs, parts, windows
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Chunk
from pairlens.texts.texts import Texts, TextsLike, offsets_of

Array = NDArray[np.generic]
Floats = NDArray[np.float32]

# The work is cut into windows, the same for any number of threads. They are large enough to hide Python's overhead
# between them, and small enough to keep the kernels' output in the cache.
_WINDOW_PAIRS = 2048
_WINDOW_TOKENS = 65_536
_WINDOW_FLOATS = 1 << 20
_MAPS_COST = 2**20  # limit for the maps computed at once: an attention score costs 1, a token _TOKEN_COST
_TOKEN_COST = 16


class Scorer:
    """A trained model that scores pairs and shows their attention.

    Args:
        config: the run's config.
        weights: float32 arrays by the names of weights.npz.
        threads: the number of threads; default: the processors that this process may use. It changes no score.
        tokenizing: returns the tokenizer, for texts that are strings.

    Raises:
        RunError: the weights are not those of the config's model.
    """

    def __init__(
        self,
        config: Config,
        weights: Mapping[str, Floats],
        threads: int | None = None,
        tokenizing: Tokenizing | None = None,
    ) -> None:
        model, self.config, self._tokenizing = config.model, config, tokenizing
        self.threads = threads or processors()
        self._weights = weights = given_weights(model, weights)
        self._comparison = split_comparison(model, weights)
        self._encoder = Encoder(model, weights, self._comparison.words)
        self._directions = 2 if model.attention.direction == "both" else 1
        names = [*(f"dnn/{i}" for i in range(len(model.dnn.units))), "head"]
        self._layers = [(weights[f"{name}/kernel"], weights[f"{name}/bias"]) for name in names]
        width = model.compare.units if model.compare else self._encoder.width * len(model.features)
        self._pooled = width * len(model.pooling)
        self._window_pairs = min(_WINDOW_PAIRS, _WINDOW_FLOATS // (self._directions * self._pooled) + 1)
        self._window_tokens = _WINDOW_FLOATS // width if model.compare else _WINDOW_TOKENS

    def score(self, queries: TextsLike, values: TextsLike, on_overflow: Literal["stop", "nan"] = "stop") -> Floats:
        """Return the scores of the pairs (queries[i], values[i]) in order: float32 [B], or [B, classes] if multiclass.

        A text is a list of ids, or a string for the tokenizer. One string is a list of one; columns of tables will do.

        Args:
            on_overflow: "stop" raises if a score is not finite, because the weights are too large for float32; "nan"
                returns nan for that pair.

        Raises:
            DataError: unequal counts, an id outside the vocabulary, or an empty text that the config does not allow.
            PairlensError: a score is not finite, unless `on_overflow` is nan; the message names the pair's index.
        """
        return self.logits(queries, values).checked_scores(on_overflow)

    def logits(self, queries: TextsLike, values: TextsLike) -> Logits:
        """Return the logits of the pairs, which differ even where the float32 scores are equal.

        Raises as `score`, except for an overflow: `Logits.finite` reports it.
        """
        return self._start(*given_pairs(self.config, queries, values, tokenizing=self._tokenizing))()

    def stream(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, Logits]]:
        """Yield each chunk with its logits, in order; read the next chunk while one is scored. Raises as `score`."""
        started: deque[tuple[Chunk, Callable[[], Logits]]] = deque()
        for chunk in chunks:
            query, value = given_pairs(self.config, chunk.pairs.query, chunk.pairs.value, read=True)
            started.append((chunk, self._start(query, value)))
            if len(started) > 1:
                done, logits = started.popleft()
                yield done, logits()
        for done, logits in started:
            yield done, logits()

    @property
    def chunk(self) -> int:
        """See `chunk_pairs`."""
        return chunk_pairs(self.config)

    def attend(self, queries: TextsLike, values: TextsLike) -> list[PairAttention]:
        """Return the attention scores of each pair at the texts' true lengths, in order.

        Raises:
            DataError: as `score`, or the attention of a pair needs more memory than is available.
            PairlensError: attention scores are not finite; the message names the pair's index.
        """
        parts = list(self.maps(*given_pairs(self.config, queries, values, tokenizing=self._tokenizing)))
        refuse_overflow(np.concatenate([np.ones(0, np.bool_), *(maps.finite() for maps in parts)]))
        return with_texts([pair for maps in parts for pair in maps], queries, values, self._tokenizing)

    def maps(self, queries: TextsLike, values: TextsLike, chosen: NDArray[np.int64] | None = None) -> Iterator[Maps]:
        """Yield the attention of the pairs `chosen` [n] (default: all), in that order, in parts of bounded memory.

        The other pairs only matter with `masking: none`, as parts of the same batches. Empty texts are allowed, and an
        overflow does not raise: `Maps.finite` reports it.

        Raises:
            DataError: as `attend`.
        """
        query, value = given_pairs(self.config, queries, values, read=True)
        padded_query, padded_value = as_seen(self.config, query), as_seen(self.config, value)
        if chosen is None:
            chosen = np.arange(len(query))
        lengths = padded_query.lengths[chosen], padded_value.lengths[chosen]
        for i, message in too_large_maps(self.config, *lengths).items():
            raise DataError(f"pair {chosen[i]}: {message}")
        before = offsets_of(lengths[0] * lengths[1] + _TOKEN_COST * (lengths[0] + lengths[1]))
        for start, stop in parts(before, len(chosen), _MAPS_COST):
            part = chosen[start:stop]
            maps = self._maps(padded_query.take(part), padded_value.take(part))
            yield maps.cropped(query.take(part), value.take(part))

    # ---- the network, in data-flow order -------------------------------------------------------------------------

    def _start(self, query: Texts, value: Texts) -> Callable[[], Logits]:
        """Start scoring; return a function that waits for the logits."""
        orders = [(query, value), (value, query)] if self.config.model.symmetric else [(query, value)]
        started = [self._start_order(*order) for order in orders]
        return lambda: Logits(self.config.task, tuple(logits() for logits in started))

    def _start_order(self, query: Texts, value: Texts) -> Callable[[], Floats]:
        query, value = as_seen(self.config, query), as_seen(self.config, value)
        logits, each = list[Iterable[Floats]](), each_in(self.threads)
        for block in windows(query, value, len(query), self._encoder.fold_limit):
            folded = self._encoder.fold(*block, each=each)
            work = [(*window, folded) for window in windows(*block, self._window_pairs, self._window_tokens)]
            logits.append(each(self._logits_of_window, *zip(*work, strict=True)))
        none = np.zeros((0, classes) if (classes := self.config.model.classes) else 0, np.float32)
        return lambda: np.concatenate([none, *chain.from_iterable(logits)])

    def _logits_of_window(self, query: Texts, value: Texts, folded: Folded) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):  # weights that are too large; see `Logits.finite`
            return self._head(self._dnn(self._features(query, value, folded)))

    def _features(self, query: Texts, value: Texts, folded: Folded) -> Floats:
        """The DNN's input [B, width]: the pooled features of each direction, then the overlap features."""
        overlap = OVERLAP_FEATURES if self.config.model.overlap else 0
        x = np.empty((len(query), self._directions * self._pooled + overlap), np.float32)
        arguments = self._encoder.pair_arguments(query, value, folded)
        if self.config.model.compare is None:
            call(signatures.POOLED_FEATURES, **arguments, **self._buffers(query, value, ["attended", "shares"]), out=x)
        else:
            self._compare_and_pool(query, value, arguments, x)
        if overlap:
            raw = overlap_features(query, value, self._weights["tokens/idf"])
            x[:, -overlap:] = (raw - self._weights["overlap/mean"]) / self._weights["overlap/deviation"]
        return x

    def _compare_and_pool(self, query: Texts, value: Texts, arguments: dict[str, Array], out: Floats) -> None:
        """Apply the layer `compare` to the features of each position, and pool the results into out [B, width]."""
        assert self.config.model.compare is not None
        units = self.config.model.compare.units
        texts = (query, value)[: self._directions]
        compared = [np.empty((len(text.ids), units), np.float32) for text in texts]
        names = ["attended", "feature", "query_projection", "value_projection"]
        call(
            signatures.COMPARED_POSITIONS,
            **arguments,
            **self._buffers(query, value, names),
            token_weights=self._comparison.tokens,
            position_weights=self._comparison.positions,
            compare_bias=self._comparison.bias,
            query_out=compared[0],
            value_out=compared[-1],
        )
        for i, (text, x) in enumerate(zip(texts, compared, strict=True)):
            call(
                signatures.POOL,
                plan=self._encoder.plan,
                ids=text.ids,
                offsets=text.offsets,
                rows=activate(self.config.model.compare.activation, x),
                column=np.array([i * self._pooled]),
                shares=np.empty(text.lengths.max(initial=0), np.float32),
                out=out,
            )

    def _buffers(self, query: Texts, value: Texts, names: Sequence[str]) -> dict[str, Floats]:
        """Buffers of these names, large enough for the longest texts."""
        Tq, Tv = int(query.lengths.max(initial=0)), int(value.lengths.max(initial=0))
        width, projection = self._encoder.width, self._comparison.tokens.shape[1]
        shapes: dict[str, tuple[int, ...]] = {
            "attended": (max(Tq, Tv), width),
            "feature": (max(Tq, Tv), width),
            "shares": (Tq + Tv,),
            "query_projection": (Tq, projection),
            "value_projection": (Tv, projection),
        }
        return {name: np.empty(shapes[name], np.float32) for name in names}

    def _maps(self, query: Texts, value: Texts) -> Maps:
        """Attention scores [Tq, Tv] of each pair, and with `direction: both` also [Tv, Tq], from value to query."""
        offsets = offsets_of(query.lengths * value.lengths)
        scores, value_scores = (np.empty(offsets[-1] if i < self._directions else 0, np.float32) for i in range(2))
        arguments = self._encoder.pair_arguments(query, value, self._encoder.fold(query, value))
        call(signatures.ATTENTION_SCORES, **arguments, offsets=offsets, query_out=scores, value_out=value_scores)
        return Maps(query, value, scores, value_scores if self._directions == 2 else None)

    def _dnn(self, x: Floats) -> Floats:
        """The head's input [B, units]: the last hidden layer's output, with a wide head beside the overlap features."""
        hidden = x
        for layer in self._layers[:-1]:
            hidden = activate(self.config.model.dnn.activation, dense(hidden, *layer))
        overlap = x[:, -OVERLAP_FEATURES:]
        return np.hstack([hidden, overlap.clip(-WIDE_LIMIT, WIDE_LIMIT)]) if self.config.model.wide else hidden

    def _head(self, x: Floats) -> Floats:
        logits = dense(x, *self._layers[-1])
        return logits if self.config.model.classes else logits[:, 0]
