"""Reading scores: numbers with any number of columns, and the place of what is no score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.texts.score_rows import columns_of, line_chunks, parse_rows

PATH = Path("s.txt")


def test_numbers_as_written() -> None:
    lines = [b"0.25 3.9891485e-05", b" +1\t-.5 ", b"1e7 2."]
    found = parse_rows(lines, 2, PATH, 0, "as in s.txt:1")
    assert found.tolist() == [[0.25, 3.9891485e-05], [1.0, -0.5], [1e7, 2.0]]
    assert parse_rows([], 3, PATH, 0, "as in s.txt:1").shape == (0, 3)


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        (b"", "s.txt:8:1", "an empty line; every pair needs a score"),
        (b" \t", "s.txt:8:1", "an empty line; every pair needs a score"),
        (b"0.5", "s.txt:8:1", "1 number in this line; must be 2, as in a.txt:1"),
        (b"0.5 1 1", "s.txt:8:1", "3 numbers in this line; must be 2, as in a.txt:1"),
        (b"0.5 nan", "s.txt:8:5", "not a number: 'nan'; a score is one finite number"),
        (b" 1_0 1", "s.txt:8:2", "not a number: '1_0'; a score is one finite number"),
        (b"1 1e", "s.txt:8:3", "not a number: '1e'; a score is one finite number"),
        (b"0.5,1", "s.txt:8:1", "not a number: '0.5,1'; a score is one finite number"),
        (b"1 -1e39", "s.txt:8:3", "too large: '-1e39'; a score is a 32-bit number"),
        (b"0.5\r", "s.txt:8:1", "not a number: '0.5\\r'; a score is one finite number"),
        (b"1 0.5\v1", "s.txt:8:3", "not a number: '0.5\\x0b1'; a score is one finite number"),
        (b"\f 1 1", "s.txt:8:1", "not a number: '\\x0c'; a score is one finite number"),
        (b"1 1e999", "s.txt:8:3", "too large: '1e999'; a score is a 32-bit number"),
    ],
)
def test_a_fault_has_its_place(line: bytes, place: str, message: str) -> None:
    with pytest.raises(DataError) as fault:
        parse_rows([b"1 1", b"2 2", line, b"x"], 2, PATH, 5, "as in a.txt:1")
    assert str(fault.value) == f"{place}: {message}"


@settings(max_examples=200)
@given(st.lists(st.text("0123456789+-.eE _x\t\r\v\f\0", max_size=6), max_size=4))
def test_it_reads_what_is_a_number_and_refuses_the_rest(lines: list[str]) -> None:
    try:
        found = parse_rows([line.encode() for line in lines], 1, PATH, 0, "as in s.txt:1")
    except DataError:
        assert any(set(line) & set("_\r\v\f\0") or len(line.split()) != 1 or not _is_float(line) for line in lines)
    else:
        assert found[:, 0].tolist() == [float(line) for line in lines]


def _is_float(text: str) -> bool:
    try:
        return abs(float(text)) <= float(np.finfo(np.float32).max)
    except ValueError:
        return False


def test_chunks_of_lines(tmp_path: Path) -> None:
    """A byte order mark, either line end, and a last line without one."""
    (tmp_path / "s.txt").write_bytes(b"\xef\xbb\xbf1\r\n2\n3")
    assert list(line_chunks(tmp_path / "s.txt", 2)) == [[b"1", b"2"], [b"3"]]
    (tmp_path / "s.txt").write_bytes(b"")
    assert list(line_chunks(tmp_path / "s.txt", 2)) == []


def test_columns() -> None:
    assert [columns_of(line) for line in (b"", b"1", b" 1 2\t3 ")] == [1, 1, 3]
