"""Replacing a run, as `train --force` does it, also in a process that is killed before a change of a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from forked import run_forked
from small_runs import make_config, make_weights

from pairlens.runs import staging
from pairlens.runs.run import Run
from pairlens.runs.staging import StagedRun, locked_run

OLD, NEW = make_config(), make_config(training={"seed": 3})
NO_EXCHANGE = 2**30  # in place of staging.EXCHANGE: a flag that no file system supports
KILLED = 77
CHANGES = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}


def make_old(path: Path) -> None:
    run = Run.create(path, OLD, {"python": "3.11"})
    run.write_weights(make_weights(OLD))
    (path / "checkpoint").mkdir()
    (path / "notes.txt").write_text("mine")


def replace(path: Path) -> None:
    run = StagedRun(path)
    run.refuse()
    with locked_run(run, begins=True):
        run.begin()
        Run.create(run.path, NEW, {"python": "3.11"}, force=True)
        run.write_metrics([])
        run.write_weights(make_weights(NEW))
        run.write_evaluation({"threshold": 0.5})


def killed_at(step: int, path: Path, exchanges: bool) -> bool:
    """Replace a run in a process that is killed after `step` changes of files; return whether it got there."""
    call = f"replace_until({step}, Path({str(path)!r}), {exchanges})"
    done = run_forked(path.parent, f"from pathlib import Path; from replacements import replace_until; {call}")
    assert done.code in (0, KILLED), done.stderr
    return done.code == KILLED


def replace_until(step: int, path: Path, exchanges: bool) -> None:
    remaining = iter(range(step))

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if event in CHANGES and writes and next(remaining, None) is None:
            os._exit(KILLED)

    if not exchanges:
        staging.EXCHANGE = NO_EXCHANGE
    sys.addaudithook(count)
    replace(path)
