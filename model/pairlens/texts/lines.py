"""Files with one entry per line: labels, groups, sample weights and vocabularies; soft_labels.py has probabilities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import read_blocks
from pairlens.texts.token_faults import quote

LabelKind = Literal["binary", "regression", "multiclass", "ranking"]
_MAX_CLASSES = 2**15
_MAX_LINE = 65_536  # bytes; keeps a file without line ends out of memory
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRAIN_ONLY = "probabilities are allowed only in the train split of a training"
_GROUP_LIMIT = 2**63  # groups are int64


def read_labels(
    path: Location, task: LabelKind, classes: int | None = None, start: int = 0, stop: int | None = None
) -> NDArray[np.float32]:
    """Read the labels of a file, float32 [lines]: 0 or 1 for `binary` and `ranking`, a finite number for `regression`,
    an integer from 0 to `classes` - 1 (default: 32767) for `multiclass`.

    Args:
        start, stop: the lines to read, from 0; default: all.

    Raises:
        DataError: the file cannot be read, or a line is not such a number (`path:line:column: message`).
    """

    return read_numbers(path, lambda text: label_fault(text, task, classes), float, np.float32, start, stop)


def label_fault(text: bytes, task: LabelKind, classes: int | None = None) -> str | None:
    """What is wrong with a label, which `read_labels` defines; None if it is valid."""
    if task == "multiclass" and all(map(NUMBER.fullmatch, words := text.split())) and len(words) > 1:
        return f"not a class: {quote(text)}; must be an integer; {_TRAIN_ONLY}"
    return number_fault(text, "label") or _label_fault(text, task, classes or _MAX_CLASSES)


def read_groups(path: Location) -> NDArray[np.int64]:
    """Read the group of each pair, int64 [lines], from words without blanks; raises as `read_labels` does.

    If all words of the file are integers from 0, these are the group numbers. Otherwise groups are numbered from 0 in
    order of first appearance, and `1` and `01` are different groups.
    """
    numbers: dict[bytes, int] = {}

    def number(word: bytes) -> int:
        return numbers.setdefault(word, len(numbers))

    return _as_written(read_numbers(path, _group_fault, number, np.int64), numbers)


def group_numbers(words: Sequence[str]) -> NDArray[np.int64]:
    """The group of each pair, int64 [words], numbered as by `read_groups`."""
    numbers: dict[bytes, int] = {}
    group = np.array([numbers.setdefault(word.encode(), len(numbers)) for word in words], np.int64)
    return _as_written(group, numbers)


def _as_written(group: NDArray[np.int64], numbers: Mapping[bytes, int]) -> NDArray[np.int64]:
    """The groups under the numbers in their words, if all words are numbers; else as they are."""
    if all(map(_is_group_number, numbers)):
        return np.fromiter(map(int, numbers), np.int64, len(numbers))[group]
    return group


def read_sample_weights(path: Location) -> NDArray[np.float32]:
    """Read the weight of each pair in training, float32 [lines], finite and at least 0.

    Raises:
        DataError: as `read_labels`; or every weight is 0.
    """

    weights = read_numbers(path, weight_fault, float, np.float32)
    if len(weights) and not weights.any():
        raise DataError(f"{path}: every weight is 0; there is nothing to learn from")
    return weights


def weight_fault(text: bytes) -> str | None:
    """What is wrong with a weight, which `read_sample_weights` defines; None if it is valid."""
    return number_fault(text, "weight") or (
        f"negative: {quote(text)}; a weight is 0 or more" if float(text) < 0 else None
    )


def read_vocabulary(path: Location) -> list[str]:
    """Read the words of a file; line N, from 0, is the word of id N.

    Raises:
        DataError: the file cannot be read, or a line is not UTF-8 (`path:line:column: message`).
    """
    if path.exists() and not path.is_file():  # reading a device may never end, and a pipe may block
        raise DataError(f"{path}: not a regular file; a vocabulary must be one")
    words = []
    for number, line in enumerate(lines_of(path), start=1):
        try:
            words.append(line.decode())
        except UnicodeDecodeError as error:
            column = len(line[: error.start].decode()) + 1
            raise DataError(f"{path}:{number}:{column}: {quote(line[error.start :])}; words must be UTF-8") from error
    return words


def read_numbers(
    path: Location,
    fault: Callable[[bytes], str | None],
    number: Callable[[bytes], float],
    dtype: DTypeLike,
    start: int = 0,
    stop: int | None = None,
) -> NDArray[Any]:
    """Read one number per line, [lines]. Raises DataError for what `fault` finds in a line."""
    parts, before = [np.empty(0, dtype)], 0
    for lines in line_blocks(path):
        first = max(start - before, 0)
        chosen = lines[first : None if stop is None else stop - before]
        numbers: dict[bytes, float] = {}
        for line in dict.fromkeys(chosen):  # numbers repeat, so each distinct line is parsed once
            text = line.strip(b" \t")
            if found := fault(text):
                raise DataError(f"{path}:{before + first + chosen.index(line) + 1}:{line.index(text) + 1}: {found}")
            numbers[line] = number(text)
        parts.append(np.fromiter((numbers[line] for line in chosen), dtype, len(chosen)))
        before += len(lines)
        if stop is not None and before >= stop:
            break
    return np.concatenate(parts)


def lines_of(path: Location, all_kept: bool = True) -> Iterator[bytes]:
    """Yield the lines one by one; arguments as for `line_blocks`."""
    return (line for block in line_blocks(path, all_kept) for line in block)


def line_blocks(path: Location, all_kept: bool = True) -> Iterator[list[bytes]]:
    """Yield the lines, block by block, without line ends, LF or CRLF; the last line may lack its end.

    `all_kept`: the caller keeps all lines; see `whole` of `read_blocks`.
    """
    rest, lines = b"", 0
    for block in read_blocks(path, whole=all_kept):
        *whole, rest = (rest + block).split(b"\n")
        if len(rest) > _MAX_LINE or any(len(line) > _MAX_LINE for line in whole):
            number = lines + next((i for i, line in enumerate(whole) if len(line) > _MAX_LINE), len(whole)) + 1
            raise DataError(f"{path}:{number}:1: a line of more than {_MAX_LINE} bytes; write one entry per line")
        if whole and not lines:
            whole[0] = whole[0].removeprefix(_BYTE_ORDER_MARK)
        lines += len(whole)
        yield [line.removesuffix(b"\r") for line in whole]
    if not lines:
        rest = rest.removeprefix(_BYTE_ORDER_MARK)
    if rest:
        yield [rest.removesuffix(b"\r")]


def number_fault(text: bytes, what: str) -> str | None:
    if not text:
        return f"an empty line; every pair needs a {what}"
    if not NUMBER.fullmatch(text):
        return f"not a number: {quote(text)}; a {what} is one finite number"
    if abs(float(text)) > float(np.finfo(np.float32).max):
        return f"too large: {quote(text)}; a {what} is a 32-bit number"
    return None


def _label_fault(text: bytes, task: LabelKind, classes: int) -> str | None:
    number = float(text)
    if task in ("binary", "ranking") and number not in (0, 1):
        hint = f"; {_TRAIN_ONLY}" if 0 < number < 1 else ""
        return f"not a {task} label: {quote(text)}; must be 0 or 1{hint}"
    if task == "multiclass" and not (number.is_integer() and 0 <= number < classes):
        return f"not a class: {quote(text)}; must be an integer from 0 to {classes - 1}"
    return None


def _group_fault(text: bytes) -> str | None:
    if not text:
        return "an empty line; every pair needs a group"
    try:
        words = text.decode().split()
    except UnicodeDecodeError:
        words = []
    if len(words) != 1 or b"\0" in text:
        return f"not a group: {quote(text)}; must be a number or a word without blanks"
    return None


def _is_group_number(text: bytes) -> bool:
    return text.isdigit() and len(text.lstrip(b"0")) <= 19 and int(text) < _GROUP_LIMIT
