"""Runs compared with their teacher, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from pairlens.evaluation.report import RunReport
from pairlens.pages.teacher import teacher_rows
from pairlens_cli.display.tables import say_table


def show_teacher(reports: Sequence[RunReport]) -> None:
    """Show the table of the page, if there is a teacher."""
    if rows := teacher_rows(reports):
        say_table(("", "teacher", "95 % interval", *(report.name for report in reports)), rows)
