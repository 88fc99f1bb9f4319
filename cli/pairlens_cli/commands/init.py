"""pairlens init: a first config for data that are encoded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output

if TYPE_CHECKING:
    from pairlens.jobs.find_data import DataFound


def init(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder with train.query.txt, train.value.txt and so on.", show_default=False
        ),
    ],
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the config to FILE, such as mine.yaml, and its schema for editors beside it, instead of to "
            "stdout.",
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Look at a folder of encoded splits and write a config with comments, ready to train."""
    from pairlens.files import COMPRESSED
    from pairlens.jobs.find_data import find_data
    from pairlens.jobs.init_job import config_text
    from pairlens.runs.outputs import refuse_outputs

    options.refuse_idle_force(force, output_file)
    if output_file and output_file.name.endswith(COMPRESSED):
        raise UsageError(f"{output_file}: a config is not compressed; choose another name")
    schema_file = output_file.with_suffix(".schema.json") if output_file else None
    outputs = {"--output": output_file, "the schema beside it": schema_file}
    refuse_outputs(outputs, [], force)
    with output.notice_after(1.5, f"reading {folder}"):
        found = find_data(folder)
    refuse_outputs(outputs, found.files, force)
    if schema_file:
        _write_schema(schema_file, force)
    with output.results(output_file, force) as file:
        file.write(config_text(found, output_file, schema_file))
    _tell(found, output_file, schema_file)


def _write_schema(path: Path, force: bool) -> None:
    from pairlens.config.json_schema import schema_text

    with output.results(path, force) as file:
        file.write(schema_text())


def _tell(found: DataFound, config: Path | None, schema: Path | None) -> None:
    """What was found, and the command to run next."""
    from pairlens.jobs.init_job import train_command

    for name, split in found.splits.items():
        output.say(f"{name}: {split.prefix}, {split.pairs:,} pairs")
    for name in found.unlabelled:
        output.warn(f"{found.splits[name].prefix}.label.txt: no such file; {name} is left out of the config")
    if "dev" not in found.splits:
        output.warn("no dev split was found; without one the last epoch's weights are kept, unmeasured")
    output.say(f"task {found.task.task}: {found.task.why}")
    output.say(f"{found.input_dim:,} words; texts of up to {found.longest:,} tokens, 99 % of up to {found.usual:,}")
    if config:
        output.say(f"Wrote {config} and {schema}. Next: {train_command(config)}")
    else:
        output.say("The editor's schema: pairlens schema --output FILE; --output writes it beside the config")
