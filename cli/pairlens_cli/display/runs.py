"""The table of `pairlens runs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pairlens_cli import output
from pairlens_cli.display.tables import number, print_table

if TYPE_CHECKING:
    from pairlens.runs.listing import Listed

_DATE = len("2026-11-27")


def show_runs(folder: Path, runs: Sequence[Listed]) -> None:
    """Print the runs below a folder, and warn of what is wrong with those that are damaged."""
    if not runs:
        output.say(f"{folder}: no runs")
        return
    print_table(("run", "task", "dev", "data", "began", "seed"), map(_row, runs))
    for run in runs:
        if run.fault:
            output.warn(run.fault if str(run.path) in run.fault else f"{run.path}: {run.fault}")


def _row(run: Listed) -> list[str]:
    dev = "" if run.metric is None or run.dev is None else f"{run.metric} {number(run.dev)}"
    if run.state != "finished":
        dev = f"{dev}, {run.state}".removeprefix(", ")
    began = (run.created or "")[:_DATE]
    return [str(run.path), run.task or "", dev, _name(run.data), began, "" if run.seed is None else str(run.seed)]


def _name(data: str | None) -> str:
    """The prefixes of train in short: without their folders, or the folder's name if the prefix is only `train`."""
    paths = [PurePosixPath(prefix) for prefix in data.split(", ")] if data else []
    return ", ".join(path.parent.name if path.name == "train" and path.parent.name else path.name for path in paths)
