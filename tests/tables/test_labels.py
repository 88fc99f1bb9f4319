"""Labels in tables become numbers or classes."""

from __future__ import annotations

import pytest

from pairlens.errors import DataError
from pairlens.tables.labels import LabelNumbers, LabelWords


def place(index: int) -> str:
    return f"t.csv:{index + 2}"


def classes(*labels: str, order: list[str] | None = None) -> list[str] | None:
    words = LabelWords()
    words.add(labels, place)
    return words.classes(order)


def test_numbers_are_no_classes() -> None:
    assert classes("0.0", "1", "3.6", "-1e3", "") is None
    assert LabelNumbers(None).of(["0.0", "1.0", "3.60", "-0", " 2 ", "1e3"], place) == [
        "0",
        "1",
        "3.60",
        "0",
        "2",
        "1000",
    ]


@pytest.mark.parametrize("words", [["true", "false"], ["No", "YES"], ["True", "no", "false"]])
def test_false_comes_before_true(words: list[str]) -> None:
    names = classes(*words)
    assert names is not None
    assert [name.casefold() in ("true", "yes") for name in names] == [False, True]
    assert LabelNumbers(names).of(["FALSE", "true", "no", "Yes"], place) == ["0", "1", "0", "1"]


def test_other_words_are_sorted_or_in_the_order_that_is_given() -> None:
    assert classes("NEUTRAL", "ENTAILMENT", "NEUTRAL", "CONTRADICTION") == ["CONTRADICTION", "ENTAILMENT", "NEUTRAL"]
    order = ["contradiction", "neutral", "entailment"]
    assert classes("neutral", "entailment", order=order) == order
    assert LabelNumbers(order).of(["entailment", "neutral"], place) == ["2", "1"]
    assert LabelNumbers(["0", "1"]).of(["1"], place) == ["1"]


def test_probabilities_are_no_class() -> None:
    message = r"t.csv:3: the label '0.8 0.2' is several numbers; .* write them to PREFIX.label.txt"
    with pytest.raises(DataError, match=message):
        classes("1 of 2", "0.8 0.2")
    for names in (None, ["no", "yes"]):
        with pytest.raises(DataError, match=r"t.csv:2: the label '0.8 0.2' is several numbers; "):
            LabelNumbers(names).of(["0.8 0.2"], place)


def test_a_wrong_label_is_reported_with_its_place() -> None:
    with pytest.raises(DataError, match=r"t.csv:4: the label 'x' is not a number, but t.csv:2 has '1'"):
        classes("1", "2", "x")
    with pytest.raises(DataError, match=r"t.csv:3: the label 'b' is not among --classes a,c"):
        classes("a", "b", order=["a", "c"])
    with pytest.raises(DataError, match=r"t.csv:2: no label; give every row one"):
        LabelNumbers(None).of([" "], place)
    with pytest.raises(DataError, match=r"t.csv:2: the label '1e400' is too large for a 32-bit number"):
        LabelNumbers(None).of(["1e400"], place)
    with pytest.raises(DataError, match=r"t.csv:3: the label 'x' is not a number"):
        LabelNumbers(None).of(["1", "x"], place)
    with pytest.raises(
        DataError, match=r"t.csv:2: 'neutrl' is not a class; did you mean 'neutral'\? Available: no, neutral"
    ):
        LabelNumbers(["no", "neutral"]).of(["neutrl"], place)
    with pytest.raises(DataError, match=r"more than 32,768 different labels"):
        classes(*(f"w{i}" for i in range(40_000)))
