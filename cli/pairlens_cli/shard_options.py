"""Options for outputs in parts, which several processes or machines write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pairlens.errors import UsageError
from pairlens.locations.location import Location
from pairlens_cli.cluster_options import DEFAULT_RETRIES, PANEL, Cluster, Retries, Workers

if TYPE_CHECKING:
    from pairlens.jobs.input_files import InputFiles

__all__ = ["Cluster", "Count", "Retries", "Shard", "Workers"]

Shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Write part I of N, from 1, into the directory --output, unless it is there; pairlens merge joins them.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Count = Annotated[
    int | None,
    typer.Option(
        "--shards",
        metavar="N",
        min=1,
        help="With --cluster: the number of parts; default: 4 for each worker.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]

_COMPRESSION = re.compile(r".*(\.(?:gz|bz2|xz))")


class Sharding(NamedTuple):
    """How an output is made in parts.

    Attributes:
        directory: where the parts are.
        name: the name of the whole output, whose suffix selects its format; perhaps only a name.
        shard: the number of the part to write, from 1; None for all of them, on a cluster.
        shards: how many parts there are; None to choose.
        cluster, workers, retries: see `run_work`.
        merged: the file that the parts are merged into; None if they stay parts.
    """

    directory: Location
    name: Location
    shard: int | None
    shards: int | None
    cluster: str = ""
    workers: int | None = None
    retries: int = DEFAULT_RETRIES
    merged: Location | None = None


def sharding(
    shard: str | None,
    cluster: str | None,
    shards: int | None,
    workers: int | None,
    retries: int | None,
    output_file: Location | None,
    force: bool,
    option: str = "--output",
) -> Sharding | None:
    """Return what the options say; None if the output, which `option` names, is not made in parts.

    Raises:
        UsageError: the options contradict each other.
    """
    if cluster is None and (shards, workers, retries) != (None, None, None):
        raise UsageError("--shards, --workers and --retries are for --cluster; add --cluster local")
    if shard is None and cluster is None:
        return None
    if shard is not None and cluster is not None:
        raise UsageError("--shard writes one part, --cluster all of them; give one of the two")
    if output_file is None:
        raise UsageError(f"{'--shard' if shard else '--cluster'} writes parts, not to stdout; add {option}")
    chosen = (cluster or "", workers, DEFAULT_RETRIES if retries is None else retries)
    if cluster is not None and output_file.suffix != ".d" and not output_file.is_dir():
        directory = output_file.with_name(output_file.name + ".d")
        return Sharding(directory, output_file, None, shards, *chosen, merged=output_file)
    if force:
        raise UsageError(f"--force replaces a file; {output_file} is a directory of parts, so remove it instead")
    number, count = (None, shards) if shard is None else _parse(shard)
    return Sharding(output_file, _without_d(output_file), number, count, *chosen)


def refuse_without_effect(given: Mapping[str, object]) -> None:
    """Raises UsageError if an option is given that has no effect on an output in parts."""
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} has no effect with --shard and --cluster; leave it out")


def files_of(files: InputFiles | None) -> InputFiles:
    """Return the files to divide. Raises UsageError for stdin and for a pair on the command line."""
    if files is None:
        raise UsageError("--shard and --cluster divide files; give files, not stdin or --query-text")
    return files


def compression(name: Location) -> str:
    """The suffix of a compressed output, such as .gz; empty for any other."""
    match = _COMPRESSION.fullmatch(name.name)
    return match[1] if match else ""


def _parse(shard: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", shard)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count:
        raise UsageError(f"--shard {shard}: must be I/N, with I from 1 to N, such as 3/16")
    return number, count


def _without_d(directory: Location) -> Location:
    name = directory.name.removesuffix(".d")
    return directory.with_name(name) if name else directory
