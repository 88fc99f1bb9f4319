"""Options that several commands share, and those that all commands have."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from pairlens.errors import UsageError
from pairlens.locations.location import at_home, location, without_secrets
from pairlens.stopwatch import age_of_process, peak_memory
from pairlens_cli import completion, output, streams

if TYPE_CHECKING:
    from pairlens.jobs.seed_runs import Existing
    from pairlens.locations.location import Location as Location  # noqa: PLC0414  (exported)
else:

    class Location:
        """What Typer, which takes no union of types, sees of a location."""

        @staticmethod
        def __get_pydantic_core_schema__(*_: object) -> object:
            from pydantic_core.core_schema import no_info_plain_validator_function

            return no_info_plain_validator_function(location)


def print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        with output.results(None) as file:
            file.write(f"pairlens {version('pairlens')}\n")
        raise typer.Exit


ConfigFile = Annotated[
    Location, typer.Argument(metavar="CONFIG", help="YAML config, as pairlens init writes it.", show_default=False)
]
RunDirectory = Annotated[
    Location,
    typer.Argument(
        metavar="RUN",
        help="Run directory, written by train.",
        show_default=False,
        autocompletion=completion.run_directories,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a value of the config, such as training.epochs=3; repeatable.",
        autocompletion=completion.config_changes,
    ),
]
SetOfRun = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change where a split is, or a limit of texts: data.test=PREFIX; repeatable.",
        autocompletion=completion.changes_of_run,
    ),
]
Vocab = Annotated[
    Location | None,
    typer.Option("--vocab", metavar="FILE", help="Vocabulary, for a run without one (before version 0.3.0)."),
]
Split = Annotated[
    str | None,
    typer.Option("--split", metavar="NAME", help="train, dev or test; default: test if there is one, else dev."),
]
Query = Annotated[Location | None, typer.Option("--query", metavar="FILE", help="File of queries, instead of a split.")]
Value = Annotated[Location | None, typer.Option("--value", metavar="FILE", help="File of values.")]
Label = Annotated[Location | None, typer.Option("--label", metavar="FILE", help="File of labels.")]
Group = Annotated[
    Location | None,
    typer.Option(
        "--group", metavar="FILE", help="File of groups, for ranking; default: PREFIX.group.txt next to the queries."
    ),
]
OutputFile = Annotated[
    Location | None, typer.Option("--output", "-o", metavar="FILE", help="Write results to FILE instead of stdout.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing output.")]
OnBadLine = Annotated[
    Literal["stop", "skip"],
    typer.Option("--on-bad-line", help="If a pair is faulty: stop, or leave it out with a warning."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="Processors to use; default: all. The results are the same.",
    ),
]


class Command(TyperCommand):
    """A command with --quiet, --verbose and --debug; --verbose reports its time and peak memory at the end."""

    def __init__(self, name: str | None, *, params: list[Any] | None = None, **settings: Any) -> None:
        super().__init__(name, params=[*(params or ()), *_common_parameters()], **settings)

    def invoke(self, ctx: Any) -> Any:
        if output.settings.quiet and output.settings.verbose:
            raise UsageError("--quiet prints only errors and --verbose prints more; give one of the two")
        if "stdout" in streams.closed and ctx.params.get("output_file", ...) is None:
            raise UsageError("stdout, where the results would go, is closed; add --output FILE")
        if ctx.params.get("threads", ...) is None:
            from pairlens.kernels.threads import processors

            processors()  # raises UsageError if the variable with the default is no number
        ctx.params.update({name: _at_home(value) for name, value in ctx.params.items()})
        try:
            return super().invoke(ctx)
        finally:
            output.detail(f"{age_of_process():.2f} s; peak memory {peak_memory():,} MB")


def _at_home(value: Any) -> Any:
    """Expand ~ in a parameter that is a path."""
    if isinstance(value, list):
        return [_at_home(item) for item in value]
    return at_home(value) if isinstance(value, Path) else value


def _set(parameter: typer.CallbackParam, value: bool) -> None:
    setattr(output.settings, str(parameter.name), value)


def _common_options(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", callback=_set, expose_value=False, help="Print only results and errors.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", callback=_set, expose_value=False, help="Print more.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", callback=_set, expose_value=False, help="Show a traceback if the command fails."),
    ] = False,
) -> None:
    """Declares the parameters of every command; they set `output.settings`."""


@cache
def _common_parameters() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_common_options)
    return typer.main.get_command(app).params


def changes_of_run(set_: list[str] | None) -> list[str]:
    """Return the changes of --set. Raises UsageError if one cannot be made to a trained run."""
    for change in set_ or ():
        if change.partition("=")[0].strip() not in completion.CHANGEABLE:
            allowed = ", ".join(completion.CHANGEABLE)
            raise UsageError(f"--set {without_secrets(change)}: a trained run is fixed; only {allowed} can be set")
    return set_ or []


def changes_with_seed(set_: list[str] | None, seed: int | None) -> list[str]:
    """Return the changes of --set and --seed. Raises UsageError if both give the seed."""
    changes = set_ or []
    if seed is None:
        return changes
    if any(change.partition("=")[0].strip() == "training.seed" for change in changes):
        raise UsageError("--seed is short for --set training.seed; give one of the two")
    return [*changes, f"training.seed={seed}"]


def existing(what: str, resume: bool, force: bool) -> Existing:
    """What to do with a run or a search that exists. Raises UsageError if both --resume and --force are given."""
    if resume and force:
        raise UsageError(f"--resume continues a {what} and --force replaces it; give one of them")
    return "resume" if resume else "replace" if force else "refuse"


def refuse_idle_force(force: bool, *outputs: Location | None) -> None:
    """Raises UsageError if there is no output that --force could replace."""
    if force and not any(outputs):
        raise UsageError("--force replaces an existing output; add --output FILE")
