"""From token ids to the encoding of every token, on plain arrays: embed and convolve.

A convolution is linear, so it is a sum of look-ups: with `table[k] = rows @ kernel[k]`, output t is the sum over k of
`table[k]` at position t + k. For the first layer the rows are the embedding itself, so that the product is made once
per word of the vocabulary ("folded"), and the kernels encode each pair when they come to it. Where a network has more
than that (several layers, or another activation than relu), `Encoder.encode` does it before, for whole windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import ConvConfig, ModelConfig
from pairlens.kernels.loader import call
from pairlens.scoring.activations import activate
from pairlens.scoring.plan import make_plan
from pairlens.texts.texts import Texts, places_of_occurring

Array = NDArray[np.generic]
Floats = NDArray[np.float32]

Each = Callable[[Callable[[int], None], Iterable[int]], Iterable[None]]  # `map`, in this thread or in several

_TABLE_BYTES = 256 << 20
_PART_ROWS = 2048
_NOTHING = np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True)
class Folded:
    """Tables for the token ids that occur: id i has place `places[i]` in each; no places: place i.

    They are one for the first layer of each convolution, and the projections for the layer `compare`.
    """

    places: NDArray[np.int32] | None
    tables: tuple[Floats, ...]

    def places_of(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        return ids if self.places is None else self.places[ids]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One convolution."""

    taps: Floats  # [dim, kernel size * F]
    bias: Floats  # [F]
    match_taps: Floats  # [2 * kernel size, F] of the first layer with match channels (see kernels/encode.py), else none
    activation: str
    shape: NDArray[np.int64]  # kernel size, dilation, and how many positions the first tap lies before the output's

    @classmethod
    def load(cls, conv: ConvConfig, weights: Mapping[str, Floats], name: str, dim: int) -> _Layer:
        """The layer `name`, whose input has `dim` columns, and after them the match channels, if it is the first."""
        kernel = weights[f"{name}/kernel"]  # [kernel size, inputs, F]
        size, inputs, filters = kernel.shape
        bias = weights[f"{name}/bias"] if conv.use_bias else np.zeros(filters, np.float32)
        match_taps = np.zeros((0, filters), np.float32)
        if dim < inputs:
            # The first channel is -1 without a match and 1 with one, the second 0 and the token's idf.
            match_taps = np.concatenate([2.0 * kernel[:, dim], kernel[:, dim + 1]])
        taps = np.ascontiguousarray(kernel.transpose(1, 0, 2)).reshape(-1, size * filters)
        shape = np.array([size, conv.dilation_rate, conv.reach[0]], np.int64)
        return cls(taps, bias, match_taps, conv.activation, shape)

    def times_taps(self, rows: Floats, each: Each = map) -> Floats:
        """The rows [rows, dim], without a match, times each tap of the kernel: [rows * kernel size, F]."""
        dim = rows.shape[1]
        without_match = -self.taps[dim] if len(self.match_taps) else None
        return dense(rows, self.taps[:dim], without_match, each).reshape(-1, len(self.bias))


def dense(rows: Floats, kernel: Floats, bias: Floats | None = None, each: Each = map) -> Floats:
    """rows [rows, inputs] @ kernel [inputs, units] + bias [units]; each row's numbers do not depend on the others."""
    bias = np.zeros(kernel.shape[1], np.float32) if bias is None else bias
    out = np.empty((len(rows), len(bias)), np.float32)

    def fill(start: int) -> None:
        part = slice(start, start + _PART_ROWS)
        call("dense", rows[part], kernel, bias, out[part])

    list(each(fill, range(0, len(rows), _PART_ROWS)))  # which waits for all
    return out


