"""Writes the rows of a table again, with columns for the scores."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.jobs.score_lines import json_score, score_lines
from pairlens.locations.location import Location
from pairlens.metrics import Threshold
from pairlens.metrics.order import at_least, measured_of
from pairlens.runs.run import Run
from pairlens.scoring.logits import Logits
from pairlens.tables.formats import Layout
from pairlens.tables.pairs import TablePairs
from pairlens.tables.rows import MISSING, PairRows, Row
from pairlens.tables.table import as_text
from pairlens.texts.pairs import Chunk
from pairlens.texts.sources import PairSource
from pairlens.texts.words import json_line
from pairlens.tokenizer.text_source import TextSource

Decide = Callable[[Logits], Sequence[str]]


def output_layout(layout: Layout, path: Location | None) -> Layout:
    """Return the layout to write: by the output's suffix, otherwise the input's; CSV if that is Parquet.

    Raises:
        UsageError: the suffix is that of Parquet, which can only be read.
    """
    suffixes = path.suffixes if path else []
    if ".parquet" in suffixes:
        raise UsageError(f"{path}: Parquet cannot be written; choose a name with .csv, .tsv or .jsonl")
    if ".jsonl" in suffixes:
        return Layout("jsonl")
    if ".tsv" in suffixes:
        return layout if layout.delimiter == "\t" else Layout("csv", "\t")
    if ".csv" in suffixes:
        return layout if layout.format == "csv" else Layout("csv", ",")
    return Layout("csv", ",") if layout.format == "parquet" else layout


def decisions(run: Run, config: Config) -> Decide:
    """Return a function from logits to the names of the predicted classes.

    It is the class with the highest probability; for a binary task, the one given by the threshold fitted on dev.

    Raises:
        UsageError: the task has no classes.
    """
    if config.task not in ("binary", "multiclass"):
        raise UsageError(f"--labels: a model for {config.task} predicts no labels, only scores; leave --labels out")
    count = config.model.classes or 2
    names = run.classes() or [str(i) for i in range(count)]
    threshold = Threshold(run.threshold(), run.logit_threshold())

    def decide(logits: Logits) -> list[str]:
        scores = logits.scores()
        if config.task == "multiclass":
            return [names[i] for i in scores.argmax(axis=1).tolist()]
        positive = at_least(measured_of(config.task, scores, logits.merged()), threshold)
        return [names[int(i)] for i in positive.tolist()]

    return decide


def table_of(pairs: PairSource | TablePairs) -> TablePairs:
    """The table that a source reads."""
    table = pairs.pairs if isinstance(pairs, TextSource) else pairs
    assert isinstance(table, TablePairs)
    return table


def table_writer(
    run: Run, config: Config, table: TablePairs, output: Location | None, as_logits: bool, labels: bool
) -> TableWriter:
    """Return a writer for the rows of a table and those like it; with `labels`, it also writes the decisions.

    Raises:
        UsageError: as `output_layout` and `decisions`.
    """
    names = [str(i) for i in range(config.model.classes or 0)]
    classes = (run.classes() or names) if names else []
    layout = output_layout(table.layout, output)
    return TableWriter(layout, table.columns, classes, as_logits, decisions(run, config) if labels else None)


class TableWriter:
    """Writes each row as it was, followed by its score and, with `decide`, the name of the predicted class.

    A multiclass model has one column per class; in JSON, a list. A pair with a fault scores nan; in JSON, null with an
    `error`. Fields of a row beyond the named columns come last.

    Args:
        columns: names of the table's columns; None if it has no header, and then none is written.
        classes: names of the classes of a multiclass model.
    """

    def __init__(
        self,
        layout: Layout,
        columns: Sequence[str] | None,
        classes: Sequence[str] = (),
        as_logits: bool = False,
        decide: Decide | None = None,
    ) -> None:
        self._layout, self._columns, self._as_logits, self._decide = layout, columns, as_logits, decide
        self._key = _free_name("logits" if as_logits else "score", columns or ())
        self._scores = [_free_name(f"{self._key}_{name}", columns or ()) for name in classes] or [self._key]
        self._decision = _free_name("predicted", columns or ())

    def head(self) -> str:
        if self._columns is None or self._layout.format == "jsonl":
            return ""
        return self._delimited([[*self._columns, *self._scores, *([self._decision] if self._decide else [])]])

    def lines(self, first: int, chunk: Chunk, logits: Logits, faults: Mapping[int, str]) -> str:
        assert isinstance(chunk.given, PairRows)
        rows, scores = chunk.given.rows, score_lines(logits, self._as_logits)
        decisions = self._decide(logits) if self._decide else [""] * len(rows)
        messages = [faults.get(first + i) for i in range(len(rows))]
        scored = zip(rows, scores, decisions, messages, strict=True)
        if self._layout.format == "jsonl":
            columns = chunk.given.columns or ()
            return "".join([json_line(self._object(columns, *one)) + "\n" for one in scored])
        return self._delimited(self._cells(*one) for one in scored)

    def _delimited(self, rows: Iterable[Sequence[str]]) -> str:
        if self._layout.format == "tsv":
            return "".join(["\t".join(cells) + "\n" for cells in rows])
        file = io.StringIO()
        csv.writer(file, delimiter=self._layout.delimiter, lineterminator="\n").writerows(rows)
        return file.getvalue()

    def _cells(self, row: Row, score: str, decision: str, fault: str | None) -> list[str]:
        texts = [_cell(value) for value in row.values]
        named = len(texts) if self._columns is None else len(self._columns)
        texts += [""] * (named - len(texts))  # a row with columns missing
        more = ["nan"] * len(self._scores) if fault else score.split()
        if self._decide:
            more.append("" if fault else decision)
        return [*texts[:named], *more, *texts[named:]]

    def _object(self, columns: Sequence[str], row: Row, score: str, decision: str, fault: str | None) -> dict[str, Any]:
        names = [*columns, *(str(i + 1) for i in range(len(columns), len(row.values)))]
        entry = {name: value for name, value in zip(names, row.values, strict=False) if value is not MISSING}
        entry[self._key] = None if fault else json_score(score)
        if self._decide:
            entry[self._decision] = None if fault else decision
        return entry | ({"error": fault} if fault else {})


def _free_name(name: str, taken: Sequence[str]) -> str:
    """Return the name, prefixed with `pairlens_` as long as a column has it."""
    while name in taken:
        name = f"pairlens_{name}"
    return name


def _cell(value: Any) -> str:
    if value is MISSING:
        return ""
    text = as_text(value)
    return json.dumps(value, ensure_ascii=False, default=str) if text is None else text
