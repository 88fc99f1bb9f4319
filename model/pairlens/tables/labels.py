"""Labels in tables: numbers, true and false, or the names of classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from pairlens.errors import DataError, UsageError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FALSE, _TRUE = {"false", "no"}, {"true", "yes"}
MOST_CLASSES = 2**15
_LARGEST = 2.0**128  # more than any float32
_SHOWN = 8


class LabelWords:
    """Collects the labels of a table that are not numbers, each with the place of its first occurrence."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}
        self._number: tuple[str, str] | None = None  # the first label that is a number, and its place

    def add(self, labels: Sequence[str], place: Callable[[int], str]) -> None:
        """Collect some labels; `place` returns the place of a label by its index.

        Raises:
            DataError: there are more than 32,768 different words, or a label is several numbers.
        """
        firsts: dict[str, int] = {}
        for index, label in enumerate(labels):
            firsts.setdefault(label, index)
        for label, index in firsts.items():
            if label in self._places or not label.strip() or (self._number and is_number(label)):
                continue
            where = place(index)
            if is_number(label):
                self._number = (label, where)
                continue
            _refuse_several_numbers(label, where)
            self._places[label] = where
            if len(self._places) > MOST_CLASSES:
                raise DataError(
                    f"{where}: more than {MOST_CLASSES:,} different labels that are not numbers; check --label-column"
                )

    def classes(self, order: Sequence[str] | None = None) -> list[str] | None:
        """The names of the classes from 0; None if the labels are numbers.

        `false` and `no` are 0, `true` and `yes` are 1, in any case. Others are in the given order, or sorted.

        Raises:
            DataError: some labels are numbers and some are not, or a label is missing in the order.
            UsageError: a name in the order is repeated or blank.
        """
        if not self._places and order is None:
            return None
        word, place = next(iter(self._places.items()), ("", ""))
        if self._number and order is None:
            number, there = self._number
            raise DataError(
                f"{place}: the label {word!r} is not a number, but {there} has {number!r}; use numbers for all "
                "labels, or words for all"
            )
        if order is not None:
            if len(set(order)) < len(order) or not all(name.strip() for name in order):
                raise UsageError(f"--classes {','.join(order)}: each class must have its own name")
            if missing := next((word for word in self._places if word not in order), None):
                raise DataError(
                    f"{self._places[missing]}: the label {missing!r} is not among --classes {','.join(order)}"
                )
            return list(order)
        by_sense = {_sense(word): word for word in reversed(self._places)}
        if None not in by_sense:
            return [by_sense.get(False, "false"), by_sense.get(True, "true")]
        return sorted(self._places)


class LabelNumbers:
    """Converts labels to the numbers of a label file.

    Args:
        classes: the names of the classes, from 0; None if the labels are numbers.
    """

    def __init__(self, classes: Sequence[str] | None) -> None:
        self._classes = classes
        self._numbers: dict[str, str] = {name: str(i) for i, name in enumerate(classes or ())}
        self._two = classes is not None and [_sense(name) for name in classes] == [False, True]

    def of(self, labels: Sequence[str], place: Callable[[int], str]) -> list[str]:
        """The number of each label; `place` returns the place of a label by its index.

        Raises:
            DataError: a label is not a number, or not the name of a class.
        """
        numbers = {
            label: self._numbers.get(label) or self._number(label, labels, place) for label in dict.fromkeys(labels)
        }
        return [numbers[label] for label in labels]

    def _number(self, label: str, labels: Sequence[str], place: Callable[[int], str]) -> str:
        if self._classes is None and is_number(label) and abs(float(label)) < _LARGEST:
            return _plain_number(label.strip())
        if self._two and (sense := _sense(label)) is not None:
            return str(int(sense))
        where = place(labels.index(label))
        if not label.strip():
            raise DataError(f"{where}: no label; give every row one, or read the file with --label-column none")
        _refuse_several_numbers(label, where)
        if self._classes is None and is_number(label):
            raise DataError(f"{where}: the label {label[:20]!r} is too large for a 32-bit number")
        if self._classes is None:
            raise DataError(f"{where}: the label {label!r} is not a number, but other labels are")
        near = get_close_matches(label, self._classes, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        known = ", ".join(self._classes[:_SHOWN]) + (", …" if len(self._classes) > _SHOWN else "")
        raise DataError(f"{where}: {label!r} is not a class{hint} Available: {known}")


def is_number(label: str) -> bool:
    return _NUMBER.fullmatch(label.strip()) is not None


def _refuse_several_numbers(label: str, where: str) -> None:
    words = label.split()
    if len(words) > 1 and all(map(is_number, words)):
        raise DataError(
            f"{where}: the label {label!r} is several numbers; for rows of probabilities encode with --label-column "
            "none, and write them to PREFIX.label.txt of the train split, a line for each pair"
        )


def _plain_number(text: str) -> str:
    """The number without redundant decimals: 1.0 becomes 1."""
    number = float(text)
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else text


def _sense(label: str) -> bool | None:
    word = label.strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None
