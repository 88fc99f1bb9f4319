"""The words that token ids stand for, as files carry them and as people may be shown them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What would end a line or a column, is obeyed by terminals, or turns the direction of all that follows; and halves of
# characters, which no encoding has. Not what belongs to a word and is merely unseen: joiners, soft hyphens.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def words_of(ids: Iterable[int], vocabulary: Sequence[str] | None) -> list[str]:
    """The word of each id, for files; without a vocabulary the id itself, and `#id` where it has no word for it.

    Characters that do harm are written as Python escapes.
    """
    if vocabulary is None:
        return [str(i) for i in ids]
    return [
        _HARMFUL.sub(_escape, vocabulary[i]) if i < len(vocabulary) and vocabulary[i].strip() else f"#{i}" for i in ids
    ]


def printable_words(ids: Iterable[int], vocabulary: Sequence[str] | None, encoding: str = "utf-8") -> list[str]:
    """The same, for people: `printable`."""
    return [printable(word, encoding) for word in words_of(ids, vocabulary)]


def printable(word: str, encoding: str = "utf-8") -> str:
    """The word with all that could move a cursor, turn the direction of writing or hide (control and format characters,
    blanks but the space, lone surrogates), and all that `encoding` lacks, written as Python escapes."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in word)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
