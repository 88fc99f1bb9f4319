"""Every query with every candidate, each text encoded once, for networks whose first layer can be split.

With average pooling, the input of the first layer W is the query's mean encoding, and the mean of what its tokens
attended to: the mean row of attention scores times the candidate's encodings V. So the first part times W is computed
once per query, V times W once per candidate. A pair takes its attention scores and their product with V W, which has a
column for each hidden unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import LINEAR_FEATURES, ModelConfig
from pairlens.config.schema import Config
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.kernels.signatures import GROUP
from pairlens.kernels.threads import Each
from pairlens.scoring.dense import dense
from pairlens.scoring.encoder import Encoder
from pairlens.scoring.given import given_weights
from pairlens.scoring.logits import Logits
from pairlens.scoring.pair_by_pair import PairByPair
from pairlens.scoring.windows import parts
from pairlens.texts.texts import Texts

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_QUERIES, _TOKENS = 64, 4096  # of a block, whose scores with a group of candidates stay in the cache
_SCORES = 1 << 15  # attention scores that are computed together
_ROWS = 4  # of scores, at least
_LONGEST = (
    1024  # tokens of a candidate; a longer one is scored pair by pair, as others in its group may be much shorter
)
_UNITS = 4  # hidden units that the kernel sums together


class QuerySide(NamedTuple):
    """Queries: their encodings [tokens, width], offsets [queries + 1], and part of the first layer [queries, units]."""

    encodings: Floats
    offsets: Ints
    own: Floats


class CandidateSide(NamedTuple):
    """Candidates: the kernel's arguments `candidates`, `longest` and `lengths`, and the column of each in `out`."""

    matrices: Floats
    longest: Ints
    lengths: Floats
    columns: Ints


class Block(NamedTuple):
    """Some queries; for a symmetric model also as candidates."""

    texts: Texts
    queries: QuerySide
    as_candidates: CandidateSide | None


def can_be_split(model: ModelConfig) -> bool:
    """Whether `EncodedPairs` can score with a model."""
    attention = model.attention
    return (
        model.masking == "exact"
        and not model.embedding.mask_zero
        and not model.embedding.match_channels
        and attention.score_mode == "dot"
        and not attention.use_causal_mask
        and attention.direction == "query_to_value"
        and "attention" in model.features
        and set(model.features) <= set(LINEAR_FEATURES)
        and model.compare is None
        and model.pooling == ("average",)
        and not model.overlap
        and (not model.dnn.units or (len(model.dnn.units) == 1 and model.dnn.activation in ("relu", "linear")))
    )


