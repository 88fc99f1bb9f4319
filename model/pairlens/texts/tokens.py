"""Bytes of token texts → ids, with the exact place of every fault.

A compiled kernel reads every block, with no Python per line or token. Only a block in which it sees a fault is read
again, slowly, to say where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.texts.texts import ID_LIMIT

_STEP = 64  # bytes that the kernel looks at together
_PLACES = 10  # digits of 2³¹
_SHOWN = 40  # characters of an offending text
_MAX_TOKEN = 65_536  # bytes; so that a file without blanks is not read into memory
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # with which some programs begin UTF-8 files
_GROUP = 64  # lines of a block with a fault that are looked at together


@dataclass(frozen=True, slots=True)
class TextRules:
    """What a text may hold: ids below `input_dim`, and from 1 to `max_length` tokens.

    `truncate` keeps the first `max_length` tokens of a longer text, `allow_empty` lets a text without tokens pass.
    """

    input_dim: int | None
    max_length: int | None = None
    truncate: bool = False
    allow_empty: bool = False

    @property
    def id_limit(self) -> int:
        return ID_LIMIT if self.input_dim is None else min(self.input_dim, ID_LIMIT)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A text that breaks the rules; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(slots=True)
class _Place:
    """Where a block begins: perhaps inside a line, perhaps inside a text, never inside a token."""

    line: int = 1
    column: int = 1
    field: int = 0  # texts of this line that lie before
    tokens: int = 0  # tokens of this text that lie before


def parse_blocks(
    blocks: Iterable[bytes],
    name: str,
    rules: TextRules,
    fields: int = 1,
    bad: list[BadLine] | None = None,
    first_line: int = 1,
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Yields for each block its ids [tokens] and the count of its tokens before the end of each text [texts ended].

    A line holds `fields` texts with a tab between them. Memory is bounded by the longest block and token. A byte order
    mark at the start is skipped. With a list `bad`, a line with faults becomes harmless texts, and the first fault of
    each of its texts is added to the list before they are yielded.

    Raises:
        DataError: without `bad`: `name:line:column: message` for the first fault, after everything in the lines before
            it was yielded.
    """
    place, in_bad_line = _Place(first_line), False
    for block in _whole_tokens(blocks, starts_file=first_line == 1):
        if in_bad_line:  # it went on behind its block
            _, newline, block = block.partition(b"\n")  # noqa: PLW2901
            in_bad_line = not newline
        part = _parse_block(block, place, rules, fields)
        if part is None and bad is not None:
            mended, in_bad_line = _mend(block, replace(place), name, rules, fields, bad)
            part = _parse_block(mended, place, rules, fields)
        if part is None:
            line_start, line, column, message = _first_fault(block, place, rules, fields)
            before = _parse_block(block[:line_start], place, rules, fields) if line_start else None
            if before is not None:
                yield before
            raise DataError(str(BadLine(name, line, column, message)))
        yield part


def _whole_tokens(blocks: Iterable[bytes], starts_file: bool) -> Iterator[bytes]:
    """The same bytes, each block cut behind a blank or newline; CRLF becomes LF; a missing last newline is supplied.

    A token that is too long is cut, so that its block ends inside it.
    """
    pieces: list[bytes] = []  # of an unfinished token; joined once, so that a long one costs no more than a short one
    held, ended, started = 0, True, not starts_file
    for block in blocks:
        cut = 1 + max(block.rfind(b"\n"), block.rfind(b" "), block.rfind(b"\t"))
        if not cut and held > _MAX_TOKEN:
            cut = len(block)
        if cut:
            whole = b"".join([*pieces, block[:cut]])
            if not started:
                whole, started = whole.removeprefix(_BYTE_ORDER_MARK), True
            ended = whole.endswith(b"\n")
            pieces.clear()
            held = 0
            yield whole.replace(b"\r\n", b"\n") if b"\r" in whole else whole
        pieces.append(block[cut:])
        held += len(pieces[-1])
    tail = b"".join(pieces)
    if not started:
        tail = tail.removeprefix(_BYTE_ORDER_MARK)
    if tail or not ended:
        yield tail.removesuffix(b"\r") + b"\n"


def _mend(
    block: bytes, place: _Place, name: str, rules: TextRules, fields: int, bad: list[BadLine]
) -> tuple[bytes, bool]:
    """The block with harmless lines for its bad ones, and whether the last of these goes on behind the block."""
    lines = block.split(b"\n")
    for first in range(0, len(lines) - 1, _GROUP):
        group = lines[first : min(first + _GROUP, len(lines) - 1)]
        after = replace(place)
        if _parse_block(b"\n".join([*group, b""]), after, rules, fields) is not None:
            place = after
            continue
        for number, line in enumerate(group, first):
            if faults := list(_faults(line + b"\n", place, rules, fields)):
                bad += [BadLine(name, *fault[1:]) for fault in faults]
                lines[number] = _harmless(place, fields)
            place = _Place(place.line + 1)
    if lines[-1] and (faults := list(_faults(lines[-1], place, rules, fields))):
        bad += [BadLine(name, *fault[1:]) for fault in faults]
        lines[-1] = _harmless(place, fields)
        return b"\n".join([*lines, b""]), True
    return b"\n".join(lines), False


def _harmless(place: _Place, fields: int) -> bytes:
    """The rest of a line that is within every rule: id 0 for each text that has no token yet."""
    return b"\t".join([b"" if place.tokens else b"0"] + [b"0"] * (fields - 1 - place.field))


