"""pairlens merge: one file from the parts that shards wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.jobs.shards.merge import Merge


def merge(
    directory: Annotated[
        Location, typer.Argument(metavar="DIR", help="Directory that --shard or --cluster wrote.", show_default=False)
    ],
    status: Annotated[
        bool,
        typer.Option("--status", help="Only say which parts are there, by their sizes; exit code 1 if one is missing."),
    ] = False,
    output_file: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Join the parts of an output, byte for byte as one command would have written it."""
    from pairlens.jobs.shards.merge import Merge
    from pairlens_cli.display import shards

    options.refuse_idle_force(force, output_file)
    if status:
        if output_file:
            raise UsageError("--status writes nothing to a file; leave --output out")
        if not shards.show_status(directory):
            raise typer.Exit(1)
        return
    merged = Merge(directory)
    _refuse_output(merged, directory, output_file, force)
    shards.write_merged(merged, output_file, force)
    merged.sweep()


def _refuse_output(merged: Merge, directory: Location, output_file: Location | None, force: bool) -> None:
    """Raises UsageError if the output cannot be written, or its suffix promises another kind of file than the parts."""
    from pairlens.runs.outputs import refuse_outputs
    from pairlens_cli.shard_options import compression

    if output_file is None and merged.suffix == ".npz":
        raise UsageError("--output is missing: a file of matrices is not written to stdout; add --output FILE.npz")
    binary = ".npz" if merged.suffix == ".npz" else compression(Path(merged.suffix))
    if output_file and (output_file.suffix if merged.suffix == ".npz" else compression(output_file)) != binary:
        raise UsageError(
            f"{output_file}: the parts in {directory} are {merged.suffix} files, and are joined as they are; "
            f"give a name that ends in {merged.suffix}"
        )
    refuse_outputs({"--output": output_file}, merged.files, force)
