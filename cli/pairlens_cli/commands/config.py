"""pairlens config: print a config as pairlens reads it."""

from __future__ import annotations

from typing import Annotated

import typer

from pairlens_cli import options, output


def config(
    config_file: options.ConfigFile,
    set_: options.Set = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also write out every default.")] = False,
    output_file: options.OutputFile = None,
    force: options.Force = False,
) -> None:
    """Print a config as it is read, with every --set applied and absolute paths. The output is a config itself."""
    from pairlens.config.file import load_config, resolved_text, written_text
    from pairlens.runs.outputs import refuse_outputs

    options.refuse_idle_force(force, output_file)
    refuse_outputs({"--output": output_file}, [config_file], force)
    overrides = set_ or []
    loaded = load_config(config_file, overrides)
    text = resolved_text(loaded) if resolved else written_text(config_file, overrides)
    with output.results(output_file, force) as file:
        file.write(text)
