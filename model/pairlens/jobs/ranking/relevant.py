"""A file of relevant pairs: which candidates are right for which queries, to measure rankings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.scoring.ranker import pairs_of
from pairlens.texts.lines import lines_of, number_fault
from pairlens.texts.token_faults import quote

Ints = NDArray[np.int64]

_DIGITS = 18  # of an int64


class RelevantPairs(NamedTuple):
    """Queries, ascending, and candidates relevant for them, from 0, with their grades above 0: each [pairs]."""

    queries: Ints
    candidates: Ints
    grades: NDArray[np.float64]

    def of(self, first: int, count: int) -> Ints:
        """The pairs of `count` queries from `first` on, int64 [pairs, 2]; the first query is 0 there."""
        some = pairs_of(self.queries, first, first + count)
        return np.stack([self.queries[some] - first, self.candidates[some]], axis=1)


def read_relevant(path: Location, queries: int, candidates: int, exclude_same: bool = False) -> RelevantPairs:
    """Read lines `query<TAB>candidate` or `query<TAB>candidate<TAB>grade`: numbers of lines, from 1, and a grade of at
    least 0, by default 1. A candidate of grade 0 is as irrelevant as one that is not listed.

    Args:
        queries, candidates: how many there are.
        exclude_same: whether a query's own line is no candidate.

    Raises:
        DataError: the file cannot be read, a line is not such a pair or occurs twice (`path:line:column: message`), or
            no candidate is relevant.
    """
    found: dict[tuple[int, int], float] = {}
    for number, line in enumerate(lines_of(path), start=1):
        fields = line.split(b"\t")
        if fault := _fault(fields, queries, candidates):
            raise DataError(f"{path}:{number}:{fault[0]}: {fault[1]}")
        pair = int(fields[0]) - 1, int(fields[1]) - 1
        if pair in found:
            raise DataError(f"{path}:{number}:1: the same query and candidate as in an earlier line; remove one")
        if exclude_same and pair[0] == pair[1]:
            raise DataError(f"{path}:{number}:1: the query's own line, which --exclude-same leaves out; remove it")
        found[pair] = float(fields[2]) if len(fields) > 2 else 1.0
    pairs = sorted((*pair, grade) for pair, grade in found.items() if grade > 0)
    if not pairs:
        raise DataError(f"{path}: no candidate is relevant for any query; nothing to measure")
    its_queries, its_candidates, grades = zip(*pairs, strict=True)
    return RelevantPairs(np.array(its_queries, np.int64), np.array(its_candidates, np.int64), np.array(grades))


def _fault(fields: list[bytes], queries: int, candidates: int) -> tuple[int, str] | None:
    """The column and the description of the first fault of a line; None if it has none."""
    if not 2 <= len(fields) <= 3:
        wanted = "a line is a query, a tab and a candidate, perhaps with a tab and a grade"
        return 1, f"{len(fields)} column{'s' * (len(fields) > 1)}; {wanted}"
    faults = [_line_fault(fields[0], "query", queries), _line_fault(fields[1], "candidate", candidates)]
    faults += [_grade_fault(field) for field in fields[2:]]
    for i, fault in enumerate(faults):
        if fault:
            return sum(len(field) + 1 for field in fields[:i]) + 1, fault
    return None


def _line_fault(field: bytes, what: str, count: int) -> str | None:
    number = field.strip(b" ")
    if not number.isdigit() or len(number) > _DIGITS or int(number) < 1:
        return f"not a line of the {what} file: {quote(field)}; lines are numbered from 1"
    if int(number) > count:
        return f"{what} {int(number)}, but there are {count}; lines are numbered from 1"
    return None


def _grade_fault(field: bytes) -> str | None:
    grade = field.strip(b" ")
    if not grade:
        return "no grade after the second tab; add one, or leave the tab out"
    fault = number_fault(grade, "grade")
    return fault or (f"negative: {quote(field)}; a grade is 0 or more" if float(field) < 0 else None)
