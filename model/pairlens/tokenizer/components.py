"""Checking a tokenizer.json from elsewhere, which must not run for ever, exhaust memory or give random ids.

Only components that take linear time are allowed, and only known regular expressions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pairlens.errors import DataError
from pairlens.tokenizer.charsmap import charsmap_fault
from pairlens.tokenizer.models import check_model
from pairlens.tokenizer.recipe import ANY, SINGLE, Json

LARGEST = 2**26  # bytes of the file
_LONGEST_LITERAL = 64
_MOST_COMPONENTS = 64
_MOST_GROWTH = 64  # factor by which replacements may lengthen a text

_CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
_PATTERNS = {
    SINGLE,
    ANY,
    " {2,}",
    _CONTRACTIONS + r"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",  # GPT-2
    *(
        rf"(?i:{_CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{numbers}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|"
        r"\s+(?!\S)|\s+"
        for numbers in (r"\p{N}", r"\p{N}{1,3}")  # Qwen, Llama 3
    ),
}
_NORMALIZERS = {
    "Sequence", "BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Replace",
    "Prepend", "Nmt", "Precompiled", "ByteLevel",
}  # fmt: skip
_PRE_TOKENIZERS = {
    "Sequence", "Whitespace", "WhitespaceSplit", "BertPreTokenizer", "ByteLevel", "Metaspace", "Punctuation", "Digits",
    "CharDelimiterSplit", "UnicodeScripts", "Split",
}  # fmt: skip


def used_parts(tree: Any, name: str) -> Json:
    """The checked parts of a tokenizer.json that determine ids; other parts, such as padding, are dropped.

    Raises:
        DataError: a part is not allowed or not valid; `name` is the name of the file.
    """
    if not isinstance(tree, dict) or not isinstance(tree.get("model"), dict):
        raise DataError(f"{name}: not a tokenizer.json: must be an object with a model")
    for part, allowed in (("normalizer", _NORMALIZERS), ("pre_tokenizer", _PRE_TOKENIZERS)):
        components = list(islice(_components(tree.get(part), name, part), _MOST_COMPONENTS + 1))
        if len(components) > _MOST_COMPONENTS:
            raise DataError(f"{name}: {part} has more than {_MOST_COMPONENTS} components")
        for component in components:
            _check_component(component, allowed, name, part)
        if math.prod(map(_growth, components)) > _MOST_GROWTH:
            raise DataError(f"{name}: {part}: its replacements can make a text more than {_MOST_GROWTH} times as long")
    check_model(tree["model"], name)
    unused = dict.fromkeys(("truncation", "padding", "post_processor", "decoder"))
    return {**tree, "added_tokens": _added(tree, name), **unused}


def _components(component: Any, name: str, part: str) -> Iterator[Json]:
    """Yield a component, and the components of a Sequence."""
    if component is None:
        return
    if not isinstance(component, dict) or not isinstance(component.get("type"), str):
        raise DataError(f"{name}: {part} must be a component, an object with a type")
    yield component
    if component["type"] == "Sequence":
        inner = component.get("normalizers" if part == "normalizer" else "pretokenizers")
        if not isinstance(inner, list) or any(isinstance(one, dict) and one.get("type") == "Sequence" for one in inner):
            raise DataError(f"{name}: {part}: a Sequence must have a list of components, none of them a Sequence")
        for one in inner:
            yield from _components(one, name, part)


def _check_component(component: Json, allowed: set[str], name: str, part: str) -> None:
    kind = component["type"]
    if kind not in allowed:
        raise DataError(f"{name}: {part} {kind} is not supported; supported are {', '.join(sorted(allowed))}")
    if "pattern" in component and not _is_allowed(component["pattern"]):
        raise DataError(
            f"{name}: {part} {kind} has a pattern that is neither a string nor a known regular expression; it "
            "might never finish"
        )
    for key in ("content", "prepend"):
        text = component.get(key, "")
        if isinstance(text, str) and len(text) > _LONGEST_LITERAL:
            raise DataError(f"{name}: {part} {kind}: {key} has more than {_LONGEST_LITERAL} characters")

    if kind == "Precompiled" and (fault := charsmap_fault(component.get("precompiled_charsmap"))):
        raise DataError(f"{name}: {part} {kind}: precompiled_charsmap {fault}")


def _is_allowed(pattern: Any) -> bool:
    """Whether a pattern is a short string or a known regular expression."""
    if not isinstance(pattern, dict) or len(pattern) != 1:
        return False
    ((kind, text),) = pattern.items()
    return isinstance(text, str) and (text in _PATTERNS if kind == "Regex" else 0 < len(text) <= _LONGEST_LITERAL)


def _growth(component: Json) -> float:
    """The factor by which a Replace can lengthen a text."""
    content, pattern = component.get("content"), component.get("pattern")
    if not isinstance(content, str) or not isinstance(pattern, dict):
        return 1
    return max(1, len(content) / len(pattern.get("String", " ")))


def _added(tree: Json, name: str) -> list[Json]:
    added = tree.get("added_tokens") or []
    for token in added if isinstance(added, list) else [None]:
        if not isinstance(token, dict) or not isinstance(token.get("content"), str) or type(token.get("id")) is not int:
            raise DataError(f"{name}: added_tokens must be a list of objects with a content and an id")
    return list(added)
