"""pairlens selftest: check this installation; the output belongs in bug reports."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from pairlens_cli import output


def selftest() -> None:
    """Check this installation: train and score made-up pairs, in under a minute. Paste the output into bug reports."""
    from pairlens.runs.environment import describe_machine
    from pairlens.selftest import check_all
    from pairlens_cli.display.details import log_threads

    failed = []
    with output.results(None) as file, tempfile.TemporaryDirectory(prefix="pairlens-") as folder:
        file.write("".join(f"{name:24} {value}\n" for name, value in describe_machine().items()) + "\n")
        file.flush()
        output.detail(f"works in {folder}")
        log_threads()
        output.hint("Loading TensorFlow and compiling; this takes most of the time")
        with output.silent_libraries():
            for check in check_all(Path(folder)):
                file.write(
                    f"{check.name:24} {'ok  ' if check.passed else 'FAIL'} {check.seconds:5.1f} s  {check.detail}\n"
                )
                file.flush()
                failed += [] if check.passed else [check.name]
    if failed:
        output.error(f"failed: {', '.join(failed)}; please report it with all of the output above")
        raise typer.Exit(1)
