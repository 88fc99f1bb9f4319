"""What a caller hands to the scorer, as the kernels must have it: of one layout and type, within the model's bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import ModelConfig
from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.errors import DataError, RunError
from pairlens.texts.texts import Texts
from pairlens.texts.token_faults import ONLY_PADDING

Floats = NDArray[np.float32]
TextsLike = Texts | Sequence[Sequence[int] | NDArray[np.integer]]


def given_weights(model: ModelConfig, weights: Mapping[str, NDArray[np.floating]]) -> dict[str, Floats]:
    """The weights of a model by name, row after row in memory whatever their layout was.

    Raises:
        RunError: one is missing, of another shape than the model's, or no float32.
    """
    given = {}
    for name, shape in weight_shapes(model).items():
        array = weights.get(name)
        if array is None or array.shape != shape or array.dtype != np.float32:
            found = "missing" if array is None else f"{array.dtype} {list(array.shape)}"
            raise RunError(f"{name}: {found}; the config makes it float32 {list(shape)}")
        given[name] = np.require(array, requirements=["C", "A"]) if array.ndim else array
    return given


def given_pairs(config: Config, queries: TextsLike, values: TextsLike, read: bool = False) -> tuple[Texts, Texts]:
    """The texts of pairs.

    Args:
        read: they were read from files by the config's rules, and lines with faults may have become empty texts.

    Raises:
        DataError: unequal counts, offsets that descend, an id outside the vocabulary, or an empty text that the config
            does not allow: with `mask_zero`, also one of id 0 alone.
    """
    query, value = _as_texts(queries), _as_texts(values)
    if len(query) != len(value):
        raise DataError(f"{len(query)} queries but {len(value)} values; a pair has one of each")
    for name, texts in (("query", query), ("value", value)):
        _check_ids(name, texts, config.model.embedding.input_dim)
        if config.data.empty == "error" and not read:
            _refuse_empty(name, texts, config.model.embedding.mask_zero)
    return query, value


def _as_texts(texts: TextsLike) -> Texts:
    texts = texts if isinstance(texts, Texts) else Texts.from_lists(texts)
    if (texts.lengths < 0).any():
        text = int(np.argmin(texts.lengths))
        raise DataError(f"text {text}: its offsets {texts.offsets[text]} and {texts.offsets[text + 1]} descend")
    return texts


def _refuse_empty(name: str, texts: Texts, mask_zero: bool) -> None:
    if not texts.lengths.all():
        raise DataError(f"{name} {int(np.argmin(texts.lengths))}: no tokens; `data.empty: score` would allow it")
    if not (words := texts.words(mask_zero)).all():
        raise DataError(f"{name} {int(np.argmin(words))}: {ONLY_PADDING}")


def _check_ids(name: str, texts: Texts, input_dim: int) -> None:
    if texts.ids.view(np.uint32).max(initial=0) < input_dim:  # one pass: what is negative is huge
        return
    wrong = int(np.flatnonzero((texts.ids < 0) | (texts.ids >= input_dim))[0])
    text = int(np.searchsorted(texts.offsets, wrong, side="right")) - 1
    raise DataError(f"{name} {text}: id {texts.ids[wrong]}; the model's ids go from 0 to {input_dim - 1}")
