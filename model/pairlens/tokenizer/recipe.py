"""The tokenizer.json that pairlens writes: how text is cut into tokens, and the vocabulary.

Its components are those of the library `tokenizers` (https://huggingface.co/docs/tokenizers/components).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

Kind = Literal["word", "char", "bpe", "unigram"]
Normalize = Literal["NFKC", "NFC", "none"]
Json = dict[str, Any]

PADDING, UNKNOWN = "[PAD]", "[UNK]"  # ids 0 and 1
SPECIAL = [PADDING, UNKNOWN]

# Scripts without blanks are cut into characters, and so is everything that is not a letter, mark, number or
# underscore.
SINGLE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[^\p{L}\p{M}\p{N}_]"
ANY = r"[\s\S]"


def text_form(normalize: Normalize, lowercase: bool) -> Json | None:
    """The normalizer, applied before a text is cut."""
    steps: list[Json] = [] if normalize == "none" else [{"type": normalize}]
    steps += [{"type": "Lowercase"}] if lowercase else []
    return {"type": "Sequence", "normalizers": steps} if steps else None


def cut(kind: Kind) -> Json:
    """The pre-tokenizer, which cuts at blanks and then into words and signs, or into characters."""
    pattern = ANY if kind == "char" else SINGLE
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    parts: list[Json] = [{"type": "WhitespaceSplit"}, split]
    if kind == "unigram":
        parts = [{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]
    return {"type": "Sequence", "pretokenizers": parts}


def whole(normalizer: Json | None, pre_tokenizer: Json, model: Json) -> Json:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": None,
        "model": model,
    }


def word_level(words: Sequence[str]) -> Json:
    """The model for a vocabulary of whole tokens, including the special ones."""
    return {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(words)}, "unk_token": UNKNOWN}


def as_json(tree: Json) -> str:
    return json.dumps(tree, ensure_ascii=False, indent=1) + "\n"
