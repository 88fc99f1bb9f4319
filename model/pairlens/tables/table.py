"""Tables: the rows of a file of any format, one by one."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from pairlens.errors import DataError, UsageError
from pairlens.locations.location import Location
from pairlens.tables.decoding import Source, decoded_blocks, decoded_lines, name_of
from pairlens.tables.formats import PARQUET_MARK, Format, Layout, find_layout
from pairlens.tables.parquet import parquet_columns, parquet_rows
from pairlens.tables.rows import MISSING, Row
from pairlens.texts.regular import open_regular

_MOST_COLUMNS = 4096


class Table:
    """The rows of a file.

    Attributes:
        name: the name of the file, for messages.
        layout: the format.
        columns: the names of the columns, in order; None without a header. For JSON, new keys are added while reading.
    """

    def __init__(self, name: str, layout: Layout, columns: list[str] | None, rows: Iterator[Row]) -> None:
        self.name, self.layout, self.columns = name, layout, columns
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        """Raises DataError: the file has a fault (`path:line: message`)."""
        return self._rows


def open_table(
    source: Source, input_format: Format | None = None, delimiter: str | None = None, header: bool = True
) -> Table:
    """Open a file of rows; format and delimiter are detected if they are not given.

    Args:
        source: a path, read and decompressed as `decoded_blocks` does, or a binary stream.
        delimiter: one character, between the fields of `csv`.
        header: whether the first row of `csv` and `tsv` names the columns.

    Raises:
        DataError: the file cannot be read, has no rows, or its first row has a fault.
        UsageError: the delimiter is not valid, or does not go with the format.
    """
    name = name_of(source)
    _refuse_delimiter(delimiter, input_format)
    if input_format == "parquet" or (input_format is None and delimiter is None and _is_parquet(source)):
        if not isinstance(source, Location):
            raise DataError(f"{name}: Parquet can only be read from a file, because its index is at the end")
        columns = parquet_columns(source)
        return Table(name, Layout("parquet"), columns, (Row(*row) for row in parquet_rows(source)))
    blocks = decoded_blocks(source)
    head = list(_first(blocks, 2))  # the second may be the empty block that ends the decoding
    layout = _layout(input_format, delimiter) or find_layout("".join(head), len(head) < 2 or not head[1], name)
    lines = decoded_lines(chain(head, blocks), name)
    return _READERS[layout.format](name, layout, lines, header)


def as_text(value: Any) -> str | None:
    """A value as text: null is empty, booleans and numbers are as in JSON; None for a list or an object."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):  # data frames write null as NaN
        return ""
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return None if isinstance(value, (list, dict, bytes)) or value is MISSING else str(value)


def _refuse_delimiter(delimiter: str | None, input_format: Format | None) -> None:
    if delimiter is None:
        return
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UsageError(f"--delimiter {delimiter!r}: must be one character other than a quote or a line break")
    if input_format not in (None, "csv", "tsv") or (input_format == "tsv" and delimiter != "\t"):
        raise UsageError(f"--delimiter goes with --input-format csv, not with {input_format}")


def _layout(input_format: Format | None, delimiter: str | None) -> Layout | None:
    if input_format == "tsv":
        return Layout("tsv", "\t")
    if input_format == "csv" or delimiter:
        return Layout("csv", delimiter or ",")
    return None if input_format is None else Layout(input_format)


def _is_parquet(source: Source) -> bool:
    if not isinstance(source, Location):
        return False
    try:
        with open_regular(source) as file:
            return file.read(len(PARQUET_MARK)) == PARQUET_MARK
    except OSError:
        return False  # the reader reports the reason


def _first(blocks: Iterator[str], count: int) -> Iterator[str]:
    for _, block in zip(range(count), blocks, strict=False):
        yield block


# ---- the formats -----------------------------------------------------------------------------------------------------


def _delimited(name: str, layout: Layout, lines: Iterator[str], header: bool) -> Table:
    rows = _csv_rows(name, layout, lines) if layout.format == "csv" else _tsv_rows(lines)
    if not header:
        return Table(name, layout, None, rows)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{name}: no rows; add a header row that names the columns, or give --no-header")
    return Table(name, layout, list(first.values), rows)


def _csv_rows(name: str, layout: Layout, lines: Iterator[str]) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            if row:
                yield Row(start, row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{name}:{start}: {_csv_fault(str(error))}") from None


def _csv_fault(error: str) -> str:
    plain = "or give --input-format tsv or another --delimiter if quotes are ordinary text here"
    if "unexpected end" in error:
        return f"a quote in this row is never closed; close it, {plain}"
    if "field larger" in error:
        limit = f"{csv.field_size_limit():,}"
        return f"a field of more than {limit} characters; a quote in this row may not be closed: close it, {plain}"
    if "new-line character" in error:
        return "a carriage return outside quotes; end lines with LF or CRLF"
    return f"text after a closing quote; double every quote that belongs to the text, {plain}"


def _tsv_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if text := line.rstrip("\r\n"):
            yield Row(number, text.split("\t"))


def _jsonl(name: str, layout: Layout, lines: Iterator[str], _header: bool) -> Table:
    columns: list[str] = []
    rows = _json_rows(name, lines, columns)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{name}: no rows")
    return Table(name, layout, columns, chain([first], rows))


def _json_rows(name: str, lines: Iterable[str], columns: list[str]) -> Iterator[Row]:
    """Yield the values of each object by `columns`, to which new keys are added."""
    known: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        row = _json_object(f"{name}:{number}", line)
        if not row.keys() <= known:
            columns += [key for key in row if key not in known]
            known.update(row)
            if len(columns) > _MOST_COLUMNS:
                raise DataError(
                    f"{name}:{number}: more than {_MOST_COLUMNS} different keys so far; keys are column names"
                )
        yield Row(number, [row.get(column, MISSING) for column in columns])


def _json_object(place: str, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if "\\ud" in line.lower():  # lone surrogates, which cannot be encoded, become question marks
            row = json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not JSON ({error}); each line must be an object such as {{...}}") from None
    if not isinstance(row, dict):
        raise DataError(f"{place}: JSON, but not an object; each line must be an object whose keys are the columns")
    return row


_READERS: dict[Format, Callable[[str, Layout, Iterator[str], bool], Table]] = {
    "csv": _delimited,
    "tsv": _delimited,
    "jsonl": _jsonl,
}
