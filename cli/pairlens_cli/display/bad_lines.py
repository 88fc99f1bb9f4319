"""Warnings at the end about pairs with faults."""

from __future__ import annotations

from pairlens.jobs.bad_lines import BadLines
from pairlens_cli import output


def warn_of_bad_lines(bad: BadLines, done: int) -> None:
    """Warn how many of the `done` pairs score nan, and of the first faults, in the lines or in the scores."""
    _warn(bad, f"{bad.pairs:,} of {done:,} pairs have a bad line and score nan", "; --bad-lines FILE lists all")


def warn_of_skipped_pairs(bad: BadLines) -> None:
    """Warn how many pairs were left out, and of the first faults, in the lines, the scores or the maps."""
    are = "pair has a fault and is" if bad.pairs == 1 else "pairs have a fault and are"
    _warn(bad, f"{bad.pairs:,} {are} left out", "")


def _warn(bad: BadLines, summary: str, all_of_them: str) -> None:
    if not bad.faults:
        return
    output.warn(summary)
    for fault in bad.first:
        output.warn(fault)
    if more := bad.faults - len(bad.first):
        output.warn(f"and {more:,} more faults{all_of_them}")
