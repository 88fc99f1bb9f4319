"""The words of token ids, as they are written to files and as they are shown to people.

JSON, in files and in the data of pages, has the word unchanged; JSON's own escapes keep lines apart (`json_line`). A
line of columns has the word with these Python escapes and no others (`column_word`):

    \\\\                            a backslash
    \\t \\n \\r \\x0b \\x20 \\u2028 …  characters that would end a word, a column or a line

So every backslash there begins an escape, and no two words are written alike. To read a word back:

    re.sub(r"\\\\(\\\\|[tnr]|x..|u....)", lambda escape: escape[0].encode().decode("unicode_escape"), text)

For people, all characters that could mislead them are escaped, which may look like a word that contains the escape
itself: in terminals, messages and pictures by `printable`; in pages by `harmless`, as a browser needs joiners to shape
words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_LINE_ENDS = "\n\v\f\r\x1c-\x1e\x85\u2028\u2029"  # line ends to some readers, such as Python's str.splitlines
_STRUCTURE = re.compile(f"[\\\\ \t{_LINE_ENDS}\ud800-\udfff]")  # and lone surrogates, which UTF-8 cannot encode
_LINE_ENDS_IN_JSON = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}  # which JSON does not escape
# Control characters, and characters that change the direction of the text after them. The same as in assets/base.js.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def words_of(ids: Iterable[int], vocabulary: Sequence[str] | None) -> list[str]:
    """The word of each id; without a vocabulary the id itself; `#id` if the vocabulary has no word for it."""
    if vocabulary is None:
        return [str(i) for i in ids]
    return [vocabulary[i] if i < len(vocabulary) and vocabulary[i].strip() else f"#{i}" for i in ids]


UNKNOWN_MARK = "*"  # appended to a word that is not in the vocabulary


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text as it was given, and where its tokens are in it.

    Attributes:
        text: the whole text.
        words: the part of the text for each token; the vocabulary's word for a token without one.
        unknown: whether each token is missing in the vocabulary.
        gaps: the part of the text between the previous token and each token.
    """

    text: str
    words: list[str]
    unknown: list[bool]
    gaps: list[str]

    @property
    def marked(self) -> list[str]:
        """The words, with a mark after those that are not in the vocabulary."""
        return [word + UNKNOWN_MARK * lacking for word, lacking in zip(self.words, self.unknown, strict=True)]

    def first(self, tokens: int) -> TokenizedText:
        """The text with its first `tokens` tokens."""
        return TokenizedText(self.text, self.words[:tokens], self.unknown[:tokens], self.gaps[:tokens])


def column_word(word: str) -> str:
    """The word for a line of columns, escaped as described above."""
    return _STRUCTURE.sub(_escape, word)


def json_line(value: Any) -> str:
    """JSON in one line, without any character that some reader treats as a line end."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS_IN_JSON)


def printable(word: str, encoding: str = "utf-8") -> str:
    """The word with Python escapes for characters that move the cursor, change the text direction or are invisible
    (control and format characters, blanks but the space, lone surrogates) or that `encoding` lacks."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in word)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def harmless(word: str) -> str:
    """The word for a page, with Python escapes for control characters and those that change the text direction."""
    return _HARMFUL.sub(_escape, word)


def _escape(found: re.Match[str]) -> str:
    return "\\x20" if found[0] == " " else found[0].encode("unicode_escape").decode()
