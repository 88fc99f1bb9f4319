"""Labels of the train split, which may be probabilities, such as the scores of another model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.lines import LabelKind, label_fault, lines_of, number_fault, read_numbers
from pairlens.texts.score_rows import parse_rows, words_of
from pairlens.texts.token_faults import quote

_TOLERANCE = 1e-3  # of the sum of a row, which may be rounded

Floats = NDArray[np.float32]


def read_train_labels(path: Location, task: LabelKind, classes: int | None = None) -> Floats:
    """Read the labels of train pairs: numbers as `read_labels` does, and in addition probabilities.

    For `binary` and `ranking` a label is any number from 0 to 1. For `multiclass`, the first line decides: every line
    has one class, or the probabilities of all classes, separated by blanks. These are divided by their sum, which may
    differ from 1 by 0.001.

    Returns:
        float32 [lines], or [lines, classes] for rows of probabilities.

    Raises:
        DataError: the file cannot be read, or a line is not such a label (`path:line:column: message`).
    """
    if task != "multiclass":
        return read_numbers(path, lambda text: _fault(text, task), float, np.float32)
    width = row_width(path)
    if width is None:
        return read_numbers(path, lambda text: _class_fault(text, classes), float, np.float32)
    return _read_rows(path, classes or width)


def row_width(path: Location) -> int | None:
    """How many probabilities the first line of a file has; None if it has one class, or there is no line."""
    words = next(lines_of(path), b"").split()
    return len(words) if len(words) > 1 else None


def is_soft(label: Floats) -> bool:
    """Whether labels, as `Pairs` has them and not of a regression, are rows, or some is between 0 and 1."""
    return label.ndim == 2 or not bool(are_certain(label).all())


def are_certain(label: Floats) -> NDArray[np.bool_]:
    """Whether each label, [pairs], is a class, or has a class of probability 1."""
    certain: NDArray[np.bool_] = label == np.round(label) if label.ndim == 1 else label.max(axis=1) == 1.0
    return certain


def shares(label: Floats) -> NDArray[np.float64]:
    """The probability of every class, [pairs, classes], from the soft labels of any task."""
    wide = label.astype(np.float64)
    return wide if wide.ndim == 2 else np.stack([1.0 - wide, wide], axis=1)


def one_hot(label: Floats, classes: int) -> Floats:
    """Labels [pairs] that are classes, as rows [pairs, classes] in which the class has probability 1."""
    rows = np.zeros((len(label), classes), np.float32)
    rows[np.arange(len(label)), label.astype(np.int64)] = 1.0
    return rows


def _read_rows(path: Location, classes: int) -> Floats:
    """Rows of probabilities, each divided by its sum, [lines, classes]; raises as `read_train_labels` does."""
    lines = [*lines_of(path)]
    rows = parse_rows(lines, classes, path, 0, "one probability for each class", "probability")
    total = rows.sum(axis=1, keepdims=True)
    wrong = (rows.min(axis=1) < 0) | (np.abs(total[:, 0] - 1) > _TOLERANCE)
    if wrong.any():
        first = int(wrong.argmax())
        column, fault = _row_fault(lines[first], rows[first])
        raise DataError(f"{path}:{first + 1}:{column}: {fault}")
    found: Floats = (rows / total).astype(np.float32)
    return found


def _fault(text: bytes, task: LabelKind) -> str | None:
    fault = number_fault(text, "label")
    if fault or task == "regression" or 0 <= float(text) <= 1:
        return fault
    return f"not a {task} label: {quote(text)}; must be 0, 1 or a probability between them"


def _class_fault(text: bytes, classes: int | None) -> str | None:
    if len(text.split()) > 1:
        return f"not a class: {quote(text)}; a file has one class in every line, as in the first, or else probabilities"
    return label_fault(text, "multiclass", classes)


def _row_fault(line: bytes, row: NDArray[np.float64]) -> tuple[int, str]:
    """What is wrong with a row of probabilities, and in which column, from 1."""
    words = words_of(line)
    for word, number in zip(words, row.tolist(), strict=True):
        if not 0 <= number <= 1 + _TOLERANCE:
            return word.start() + 1, f"not a probability: {quote(word[0])}; must be a number from 0 to 1"
    return words[0].start() + 1, f"the probabilities add up to {row.sum():.6g}; must be 1"
