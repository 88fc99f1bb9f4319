"""Rows of every format are read back as they were written, and faults are reported with their line."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.errors import DataError, UsageError
from pairlens.tables.rows import Row
from pairlens.tables.table import Table, as_text, open_table

HEADER = "question1,question2,is_duplicate\r\n"


def opened(text: str | bytes, **options: Any) -> Table:
    return open_table(io.BytesIO(text.encode() if isinstance(text, str) else text), **options)


def values(table: Table) -> list[list[Any]]:
    return [list(row.values) for row in table]


def test_csv_with_quotes_line_breaks_and_crlf() -> None:
    table = opened(HEADER + '"He said ""no""","a, b",1\r\n"two\r\nlines",x,0\r\n\r\nlast,y,1')
    assert table.layout == ("csv", ",")
    assert table.columns == ["question1", "question2", "is_duplicate"]
    assert list(table) == [
        Row(2, ['He said "no"', "a, b", "1"]),
        Row(3, ["two\r\nlines", "x", "0"]),  # lines 3 and 4
        Row(6, ["last", "y", "1"]),  # after an empty line
    ]


def test_tsv_has_no_quoting() -> None:
    table = opened('a\tb\tlabel\n"open\tquote, said he\t1\n5" disk\t"x"\t0\n')
    assert table.layout == ("tsv", "\t")
    assert values(table) == [['"open', "quote, said he", "1"], ['5" disk', '"x"', "0"]]


def test_tabs_between_quoted_fields_are_csv() -> None:
    table = opened('a\tb\n"one\ttab"\t"and ""two"""\nx\ty\n')
    assert table.layout == ("csv", "\t")
    assert values(table) == [["one\ttab", 'and "two"'], ["x", "y"]]


def test_jsonl_has_the_keys_of_all_rows_for_columns() -> None:
    table = opened('{"a": "x", "n": 1.5, "ok": true, "no": null}\n\n{"a": "y", "more": [1]}\n')
    rows = list(table)
    assert (table.layout.format, table.columns) == ("jsonl", ["a", "n", "ok", "no", "more"])
    assert rows[0].values == ["x", 1.5, True, None]
    assert [as_text(value) for value in rows[0].values] == ["x", "1.5", "true", ""]
    assert rows[1].line == 3
    assert [as_text(value) for value in rows[1].values] == ["y", None, None, None, None]  # missing keys, and a list


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"  # the name does not decide
    pq.write_table(pa.table({"text1": ["a", None], "text2": ["b", "c"], "label": [0, 1]}), path)
    table = open_table(path)
    assert (table.layout.format, table.columns) == ("parquet", ["text1", "text2", "label"])
    assert list(table) == [Row(1, ("a", "b", 0)), Row(2, (None, "c", 1))]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"pairs.csv: cannot be read as Parquet"):
        open_table(path)


