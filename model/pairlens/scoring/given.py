"""Check what a caller passes to the scorer, and bring it into the types and layouts that the kernels need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import ModelConfig
from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.errors import DataError, RunError
from pairlens.scoring.maps import PairAttention
from pairlens.texts.given import listed
from pairlens.texts.texts import Texts, TextsLike
from pairlens.texts.token_faults import ONLY_PADDING

if TYPE_CHECKING:
    from pairlens.tokenizer.tokenizer import Tokenizer

Floats = NDArray[np.float32]
Tokenizing = Callable[[], "Tokenizer"]  # returns the model's tokenizer; called when a text first needs it


def given_weights(model: ModelConfig, weights: Mapping[str, NDArray[np.floating]]) -> dict[str, Floats]:
    """Return the weights of a model by name, C-contiguous.

    Raises:
        RunError: a weight is missing, has the wrong shape, or is not float32.
    """
    given = {}
    for name, shape in weight_shapes(model).items():
        array = weights.get(name)
        if array is None or array.shape != shape or array.dtype != np.float32:
            found = "missing" if array is None else f"{array.dtype} {list(array.shape)}"
            raise RunError(f"{name}: {found}; the config requires float32 {list(shape)}")
        given[name] = np.require(array, requirements=["C", "A"]) if array.ndim else array
    return given


def given_pairs(
    config: Config, queries: TextsLike, values: TextsLike, read: bool = False, tokenizing: Tokenizing | None = None
) -> tuple[Texts, Texts]:
    """Return the texts of pairs as ids.

    Args:
        read: the texts were read from files by the config's rules; a faulty line may have become an empty text.
        tokenizing: returns the tokenizer for texts that are strings.

    Raises:
        DataError: a missing value; unequal counts; decreasing offsets; an id outside the vocabulary; an empty text
            (with `mask_zero`, also one of only id 0) that the config does not allow; a string that is too long, or no
            tokenizer for it.
    """
    query, value = (
        _as_texts(config, name, listed(texts), tokenizing) for name, texts in (("query", queries), ("value", values))
    )
    if len(query) != len(value):
        raise DataError(f"{len(query)} queries but {len(value)} values; a pair has one of each")
    for name, texts in (("query", query), ("value", value)):
        _check_ids(name, texts, config.model.embedding.input_dim)
        if config.data.empty == "error" and not read:
            _refuse_empty(name, texts, config.model.embedding.mask_zero)
    return query, value


def with_texts(
    attentions: Sequence[PairAttention], queries: TextsLike, values: TextsLike, tokenizing: Tokenizing | None
) -> list[PairAttention]:
    """Return the attention of pairs, with their words if the texts were given as strings."""
    query, value = listed(queries), listed(values)
    if tokenizing is None or not (_are_strings(query) and _are_strings(value)):
        return list(attentions)
    sides = zip(tokenizing().tokenized(query), tokenizing().tokenized(value), strict=True)
    return [one.with_texts(*texts) for one, texts in zip(attentions, sides, strict=True)]


def _are_strings(texts: Texts | list[Any]) -> TypeGuard[list[str]]:
    return isinstance(texts, list) and bool(texts) and all(isinstance(text, str) for text in texts)


def _as_texts(config: Config, name: str, texts: Texts | list[Any], tokenizing: Tokenizing | None) -> Texts:
    """Return ids unchanged; tokenize strings and apply the config's rules for long texts."""
    if isinstance(texts, Texts):
        return _checked(texts)
    if not _are_strings(texts):
        if (missing := next((i for i, text in enumerate(texts) if _is_missing(text)), None)) is not None:
            raise DataError(f"{name} {missing}: a missing value, {texts[missing]}; fill it in, or leave the pair out")
        return Texts.from_lists(texts)
    if tokenizing is None:
        raise DataError("texts are strings, but the model has no tokenizer; load it with pairlens.load, or give ids")
    ids, longest = tokenizing().encode(texts), config.data.max_length
    if longest is None or config.data.too_long == "truncate":
        return ids if longest is None else ids.truncated(longest)
    if (ids.lengths > longest).any():
        raise DataError(f"text {int(np.argmax(ids.lengths > longest))}: more tokens than data.max_length: {longest}")
    return ids


def _is_missing(text: object) -> bool:
    """Whether a text is None, nan or the NA of pandas."""
    return (
        text is None or (isinstance(text, (float, np.floating)) and np.isnan(text)) or type(text).__name__ == "NAType"
    )


def _checked(texts: Texts) -> Texts:
    if (texts.lengths < 0).any():
        text = int(np.argmin(texts.lengths))
        raise DataError(f"text {text}: offsets decrease from {texts.offsets[text]} to {texts.offsets[text + 1]}")
    return texts


def _refuse_empty(name: str, texts: Texts, mask_zero: bool) -> None:
    if not texts.lengths.all():
        raise DataError(
            f"{name} {int(np.argmin(texts.lengths))}: no tokens; give some, or train with data.empty: score"
        )
    if not (words := texts.words(mask_zero)).all():
        raise DataError(f"{name} {int(np.argmin(words))}: {ONLY_PADDING}")


def _check_ids(name: str, texts: Texts, input_dim: int) -> None:
    if texts.ids.view(np.uint32).max(initial=0) < input_dim:  # one pass: a negative id is huge as uint32
        return
    wrong = int(np.flatnonzero((texts.ids < 0) | (texts.ids >= input_dim))[0])
    text = int(np.searchsorted(texts.offsets, wrong, side="right")) - 1
    raise DataError(f"{name} {text}: id {texts.ids[wrong]}; the model's ids go from 0 to {input_dim - 1}")
