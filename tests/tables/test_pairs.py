"""Reading tables and files of lines as pairs, in chunks, repeatedly."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pairlens.errors import DataError, UsageError
from pairlens.tables.columns import ColumnOptions, Columns
from pairlens.tables.pair_rows import pair_rows
from pairlens.tables.pairs import LinePairs, TableOptions, TablePairs
from pairlens.tables.table import open_table


def test_chunks_are_of_one_size_and_know_their_lines() -> None:
    table = open_table(io.BytesIO(b"s1,s2,score\n" + b"a,b,1\n" * 7))
    chunks = list(pair_rows(table, Columns(0, 1, 2), size=3))
    assert [len(chunk.rows) for chunk in chunks] == [3, 3, 1]
    assert chunks[2].place(0) == "<stdin>:8"
    assert (chunks[0].query, chunks[0].value, chunks[0].others) == (["a"] * 3, ["b"] * 3, {"label": ["1"] * 3})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            b"s1,s2,score\na,b,1\nc,d\n",
            r"<stdin>:3: 2 columns, but the label is column 3; correct the row",
        ),
        (
            b'{"s1": "a", "s2": "b", "score": 1}\n{"s1": "a", "s2": "b"}\n',
            r"<stdin>:2: no 'score' \(the label\) in this row",
        ),
        (b'{"s1": "a", "s2": ["b"], "score": 1}\n', r"<stdin>:1: 's2' \(the value\) is a list; must be text"),
    ],
)
def test_a_row_without_a_needed_column_is_reported(text: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(pair_rows(open_table(io.BytesIO(text)), Columns(0, 1, 2)))


def test_more_columns_than_are_needed_do_no_harm() -> None:
    (chunk,) = pair_rows(open_table(io.BytesIO(b"s1,s2\na,b\nc,d,e,f\n")), Columns(0, 1))
    assert chunk.query == ["a", "c"]


def test_a_stream_can_be_read_twice() -> None:
    pairs = TablePairs([io.BytesIO(b"s1\ts2\nx\ty\n")], TableOptions())
    assert [[list(chunk.query) for chunk in pairs.rows()] for _ in range(2)] == [[["x"]], [["x"]]]


def test_files_of_a_split_are_read_one_behind_the_other_and_have_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("s1,s2,label\nx,y,0\n")
    (tmp_path / "b.tsv").write_text("label\ts2\ts1\n1\tp\tq\n")
    pairs = TablePairs([tmp_path / "a.csv", tmp_path / "b.tsv"], TableOptions())
    assert [(*chunk.query, *chunk.value, *chunk.others["label"]) for chunk in pairs.rows()] == [
        ("x", "y", "0"),
        ("q", "p", "1"),
    ]
    (tmp_path / "b.tsv").write_text("s2\ts1\np\tq\n")
    with pytest.raises(UsageError, match="other columns than"):
        TablePairs([tmp_path / "a.csv", tmp_path / "b.tsv"], TableOptions(ColumnOptions()))


def test_lines_of_files_are_pairs(tmp_path: Path) -> None:
    for name, text in (("q", "one\r\n\r\nthree"), ("v", "1\n2\n3\n"), ("l", "0\n1\n0\n")):
        (tmp_path / name).write_bytes(text.encode())
    pairs = LinePairs(tmp_path / "q", tmp_path / "v", {"label": tmp_path / "l"})
    (chunk,) = pairs.rows()
    assert (list(chunk.query), list(chunk.value)) == (["one", "", "three"], ["1", "2", "3"])
    assert list(chunk.others["label"]) == ["0", "1", "0"]
    (tmp_path / "v").write_text("1\n" * 20_000)
    with pytest.raises(
        DataError, match=r"q: 3 lines, .*v: 20,000 lines, .*l: 3 lines; line N of each belongs to pair N"
    ):
        list(pairs.rows())
