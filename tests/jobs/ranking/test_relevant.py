"""Files of relevant pairs: what they mean, and what is wrong with others, with file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.errors import DataError
from pairlens.jobs.ranking.relevant import read_relevant


def write(folder: Path, text: str) -> Path:
    path = folder / "l.tsv"
    path.write_bytes(text.encode())
    return path


def test_lines_are_numbered_from_1_and_sorted_by_query(tmp_path: Path) -> None:
    found = read_relevant(write(tmp_path, "3\t1\r\n1\t2\t0.5\n3\t5\t2\n2\t4\t0\n1\t1"), 3, 5)
    assert found.queries.tolist() == [0, 0, 2, 2]
    assert found.candidates.tolist() == [0, 1, 0, 4]
    assert found.grades.tolist() == [1.0, 0.5, 1.0, 2.0]
    assert found.of(1, 2).tolist() == [[1, 0], [1, 4]]
    assert found.of(1, 1).tolist() == []


PAIR = "a line is a query, a tab and a candidate, perhaps with a tab and a grade"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\t2\n1 2\n", f":2:1: 1 column; {PAIR}"),
        ("1\t1\t1\t1\n", f":1:1: 4 columns; {PAIR}"),
        ("\n", f":1:1: 1 column; {PAIR}"),
        ("x\t1\n", ":1:1: not a line of the query file: 'x'; lines are numbered from 1"),
        ("1\t0\n", ":1:3: not a line of the candidate file: '0'; lines are numbered from 1"),
        ("1\t-1\n", ":1:3: not a line of the candidate file: '-1'; lines are numbered from 1"),
        (f"1\t{10**30}\n", f":1:3: not a line of the candidate file: '{10**30}'; lines are numbered from 1"),
        ("1\t2\n4\t1\n", ":2:1: query 4, but there are 3; lines are numbered from 1"),
        ("1\t6\n", ":1:3: candidate 6, but there are 5; lines are numbered from 1"),
        ("1\t5\tgood\n", ":1:5: not a number: 'good'; a grade is one finite number"),
        ("1\t3\t\n", ":1:5: no grade after the second tab; add one, or leave the tab out"),
        ("1\t5\t-1\n", ":1:5: negative: '-1'; a grade is 0 or more"),
        ("1\t5\n2\t1\n1\t5\n", ":3:1: the same query and candidate as in an earlier line; remove one"),
        ("1\t5\n2\t2\n", ":2:1: the query's own line, which --exclude-same leaves out; remove it"),
        ("", ": no candidate is relevant for any query; nothing to measure"),
        ("1\t2\t0\n", ": no candidate is relevant for any query; nothing to measure"),
    ],
)
def test_a_fault_has_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(DataError) as error:
        read_relevant(path, 3, 5, exclude_same=True)
    assert str(error.value) == f"{path}{message}"
