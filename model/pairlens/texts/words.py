"""The words that token ids stand for, safe to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def words_of(ids: Iterable[int], vocabulary: Sequence[str] | None, encoding: str = "utf-8") -> list[str]:
    """The printable word of each id; without a vocabulary the id itself, and `#id` where it has no word for it."""
    if vocabulary is None:
        return [str(i) for i in ids]
    return [
        printable(vocabulary[i], encoding) if i < len(vocabulary) and vocabulary[i].strip() else f"#{i}" for i in ids
    ]


def printable(word: str, encoding: str = "utf-8") -> str:
    """The word with all that could move a cursor, turn the direction of writing or hide (control and format characters,
    blanks but the space, lone surrogates), and all that `encoding` lacks, written as Python escapes."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in word)
    return shown.encode(encoding, "backslashreplace").decode(encoding)
