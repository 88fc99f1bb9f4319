"""Reads labelled pairs of texts with a run's tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.locations.location import Location
from pairlens.runs.run import Run
from pairlens.tables.labels import LabelNumbers
from pairlens.tables.pairs import LinePairs, TableOptions, TablePairs
from pairlens.tables.rows import PairRows
from pairlens.texts.lines import group_numbers, label_fault
from pairlens.texts.pairs import Pairs, groups_of
from pairlens.texts.splits import text_rules
from pairlens.texts.texts import Texts
from pairlens.tokenizer.text_source import TextSource
from pairlens.tokenizer.tokenizer import Tokenizer

_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Files with one text per line, `query`, `value`, `label` and optionally `group`; or a table with such columns."""

    files: tuple[tuple[str, Location], ...]
    table: TableOptions | None = None

    @property
    def paths(self) -> list[Location]:
        return [path for _, path in self.files]

    def rows(self, config: Config) -> LinePairs | TablePairs:
        """Return the rows. Raises UsageError if a table has no label column, or a group column for another task."""
        if self.table is None:
            files = dict(self.files)
            return LinePairs(files.pop("query"), files.pop("value"), files)
        pairs = TablePairs(self.paths, self.table)
        if "label" not in pairs.sides:
            raise UsageError(f"{self.paths[0]}: no column has a usual name for labels; add --label-column")
        if self.table.columns.group and config.task != "ranking":
            raise UsageError(f"--group-column is for task ranking; the run was trained for {config.task}")
        return pairs


def read_texts(run: Run, config: Config, labelled: LabelledTexts) -> tuple[Pairs, list[tuple[str, str]]]:
    """Return the pairs, encoded by the run's tokenizer, classes and rules, and both texts of each.

    Raises:
        UsageError: the run has no tokenizer.
        DataError: a file has a fault, or there are no pairs.
    """
    tokenizer, numbers = run.tokenizer(), LabelNumbers(run.classes())
    source = TextSource(labelled.rows(config), tokenizer)
    chunks = list(source.chunks(text_rules(config), _CHUNK))
    given = [chunk.given for chunk in chunks if isinstance(chunk.given, PairRows)]
    if not given:
        raise DataError(f"{labelled.paths[0]}: no pairs; evaluation needs at least one")
    labels = [_labels(rows, config, numbers) for rows in given]
    pairs = Pairs(
        Texts.concatenate([chunk.pairs.query for chunk in chunks]),
        Texts.concatenate([chunk.pairs.value for chunk in chunks]),
        np.array([float(label) for label in chain.from_iterable(labels)], np.float32),
        _groups(given, tokenizer) if config.task == "ranking" else None,
    )
    return pairs, [pair for rows in given for pair in zip(rows.query, rows.value, strict=True)]


def _labels(rows: PairRows, config: Config, numbers: LabelNumbers) -> list[str]:
    labels = numbers.of(rows.others["label"], rows.place)
    for label in dict.fromkeys(labels):
        if fault := label_fault(label.encode(), config.task, config.model.classes):
            raise DataError(f"{rows.place(labels.index(label))}: {fault}")
    return labels


def _groups(given: Sequence[PairRows], tokenizer: Tokenizer) -> np.ndarray:
    """Number the groups by the group column or, without one, by equal queries."""
    if "group" in given[0].others:
        return group_numbers([word for rows in given for word in rows.others["group"]])
    return groups_of(tokenizer.encode([query for rows in given for query in rows.query]))