def _parse_block(
    block: bytes, place: _Place, rules: TextRules, fields: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
    """Ids and text ends of a block, and `place` moved behind it; or None and `place` as it was if there is a fault."""
    if block and not block.endswith((b"\n", b" ", b"\t")):
        return None  # it ends in a token that is too long
    parsed = _tokenize(block, place.field, fields)
    if parsed is None:
        return None
    ids, ends, largest = parsed
    if largest >= rules.id_limit:
        return None
    # A text begins at one bound and ends at the next. The first began before the block, the last ends behind it.
    bounds = np.concatenate([[-place.tokens], ends, [len(ids)]])
    lengths = np.diff(bounds)
    if not rules.allow_empty and not lengths[:-1].all():
        return None
    if rules.max_length is not None and lengths.max() > rules.max_length:
        if not rules.truncate:
            return None
        ids, ends = _truncate(ids, bounds, rules.max_length)
    newline = block.rfind(b"\n")
    place.column = len(block) - newline if newline >= 0 else place.column + len(block)
    lines, place.field = divmod(place.field + len(ends), fields)
    place.line += lines
    place.tokens = int(lengths[-1])
    return ids, ends


def _tokenize(block: bytes, field: int, fields: int) -> tuple[NDArray[np.int32], NDArray[np.int64], int] | None:
    """Ids [tokens], the count of tokens before each text end, and the largest id, at most 2³¹; None if a byte stands
    where it may not."""
    text = np.frombuffer(block.ljust(-(-len(block) // _STEP) * _STEP), np.uint8)
    ids = np.empty((len(block) + 1) // 2, np.int32)
    ends = np.empty(block.count(b"\n") + (block.count(b"\t") if fields > 1 else 0), np.int64)
    counts = np.empty(3, np.int64)
    rules = np.array([field, fields, ID_LIMIT, _MAX_TOKEN])
    call(signatures.TOKENIZE, text=text, rules=rules, ids=ids, ends=ends, counts=counts)
    tokens, texts, largest = counts.tolist()
    return None if tokens < 0 else (ids[:tokens], ends[:texts], largest)


def _value(token: bytes) -> int:
    """The number that a token of ASCII digits stands for, at most 2³¹; that is what a token too long is, too."""
    significant = token.lstrip(b"0") if len(token) <= _MAX_TOKEN else token
    return min(int(significant or b"0"), ID_LIMIT) if len(significant) <= _PLACES else ID_LIMIT


def _truncate(
    ids: NDArray[np.int32], bounds: NDArray[np.int64], max_length: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Keeps the first `max_length` tokens of each text; for `bounds` see `_parse_block`."""
    starts = np.maximum(bounds[:-1], 0)
    kept = np.maximum(np.minimum(bounds[1:], bounds[:-1] + max_length) - starts, 0)
    ends = np.cumsum(kept)
    return ids[np.arange(ends[-1]) + np.repeat(starts - (ends - kept), kept)], ends[:-1]


def _first_fault(block: bytes, place: _Place, rules: TextRules, fields: int) -> tuple[int, int, int, str]:
    """Where the line of a block's first fault starts (0 if in an earlier block), its line, its column and a message."""
    for fault in _faults(block, place, rules, fields):
        return fault
    raise AssertionError("a block without a fault was taken for one with a fault")


def _faults(block: bytes, place: _Place, rules: TextRules, fields: int) -> Iterator[tuple[int, int, int, str]]:
    """The first fault of each text, as `_first_fault` tells it."""
    line, start, field, tokens = place.line, 1 - place.column, place.field, place.tokens
    told = False  # of a fault in this text
    for match in re.finditer(rb"\n|\t|[^ \t\n]+", block):
        lexeme = match.group()
        if lexeme == b"\t" and fields == 1:
            continue
        ends = lexeme in b"\t\n"
        message = _text_fault(lexeme, field, tokens, rules, fields) if ends else _token_fault(lexeme, tokens, rules)
        if message and not told:
            yield max(start, 0), line, match.start() - start + 1, message
        told = (told or message is not None) and not ends
        field, tokens = (field + 1, 0) if ends else (field, tokens + 1)
        if field == fields and lexeme == b"\t":  # a third column and all behind it are one fault
            told, field = True, fields - 1
        if lexeme == b"\n":
            line, start, field = line + 1, match.end(), 0


def _text_fault(end: bytes, field: int, tokens: int, rules: TextRules, fields: int) -> str | None:
    if (end == b"\n") != (field == fields - 1):
        found = "no tab in the line" if end == b"\n" else "a third column"
        return f"{found}; a line is a query, a tab and a value"
    if tokens == 0 and not rules.allow_empty:
        return "an empty text; give it at least one id or set data.empty: score"
    return None


def _token_fault(token: bytes, tokens_before: int, rules: TextRules) -> str | None:
    ids = f"ids go from 0 to {rules.id_limit - 1}"
    if rules.input_dim is not None:
        ids += f"; model.embedding.input_dim is {rules.input_dim}"
    if len(token) > _MAX_TOKEN:
        return f"a token of more than {_MAX_TOKEN} bytes: {quote(token)}; a text is base-10 ids separated by blanks"
    if re.fullmatch(rb"-[0-9]+", token):
        return f"negative: {quote(token)}; {ids}"
    if not re.fullmatch(rb"[0-9]+", token):
        return f"not an integer: {quote(token)}; a text is base-10 ids separated by blanks"
    if _value(token) >= rules.id_limit:
        return f"too large: {quote(token)}; {ids}"
    if rules.max_length is not None and tokens_before >= rules.max_length and not rules.truncate:
        return f"a text of more than {rules.max_length} tokens; raise data.max_length or set data.too_long: truncate"
    return None


def quote(text: bytes) -> str:
    """What stands in a file, for a message: in quotes, control characters escaped, cut to 40 characters."""
    try:
        shown = text.decode()
    except UnicodeDecodeError:
        return f"{text[:_SHOWN]!r} (not UTF-8)".removeprefix("b")
    return repr(shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…")
