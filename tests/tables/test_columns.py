"""Choosing columns by option or by their usual names."""

from __future__ import annotations

import pytest

from pairlens.errors import UsageError
from pairlens.tables.columns import ColumnOptions, Columns, choose_columns


def chosen(columns: list[str] | None, labelled: bool = True, **options: str) -> Columns:
    return choose_columns("t.csv", columns, ColumnOptions(**options), labelled)[0]


USUAL = [
    (["", "question1", "question2", "is_duplicate"], Columns(1, 2, 3)),
    (["id", "qid1", "qid2", "question1", "question2", "is_duplicate"], Columns(3, 4, 5)),  # qid1 is not a group
    (["pair_ID", "sentence_A", "sentence_B", "relatedness_score"], Columns(1, 2, 3)),
    (["gold_label", "Premise", "HYPOTHESIS"], Columns(1, 2, 0)),
    (["question_id", "question", "answer", "is_answer"], Columns(1, 2, 3, 0)),
    (["qid", "query", "document", "relevance"], Columns(1, 2, 3, 0)),
    (["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"], Columns(3, 4, 0)),
    (["anchor", "positive"], Columns(0, 1)),
]


@pytest.mark.parametrize(("columns", "expected"), USUAL)
def test_usual_names_are_found_and_reported(columns: list[str], expected: Columns) -> None:
    found, names = choose_columns("t.csv", columns, ColumnOptions())
    assert found == expected
    assert names["query"] == columns[expected.query]
    assert set(names) == {part for part, index in expected._asdict().items() if index is not None}


def test_columns_are_given_by_name_or_number() -> None:
    columns = ["a", "B", "3", "c"]
    assert chosen(columns, query="a", value="b") == Columns(0, 1)
    assert chosen(columns, query="3", value="4") == Columns(2, 3)  # a column with this name comes first
    assert chosen(None, query="1", value="2", label="3") == Columns(0, 1, 2)
    assert chosen([*columns, "label"], query="a", value="b", label="none") == Columns(0, 1)
    assert chosen([*columns, "label"], labelled=False, query="a", value="b", id="c") == Columns(0, 1, id=3)


WRONG = [
    (
        ["text", "other"],
        {},
        "no two columns have usual names for a pair of texts; give --query-column .* Available: 'text', 'other'",
    ),
    (["question1", "question2", "premise", "hypothesis"], {}, "could be question1, question2 or premise, hypothesis"),
    (["s1", "s2", "score", "label"], {}, "the label could be score or label; give --label-column"),
    (["s1", "s2"], {"query": "s1"}, "give both --query-column and --value-column"),
    (
        ["first", "second"],
        {"query": "first", "value": "secnd"},
        r"no column is called 'secnd'; did you mean 'second'\?",
    ),
    (["s1", "s2"], {"query": "s1", "value": "x"}, r"no column is called 'x'\. Available: 's1', 's2'"),
    (["s1", "s2"], {"query": "1", "value": "3"}, "--value-column 3, but there are 2 columns: 's1', 's2'"),
    (["s1", "s2"], {"query": "1", "value": "s1"}, "are the same column"),
    (["s1", "s2"], {"label": "s2"}, "--label-column s2 is one of the text columns"),
    (["s1", "s1"], {"query": "s1", "value": "s2"}, "2 columns are called 's1'; give --query-column as a number from 1"),
    (None, {"query": "a", "value": "b"}, "without a header, columns are numbers from 1; found --query-column 'a'"),
    (None, {}, "without a header give --query-column and --value-column as numbers"),
]


@pytest.mark.parametrize(("columns", "options", "message"), WRONG)
def test_an_unclear_column_is_refused(columns: list[str] | None, options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen(columns, **options)


def test_a_table_needs_no_header_if_all_columns_are_numbers() -> None:
    assert ColumnOptions("1", "2", label="3").are_numbers
    assert not ColumnOptions("1", "2", label="is_duplicate").are_numbers
    assert not ColumnOptions(label="3").are_numbers
