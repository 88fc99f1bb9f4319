"""pairlens evaluate: how good a run is on labelled pairs, how sure that is, and whether another run is better."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pairlens.errors import UsageError
from pairlens_cli import evaluation_tables, options, output

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pairlens.config import Config
    from pairlens.pairs import Pairs, SplitPaths
    from pairlens.runs import Run

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
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="T", help="Positive from this score on, not from the one fitted on dev."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option("--compare", metavar="RUN2", help="Another run, to subtract from this one on the same pairs."),
    ] = None,
    errors: Annotated[
        int, typer.Option("--errors", metavar="N", min=0, help="Show the N pairs that the run gets most wrong.")
    ] = 0,
    output_file: options.OutputFile = None,
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", metavar="FILE", help="Write the label and score of every pair to FILE (TSV)."),
    ] = None,
    force: options.Force = False,
    threads: options.Threads = None,
) -> None:
    """Measure a run on a split: tables with 95 % bootstrap intervals on stderr, JSON on stdout."""
    from pairlens.files import refuse_existing
    from pairlens.runs import Run, without_nan

    for path in (output_file, predictions):
        if path:
            refuse_existing(path, force)
    if threshold is not None and not math.isfinite(threshold):
        raise UsageError(f"--threshold {threshold}: must be a finite number, such as 0.5")
    run = Run.open(run_directory)
    config = run.config()
    other = Run.open(compare) if compare else None
    _refuse_other_tasks(config, run, other, threshold)
    what, files = _files(config, split, query, value, label)
    scored = _score(run, files, threshold, threads)

    result: dict[str, Any] = {"run": str(run_directory), **what, "pairs": len(scored.pairs), **_report(scored)}
    if other:
        result["compare"] = _compare(scored, other, files, threshold, threads)
    if errors:
        result["errors"] = _errors(scored, errors)
    evaluation_tables.show(result)
    if predictions:
        _write_predictions(predictions, scored)
    with output.results(output_file) as file:
        file.write(json.dumps(without_nan(result), indent=2, ensure_ascii=False) + "\n")


class _Scored(NamedTuple):
    """A run's scores of the pairs; the threshold matters to binary alone."""

    config: Config
    pairs: Pairs
    label: NDArray[np.float32]
    scores: NDArray[np.float32]
    threshold: float


def _refuse_other_tasks(config: Config, run: Run, other: Run | None, threshold: float | None) -> None:
    """Raises UsageError where an option does not fit the task."""
    if threshold is not None and config.task != "binary":
        raise UsageError(f"--threshold is for task binary; {run.path} was trained for {config.task}")
    if other and (task := other.config().task) != config.task:
        raise UsageError(f"--compare {other.path}: was trained for {task}, but {run.path} for {config.task}")


def _files(
    config: Config, split: str | None, query: Path | None, value: Path | None, label: Path | None
) -> tuple[dict[str, str], SplitPaths]:
    """What is evaluated, as the result names it, and its files."""
    from pairlens.pairs import SplitPaths
    from pairlens.splits import find_split

    if query and value and label:
        if split:
            raise UsageError("give --split, or --query, --value and --label, not both")
        return {"query": str(query), "value": str(value), "label": str(label)}, SplitPaths(query, value, label)
    if query or value or label:
        raise UsageError("--query, --value and --label go together")
    name = split or ("test" if config.data.test else "dev")
    if name not in _SPLITS:
        raise UsageError(f"--split {name}: must be one of {', '.join(_SPLITS)}")
    return {"split": name}, find_split(config, name)  # type: ignore[arg-type]


def _score(run: Run, files: SplitPaths, threshold: float | None, threads: int | None) -> _Scored:
    """The pairs, read by the run's own rules, and what it says of them."""
    from pairlens.pairs import read_pairs
    from pairlens.scorer import Scorer
    from pairlens.splits import text_rules

    config = run.config()
    pairs = read_pairs(files, text_rules(config), config.task, config.model.classes)
    assert pairs.label is not None
    scores = Scorer(config, run.weights(config), threads).score(pairs.query, pairs.value)
    return _Scored(config, pairs, pairs.label, scores, run.threshold() if threshold is None else threshold)


def _report(scored: _Scored) -> dict[str, Any]:
    from pairlens.bootstrap import bootstrap_intervals
    from pairlens.metrics import confusion_matrix, count_groups, evaluate_scores

    config, pairs, label, scores, threshold = scored
    report: dict[str, Any] = {"threshold": threshold} if config.task == "binary" else {}
    report["metrics"] = evaluate_scores(config.task, label, scores, threshold, pairs.group)
    with output.notice_after(1.5, "resampling the pairs for the intervals"):
        report["intervals"] = bootstrap_intervals(config.task, label, scores, threshold, pairs.group)
    if config.task in ("binary", "multiclass"):
        report["confusion"] = confusion_matrix(label, scores, threshold).tolist()
    if config.task == "ranking" and pairs.group is not None:
        counted, without_positive = count_groups(label, pairs.group)
        report["groups"] = {"counted": counted, "without_positive": without_positive}
    return report


def _compare(
    scored: _Scored, other: Run, files: SplitPaths, threshold: float | None, threads: int | None
) -> dict[str, Any]:
    from pairlens.bootstrap import compare
    from pairlens.metrics import evaluate_scores

    task, group = scored.config.task, scored.pairs.group
    theirs = _score(other, files, threshold, threads)
    differences = compare(task, scored.label, scored.scores, theirs.scores, scored.threshold, theirs.threshold, group)
    return {
        "run": str(other.path),
        **({"threshold": theirs.threshold} if task == "binary" else {}),
        "metrics": evaluate_scores(task, scored.label, theirs.scores, theirs.threshold, group),
        "differences": {name: difference._asdict() for name, difference in differences.items()},
    }


def _errors(scored: _Scored, count: int) -> list[dict[str, Any]]:
    """The worst pairs, counted from 0, with their texts as words, or ids where there is no vocabulary."""
    from pairlens.attention.words import words_of
    from pairlens.metrics import worst_pairs
    from pairlens.pairs import read_vocabulary

    config, pairs = scored.config, scored.pairs
    vocabulary = read_vocabulary(config.data.vocab) if config.data.vocab else None
    worst, losses = worst_pairs(config.task, scored.label, scored.scores, pairs.group, count)
    return [
        {
            "pair": pair,
            "label": float(scored.label[pair]),
            "score": scored.scores[pair].tolist(),
            "loss": loss,
            "query": " ".join(words_of(pairs.query[pair], vocabulary)),
            "value": " ".join(words_of(pairs.value[pair], vocabulary)),
        }
        for pair, loss in zip(worst.tolist(), losses.tolist(), strict=True)
    ]


def _write_predictions(path: Path, scored: _Scored) -> None:
    """One line a pair: its label and its score, or a column of probabilities for each class."""
    rows = scored.scores.reshape(len(scored.pairs), -1).tolist()
    names = ["score"] if scored.scores.ndim == 1 else [f"score_{c}" for c in range(scored.scores.shape[1])]
    with output.results(path) as file:
        file.write("\t".join(["label", *names]) + "\n")
        for label, row in zip(scored.label.tolist(), rows, strict=True):
            file.write("\t".join(f"{number:.9g}" for number in (label, *row)) + "\n")
