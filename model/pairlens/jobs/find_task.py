"""The task that fits the labels of a folder of encoded splits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.tasks import Task
from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import data_errors
from pairlens.texts.regular import refuse_irregular
from pairlens.texts.split_paths import SplitPaths
from pairlens.texts.splits import LATER_SPLITS, SplitName

_MOST_CLASSES = 20  # more distinct integers are taken for amounts, not classes

Labels = NDArray[np.float32]


class TaskFound(NamedTuple):
    """The task that fits the labels, the reason, another task that might fit, and the number of classes if any."""

    task: Task
    why: str
    otherwise: str
    classes: int | None = None


class SplitFound(NamedTuple):
    """A split; `pairs` is their number, `labels` are the distinct ones, None without a file of labels.

    `width` is the count of probabilities in each line, if labels are rows of them, as only those of train may be.
    """

    prefix: Location
    files: SplitPaths
    pairs: int
    labels: Labels | None
    width: int | None = None


def find_task(splits: Mapping[SplitName, SplitFound], classes: Location | None) -> TaskFound:
    """The task that fits the labels of these splits, and the names in `classes`.

    Raises:
        DataError: there are other classes in the labels than in the names, or the names cannot be read.
    """
    train = splits["train"]
    names = read_class_names(classes) if classes else None
    if train.width:
        return _of_rows(train.width, names, classes)
    assert train.labels is not None
    later = _together([splits[name].labels for name in LATER_SPLITS if name in splits])
    soft = _are_probabilities(train.labels)
    if soft and len(later) and set(later.tolist()) <= {0, 1}:
        why = "train labels are numbers between 0 and 1, as probabilities are, and dev and test have only 0 and 1"
        return _of_two(train, names, classes, why, "regression, if labels are amounts")
    return _of_numbers(_together([train.labels, later]), train, names, classes, soft and not len(later))


def _of_numbers(
    labels: Labels, train: SplitFound, names: list[str] | None, classes: Location | None, maybe_soft: bool
) -> TaskFound:
    """The task of labels that are numbers; with `maybe_soft` they may as well be probabilities."""
    integers = bool(np.array_equal(labels, np.round(labels)) and labels[0] >= 0)
    count = int(labels[-1]) + 1 if integers else 0
    if names is not None and (not integers or count > len(names)):
        raise DataError(f"{classes}: names {len(names)} classes, but labels go from {labels[0]:g} to {labels[-1]:g}")
    if names is not None and len(names) > 2:
        why = f"classes.json names {len(names)} classes"
        return TaskFound("multiclass", why, "regression, if the classes are steps of an amount", len(names))
    if integers and count <= 2:
        return _of_two(train, names, classes, "labels are 0 and 1")
    if integers and len(labels) == count <= _MOST_CLASSES:
        why = f"labels are the integers from 0 to {count - 1}, as of {count} classes"
        return TaskFound("multiclass", why, "regression, if they are amounts, so that 2 is more than 1", count)
    why = f"labels are numbers from {labels[0]:g} to {labels[-1]:g}"
    otherwise = "binary, if they are probabilities" if maybe_soft else "multiclass, if they are classes, counted from 0"
    return TaskFound("regression", why, otherwise)


def _of_rows(width: int, names: list[str] | None, classes: Location | None) -> TaskFound:
    """The task of a train split whose labels are rows of probabilities."""
    if names is not None and len(names) != width:
        raise DataError(f"{classes}: names {len(names)} classes, but train has rows of {width} probabilities")
    why = f"train labels are rows of {width} probabilities, one for each class"
    return TaskFound("multiclass", why, "regression, with one number for each pair", width)


def _of_two(
    train: SplitFound, names: list[str] | None, classes: Location | None, why: str, otherwise: str | None = None
) -> TaskFound:
    """The task of labels of two classes, or of probabilities of the second one."""
    if names is not None and len(names) > 2:
        raise DataError(f"{classes}: names {len(names)} classes, but {why}")
    if train.files.group:
        why = f"{why}, and {train.files.group.name} says which pairs are ranked together"
        return TaskFound("ranking", why, otherwise or "binary, if each pair is to be decided by itself")
    if names and not otherwise:
        why = f"label 1, the positive, is {names[1]!r}; 0 is {names[0]!r}"
    return TaskFound("binary", why, otherwise or "ranking, if the values of a query are to be ranked")


def _are_probabilities(labels: Labels) -> bool:
    """Whether all are from 0 to 1, and not only 0 and 1."""
    return bool(labels[0] >= 0 and labels[-1] <= 1 and not np.isin(labels, (0, 1)).all())


def _together(labels: list[Labels | None]) -> Labels:
    """The distinct labels of several splits, in ascending order."""
    return np.unique(np.concatenate([np.empty(0, np.float32), *(some for some in labels if some is not None)]))


def read_class_names(path: Location) -> list[str]:
    """Read the names in a `classes.json`, in the order of the labels. Raises DataError if it is no list of names."""
    refuse_irregular(path, "a list of names is one")
    with data_errors(str(path)):
        try:
            names = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path}: must be a JSON list with a name for each label, from 0")
    return names
