"""Option types that commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from pairlens_cli import output


def print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        with output.results(None) as file:
            file.write(f"pairlens {version('pairlens')}\n")
        raise typer.Exit


ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML config; see configs/.", show_default=False)]
RunDirectory = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory, as train writes it.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value of the config, such as training.epochs=3; repeatable."
    ),
]
Split = Annotated[
    str | None,
    typer.Option("--split", metavar="NAME", help="train, dev or test; default: test if there is one, else dev."),
]
Query = Annotated[Path | None, typer.Option("--query", metavar="FILE", help="Instead of a split: the queries,")]
Value = Annotated[Path | None, typer.Option("--value", metavar="FILE", help="the values")]
Label = Annotated[Path | None, typer.Option("--label", metavar="FILE", help="and the labels.")]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write results to FILE instead of stdout.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Processors to use; default: all. The results are the same.")
]
_COMMON = {
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")],
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")],
    "debug": Annotated[bool, typer.Option("--debug", help="Show a traceback if the command fails.")],
}


def with_common(command: Callable[..., None]) -> Callable[..., None]:
    """The command with --quiet, --verbose and --debug, which set how output.py speaks."""

    @wraps(command)
    def run(**arguments: Any) -> None:
        for name in _COMMON:
            setattr(output, name, arguments.pop(name))
        command(**arguments)

    signature = inspect.signature(command, eval_str=True)
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=option)
        for name, option in _COMMON.items()
    ]
    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in signature.parameters.values()]
    run.__signature__ = signature.replace(parameters=[*keywords, *parameters])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in [*keywords, *parameters]}
    return run