def test_parquet_without_pyarrow_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pairs.parquet"
    path.write_bytes(b"PAR1....PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"needs pyarrow, which is not installed"):
        open_table(path)


LOOKS = [
    ("a,b\n1,2\n", "mine.tsv", ("csv", ",")),
    ("a\tb\n1, 2\t3\n", "mine.csv", ("tsv", "\t")),  # a .csv of tabs
    ("a;b\n1,5;2\n3;4,0\n", "mine.csv", ("csv", ";")),  # decimal commas
    ("a|b|c\nx, y|z|1\n", "mine.txt", ("csv", "|")),
    ('a,b\n"x\ty","z"\n"p\tq","r"\n', "mine.tsv", ("csv", ",")),  # tabs inside quotes
    ("it's, isn't it?\tno, \"never\t0\nyes\twell, no\t1\n", "mine.csv", ("tsv", "\t")),  # a quote that never closes
    ('{"a": 1}\n', "mine.csv", ("jsonl", "")),
    ('{"a"\tb\n{x\ty\n', "mine.jsonl", ("tsv", "\t")),  # a brace is not yet JSON
    ("a,b\tc,d\n1,2\t3,4\n", "mine.csv", ("csv", ",")),  # a tie: the suffix decides
    ("a,b\tc,d\n1,2\t3,4\n", "mine.tsv", ("tsv", "\t")),
    ("one\n", "mine.csv", ("csv", ",")),
]


@pytest.mark.parametrize(("text", "name", "layout"), LOOKS)
def test_the_layout_is_detected(tmp_path: Path, text: str, name: str, layout: tuple[str, str]) -> None:
    (tmp_path / name).write_text(text)
    assert open_table(tmp_path / name).layout == layout


def test_options_override_detection() -> None:
    assert values(opened('a,b\n"x",y\n', input_format="tsv")) == [['"x",y']]
    assert values(opened("a,b\tc\nd,e\tf\n", delimiter=",")) == [["d", "e\tf"]]
    assert values(opened("1,2\n3,4\n", header=False)) == [["1", "2"], ["3", "4"]]


def utf16(text: str) -> bytes:
    return text.encode("utf-16")


ENCODINGS: list[tuple[str, Callable[[str], bytes]]] = [
    (".csv", str.encode),
    (".csv", lambda text: text.encode("utf-8-sig")),
    (".csv", utf16),
    (".csv", lambda text: b"\xfe\xff" + text.encode("utf-16-be")),
    (".csv.gz", lambda text: gzip.compress(text[:5].encode()) + gzip.compress(text[5:].encode())),
    (".csv.bz2", lambda text: bz2.compress(text.encode())),
    (".csv.xz", lambda text: lzma.compress(utf16(text))),
]


@pytest.mark.parametrize(("suffix", "encode"), ENCODINGS)
def test_encodings_and_compressions(tmp_path: Path, suffix: str, encode: Callable[[str], bytes]) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(encode("question1,问题\r\n한국어,ﬁ\r\n"))
    table = open_table(path)
    assert (table.columns, values(table)) == (["question1", "问题"], [["한국어", "ﬁ"]])


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=8), st.sampled_from(",;|\t"), st.booleans())
def test_what_a_csv_writer_writes_is_read_back(rows: list[list[str]], delimiter: str, crlf: bool) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n" if crlf else "\n", quoting=csv.QUOTE_ALL)
    writer.writerows([["query", "value"], *rows])
    table = opened(file.getvalue(), input_format="csv", delimiter=delimiter)
    assert values(table) == rows


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(CELL, st.one_of(CELL, st.integers(), st.booleans(), st.none())), min_size=1))
def test_what_json_writes_is_read_back(rows: list[tuple[Any, Any]]) -> None:
    text = "".join(json.dumps({"a": a, "b": b}, ensure_ascii=False) + "\n" for a, b in rows)
    assert values(opened(text)) == [list(row) for row in rows]


FAULTS = [
    (HEADER + 'a,"b,1\r\nc,d,0\r\n', r"<stdin>:2: a quote in this row is never closed; close it"),
    (HEADER + '"a"b,c,1\n', r"<stdin>:2: text after a closing quote; double every quote that belongs to the text"),
    (HEADER + 'a,"' + "b" * 140_000, r"<stdin>:2: a field of more than 131,072 characters; a quote"),
    (HEADER + "a\rb,c,1\n", r"<stdin>:2: a carriage return outside quotes"),
    (b"a,b\nx,\xff\n", r"<stdin>:2:3: '\\xff.*' is not UTF-8; convert the file"),
    (b"a,b\nx,y\0\n", r"<stdin>:2:4: a NUL"),
    ("a,b\n1,2\n".encode("utf-16-le"), r"<stdin>:1:2: a NUL character; the file may be UTF-16 without"),
    ('{"a": 1}\n{"a": \n', r"<stdin>:2: not JSON"),
    ('{"a": 1}\n[1]\n', r"<stdin>:2: JSON, but not an object"),
    ('{"a": 1}\n' + "[" * 100_000, r"<stdin>:2: not JSON"),
    ("", r"<stdin>: no rows"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS, ids=[message[:40] for _, message in FAULTS])
def test_a_fault_is_reported_with_its_line(text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(opened(text))


def test_a_line_without_end_is_not_read_into_memory() -> None:
    with pytest.raises(DataError, match=r"<stdin>:2: a line of more than 16777216 characters"):
        list(opened("a\tb\n" + "x" * (2**24 + 2**20), input_format="tsv"))


def test_keys_that_never_repeat_are_no_columns() -> None:
    with pytest.raises(DataError, match=r"<stdin>:\d+: more than 4096 different keys"):
        list(opened("".join(json.dumps({f"k{i}": 1}) + "\n" for i in range(5000))))


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n"])
def test_a_delimiter_is_one_character(delimiter: str) -> None:
    with pytest.raises(UsageError, match="must be one character"):
        opened("a,b\n", delimiter=delimiter)
