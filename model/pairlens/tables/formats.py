"""Detecting the format of a table from its beginning rather than from its name."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

Format = Literal["csv", "tsv", "jsonl", "parquet"]

PARQUET_MARK = b"PAR1"
_SAMPLE = 2**16  # characters that are examined
_DELIMITERS = {"\t": ".tsv", ",": ".csv", ";": "", "|": ""}  # each with its file suffix


class Layout(NamedTuple):
    """How rows are written: `csv` may quote fields; in `tsv` a quote is ordinary text."""

    format: Format
    delimiter: str = ""


def find_layout(head: str, complete: bool, name: str) -> Layout:
    """The layout of a text file that begins with `head`, which is the whole file if `complete`.

    A JSON object in the first line means `jsonl`. Otherwise the delimiter that gives most rows the same number of
    columns, at least two, wins; the file's suffix breaks ties.
    """
    sample = _whole_lines(head, complete)
    first = sample.lstrip()
    if first.startswith("{") and _is_json(first.split("\n", 1)[0]):
        return Layout("jsonl")
    suffix = next((s for s in Path(name).suffixes if s in _DELIMITERS.values() and s), "")
    agreement = {delimiter: _agreement(sample, delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda d: (agreement[d], _DELIMITERS[d] == suffix != ""))
    if best == "\t":
        return Layout("csv", "\t") if _quotes_tabs(sample) else Layout("tsv", "\t")
    return Layout("csv", best if agreement[best] else ",")


def _whole_lines(head: str, complete: bool) -> str:
    if complete and len(head) <= _SAMPLE:
        return head
    sample = head[:_SAMPLE]
    return sample[: sample.rfind("\n") + 1] or sample


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _agreement(sample: str, delimiter: str) -> float:
    """The share of rows with the most frequent number of columns; 0 if that number is one."""
    rows, whole = _parsed(sample, delimiter)
    counts = Counter(len(row) for row in rows if row)
    if not counts:
        return 0.0
    columns, count = counts.most_common(1)[0]
    share = count / counts.total()
    return 0.0 if columns < 2 else share if whole else share / 2


def _parsed(sample: str, delimiter: str) -> tuple[list[list[str]], bool]:
    """The rows of a sample, and whether all of it can be parsed; the last row may be cut off."""
    if delimiter == "\t" and not _quotes_tabs(sample):
        return [line.rstrip("\r\n").split("\t") for line in sample.split("\n") if line.strip("\r\n")], True
    rows: list[list[str]] = []
    reader = csv.reader(_lines(sample), delimiter=delimiter, strict=True)
    try:
        rows.extend(reader)
    except csv.Error as error:
        return rows, "unexpected end of data" in str(error) and len(rows) > 0
    return rows, True


def _quotes_tabs(sample: str) -> bool:
    """Whether a table with tabs quotes its fields: it parses so, and its fields make sense only with quoting."""
    try:
        rows = list(csv.reader(_lines(sample), delimiter="\t", strict=True))
    except csv.Error:
        return False
    explained = any("\t" in field or "\n" in field for row in rows for field in row) or any(
        field.startswith('"') and '""' in field[1:-1] for line in sample.splitlines() for field in line.split("\t")
    )
    return explained and len({len(row) for row in rows if row}) == 1


def _lines(sample: str) -> Iterator[str]:
    return (line + "\n" for line in sample.removesuffix("\n").split("\n"))
