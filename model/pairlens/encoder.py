"""From token ids to the encoding of every token, on plain arrays: embed and convolve.

A convolution is linear, so it is a sum of look-ups: with `table[k] = rows @ kernel[k]`, output t is the sum over k of
`table[k]` at position t + k. For the first layer the rows are the embedding itself, so that the product is made once
per word of the vocabulary ("folded"); for later layers they are the positions of the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.activations import activate
from pairlens.config import ConvConfig, ModelConfig
from pairlens.pairs import Texts

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

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

    side: tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]
    key: Floats


@dataclass(frozen=True, slots=True)
class Folded:
    """First-layer tables for the token ids that occur: token id i has row `row[i]` of each (`row` None: row i)."""

    row: Ints | None
    tables: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One convolution, with zero columns to a multiple of eight filters; with `taps` None, the identity."""

    taps: Floats | None  # [dim, kernel size * F]
    bias: Floats  # [F]
    filters: int  # without the zero columns
    activation: str = "linear"
    dilation: int = 1
    left: int = 0  # how many positions the first tap lies before the output's

    @classmethod
    def load(cls, conv: ConvConfig, weights: Mapping[str, Floats], name: str, padded_input: bool) -> _Layer:
        kernel = pad_columns(weights[f"{name}/kernel"])  # [kernel size, dim, F]
        if padded_input:
            kernel = np.pad(kernel, ((0, 0), (0, -kernel.shape[1] % 8), (0, 0)))
        size, dim, filters = kernel.shape
        bias = pad_columns(weights[f"{name}/bias"]) if conv.use_bias else np.zeros(filters, np.float32)
        taps = np.ascontiguousarray(kernel.transpose(1, 0, 2)).reshape(dim, size * filters)
        return cls(taps, bias, conv.filters, conv.activation, conv.dilation_rate, conv.reach[0])

    @classmethod
    def identity(cls, dim: int) -> _Layer:
        return cls(None, pad_columns(np.zeros(dim, np.float32)), dim)

    def times_taps(self, rows: Floats) -> Floats:
        """The rows times each tap of the kernel: [rows, kernel size, F]."""
        product = pad_columns(rows) if self.taps is None else rows @ self.taps
        return product.reshape(len(rows), product.shape[1] // len(self.bias), len(self.bias))


class Encoder:
    """The embedding and the convolutions of a model; keys have convolutions of their own with `key: convolution`."""

    def __init__(self, model: ModelConfig, weights: Mapping[str, Floats]) -> None:
        self._mask_zero = model.embedding.mask_zero
        self._embeddings = weights["embedding/embeddings"]
        names = ["conv", "key_conv"] if model.attention.key == "convolution" else ["conv"]
        self._stacks = [
            [_Layer.load(conv, weights, f"{name}/{i}", i > 0) for i, conv in enumerate(model.conv)]
            or [_Layer.identity(model.embedding.output_dim)]
            for name in names
        ]
        row = self._tables(self._embeddings[:1])
        self._rows_that_fit = _TABLE_BYTES // sum(table.nbytes for table in row)
        self._full: Folded | None = None

    @property
    def fold_limit(self) -> int:
        """How many tokens may share one `Folded`, so that its tables stay within 256 MiB."""
        return max(self._rows_that_fit, 1) if len(self._embeddings) > self._rows_that_fit else 1 << 62

    def fold(self, *texts: Texts) -> Folded:
        """First-layer tables for these texts: of the whole vocabulary if that pays, else of the ids that occur."""
        vocabulary = len(self._embeddings)
        if self._full is None and sum(len(text.ids) for text in texts) >= vocabulary <= self._rows_that_fit:
            self._full = Folded(None, self._tables(self._embeddings))
        if self._full is not None:
            return self._full
        occurs = np.zeros(vocabulary, np.bool_)
        for text in texts:
            occurs[text.ids] = True
        return Folded(np.cumsum(occurs, dtype=np.int32) - np.int32(1), self._tables(self._embeddings[occurs]))

    def encode(self, texts: Texts, folded: Folded) -> Encoded:
        """Encoding and key of every token, from tables that `fold` made for at least these texts."""
        real = texts.ids != 0 if self._mask_zero else np.ones(len(texts.ids), np.bool_)
        rows = texts.ids if folded.row is None else folded.row[texts.ids]
        encodings = [
            self._convolve(stack, rows, table, texts.offsets, real)
            for stack, table in zip(self._stacks, folded.tables, strict=True)
        ]
        return Encoded((encodings[0], texts.offsets, real), encodings[-1])

    def _convolve(
        self, stack: list[_Layer], rows: Ints, table: Floats, offsets: NDArray[np.int64], real: NDArray[np.bool_]
    ) -> Floats:
        from pairlens import kernels

        x = np.empty(0, np.float32)
        for index, layer in enumerate(stack):
            if index > 0:
                rows, table = np.arange(len(x), dtype=np.int32), layer.times_taps(x)
            x = np.empty((len(rows), len(layer.bias)), np.float32)
            kernels.sum_taps(rows, offsets, real, table, layer.bias, layer.dilation, layer.left, x)
            x = activate(layer.activation, x)
            x[:, layer.filters :] = 0.0  # a sigmoid of zero is not zero
            if self._mask_zero:
                x[~real] = 0.0
        return x

    def _tables(self, embeddings: Floats) -> tuple[Floats, ...]:
        return tuple(stack[0].times_taps(embeddings) for stack in self._stacks)
