"""Choosing the columns of a table that contain the pairs, by option or by their usual names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from pairlens.errors import UsageError

_TEXTS = """
    sentence1 sentence2 | sentence_a sentence_b | sent1 sent2 | s1 s2 | question1 question2 | text1 text2
    text_a text_b | text text_pair | string1 string2 | #1_string #2_string | premise hypothesis | query document
    query passage | query value | query text | query answer | query title | question answer | question sentence
    question passage | question context | anchor positive | source target
"""
_LABELS = """
    label labels is_duplicate duplicate score similarity similarity_score relatedness relatedness_score gold_label
    entailment_judgment entailment_label is_answer relevance relevant class quality judgment
"""
_GROUPS = "group group_id qid query_id question_id"
NONE = "none"  # the value of an option for no such column


class ColumnOptions(NamedTuple):
    """The column of each part of a pair as the user gives it: a name, a number from 1, or None to find it."""

    query: str | None = None
    value: str | None = None
    label: str | None = None
    group: str | None = None
    weight: str | None = None
    id: str | None = None

    @property
    def are_numbers(self) -> bool:
        """Whether every column is given as a number, so that the table needs no header."""
        given = [one for one in self if one not in (None, NONE)]
        return None not in (self.query, self.value) and all(_is_number(one) for one in given if one is not None)


class Columns(NamedTuple):
    """The index, from 0, of the column of each part of a pair; None for a part without a column."""

    query: int
    value: int
    label: int | None = None
    group: int | None = None
    weight: int | None = None
    id: int | None = None

    def chosen(self) -> Iterator[tuple[str, int]]:
        """Yield the parts that have a column, each with its index."""
        for name, index in zip(self._fields, self, strict=True):
            if index is not None:
                yield name, index


def choose_columns(
    name: str, columns: Sequence[str] | None, options: ColumnOptions, labelled: bool = True
) -> tuple[Columns, dict[str, str]]:
    """The columns of a table, and the table's names for the parts that were found by usual names.

    Args:
        name: the name of the table, for messages.
        columns: the names of its columns; None for a table without a header, whose columns are given as numbers.
        labelled: whether to look for label and group; if not, only given columns count.

    Raises:
        UsageError: a column is missing, or none or several columns qualify.
    """
    if (options.query is None) != (options.value is None):
        raise UsageError("give both --query-column and --value-column, or neither to have them found")
    found: dict[str, str] = {}
    chosen = {part: _given(name, columns, part, one) for part, one in options._asdict().items() if one is not None}
    if options.query is None:
        pair = _texts(name, columns)
        chosen |= dict(zip(("query", "value"), pair, strict=True))
        found |= {part: _called(columns, index) for part, index in zip(("query", "value"), pair, strict=True)}
    for part, usual in (("label", _LABELS), ("group", _GROUPS)) if labelled and columns else ():
        if part not in chosen and (index := _usual(name, columns or (), part, usual, chosen)) is not None:
            chosen[part], found[part] = index, _called(columns, index)
    if chosen["query"] == chosen["value"]:
        raise UsageError(f"{name}: --query-column and --value-column are the same column, {options.query}")
    if chosen.get("label") in (chosen["query"], chosen["value"]):
        raise UsageError(f"{name}: --label-column {options.label} is one of the text columns")
    return Columns(**chosen), found  # type: ignore[arg-type]  # the texts are never None


def _given(name: str, columns: Sequence[str] | None, part: str, given: str) -> int | None:
    if given == NONE and part not in ("query", "value") and NONE not in (columns or ()):
        return None
    if columns is not None:
        same = [i for i, column in enumerate(columns) if column == given]
        same = same or [i for i, column in enumerate(columns) if column.casefold() == given.casefold()]
        if len(same) > 1:
            raise UsageError(
                f"{name}: {len(same)} columns are called {given!r}; give --{part}-column as a number from 1"
            )
        if same:
            return same[0]
    if _is_number(given):
        index = int(given) - 1
        if columns is not None and index >= len(columns):
            raise UsageError(
                f"{name}: --{part}-column {given}, but there are {len(columns)} columns: {_listed(columns)}"
            )
        return index
    if columns is None:
        raise UsageError(f"{name}: without a header, columns are numbers from 1; found --{part}-column {given!r}")
    near = get_close_matches(given, columns, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise UsageError(f"{name}: no column is called {given!r}{hint} Available: {_listed(columns)}")


def _texts(name: str, columns: Sequence[str] | None) -> tuple[int, int]:
    fix = "give --query-column and --value-column"
    if columns is None:
        raise UsageError(f"{name}: without a header {fix} as numbers from 1")
    indices = _by_plain_name(columns)
    pairs = [
        tuple(map(_plain, pair.split())) for line in _TEXTS.split("\n") for pair in line.split("|") if pair.strip()
    ]
    there = [(indices[a], indices[b]) for a, b in pairs if a in indices and b in indices]
    if not there:
        raise UsageError(
            f"{name}: no two columns have usual names for a pair of texts; {fix}, by name, or as numbers from 1 if the "
            f"file has no header. Available: {_listed(columns)}"
        )
    if len(there) > 1:
        could = " or ".join(f"{columns[a]}, {columns[b]}" for a, b in there)
        raise UsageError(f"{name}: the texts could be {could}; {fix}")
    return there[0]


def _usual(name: str, columns: Sequence[str], part: str, usual: str, taken: dict[str, int | None]) -> int | None:
    names = set(map(_plain, usual.split()))
    there = [i for i, column in enumerate(columns) if _plain(column) in names and i not in taken.values()]
    if len(there) > 1:
        could = " or ".join(columns[i] for i in there)
        raise UsageError(f"{name}: the {part} could be {could}; give --{part}-column, or --{part}-column none")
    return there[0] if there else None


def _plain(name: str) -> str:
    return name.strip().casefold().replace("_", "").replace("-", "").replace(" ", "")


def _by_plain_name(columns: Sequence[str]) -> dict[str, int]:
    return {_plain(column): i for i, column in reversed(list(enumerate(columns)))}


def _called(columns: Sequence[str] | None, index: int) -> str:
    return columns[index] if columns else str(index + 1)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 5 and int(text) > 0


def _listed(columns: Sequence[str]) -> str:
    shown = [repr(column if len(column) <= 30 else column[:30] + "…") for column in columns[:20]]
    return ", ".join(shown) + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
