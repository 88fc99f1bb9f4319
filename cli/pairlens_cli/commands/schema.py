"""pairlens schema: print the JSON schema of a config."""

from __future__ import annotations

from pairlens_cli import options, output


def schema(output_file: options.OutputFile = None, force: options.Force = False) -> None:
    """Print the JSON schema of a config, with which editors complete and check it."""
    from pairlens.config.json_schema import schema_text
    from pairlens.runs.outputs import refuse_outputs

    options.refuse_idle_force(force, output_file)
    refuse_outputs({"--output": output_file}, [], force)
    with output.results(output_file, force) as file:
        file.write(schema_text())
