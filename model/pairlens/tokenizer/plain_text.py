"""The word and char tokenizers without the library: several times as fast, for texts of common characters.

Python and the library treat these characters alike in all their versions of Unicode; tests compare every one. None is a
combining mark, so the treatment of a character does not depend on its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

from pairlens.tokenizer.recipe import Normalize

# Latin, Greek but its capital sigma, Cyrillic, punctuation, currencies, kana, Han, Hangul and full-width forms.
PLAIN = (
    "\0-\u024f\u0386-\u038f\u0391-\u03a1\u03a4-\u03ce\u0400-\u0481\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf"
    "\u3000-\u3029\u3030-\u303f\u3041-\u3096\u309d-\u30ff\u4e00-\u9fa5\uac00-\ud7a3\uff01-\uff5e"
)
# The plain characters with Unicode's White_Space; Python's \s has four more, the separators \x1c to \x1f.
_BLANK = "\t-\r \x85\xa0\u2028\u2029\u202f\u205f\u3000"
# The plain characters of Han, Hiragana and Katakana; Thai is not plain.
_SINGLE = (
    "\u3005\u3007\u3021-\u3029\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff"
)

# Joins texts that are tokenized together, which is many times as fast; a text that contains it is not plain.
SEPARATOR = "\x1f"

_is_plain: Callable[[str], object] = re.compile(f"[{PLAIN}]*").fullmatch
_ASCII_WORDS = re.compile(r"[0-9A-Z_a-z]+|[^\t-\r 0-9A-Z_a-z]")


def script_of(text: str) -> int:
    """0 for ASCII, 1 for other plain text, 2 for text that needs the library."""
    if SEPARATOR in text:
        return 2
    return 0 if text.isascii() else 1 if _is_plain(text) else 2


def plain_tokens(texts: Sequence[str], script: int, normalize: Normalize, lowercase: bool, chars: bool) -> list[str]:
    """The tokens of plain texts of one script, 0 or 1, with SEPARATOR between the texts."""
    text = SEPARATOR.join(texts)
    if normalize != "none" and script:
        text = unicodedata.normalize(normalize, text)
    if lowercase:
        text = text.lower()
    if chars:
        return _no_blank().findall(text)
    return (_words() if script else _ASCII_WORDS).findall(text)


@cache
def _no_blank() -> re.Pattern[str]:
    return re.compile(f"[^{_BLANK}]")


@cache
def _words() -> re.Pattern[str]:
    """A run of letters, marks, numbers and underscores, or one other character that is not a blank."""
    return re.compile(f"(?:(?![{_SINGLE}])[_{_letters()}])+|[^{_BLANK}]")


def _letters() -> str:
    """The letters, marks and numbers of the basic plane, as ranges for a character class."""
    codes = [code for code in range(0x10000) if unicodedata.category(chr(code))[0] in "LMN"]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in ranges)