class EncodedPairs:
    """See `AllPairs`.

    Args:
        tokens: how many tokens the candidates have.
    """

    most_queries, most_tokens = 2048, 16_384
    most_candidates = 1024

    def __init__(self, config: Config, weights: Mapping[str, Floats], tokens: int) -> None:
        model, weights, self._tokens = config.model, given_weights(config.model, weights), tokens
        self._task, self._symmetric = config.task, model.symmetric
        self._encoder, self._pair_by_pair = Encoder(model, weights), PairByPair(config, weights)
        self.most_tokens = min(self.most_tokens, self._encoder.fold_limit)
        scale, temperature = weights.get("attention/scale", np.float32(1.0)), model.attention.temperature
        self._scale = np.float32(scale / temperature)
        # Without a hidden layer the head is the first layer, and what follows it multiplies by 1.
        first = "dnn/0" if model.dnn.units else "head"
        kernel, self._bias = (_whole_units(weights[f"{first}/{name}"]) for name in ("kernel", "bias"))
        self._kernels = dict(zip(model.features, np.split(kernel, len(model.features)), strict=True))
        one, none = np.ones(1, np.float32), np.zeros(1, np.float32)
        head = (weights["head/kernel"][:, 0], weights["head/bias"]) if model.dnn.units else (one, none)
        self._head = np.concatenate([_whole_units(head[0]), head[1]])
        is_relu = model.dnn.units and model.dnn.activation == "relu"
        self._least = np.array([0.0 if is_relu else -np.inf], np.float32)

    def blocks(self, queries: Texts, candidates: Texts) -> Iterator[tuple[int, int]]:  # noqa: ARG002
        yield from parts(candidates.offsets, self.most_candidates, self.most_tokens)

    def prepare(self, queries: Texts, each: Each = map) -> Sequence[Block]:
        encodings, keys = self._encoder.encode(queries, each, self._tokens)
        blocks = []
        for start, stop in parts(queries.offsets, _QUERIES, _TOKENS):
            first, last = queries.offsets[start], queries.offsets[stop]
            texts = Texts(queries.ids[first:last], queries.offsets[start : stop + 1] - first)
            blocks.append(self._block(texts, encodings[first:last], keys[first:last]))
        return blocks

    def logits(self, prepared: Sequence[Block], candidates: Texts) -> Iterator[Floats]:
        long = candidates.lengths > _LONGEST
        if not long.any():
            yield from self._logits(prepared, candidates)
            return
        texts = [block.texts for block in prepared]
        some = self._logits(prepared, candidates.take(np.flatnonzero(~long)))
        others = self._pair_by_pair.logits(texts, candidates.take(np.flatnonzero(long)))
        for logits, others_logits in zip(some, others, strict=True):
            out = np.empty((len(logits), len(candidates)), np.float32)
            out[:, ~long], out[:, long] = logits, others_logits
            yield out

    def _logits(self, prepared: Sequence[Block], candidates: Texts) -> Iterator[Floats]:
        encodings, keys = self._encoder.encode(candidates, later=self._tokens)
        side = self._candidate_side(candidates, encodings, keys)
        other = self._query_side(candidates, encodings) if self._symmetric else None
        for _, queries, as_candidates in prepared:
            orders = [self._run(queries, side)]
            if other and as_candidates:
                orders.append(np.ascontiguousarray(self._run(other, as_candidates).T))
            yield Logits(self._task, tuple(orders)).merged()

    def _block(self, queries: Texts, encodings: Floats, keys: Floats) -> Block:
        as_candidates = self._candidate_side(queries, encodings, keys) if self._symmetric else None
        return Block(queries, self._query_side(queries, encodings), as_candidates)

    def _query_side(self, texts: Texts, encodings: Floats) -> QuerySide:
        means = np.zeros((len(texts), self._encoder.width), np.float32)
        call(
            signatures.POOL,
            plan=self._encoder.plan,
            ids=texts.ids,
            offsets=texts.offsets,
            rows=encodings,
            column=np.array([0]),
            shares=np.empty(texts.lengths.max(initial=0), np.float32),
            out=means,
        )
        kernel = self._kernels.get("encoding", np.zeros((means.shape[1], len(self._bias)), np.float32))
        with np.errstate(over="ignore", invalid="ignore"):  # weights that are too large; the logits are not finite
            scaled = encodings * self._scale
        return QuerySide(scaled, texts.offsets, dense(means, kernel, self._bias))

    def _candidate_side(self, texts: Texts, encodings: Floats, keys: Floats) -> CandidateSide:
        """Sort the texts by length into groups of 16, the last of which is filled up with texts without tokens."""
        rows = np.zeros(
            (len(keys) + 1, keys.shape[1] + len(self._bias)), np.float32
        )  # the last for what is after a text
        rows[:-1, : keys.shape[1]], rows[:-1, keys.shape[1] :] = keys, dense(encodings, self._kernels["attention"])
        padded = len(texts) + -len(texts) % GROUP
        order = np.argsort(texts.lengths, kind="stable")
        starts, lengths = np.zeros((2, padded), np.int64)
        starts[: len(texts)], lengths[: len(texts)] = texts.offsets[order], texts.lengths[order]
        starts, lengths = starts.reshape(-1, GROUP), lengths.reshape(-1, GROUP)
        longest = lengths.max(axis=1, initial=0)
        matrices = np.empty(rows.shape[1] * GROUP * longest.sum(), np.float32)
        at = 0
        for its_starts, its_lengths, Tv in zip(starts, lengths, longest.tolist(), strict=True):
            position = np.arange(Tv)[:, np.newaxis]
            tokens = np.where(position < its_lengths, its_starts + position, len(rows) - 1)
            matrix = matrices[at : at + tokens.size * rows.shape[1]].reshape(rows.shape[1], tokens.size)
            matrix[:] = rows[tokens.ravel()].T
            at += matrix.size
        columns = np.empty(len(texts), np.int64)
        columns[order] = np.arange(len(texts))
        return CandidateSide(matrices, longest, lengths.astype(np.float32), columns)

    def _run(self, queries: QuerySide, candidates: CandidateSide) -> Floats:
        """The logits [queries, candidates]."""
        columns = GROUP * int(candidates.longest.max(initial=0))
        out = np.empty((len(queries.own), candidates.lengths.size), np.float32)
        call(
            signatures.ALL_PAIRS,
            query=queries.encodings,
            query_offsets=queries.offsets,
            own=queries.own,
            candidates=candidates.matrices,
            longest=candidates.longest,
            lengths=candidates.lengths,
            head=self._head,
            least=self._least,
            scores=np.empty(max(_SCORES, _ROWS * columns), np.float32),
            weights=np.empty(columns, np.float32),
            out=out,
        )
        return out[:, candidates.columns]


def _whole_units(x: Floats) -> Floats:
    """x with zeros after its last axis, up to a multiple of `_UNITS`."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, -x.shape[-1] % _UNITS)])
