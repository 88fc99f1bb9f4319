"""pairlens selftest: does this installation work? Its output belongs into a bug report."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from pairlens_cli import output


def selftest() -> None:
    """Check this installation on made-up pairs, in under a minute: training, scores, resume, files; print versions."""
    from pairlens.runs.environment import describe_machine
    from pairlens.selftest import check_all
    from pairlens_cli.display.details import tell_threads

    failed = []
    with output.results(None) as file, tempfile.TemporaryDirectory(prefix="pairlens-") as folder:
        file.write("".join(f"{name:24} {value}\n" for name, value in describe_machine().items()) + "\n")
        file.flush()
        output.detail(f"works in {folder}")
        tell_threads()
        output.hint("Loading TensorFlow and compiling, which takes most of the time")
        with output.silent_libraries():
            for check in check_all(Path(folder)):
                file.write(
                    f"{check.name:24} {'ok  ' if check.passed else 'FAIL'} {check.seconds:5.1f} s  {check.detail}\n"
                )
                file.flush()
                failed += [] if check.passed else [check.name]
    if failed:
        output.error(f"failed: {', '.join(failed)}. Please report it with all of the above")
        raise typer.Exit(1)
