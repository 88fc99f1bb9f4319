"""The words that token ids stand for, safe to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def words_of(ids: Iterable[int], vocabulary: Sequence[str] | None) -> list[str]:
    """The printable word of each id; without a vocabulary the id itself, and `#id` where it has no word for it."""
    if vocabulary is None:
        return [str(i) for i in ids]
    return [printable(vocabulary[i]) if i < len(vocabulary) and vocabulary[i].strip() else f"#{i}" for i in ids]


def printable(word: str) -> str:
    """The word with all that could move a cursor, turn the direction of writing or hide (control and format characters,
    blanks but the space, lone surrogates) written as Python escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in word)
