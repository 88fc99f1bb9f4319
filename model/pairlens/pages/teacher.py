"""Runs compared with their teacher, as a table for the page and the terminal, and as the page's data."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pairlens.evaluation.report import RunReport
from pairlens.pages.html import interval, number, table
from pairlens.pages.report_charts import Drawn
from pairlens.runs.json_files import Json
from pairlens.texts.words import printable

_NAMES = {
    "same_decisions": "same decisions as the teacher",
    "pearson": "Pearson of both scores",
    "spearman": "Spearman of both scores",
}


def teacher_rows(reports: Sequence[RunReport]) -> list[list[str]]:
    """A row for each metric, with its name, the teacher's value and interval, and each run's value; then rows that say
    how each run compares with the teacher. No rows if there is no teacher."""
    taught = [report.taught for report in reports if report.taught]
    if not taught:
        return []
    teacher = taught[0].teacher
    rows = [
        [name, number(value), interval(*teacher.intervals[name])]
        + [number(report.measured["metrics"][name]) for report in reports]
        for name, value in teacher.metrics.items()
    ]
    for name in taught[0].agreement:
        rows.append([_NAMES[name], "", "", *(number(one.agreement[name]) for one in taught)])
    return [*rows, ["microseconds per pair", "", "", *(f"{one.microseconds_per_pair:.1f}" for one in taught)]]


def teacher_table(runs: Sequence[Drawn]) -> str:
    """The rows as a table of a page, with a heading; nothing if there is no teacher."""
    taught = runs[0].report.taught
    if taught is None:
        return ""
    headings = ["", "teacher", "95 % interval", *(run.letter or "run" for run in runs)]
    rows = table(headings, teacher_rows([run.report for run in runs]), "The runs and their teacher")
    return f"<h3>Compared with the teacher, {escape(printable(taught.teacher.name))}</h3>{rows}"


def teacher_result(report: RunReport) -> Json:
    """The comparison with all digits, under `teacher`; nothing if there is no teacher."""
    if report.taught is None:
        return {}
    teacher, agreement, microseconds = report.taught
    measured = {"scores": teacher.name, "metrics": teacher.metrics, "intervals": teacher.intervals}
    return {"teacher": {**measured, **agreement, "microseconds_per_pair": microseconds}}
