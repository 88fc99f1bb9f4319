"""pairlens runs: the runs below a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import output, streams
from pairlens_cli.options import Location


def runs(
    folder: Annotated[Location, typer.Argument(metavar="DIR", help="Folder to look in.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each run, one a line.")] = False,
) -> None:
    """List the runs below a folder: task, dev metric, data, date and seed, and which are unfinished or damaged."""
    from pairlens.runs.json_files import without_nan
    from pairlens.runs.listing import list_runs
    from pairlens_cli.display.runs import show_runs

    if not isinstance(folder, Path):
        raise UsageError(f"{folder}: runs are listed on this machine; give a folder")
    if "stdout" in streams.closed:
        raise UsageError("stdout, where the list would go, is closed; redirect it to a file")
    found = list_runs(folder)
    if not as_json:
        show_runs(folder, list(found))
        return
    with output.results(None) as file:
        for run in found:
            line = {"run": str(run.path), **without_nan(run._asdict())}
            del line["path"]
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
