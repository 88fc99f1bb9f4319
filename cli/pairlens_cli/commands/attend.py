"""pairlens attend: which words looked at which, as heat maps in the terminal, in a file, as pictures or in sum."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output
from pairlens_cli.display import attention_views as views

_WHICH, _MAKE = "Which pairs (default: all; in the terminal and as a picture, the first)", "What to make of them"


class DType(StrEnum):
    float32 = "float32"
    float16 = "float16"


def attend(
    run_directory: options.RunDirectory,
    query: Annotated[Path, typer.Argument(metavar="QUERY", help="The queries, one a line.", show_default=False)],
    value: Annotated[Path, typer.Argument(metavar="VALUE", help="The values, line by line.", show_default=False)],
    pairs: Annotated[
        str | None,
        typer.Option("--pairs", metavar="LIST", help="Counted from 0, such as 0,5-9.", rich_help_panel=_WHICH),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="The first N.", rich_help_panel=_WHICH)
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="Any N, each equally likely.", rich_help_panel=_WHICH),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the sample.", rich_help_panel=_WHICH)] = 0,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score",
            metavar="S",
            help="That the model gives at least S; of a multiclass model, to the class that it chooses.",
            rich_help_panel=_WHICH,
        ),
    ] = None,
    max_score: Annotated[
        float | None, typer.Option("--max-score", metavar="S", help="At most S.", rich_help_panel=_WHICH)
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A page to explore: .html. Matrices: .npz, .h5, .jsonl[.gz] or .tsv[.gz]. Pictures: .png, .svg or "
            ".pdf; several pairs make maps-5.png and so on. With --summary: a page (.html) or JSON. "
            "Default: the terminal.",
            rich_help_panel=_MAKE,
        ),
    ] = None,
    label: Annotated[
        Path | None,
        typer.Option("--label", metavar="FILE", help="Labels, line by line, to show in a page.", rich_help_panel=_MAKE),
    ] = None,
    dtype: Annotated[
        DType, typer.Option("--dtype", help="Of the scores in a file of matrices.", rich_help_panel=_MAKE)
    ] = DType.float32,
    grid: Annotated[
        bool, typer.Option("--grid", help="One picture of all the pairs, at most 36.", rich_help_panel=_MAKE)
    ] = False,
    summary: Annotated[
        bool,
        typer.Option(
            "--summary",
            help="How peaked the maps of all the pairs are, and on what: tables on stderr, JSON on stdout.",
            rich_help_panel=_MAKE,
        ),
    ] = False,
    force: options.Force = False,
) -> None:
    """Show which words of one text looked at which words of the other."""
    from pairlens.attention.stream import Selection, attend_files
    from pairlens.runs.run import Run
    from pairlens.scoring.scorer import Scorer
    from pairlens.texts.lines import read_vocabulary

    selection = Selection(pairs, min_score, max_score, limit, sample, seed)
    kind = _kind(output_file, summary)
    first_only = selection.is_all and not grid and kind in (_Kind.terminal, _Kind.picture)
    if first_only:
        selection = Selection(limit=1)
    several = kind is _Kind.picture and not grid and not selection.at_most_one
    _refuse(kind, output_file, label, dtype, grid, several, force)
    run = Run.open(run_directory)
    config = run.config()
    weights = run.weights(config)
    vocabulary = read_vocabulary(config.data.vocab) if config.data.vocab else None
    output.compile_kernels(config)
    chunks = attend_files(Scorer(config, weights), query, value, selection)
    match kind:
        case _Kind.summary:
            views.summarize(chunks, config, vocabulary, output_file, str(run_directory))
        case _Kind.terminal:
            views.show(chunks, vocabulary)
        case _Kind.picture:
            views.draw(chunks, vocabulary, cast(Path, output_file), grid, several)
        case _Kind.matrices:
            views.dump(chunks, vocabulary, cast(Path, output_file), config, weights, dtype.value)
        case _Kind.page:
            labels = views.Labels(label, query, selection.is_all) if label else None
            views.page(chunks, vocabulary, cast(Path, output_file), config, weights, labels)
    if first_only:
        output.say("The first pair; --pairs 1,5-9 shows others, --output maps.npz writes all.")


class _Kind(StrEnum):
    """What is made, as a message names it."""

    summary = "--summary"
    terminal = "heat maps in the terminal"
    picture = "a picture"
    matrices = "a file of matrices"
    page = "a page"


def _kind(output_file: Path | None, summary: bool) -> _Kind:
    """Raises UsageError where the name of the output says no format."""
    from pairlens.attention.dumps.dump import DUMP_SUFFIXES
    from pairlens.attention.pictures import PICTURE_SUFFIXES

    if summary:
        return _Kind.summary
    if output_file is None:
        return _Kind.terminal
    if output_file.name.endswith(PICTURE_SUFFIXES):
        return _Kind.picture
    if output_file.name.endswith(DUMP_SUFFIXES):
        return _Kind.matrices
    if output_file.name.endswith(".html"):
        return _Kind.page
    formats = ", ".join([".html", *DUMP_SUFFIXES, *PICTURE_SUFFIXES])
    raise UsageError(f"{output_file}: unknown format; attention is written to files in {formats}")


def _refuse(
    kind: _Kind, output_file: Path | None, label: Path | None, dtype: DType, grid: bool, several: bool, force: bool
) -> None:
    """Raises UsageError where an option does not fit what is made, or an output exists."""
    from pairlens.attention.pictures import existing_pictures, numbered
    from pairlens.files import refuse_existing

    if label and kind is not _Kind.page:
        raise UsageError("--label: labels are shown in a page alone; write one with --output maps.html")
    if dtype is not DType.float32 and kind is not _Kind.matrices:
        raise UsageError(f"--dtype is for files of matrices, not for {kind}")
    if grid and kind is not _Kind.picture:
        raise UsageError(f"--grid is for pictures, not for {kind}; add --output maps.png")
    if output_file:
        names = [numbered(output_file, 0), *existing_pictures(output_file)] if several else [output_file]
        for name in names:
            refuse_existing(name, force)
