"""From token ids to the encoding of every token, on plain arrays: embed and convolve.

The first convolution is folded into tables (see convolution.py), from which the kernels encode each pair as they reach
it. If a model has several convolutions, or an activation other than relu, the texts of a window are encoded in advance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import ModelConfig
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.kernels.threads import Each
from pairlens.scoring.activations import activate
from pairlens.scoring.convolution import load_stack
from pairlens.scoring.dense import dense
from pairlens.scoring.plan import make_plan
from pairlens.texts.texts import Texts, index_occurring_ids

Array = NDArray[np.generic]
Floats = NDArray[np.float32]

_TABLE_BYTES = 256 << 20
# The number of a pair's attention scores computed at once: more would not stay in the cache, and all those of long
# texts might not fit into memory. A row is never split, and matrix products work on four rows together.
_MOST_SCORES = 1 << 20
_FEWEST_ROWS = 4
_LANES = 16  # the most numbers in a SIMD vector; rows of scores are padded to whole vectors
_NO_MATRIX, _NO_VECTOR = np.zeros((0, 0), np.float32), np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Folded:
    """Tables for the token ids that occur.

    Attributes:
        indices: int32 [input_dim], the index of each id in the tables; None if they contain every id.
        first_layers: the table of the first layer of each stack of convolutions.
        word_projections: the table for the layer `compare`.
    """

    indices: NDArray[np.int32] | None
    first_layers: list[Floats]
    word_projections: Floats

    def indices_of(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        return ids if self.indices is None else self.indices[ids]


class Encoder:
    """The embedding and the convolutions of a model; keys have convolutions of their own with `key: convolution`.

    Args:
        word_weights: `words` of the model's Comparison; empty if there is none.

    Attributes:
        plan: a record [1], see kernels/plan.py.
        width: the number of columns of an encoding.
    """

    def __init__(self, model: ModelConfig, weights: Mapping[str, Floats], word_weights: Floats = _NO_MATRIX) -> None:
        self.plan = make_plan(model, weights)
        self._embeddings = np.ascontiguousarray(weights["embedding/embeddings"])
        self._idf = weights.get("tokens/idf", _NO_VECTOR)
        views = model.view_widths
        self.width = sum(views.values())
        names = ["conv", "key_conv"] if model.attention.key == "convolution" else ["conv"]
        self._stacks = [list(load_stack(model, weights, name)) for name in names] if "convolution" in views else []
        self._word_weights = word_weights
        one = self._fold(None, self._embeddings[:1], masks_first=False)
        row_bytes = sum(table.nbytes for table in (*one.first_layers, one.word_projections))
        self._rows_that_fit = _TABLE_BYTES // max(row_bytes, 1)
        self._full: Folded | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the tables out of a pickle: they are larger than the weights and quickly computed again."""
        return self.__dict__ | {"_full": None}

    # ---- fold ----------------------------------------------------------------------------------------------------

    @property
    def fold_limit(self) -> int:
        """The number of tokens that may share one `Folded`, so that its tables stay within 256 MiB."""
        return max(self._rows_that_fit, 1) if len(self._embeddings) > self._rows_that_fit else 1 << 62

    def fold(self, *texts: Texts, each: Each = map, later: int = 0) -> Folded:
        """Make tables for these texts: for the whole vocabulary if that pays off, else for the ids that occur.

        Args:
            each: `map`, or computes parts of the tables in several threads.
            later: the number of tokens that the same encoder will encode after these.
        """
        vocabulary = len(self._embeddings)
        masks = bool(self.plan["mask_zero"][0])
        if later + sum(len(text.ids) for text in texts) >= vocabulary <= self._rows_that_fit:
            if self._full is None:
                self._full = self._fold(None, self._embeddings, masks, each)
            return self._full  # not reused for fewer tokens: scores must not depend on what was scored before
        occurs, indices = index_occurring_ids(vocabulary, *(text.ids for text in texts))
        return self._fold(indices, self._embeddings[occurs], masks and bool(occurs[0]), each)

    def _fold(
        self, indices: NDArray[np.int32] | None, embeddings: Floats, masks_first: bool, each: Each = map
    ) -> Folded:
        first_layers = [stack[0].times_taps(embeddings, each) for stack in self._stacks]
        projections = dense(embeddings, self._word_weights, each=each) if self._word_weights.size else _NO_MATRIX
        if masks_first:  # id 0 is padding and adds nothing
            for table in (*first_layers, projections):
                table[: len(table) // len(embeddings)] = 0.0
        return Folded(indices, first_layers, projections)

    # ---- the kernels' arguments ----------------------------------------------------------------------------------

    def pair_arguments(self, query: Texts, value: Texts, folded: Folded) -> dict[str, Array]:
        """The arguments that the kernels of pairs.py share: texts, weights, tables, and buffers for the longest texts.

        `folded` must have been made for these texts, or for more.
        """
        Tq, Tv, keys = _longest(query), _longest(value), int(self.plan["own_key"][0])
        buffers = {
            "query": (Tq, self.width),
            "value": (Tv, self.width),
            "query_key": (keys * Tq, self.width),
            "value_key": (keys * Tv, self.width),
            "scores": (_score_buffer_size(query, value),),
        }
        return {
            **self._encode_arguments(query, value, folded, 0),
            **{f"key_{name}": array for name, array in self._convolution(folded, -1).items()},
            **self._encoded(query, value, folded),
            **{name: np.empty(shape, np.float32) for name, shape in buffers.items()},
            "word_projections": folded.word_projections,
        }

    def _encode_arguments(self, query: Texts, value: Texts, folded: Folded, stack: int) -> dict[str, Array]:
        """The arguments of the kernel `encode` for the first layer of a stack, except its outputs."""
        convolution = self._convolution(folded, stack)
        return {
            "plan": self.plan,
            "query_ids": query.ids,
            "query_offsets": query.offsets,
            "value_ids": value.ids,
            "value_offsets": value.offsets,
            "query_indices": folded.indices_of(query.ids),
            "value_indices": folded.indices_of(value.ids),
            **convolution,
            "idf": self._idf,
            "embeddings": self._embeddings,
            "zero_row": np.zeros_like(convolution["bias"]),
            "query_matched": np.empty(_longest(query), np.float32),
            "value_matched": np.empty(_longest(value), np.float32),
        }

    def _convolution(self, folded: Folded, stack: int) -> dict[str, Floats]:
        """Table, bias and match taps of a stack's first layer; empty without convolutions."""
        if not self._stacks:
            return {"table": _NO_MATRIX, "bias": _NO_VECTOR, "match_taps": _NO_MATRIX}
        layer = self._stacks[stack][0]
        return {"table": folded.first_layers[stack], "bias": layer.bias, "match_taps": layer.match_taps}

    # ---- encoding whole windows ----------------------------------------------------------------------------------

    def encode(self, texts: Texts, each: Each = map, later: int = 0) -> tuple[Floats, Floats]:
        """The encodings and keys [tokens, width] of texts, for a model without match channels; see `fold`."""
        if not self._stacks:
            encoding = self._embeddings[texts.ids]
            return encoding, encoding
        folded = self.fold(texts, each=each, later=later)
        empty = Texts(texts.ids[:0], np.zeros_like(texts.offsets))  # the other texts of the pairs
        encoded = [self._encode(texts, empty, folded, i)[0] for i in range(len(self._stacks))]
        return encoded[0], encoded[-1]

    def _encoded(self, query: Texts, value: Texts, folded: Folded) -> dict[str, Floats]:
        """The encodings and keys [tokens, width] of both texts of every pair; empty if the kernels compute them."""
        encoded = [[np.empty((0, self.width), np.float32)] * 2]
        if self.plan["encoded"][0]:
            encoded = [self._encode(query, value, folded, i) for i in range(len(self._stacks))]
        names = ("encoded_query", "encoded_value", "encoded_query_key", "encoded_value_key")
        return dict(zip(names, [*encoded[0], *encoded[-1]], strict=True))

    def _encode(self, query: Texts, value: Texts, folded: Folded, stack: int) -> list[Floats]:
        """The encodings [tokens, width] of both texts with one of the stacks."""
        arguments = self._encode_arguments(query, value, folded, stack)
        columns = int(self.plan["embedding_columns"][0]) + len(arguments["bias"])
        x, y = (np.empty((len(text.ids), columns), np.float32) for text in (query, value))
        call(signatures.ENCODE, **arguments, query_encoding=x, value_encoding=y)
        return [self._deepen(query, x, stack), self._deepen(value, y, stack)]

    def _deepen(self, texts: Texts, x: Floats, stack: int) -> Floats:
        """The encoding [tokens, width], computed from x: the embedding and the first layer before its activation."""
        first, *others = self._stacks[stack]
        embedding_columns = int(self.plan["embedding_columns"][0])
        masked = texts.ids == 0 if self.plan["mask_zero"][0] else None
        convolved = np.ascontiguousarray(x[:, embedding_columns:])
        for layer in (first, *others):
            out = convolved if layer is first else layer(convolved, texts.offsets)
            convolved = activate(layer.activation, out)
            if masked is not None:
                convolved[masked] = 0.0
        return np.concatenate([x[:, :embedding_columns], convolved], axis=1)


def _longest(texts: Texts) -> int:
    return int(texts.lengths.max(initial=0))


def _score_buffer_size(query: Texts, value: Texts) -> int:
    """The size of the buffer for a pair's scores in both directions, or for some rows of them if they are many."""
    whole = 2 * int(((query.lengths + _LANES) * (value.lengths + _LANES)).max(initial=0))
    rows = _FEWEST_ROWS * (max(_longest(query), _longest(value)) + _LANES)
    return min(whole, max(_MOST_SCORES, rows))
