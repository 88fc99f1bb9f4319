"""Python code, or a command, in a process that is forked from one which has imported pairlens.

It starts in a tenth of the time of a new interpreter, for tests that need many processes and not their start. Commands
that train are forked from another process, which has imported TensorFlow too and saves them 4 s. The process that forks
has one thread of Python, and TensorFlow has not begun to work, so that it may; a test session has many.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import command_line
from command_line import Result, plain_environment
from running import LIMIT, Process

PRELOADED = [
    "pairlens_cli.app",
    "pairlens.attention.pictures",
    "pairlens.jobs.attend_job",
    "pairlens.jobs.encode_job",
    "pairlens.jobs.score_job",
    "pairlens.pages.report",
    "pairlens.runs.staging",
    "pairlens.scoring.scorer",
]
FOR_TRAINING = ["pairlens.training.trainer", "pairlens.runs.curves", "matplotlib.figure"]
TRAINS = {"train", "selftest"}


def pairlens(folder: Path, *arguments: str | Path, stdin: str = "", before: str = "", **environment: str) -> Result:
    """As `pairlens` of command_line.py, which variables for the start of Python also lead to."""
    if any(name.startswith("PYTHON") for name in environment):
        return command_line.pairlens(folder, *arguments, stdin=stdin, before=before, **environment)
    words = ["pairlens", *map(str, arguments)]
    code = f"import sys; sys.argv = {words}; from pairlens_cli.app import main; main()"
    modules = FOR_TRAINING if str(arguments[0]) in TRAINS else []
    return run_forked(folder, f"{before}\n{code}", stdin, environment, *modules)


def run_forked(
    folder: Path, code: str, stdin: str = "", environment: dict[str, str] | None = None, *modules: str
) -> Result:
    """Run Python code as a program in a folder, with these modules imported; after a time limit it is killed."""
    server = _server(*modules)
    with TemporaryDirectory() as streams:
        Path(streams, "stdin").write_text(stdin, encoding="utf-8")
        print(json.dumps([code, str(folder), streams, environment or {}]), file=server.stdin, flush=True)
        exit_code = int(server.stdout.readline())
        stdout, stderr = (Path(streams, name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    return Result(exit_code, stdout, stderr)


@cache
def _server(*modules: str) -> Process:
    command, pipe = [sys.executable, __file__, *modules], subprocess.PIPE
    environment = plain_environment() | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    server = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)  # noqa: TID251
    atexit.register(server.communicate, timeout=LIMIT)  # it ends when its input does
    return server


def main() -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command sets it before it imports NumPy
    for module in [*PRELOADED, *sys.argv[1:]]:
        import_module(module)
    gc.freeze()  # a fork need not free what was there before

    for line in sys.stdin:
        code, folder, streams, environment = json.loads(line)
        child = os.fork()  # noqa: TID251  (one thread of Python)
        if not child:
            signal.alarm(int(LIMIT))
            _redirect(Path(streams))
            os.chdir(folder)
            os.environ.update(environment)
            exec(code, {"__name__": "__main__"})
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _redirect(streams: Path) -> None:
    """Let the standard streams be files in a folder."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        file = os.open(streams / name, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  (the old one has read ahead)


if __name__ == "__main__":
    main()
