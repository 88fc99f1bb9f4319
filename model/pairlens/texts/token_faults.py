"""The rules for token texts, and the slow parser that finds and describes the faults in a block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pairlens.texts.texts import ID_LIMIT

ONLY_PADDING = "no id but 0, which is padding with model.embedding.mask_zero; give another id or set data.empty: score"
MAX_TOKEN = 65_536  # bytes; keeps a file without blanks out of memory
_DIGITS = 10  # digits of 2³¹
_IDS = "a text is base-10 ids separated by blanks; for words use --text or encode"
_SHOWN = 40  # characters of an offending text


@dataclass(frozen=True, slots=True)
class TextRules:
    """The rules for texts: ids below `input_dim`, and from 1 to `max_length` tokens.

    `truncate` keeps the first `max_length` tokens of a longer text; `allow_empty` allows a text without tokens. With
    `mask_zero`, id 0 is padding, not a token.
    """

    input_dim: int | None
    max_length: int | None = None
    truncate: bool = False
    allow_empty: bool = False
    mask_zero: bool = False

    def is_word(self, token: bytes, before: int) -> bool:
        """Whether a token is kept and not padding, given the count of tokens before it."""
        cut = self.truncate and self.max_length is not None and before >= self.max_length
        return not cut and not (self.mask_zero and not token.strip(b"0"))

    @property
    def id_limit(self) -> int:
        return ID_LIMIT if self.input_dim is None else min(self.input_dim, ID_LIMIT)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A text that breaks the rules; `line` and `column` count from 1.

    Line N has pair N - 1. `at` is the line in the file if that is another one, as in a table.
    """

    file: str
    line: int
    column: int
    message: str
    at: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.at or self.line}:{self.column}: {self.message}"


@dataclass(slots=True)
class BlockStart:
    """Where a block begins: perhaps inside a line or a text, never inside a token."""

    line: int = 1
    column: int = 1
    field: int = 0  # texts of this line before the block
    tokens: int = 0  # tokens of this text before the block
    words: int = 0  # those of them that are kept and not padding; used only with `mask_zero`


class Fault(NamedTuple):
    """A fault in a block.

    `line_start` is where its line starts in the block, 0 if in an earlier block; `line` and `column` count from 1.
    """

    line_start: int
    line: int
    column: int
    message: str

    def bad_line(self, file: str) -> BadLine:
        return BadLine(file, self.line, self.column, self.message)


def first_fault(block: bytes, place: BlockStart, rules: TextRules, fields: int) -> Fault:
    """The first fault of a block that has one."""
    for fault in find_faults(block, place, rules, fields):
        return fault
    raise AssertionError("no fault found in a block that was rejected")


def find_faults(block: bytes, place: BlockStart, rules: TextRules, fields: int) -> Iterator[Fault]:
    """The first fault of each text of a block that begins at `place`; a line has `fields` texts."""
    line, start, field, tokens, words = place.line, 1 - place.column, place.field, place.tokens, place.words
    reported = False  # whether this text has had a fault
    for match in re.finditer(rb"\n|\t|[^ \t\n]+", block):
        lexeme = match.group()
        if lexeme == b"\t" and fields == 1:
            continue
        ends = lexeme in b"\t\n"
        message = (
            _text_fault(lexeme, field, tokens, words, rules, fields) if ends else _token_fault(lexeme, tokens, rules)
        )
        if message and not reported:
            yield Fault(max(start, 0), line, match.start() - start + 1, message)
        reported = (reported or message is not None) and not ends
        words = 0 if ends else words + rules.is_word(lexeme, tokens)
        field, tokens = (field + 1, 0) if ends else (field, tokens + 1)
        if field == fields and lexeme == b"\t":  # a third column and everything after it is one fault
            reported, field = True, fields - 1
        if lexeme == b"\n":
            line, start, field = line + 1, match.end(), 0


def _text_fault(end: bytes, field: int, tokens: int, words: int, rules: TextRules, fields: int) -> str | None:
    if (end == b"\n") != (field == fields - 1):
        found = "no tab in the line" if end == b"\n" else "a third column"
        return f"{found}; a line is a query, a tab and a value"
    if tokens == 0 and not rules.allow_empty:
        return "an empty text; give it at least one id or set data.empty: score"
    if words == 0 and not rules.allow_empty:
        return ONLY_PADDING
    return None


def _token_fault(token: bytes, tokens_before: int, rules: TextRules) -> str | None:
    ids = f"ids go from 0 to {rules.id_limit - 1}"
    if rules.input_dim is not None:
        ids += f"; model.embedding.input_dim is {rules.input_dim}"
    if len(token) > MAX_TOKEN:
        return f"a token of more than {MAX_TOKEN} bytes: {quote(token)}; {_IDS}"
    if re.fullmatch(rb"-[0-9]+", token):
        return f"negative: {quote(token)}; {ids}"
    if not re.fullmatch(rb"[0-9]+", token):
        return f"not an integer: {quote(token)}; {_IDS}"
    if not _is_below(token, rules.id_limit):
        return f"too large: {quote(token)}; {ids}"
    if rules.max_length is not None and tokens_before >= rules.max_length and not rules.truncate:
        return f"a text of more than {rules.max_length} tokens; raise data.max_length or set data.too_long: truncate"
    return None


def _is_below(token: bytes, limit: int) -> bool:
    """Whether ASCII digits, perhaps too many for `int`, are a number below the limit."""
    significant = token.lstrip(b"0")
    return len(significant) <= _DIGITS and int(significant or b"0") < limit


def quote(text: bytes) -> str:
    """Text from a file as messages show it: quoted, control characters escaped, at most 40 characters."""
    try:
        shown = text.decode()
    except UnicodeDecodeError:
        return f"{text[:_SHOWN]!r} (not UTF-8)".removeprefix("b")
    return repr(shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…")
