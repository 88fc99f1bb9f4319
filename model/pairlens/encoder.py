"""From token ids to the encoding of every token, on plain arrays: embed and convolve.

A convolution is linear, so it is a sum of look-ups: with `table[k] = rows @ kernel[k]`, output t is the sum over k of
`table[k]` at position t + k. For the first layer the rows are the embedding itself, so that the product is made once
per word of the vocabulary ("folded"); for later layers they are the positions of the texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.activations import activate
from pairlens.config import ConvConfig, ModelConfig
from pairlens.pairs import Texts

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

_TABLE_BYTES = 256 << 20


def pad_columns(x: Floats) -> Floats:
    """x with zero columns to a multiple of eight, as the kernels want it."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, -x.shape[-1] % 8)])


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoded texts.

    Attributes:
        side: encoding float32 [tokens, F], offsets int64 [texts + 1], real bool [tokens] (False: masked by mask_zero).
        key: float32 [tokens, F], what a query's positions are compared with.
    """

    side: tuple[Floats, NDArray[np.int64], Flags]
    key: Floats


@dataclass(frozen=True, slots=True)
class Folded:
    """First-layer tables for the token ids that occur: token id i has row `row[i]` of each (`row` None: row i)."""

    row: Ints | None
    tables: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One convolution, with zero columns to a multiple of eight filters."""

    taps: Floats  # [dim, kernel size * F]
    bias: Floats  # [F]
    match_taps: Floats | None  # [2, kernel size, F], of the first layer with match channels: see add_matches
    filters: int  # without the zero columns
    activation: str
    dilation: int
    left: int  # how many positions the first tap lies before the output's

    @classmethod
    def load(cls, conv: ConvConfig, weights: Mapping[str, Floats], name: str, dim: int) -> _Layer:
        """The layer `name`, whose input has `dim` columns, and after them the match channels or the padding."""
        kernel = pad_columns(weights[f"{name}/kernel"])  # [kernel size, inputs, F]
        size, inputs, filters = kernel.shape
        bias = pad_columns(weights[f"{name}/bias"]) if conv.use_bias else np.zeros(filters, np.float32)
        match_taps = None
        if dim < inputs:
            # The first channel is -1 without a match and 1 with one, the second 0 and the token's idf.
            match_taps = np.stack([2.0 * kernel[:, dim], kernel[:, dim + 1]])
        elif dim > inputs:
            kernel = np.pad(kernel, ((0, 0), (0, dim - inputs), (0, 0)))
        taps = np.ascontiguousarray(kernel.transpose(1, 0, 2)).reshape(-1, size * filters)
        return cls(taps, bias, match_taps, conv.filters, conv.activation, conv.dilation_rate, conv.reach[0])

    def times_taps(self, rows: Floats) -> Floats:
        """The rows [rows, dim], without a match, times each tap of the kernel: [rows, kernel size, F]."""
        dim = rows.shape[1]
        product = rows @ self.taps[:dim]
        if self.match_taps is not None:
            product -= self.taps[dim]
        return product.reshape(len(rows), product.shape[1] // len(self.bias), len(self.bias))


class Encoder:
    """The embedding and the convolutions of a model; keys have convolutions of their own with `key: convolution`.

    Attributes:
        width: columns of an encoding, with the zero columns.
        columns: where the `sum(view_widths)` columns of the network's encoding are among them.
    """

    def __init__(self, model: ModelConfig, weights: Mapping[str, Floats]) -> None:
        self._mask_zero = model.embedding.mask_zero
        self._match_channels = model.embedding.match_channels
        self._embeddings = weights["embedding/embeddings"]
        self._idf = weights.get("tokens/idf", np.zeros(0, np.float32))
        self._views = model.view_widths
        starts = np.cumsum([0, *(width + -width % 8 for width in self._views.values())])
        self.width = int(starts[-1])
        self.columns = np.concatenate(
            [start + np.arange(width) for start, width in zip(starts, self._views.values(), strict=False)]
        )
        names = ["conv", "key_conv"] if model.attention.key == "convolution" else ["conv"]
        self._stacks = (
            [list(_load_stack(model, weights, name)) for name in names] if "convolution" in self._views else []
        )
        row = self._tables(self._embeddings[:1])
        self._rows_that_fit = _TABLE_BYTES // max(sum(table.nbytes for table in row), 1)
        self._full: Folded | None = None

    @property
    def fold_limit(self) -> int:
        """How many tokens may share one `Folded`, so that its tables stay within 256 MiB."""
        return max(self._rows_that_fit, 1) if len(self._embeddings) > self._rows_that_fit else 1 << 62

    def fold(self, *texts: Texts) -> Folded:
        """First-layer tables for these texts: of the whole vocabulary if that pays, else of the ids that occur."""
        vocabulary = len(self._embeddings)
        if sum(len(text.ids) for text in texts) >= vocabulary <= self._rows_that_fit:
            if self._full is None:
                self._full = Folded(None, self._tables(self._embeddings))
            return self._full  # not for fewer tokens: what texts score must not depend on what was scored before
        occurs = np.zeros(vocabulary, np.bool_)
        for text in texts:
            occurs[text.ids] = True
        return Folded(np.cumsum(occurs, dtype=np.int32) - np.int32(1), self._tables(self._embeddings[occurs]))

    def encode(self, query: Texts, value: Texts, folded: Folded) -> tuple[Encoded, Encoded]:
        """Both texts of every pair, from tables that `fold` made for at least these texts."""
        from pairlens import kernels

        if not self._match_channels:
            return self._encode(query, None, folded), self._encode(value, None, folded)
        matched = np.empty(len(query.ids), np.bool_), np.empty(len(value.ids), np.bool_)
        kernels.find_matches(query.ids, query.offsets, value.ids, value.offsets, *matched)
        return self._encode(query, matched[0], folded), self._encode(value, matched[1], folded)

    def _encode(self, texts: Texts, matched: Flags | None, folded: Folded) -> Encoded:
        """Encoding and key of every token; `matched` bool [tokens] tells which stand in the other text of the pair."""
        real = texts.ids != 0 if self._mask_zero else np.ones(len(texts.ids), np.bool_)
        if matched is not None:
            matched &= real
        rows = texts.ids if folded.row is None else folded.row[texts.ids]
        encodings = [
            self._view(texts, matched, self._convolve(stack, texts, rows, table, real, matched), real)
            for stack, table in zip(self._stacks, folded.tables, strict=True)
        ] or [self._view(texts, matched, None, real)]
        return Encoded((encodings[0], texts.offsets, real), encodings[-1])

    def _view(self, texts: Texts, matched: Flags | None, convolved: Floats | None, real: Flags) -> Floats:
        """The encoding [tokens, width]: the embedding and its match channels, and the convolution, as the views say."""
        if "embedding" not in self._views and convolved is not None:
            return convolved
        x = np.zeros((len(texts.ids), self.width), np.float32)
        dim = self._embeddings.shape[1]
        x[:, :dim] = self._embeddings[texts.ids]
        if matched is not None:
            x[:, dim] = np.where(matched, np.float32(1.0), np.float32(-1.0))
            x[:, dim + 1] = np.where(matched, self._idf[texts.ids], np.float32(0.0))
        if convolved is not None:
            x[:, -convolved.shape[1] :] = convolved
        if self._mask_zero:
            x[~real] = 0.0
        return x

    def _convolve(
        self, stack: list[_Layer], texts: Texts, rows: Ints, table: Floats, real: Flags, matched: Flags | None
    ) -> Floats:
        from pairlens import kernels

        x = np.empty(0, np.float32)
        for index, layer in enumerate(stack):
            if index > 0:
                rows, table = np.arange(len(x), dtype=np.int32), layer.times_taps(x)
            x = np.empty((len(rows), len(layer.bias)), np.float32)
            kernels.sum_taps(rows, texts.offsets, real, table, layer.bias, layer.dilation, layer.left, x)
            if layer.match_taps is not None and matched is not None:
                idf = self._idf[texts.ids]
                kernels.add_matches(matched, idf, texts.offsets, layer.match_taps, layer.dilation, layer.left, x)
            x = activate(layer.activation, x)
            x[:, layer.filters :] = 0.0  # a sigmoid of zero is not zero
            if self._mask_zero:
                x[~real] = 0.0
        return x

    def _tables(self, embeddings: Floats) -> tuple[Floats, ...]:
        return tuple(stack[0].times_taps(embeddings) for stack in self._stacks)


def _load_stack(model: ModelConfig, weights: Mapping[str, Floats], name: str) -> Iterator[_Layer]:
    dim = model.embedding.output_dim
    for i, conv in enumerate(model.conv):
        yield _Layer.load(conv, weights, f"{name}/{i}", dim)
        dim = conv.filters + -conv.filters % 8
