"""Replacing a run, as `train --force` does it, also in processes that are killed before a change of a file.

As a program it forks for each line STEP EXCHANGES RUN on stdin, and prints the exit codes. It has one thread, so that
its forks are safe; a test session has many.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from running import running
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


@contextmanager
def killing() -> Iterator[Callable[[int, bool, Path], bool]]:
    """A function that replaces a run and is killed after `step` changes of files; it returns whether it got there."""
    command = [sys.executable, __file__]
    with running(command, limit=900, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def killed_at(step: int, exchanges: bool, path: Path) -> bool:
            print(step, int(exchanges), path, file=process.stdin, flush=True)
            code = process.stdout.readline()
            assert code in ("0\n", f"{KILLED}\n")
            return code != "0\n"

        yield killed_at


def _replace_until(step: int, exchanges: bool, path: Path) -> None:
    remaining = iter(range(step))

    def count(event: str, _: object) -> None:
        if event in CHANGES and next(remaining, None) is None:
            os._exit(KILLED)

    if not exchanges:
        staging.EXCHANGE = NO_EXCHANGE
    sys.addaudithook(count)
    replace(path)


def main() -> None:
    for line in sys.stdin:
        step, exchanges, path = line.rstrip("\n").split(" ", 2)
        child = os.fork()  # noqa: TID251  (there is one thread)
        if not child:
            signal.alarm(60)
            try:
                _replace_until(int(step), exchanges == "1", Path(path))
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
