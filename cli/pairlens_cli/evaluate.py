"""pairlens evaluate: how good a run is on labelled pairs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairlens.errors import UsageError
from pairlens_cli import options, output

if TYPE_CHECKING:
    from pairlens.config import Config
    from pairlens.pairs import Pairs

_SPLITS = ("train", "dev", "test")


def evaluate(
    run_directory: options.RunDirectory,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="NAME", help="train, dev or test; default: test if there is one, else dev."),
    ] = None,
    query: Annotated[
        Path | None, typer.Option("--query", metavar="FILE", help="Instead of a split: the queries,")
    ] = None,
    value: Annotated[Path | None, typer.Option("--value", metavar="FILE", help="the values")] = None,
    label: Annotated[Path | None, typer.Option("--label", metavar="FILE", help="and the labels.")] = None,
    output_file: options.OutputFile = None,
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", metavar="FILE", help="Write the label and score of every pair to FILE (TSV)."),
    ] = None,
    force: options.Force = False,
    threads: options.Threads = None,
) -> None:
    """Measure a run on a split: a table on stderr, JSON on stdout."""
    from pairlens.files import refuse_existing
    from pairlens.metrics import evaluate_scores
    from pairlens.runs import Run
    from pairlens.scorer import Scorer

    for path in (output_file, predictions):
        if path:
            refuse_existing(path, force)
    run = Run.open(run_directory)
    config = run.config()
    what, pairs = _labelled_pairs(config, split, query, value, label)
    assert pairs.label is not None
    scores = Scorer(config, run.weights(config), threads).score(pairs.query, pairs.value)
    threshold = run.threshold() if config.task == "binary" else None
    metrics = evaluate_scores(config.task, pairs.label, scores, *([] if threshold is None else [threshold]))

    result: dict[str, Any] = {"run": str(run_directory), **what, "pairs": len(pairs)}
    if threshold is not None:
        result["threshold"] = threshold
    result["metrics"] = {name: None if math.isnan(number) else number for name, number in metrics.items()}
    _print_table(result)
    if predictions:
        with output.results(predictions) as file:
            file.write("label\tscore\n")
            file.writelines(f"{t:.9g}\t{s:.9g}\n" for t, s in zip(pairs.label.tolist(), scores.tolist(), strict=True))
    with output.results(output_file) as file:
        file.write(json.dumps(result, indent=2) + "\n")


def _labelled_pairs(
    config: Config, split: str | None, query: Path | None, value: Path | None, label: Path | None
) -> tuple[dict[str, str], Pairs]:
    """What is evaluated, as the result names it, and its pairs."""
    from pairlens.pairs import read_pairs
    from pairlens.splits import read_split, text_rules

    if query and value and label:
        if split:
            raise UsageError("give --split, or --query, --value and --label, not both")
        names = {"query": str(query), "value": str(value), "label": str(label)}
        return names, read_pairs(query, value, label, text_rules(config), config.task)
    if query or value or label:
        raise UsageError("--query, --value and --label go together")
    name = split or ("test" if config.data.test else "dev")
    if name not in _SPLITS:
        raise UsageError(f"--split {name}: must be one of {', '.join(_SPLITS)}")
    return {"split": name}, read_split(config, name)  # type: ignore[arg-type]


def _print_table(result: dict[str, Any]) -> None:
    from rich.table import Table

    caption = f"{result['pairs']:,} pairs"
    if "threshold" in result:
        caption += f"; positive from score {result['threshold']:.3f}, fitted on dev"
    table = Table(title=f"{result['run']} on {result.get('split', 'the files given')}", caption=caption, min_width=36)
    table.add_column("metric")
    table.add_column("value", justify="right")
    for name, number in result["metrics"].items():
        table.add_row(name, "undefined" if number is None else f"{number:.4f}")
    output.say(table)
