"""Runs compared with their teacher, as a table for the page and the terminal, and as the page's data."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pairlens.evaluation.report import RunReport
from pairlens.evaluation.teacher import compared
from pairlens.pages.html import interval, number, table
from pairlens.pages.report_charts import Drawn
from pairlens.runs.json_files import Json
from pairlens.texts.words import printable

_NAMES = {
    "same_decisions": "same decisions as the teacher",
    "pearson": "Pearson of both scores",
    "spearman": "Spearman of both scores",
    "microseconds_per_pair": "microseconds per pair",
}


def teacher_rows(reports: Sequence[RunReport]) -> list[list[str]]:
    """A row for each metric, with its name, the teacher's value and interval, and each run's value; then rows that say
    how each run compares with the teacher. No rows if there is no teacher."""
    teacher = reports[0].teacher
    if teacher is None:
        return []
    rows = [
        [name, number(value), interval(*teacher.intervals[name])]
        + [number(report.measured["metrics"][name]) for report in reports]
        for name, value in teacher.metrics.items()
    ]
    comparisons = [compared(report.scored, teacher) for report in reports]
    for name in comparisons[0]:
        shown = "{:.1f}".format if name == "microseconds_per_pair" else number
        rows.append([_NAMES[name], "", "", *(shown(comparison[name]) for comparison in comparisons)])
    return rows


def teacher_table(runs: Sequence[Drawn]) -> str:
    """The rows as a table of a page, with a heading; nothing if there is no teacher."""
    teacher = runs[0].report.teacher
    if teacher is None:
        return ""
    headings = ["", "teacher", "95 % interval", *(run.letter or "run" for run in runs)]
    rows = table(headings, teacher_rows([run.report for run in runs]), "The runs and their teacher")
    return f"<h3>Compared with the teacher, {escape(printable(teacher.name))}</h3>{rows}"


def teacher_result(report: RunReport) -> Json:
    """The comparison with all digits, under `teacher`; nothing if there is no teacher."""
    teacher = report.teacher
    if teacher is None:
        return {}
    measured = {"scores": teacher.name, "metrics": teacher.metrics, "intervals": teacher.intervals}
    return {"teacher": measured | compared(report.scored, teacher)}
