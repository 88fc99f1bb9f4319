"""Files that hold one thing a line: labels and vocabularies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pairlens.blocks import read_blocks
from pairlens.errors import DataError
from pairlens.tokens import quote

LabelKind = Literal["binary", "regression"]

_NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_labels(path: Path, task: LabelKind) -> NDArray[np.float32]:
    """The labels of a file, float32 [lines]: 0 or 1 for `binary`, any finite number for `regression`.

    Raises:
        DataError: the file cannot be read, or a line is no such number (`path:line:column: message`).
    """
    lines = _read_lines(path)
    labels: dict[bytes, float] = {}
    for line in dict.fromkeys(lines):  # labels repeat: each distinct line is looked at once
        text = line.strip(b" \t")
        if fault := _label_fault(text, task):
            raise DataError(f"{path}:{lines.index(line) + 1}:{line.index(text) + 1}: {fault}")
        labels[line] = float(text)
    return np.fromiter((labels[line] for line in lines), np.float32, len(lines))


def read_vocabulary(path: Path) -> list[str]:
    """The words of a file; line N, from 0, is the word of id N.

    Raises:
        DataError: the file cannot be read, or a line is not UTF-8 (`path:line:column: message`).
    """
    words = []
    for number, line in enumerate(_read_lines(path), start=1):
        try:
            words.append(line.decode())
        except UnicodeDecodeError as error:
            column = len(line[: error.start].decode()) + 1
            raise DataError(f"{path}:{number}:{column}: {quote(line[error.start :])}; words are UTF-8") from error
    return words


def _read_lines(path: Path) -> list[bytes]:
    """The lines without their ends, LF or CRLF; the end of the last one may be missing."""
    text = b"".join(read_blocks(path))
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return text.replace(b"\r\n", b"\n").split(b"\n")[:-1]


def _label_fault(text: bytes, task: LabelKind) -> str | None:
    if not text:
        return "an empty line; every pair needs a label"
    if not _NUMBER.fullmatch(text):
        return f"not a number: {quote(text)}; a label is one finite number"
    if task == "binary" and float(text) not in (0, 1):
        return f"not a binary label: {quote(text)}; it is 0 or 1"
    if abs(float(text)) > float(np.finfo(np.float32).max):
        return f"too large: {quote(text)}; a label is a 32-bit number"
    return None