class Encoder:
    """The embedding and the convolutions of a model; keys have convolutions of their own with `key: convolution`.

    Args:
        projection: `words` of the model's Comparison, if there is one.

    Attributes:
        plan: a record [1], see plan.py.
        width: columns of an encoding.
    """

    def __init__(self, model: ModelConfig, weights: Mapping[str, Floats], projection: Floats = _NOTHING) -> None:
        self.plan = make_plan(model, weights)
        self._embeddings = np.ascontiguousarray(weights["embedding/embeddings"])
        self._idf = weights.get("tokens/idf", np.zeros(0, np.float32))
        views = model.view_widths
        self.width = sum(views.values())
        names = ["conv", "key_conv"] if model.attention.key == "convolution" else ["conv"]
        self._stacks = [list(_load_stack(model, weights, name)) for name in names] if "convolution" in views else []
        self._projection = projection
        row_bytes = sum(table.nbytes for table in self._tables(self._embeddings[:1], masks_first=False))
        self._rows_that_fit = _TABLE_BYTES // max(row_bytes, 1)
        self._full: Folded | None = None

    @property
    def fold_limit(self) -> int:
        """How many tokens may share one `Folded`, so that its tables stay within 256 MiB."""
        return max(self._rows_that_fit, 1) if len(self._embeddings) > self._rows_that_fit else 1 << 62

    def fold(self, *texts: Texts, each: Each = map) -> Folded:
        """First-layer tables for these texts: of the whole vocabulary if that pays, else of the ids that occur.

        `each` may make parts of them in several threads.
        """
        vocabulary = len(self._embeddings)
        masks = bool(self.plan["mask_zero"][0])
        if sum(len(text.ids) for text in texts) >= vocabulary <= self._rows_that_fit:
            if self._full is None:
                self._full = Folded(None, self._tables(self._embeddings, masks, each))
            return self._full  # not for fewer tokens: what texts score must not depend on what was scored before
        occurs, places = places_of_occurring(vocabulary, *(text.ids for text in texts))
        return Folded(places, self._tables(self._embeddings[occurs], masks and bool(occurs[0]), each))

    def kernel_arguments(self, query: Texts, value: Texts, folded: Folded) -> list[Array]:
        """Arguments 5 to 14 of the kernel in kernels/pairs.py."""
        places = folded.places_of(query.ids), folded.places_of(value.ids)
        stacks = [self._stack_arguments(folded, i) for i in range(len(self._stacks))]
        own = stacks[0] if stacks else [_NOTHING, np.zeros(0, np.float32), _NOTHING]
        return [*places, *own, *(stacks[1] if len(stacks) > 1 else own), self._idf, self._embeddings]

    def encode(self, query: Texts, value: Texts, folded: Folded) -> list[Floats]:
        """The encodings of both texts of every pair, and their keys: four float32 [tokens, width].

        Empty where the kernels encode for themselves. The tables must be `fold`'s for at least these texts.
        """
        if not self.plan["encoded"][0]:
            return [np.empty((0, self.width), np.float32)] * 4
        encodings = [self._encode(query, value, folded, i) for i in range(len(self._stacks))]
        return [*encodings[0], *encodings[-1]]

    def _encode(self, query: Texts, value: Texts, folded: Folded, stack: int) -> list[Floats]:
        """The encodings [tokens, width] of both texts with one of the stacks."""
        layer, embedding_columns = self._stacks[stack][0], int(self.plan["embedding_columns"][0])
        texts = (query, value)
        x = [np.empty((len(text.ids), embedding_columns + len(layer.bias)), np.float32) for text in texts]
        tables = self._stack_arguments(folded, stack)
        room = [np.empty(text.lengths.max(initial=0), np.float32) for text in texts]
        ids = (query.ids, query.offsets, value.ids, value.offsets)
        places = folded.places_of(query.ids), folded.places_of(value.ids)
        of_words, nothing = (self._idf, self._embeddings), np.zeros_like(layer.bias)
        call("encode", self.plan, *ids, *places, *tables, *of_words, *room, *x, nothing)
        return [self._deepen(text, encoding, stack) for text, encoding in zip(texts, x, strict=True)]

    def _deepen(self, texts: Texts, x: Floats, stack: int) -> Floats:
        """The encoding [tokens, width] from what the first layer makes, before its activation."""
        first, *others = self._stacks[stack]
        embedding_columns = int(self.plan["embedding_columns"][0])
        masked = texts.ids == 0 if self.plan["mask_zero"][0] else None
        convolved = activate(first.activation, np.ascontiguousarray(x[:, embedding_columns:]))
        if masked is not None:
            convolved[masked] = 0.0
        positions = np.arange(len(convolved), dtype=np.int32)
        for layer in others:
            out = np.empty((len(convolved), len(layer.bias)), np.float32)
            table = layer.times_taps(convolved)
            call("convolve", layer.shape, positions, texts.offsets, table, layer.bias, np.zeros_like(layer.bias), out)
            convolved = activate(layer.activation, out)
            if masked is not None:
                convolved[masked] = 0.0
        return np.concatenate([x[:, :embedding_columns], convolved], axis=1)

    def _stack_arguments(self, folded: Folded, stack: int) -> list[Array]:
        """Table, bias and match taps of a stack's first layer."""
        layer = self._stacks[stack][0]
        return [folded.tables[stack], layer.bias, layer.match_taps]

    def _tables(self, embeddings: Floats, masks_first: bool, each: Each = map) -> tuple[Floats, ...]:
        tables = [stack[0].times_taps(embeddings, each) for stack in self._stacks]
        tables.append(dense(embeddings, self._projection, each=each) if self._projection.size else _NOTHING)
        if masks_first:  # what id 0 stands for adds nothing
            for table in tables:
                table[: len(table) // len(embeddings)] = 0.0
        return tuple(tables)


def _load_stack(model: ModelConfig, weights: Mapping[str, Floats], name: str) -> Iterator[_Layer]:
    dim = model.embedding.output_dim
    for i, conv in enumerate(model.conv):
        yield _Layer.load(conv, weights, f"{name}/{i}", dim)
        dim = conv.filters
