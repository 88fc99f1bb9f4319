"""The words that token ids stand for, as files carry them and as people may be shown them.

Data have the word itself. JSON has it whole, in files and in the data of pages, and JSON's own escapes keep the lines
apart (`json_line`). A line of columns has it with these escapes of Python's, and no others (`column_word`):

    \\\\                            a backslash
    \\t \\n \\r \\x0b \\x20 \\u2028 …  what would end a word, a column or a line

So every backslash there begins an escape, and no two words look the same. To read a word back:

    re.sub(r"\\\\(\\\\|[tnr]|x..|u....)", lambda escape: escape[0].encode().decode("unicode_escape"), text)

People are shown escapes of all that could mislead them, which may look like a word that is written so: terminals,
messages and pictures by `printable`; pages by `harmless`, since a browser needs joiners to shape words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_LINE_ENDS = "\n\v\f\r\x1c-\x1e\x85\u2028\u2029"  # for some reader of lines, such as Python's str.splitlines
_STRUCTURE = re.compile(f"[\\\\ \t{_LINE_ENDS}\ud800-\udfff]")  # and halves of characters, which UTF-8 has not
_LINE_ENDS_IN_JSON = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}  # that JSON would leave as they are
# What is obeyed by whatever shows it, or turns the direction of all that follows. assets/base.js has the same.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def words_of(ids: Iterable[int], vocabulary: Sequence[str] | None) -> list[str]:
    """The word of each id; without a vocabulary the id itself, and `#id` where it has no word for it."""
    if vocabulary is None:
        return [str(i) for i in ids]
    return [vocabulary[i] if i < len(vocabulary) and vocabulary[i].strip() else f"#{i}" for i in ids]


UNKNOWN_MARK = "*"  # behind a word that the vocabulary lacks


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text as it was given, and its tokens in it.

    Attributes:
        text: all of it.
        words: what stands there for each token; of a token that stands for nothing, what the vocabulary has.
        unknown: whether the vocabulary lacks it.
        gaps: what stands before each token, behind the one before it.
    """

    text: str
    words: list[str]
    unknown: list[bool]
    gaps: list[str]

    @property
    def marked(self) -> list[str]:
        """The words, with a mark behind those that the vocabulary lacks."""
        return [word + UNKNOWN_MARK * lacking for word, lacking in zip(self.words, self.unknown, strict=True)]

    def first(self, tokens: int) -> TokenizedText:
        """The same of the first so many tokens."""
        return TokenizedText(self.text, self.words[:tokens], self.unknown[:tokens], self.gaps[:tokens])


def column_word(word: str) -> str:
    """The word for a line of columns, as told above."""
    return _STRUCTURE.sub(_escape, word)


def json_line(value: Any) -> str:
    """JSON in one line, whatever a reader takes for the end of one."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS_IN_JSON)


def printable(word: str, encoding: str = "utf-8") -> str:
    """The word with all that could move a cursor, turn the direction of writing or hide (control and format characters,
    blanks but the space, lone surrogates), and all that `encoding` lacks, written as Python escapes."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in word)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def harmless(word: str) -> str:
    """The word for a page: control characters, and those that turn the direction of writing, as Python escapes."""
    return _HARMFUL.sub(_escape, word)


def _escape(found: re.Match[str]) -> str:
    return "\\x20" if found[0] == " " else found[0].encode("unicode_escape").decode()
