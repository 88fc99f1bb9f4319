"""A convolution as a sum of look-ups: with `table[k] = rows @ kernel[k]`, output t is the sum over k of `table[k]` at
position t + k.

For the first layer the rows are those of the embedding, so the product is computed once per word of the vocabulary
("folded"). For a later layer the rows are the positions of the texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import ConvConfig, ModelConfig
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.kernels.threads import Each
from pairlens.scoring.dense import dense

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution layer, on plain arrays.

    Attributes:
        taps: float32 [dim, kernel size * filters].
        bias: float32 [filters].
        match_taps: float32 [2 * kernel size, filters] for the first layer with match channels (see kernels/encode.py);
            otherwise it has no rows.
        shape: int64 [3]: kernel size, dilation, and the distance of the first tap before the output's position.
    """

    taps: Floats
    bias: Floats
    match_taps: Floats
    activation: str
    shape: NDArray[np.int64]

    @classmethod
    def load(cls, conv: ConvConfig, weights: Mapping[str, Floats], name: str, dim: int) -> Convolution:
        """Load the layer `name`. Its input has `dim` columns; the first layer's may have match channels after them."""
        kernel = weights[f"{name}/kernel"]  # [kernel size, inputs, filters]
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
        """The rows [rows, dim], as unmatched tokens, times each tap of the kernel: [rows * kernel size, filters]."""
        dim = rows.shape[1]
        without_match = -self.taps[dim] if len(self.match_taps) else None
        return dense(rows, self.taps[:dim], without_match, each).reshape(-1, len(self.bias))

    def __call__(self, x: Floats, offsets: NDArray[np.int64]) -> Floats:
        """The convolution of ragged texts x [tokens, dim], before the activation: [tokens, filters]."""
        out = np.empty((len(x), len(self.bias)), np.float32)
        call(
            signatures.CONVOLVE,
            shape=self.shape,
            indices=np.arange(len(x), dtype=np.int32),
            offsets=offsets,
            table=self.times_taps(x),
            bias=self.bias,
            zero_row=np.zeros_like(self.bias),
            out=out,
        )
        return out


def load_stack(model: ModelConfig, weights: Mapping[str, Floats], name: str) -> Iterator[Convolution]:
    """The layers of a stack, conv or key_conv."""
    dim = model.embedding.output_dim
    for i, conv in enumerate(model.conv):
        yield Convolution.load(conv, weights, f"{name}/{i}", dim)
        dim = conv.filters
