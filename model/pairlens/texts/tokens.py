"""Parsing token texts into ids.

A compiled kernel reads every block, with no Python per line or token. A block with a fault is parsed again by the slow
parser in token_faults.py, which finds where the fault is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.texts.texts import ID_LIMIT, words_before
from pairlens.texts.token_faults import MAX_TOKEN, BadLine, BlockStart, TextRules, find_faults, first_fault

_STEP = 64  # bytes that the kernel processes at a time
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # with which some programs begin UTF-8 files
_GROUP = 64  # lines of a block with a fault that are checked at a time


def parse_blocks(
    blocks: Iterable[bytes],
    name: str,
    rules: TextRules,
    fields: int = 1,
    bad: list[BadLine] | None = None,
    first_line: int = 1,
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Yield for each block its ids [tokens] and the count of its tokens before the end of each text [texts ended].

    A line has `fields` texts with a tab between them. Memory is bounded by the longest block and token. A byte order
    mark at the start is skipped. With a list `bad`, a line with faults is replaced by harmless texts, and the first
    fault of each of its texts is added to the list before they are yielded.

    Raises:
        DataError: without `bad`, the first fault as `name:line:column: message`, after all earlier lines were yielded.
    """
    place, in_bad_line = BlockStart(first_line), False
    for block in _whole_tokens(blocks, starts_file=first_line == 1):
        if in_bad_line:  # it continues in this block
            _, newline, block = block.partition(b"\n")  # noqa: PLW2901
            in_bad_line = not newline
        part = _parse_block(block, place, rules, fields)
        if part is None and bad is not None:
            mended, in_bad_line = _mend(block, replace(place), name, rules, fields, bad)
            part = _parse_block(mended, place, replace(rules, allow_empty=True), fields)  # id 0 may be padding
        if part is None:
            fault = first_fault(block, place, rules, fields)
            before = _parse_block(block[: fault.line_start], place, rules, fields) if fault.line_start else None
            if before is not None:
                yield before
            raise DataError(str(fault.bad_line(name)))
        yield part


def _whole_tokens(blocks: Iterable[bytes], starts_file: bool) -> Iterator[bytes]:
    """The same bytes, each block cut after a blank or newline; CRLF becomes LF; a missing last newline is added.

    A token that is too long is cut, so that its block ends inside it.
    """
    pieces: list[bytes] = []  # of an unfinished token; joined only once, so that a long token takes linear time
    held, ended, started = 0, True, not starts_file
    for block in blocks:
        cut = 1 + max(block.rfind(b"\n"), block.rfind(b" "), block.rfind(b"\t"))
        if not cut and held > MAX_TOKEN:
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
    block: bytes, place: BlockStart, name: str, rules: TextRules, fields: int, bad: list[BadLine]
) -> tuple[bytes, bool]:
    """The block with its bad lines replaced, and whether the last of them continues after the block."""
    lines = block.split(b"\n")
    for first in range(0, len(lines) - 1, _GROUP):
        group = lines[first : min(first + _GROUP, len(lines) - 1)]
        after = replace(place)
        if _parse_block(b"\n".join([*group, b""]), after, rules, fields) is not None:
            place = after
            continue
        for number, line in enumerate(group, first):
            if faults := list(find_faults(line + b"\n", place, rules, fields)):
                bad += [fault.bad_line(name) for fault in faults]
                lines[number] = _harmless(place, fields)
            place = BlockStart(place.line + 1)
    if lines[-1] and (faults := list(find_faults(lines[-1], place, rules, fields))):
        bad += [fault.bad_line(name) for fault in faults]
        lines[-1] = _harmless(place, fields)
        return b"\n".join([*lines, b""]), True
    return b"\n".join(lines), False


def _harmless(place: BlockStart, fields: int) -> bytes:
    """The rest of a line that breaks no rule: id 0 for each text that has no token yet."""
    return b"\t".join([b"" if place.tokens else b"0"] + [b"0"] * (fields - 1 - place.field))


def _parse_block(
    block: bytes, place: BlockStart, rules: TextRules, fields: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]] | None:
    """Ids and text ends of a block, with `place` moved to its end; None, with `place` unchanged, if it has a fault."""
    if block and not block.endswith((b"\n", b" ", b"\t")):
        return None  # it ends inside a token that is too long
    parsed = _tokenize(block, place.field, fields)
    if parsed is None:
        return None
    ids, ends, largest = parsed
    if largest >= rules.id_limit:
        return None
    # A text begins at one bound and ends at the next. The first began before the block, the last ends after it.
    bounds = np.concatenate([[-place.tokens], ends, [len(ids)]])
    lengths = np.diff(bounds)
    if rules.max_length is not None and lengths.max() > rules.max_length:
        if not rules.truncate:
            return None
        ids, ends = _truncate(ids, bounds, rules.max_length)
    words = _count_words(ids, ends, place.words) if rules.mask_zero else lengths
    if not rules.allow_empty and not words[:-1].all():
        return None
    place.words = int(words[-1])
    newline = block.rfind(b"\n")
    place.column = len(block) - newline if newline >= 0 else place.column + len(block)
    lines, place.field = divmod(place.field + len(ends), fields)
    place.line += lines
    place.tokens = int(lengths[-1])
    return ids, ends


def _count_words(ids: NDArray[np.int32], ends: NDArray[np.int64], before: int) -> NDArray[np.int64]:
    """The count of ids other than 0 in each text of a block [texts ended + 1]; `before` is added to the first."""
    words: NDArray[np.int64] = np.diff(words_before(ids)[np.concatenate([ends, [len(ids)]])], prepend=-before)
    return words


def _tokenize(block: bytes, field: int, fields: int) -> tuple[NDArray[np.int32], NDArray[np.int64], int] | None:
    """Ids [tokens], the count of tokens before each text end, and the largest id, at most 2³¹; None if a byte is not
    allowed where it is."""
    text = np.frombuffer(block.ljust(-(-len(block) // _STEP) * _STEP), np.uint8)
    ids = np.empty((len(block) + 1) // 2, np.int32)
    ends = np.empty(block.count(b"\n") + (block.count(b"\t") if fields > 1 else 0), np.int64)
    counts = np.empty(3, np.int64)
    rules = np.array([field, fields, ID_LIMIT, MAX_TOKEN])
    call(signatures.TOKENIZE, text=text, rules=rules, ids=ids, ends=ends, counts=counts)
    tokens, texts, largest = counts.tolist()
    return None if tokens < 0 else (ids[:tokens], ends[:texts], largest)


def _truncate(
    ids: NDArray[np.int32], bounds: NDArray[np.int64], max_length: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Keep the first `max_length` tokens of each text; for `bounds` see `_parse_block`."""
    starts = np.maximum(bounds[:-1], 0)
    kept = np.maximum(np.minimum(bounds[1:], bounds[:-1] + max_length) - starts, 0)
    ends = np.cumsum(kept)
    return ids[np.arange(ends[-1]) + np.repeat(starts - (ends - kept), kept)], ends[:-1]
