"""pairlens init: write a first config for encoded data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.jobs.find_data import DataFound


def init(
    folder: Annotated[
        Location,
        typer.Argument(
            metavar="DIR", help="Folder with train.query.txt, train.value.txt and so on.", show_default=False
        ),
    ],
    output_file: Annotated[
        Location | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the config to FILE, such as mine.yaml, and its schema for editors next to it; default: the "
            "config to stdout.",
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Write a commented config, ready to train, for a folder of encoded splits."""
    from pairlens.compression import COMPRESSED
    from pairlens.jobs.find_data import find_data
    from pairlens.jobs.init_job import config_text
    from pairlens.runs.outputs import refuse_outputs

    options.refuse_idle_force(force, output_file)
    if output_file and output_file.name.endswith(COMPRESSED):
        raise UsageError(f"{output_file}: a config must not be compressed; choose another name")
    schema_file = output_file.with_suffix(".schema.json") if output_file else None
    outputs = {"--output": output_file, "the schema next to it": schema_file}
    refuse_outputs(outputs, [], force)
    with output.notice_after(1.5, f"reading {folder}"):
        found = find_data(folder)
    refuse_outputs(outputs, found.files, force)
    if schema_file:
        _write_schema(schema_file, force)
    with output.results(output_file, force) as file:
        file.write(config_text(found, output_file, schema_file))
    _report(found, output_file, schema_file)


def _write_schema(path: Location, force: bool) -> None:
    from pairlens.config.json_schema import schema_text

    with output.results(path, force) as file:
        file.write(schema_text())


def _report(found: DataFound, config: Location | None, schema: Location | None) -> None:
    """Say what was found, and the command to run next."""
    from pairlens.jobs.init_job import train_command

    for name, split in found.splits.items():
        output.say(f"{name}: {split.prefix}, {split.pairs:,} pairs")
    for name in found.unlabelled:
        output.warn(f"{found.splits[name].prefix}.label.txt: no such file; {name} is left out of the config")
    if "dev" not in found.splits:
        output.warn("no dev split was found; training will keep the last epoch's weights, without measuring them")
    output.say(f"task {found.task.task}: {found.task.why}")
    output.say(f"{found.input_dim:,} words; texts have up to {found.longest:,} tokens, 99 % have up to {found.usual:,}")
    if config:
        output.say(f"Wrote {config} and {schema}. Next: {train_command(config)}")
    else:
        output.say("With --output, a schema for editors is written next to the config; see also pairlens schema")
