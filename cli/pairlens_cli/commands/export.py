"""pairlens export: write a run's model as files for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from pairlens_cli import options, output
from pairlens_cli.options import Location


def export(
    run_directory: options.RunDirectory,
    to: Annotated[
        Literal["savedmodel", "keras", "onnx", "safetensors"],
        typer.Option(
            "--format",
            help="TensorFlow SavedModel, plain tf-keras layers, ONNX, or the weights alone.",
            show_default=False,
        ),
    ],
    output_directory: Annotated[
        Location,
        typer.Option("--output", "-o", metavar="DIR", help="Directory to write.", show_default=False),
    ],
    set_: options.SetOfRun = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing export.")] = False,
) -> None:
    """Export a run's model for other programs, with a README that says what it is and how to call it."""
    from pairlens.jobs.export_job import ExportJob
    from pairlens.runs.run import Run
    from pairlens_cli.display.details import log_model

    job = ExportJob(Run.open(run_directory, options.changes_of_run(set_)), to, output_directory, force)
    log_model(run_directory, job.config)
    output.compile_kernels(job.config)
    written = job.write(_loading)
    if written.remark:
        output.warn(written.remark)
    output.detail("\n".join(written.files))
    output.say(f"Wrote {output_directory}: {to}, {written.size / 1e6:,.2f} MB; its README.md says how to call it")


@contextmanager
def _loading(library: str) -> Iterator[None]:
    if library == "TensorFlow":
        output.hint("Loading TensorFlow")
    with output.silent_libraries():
        yield
