"""pairlens evaluate: metrics of a run on labelled pairs, with confidence intervals, and compared with another run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairlens.errors import UsageError
from pairlens_cli import completion, options, output, pair_input, shard_options, table_options
from pairlens_cli.display import evaluation_tables
from pairlens_cli.in_parts import predict_in_parts
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.config.schema import Config
    from pairlens.evaluation.evaluation import Files, Scored
    from pairlens.runs.run import Run


_LARGEST_SCORE = 2.0**128 - 2.0**104  # the largest float32


def evaluate(
    run_directory: options.RunDirectory,
    split: options.Split = None,
    query: options.Query = None,
    value: options.Value = None,
    label: options.Label = None,
    group: options.Group = None,
    set_: options.SetOfRun = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", metavar="T", help="Call pairs positive from score T on; default: as fitted on dev."
        ),
    ] = None,
    compare: Annotated[
        Location | None,
        typer.Option(
            "--compare",
            metavar="RUN2",
            help="Compare with another run on the same pairs: RUN minus RUN2.",
            autocompletion=completion.run_directories,
        ),
    ] = None,
    errors: Annotated[
        int, typer.Option("--errors", metavar="N", min=0, help="Show the N pairs with the largest loss.")
    ] = 0,
    vocab: options.Vocab = None,
    output_file: options.OutputFile = None,
    predictions: Annotated[
        Location | None,
        typer.Option("--predictions", metavar="FILE", help="Write the label and score of every pair to FILE (TSV)."),
    ] = None,
    force: options.Force = False,
    threads: options.Threads = None,
    text: pair_input.LabelledText = False,
    input_file: pair_input.LabelledInput = None,
    query_column: table_options.QueryColumn = None,
    value_column: table_options.ValueColumn = None,
    label_column: table_options.LabelColumn = None,
    group_column: table_options.GroupColumn = None,
    input_format: table_options.InputFormat = None,
    delimiter: table_options.Delimiter = None,
    header: table_options.Header = None,
    shard: shard_options.Shard = None,
    cluster: shard_options.Cluster = None,
    shards: shard_options.Count = None,
    workers: shard_options.Workers = None,
    retries: shard_options.Retries = None,
) -> None:
    """Measure a run on a split: tables with 95 % bootstrap intervals on stderr, JSON on stdout."""
    from pairlens.evaluation.evaluation import labelled_files, measure, paths_of, score_files, worst
    from pairlens.runs.json_files import without_nan
    from pairlens.runs.outputs import refuse_outputs, run_files
    from pairlens.runs.run import Run
    from pairlens_cli.display.details import log_model, log_pairs, log_threads, warn_without_words

    _refuse(output_file, predictions, force, threshold, vocab if not errors else None)
    columns = {"query": query_column, "value": value_column, "label": label_column, "group": group_column}
    table = table_options.input_options(input_file, columns, input_format, delimiter, header)
    files_given = {"query": query, "value": value, "label": label, "group": group}
    texts = pair_input.labelled_texts(split, files_given, text, input_file, table)
    changes = options.changes_of_run(set_)
    run = Run.open(run_directory, changes)
    config = run.config()
    other = Run.open(compare, changes) if compare else None
    _refuse_other_tasks(config, run, other, threshold)
    what, files = texts or labelled_files(config, split, query, value, label, group)
    parts = shard_options.sharding(shard, cluster, shards, workers, retries, predictions, force, "--predictions")
    if parts:
        idle = {"--compare": compare, "--errors": errors, "--threshold": threshold, "--output": output_file}
        predict_in_parts(run, files, parts, threads, changes, force, idle)
        return
    if other:
        _refuse_comparison(run, other, files)
    read = [*paths_of(files), vocab, config.data.vocab, *run_files(run.path), *(run_files(other.path) if other else ())]
    refuse_outputs({"--output": output_file, "--predictions": predictions}, read, force)
    for its_run in (run, other) if other else (run,):
        log_model(its_run.path, its_run.config())
    log_threads(threads)
    vocabulary, classes = run.vocabulary(vocab) if errors else None, run.classes()
    output.compile_kernels(config)
    scored = score_files(run, files, threshold, threads)
    log_pairs([files], len(scored.pairs))
    with output.notice_after(1.5, "resampling the pairs for the intervals"):
        measured = measure(scored)
    result: dict[str, Any] = {"run": str(run_directory), **what, "pairs": len(scored.pairs), **measured}
    if other:
        result["compare"] = _compare(scored, other, files, threshold, threads)
    if classes:
        result["classes"] = classes
    if errors:
        result["errors"] = worst(scored, errors, vocabulary)
        if texts is None:
            warn_without_words(run, vocabulary)
    evaluation_tables.show(result)
    if predictions:
        _write_predictions(predictions, scored, force)
    with output.results(output_file, force) as file:
        file.write(json.dumps(without_nan(result), indent=2, ensure_ascii=False) + "\n")


def _refuse(
    output_file: Location | None,
    predictions: Location | None,
    force: bool,
    threshold: float | None,
    idle_vocab: Location | None,
) -> None:
    """Raises UsageError if an option makes no sense for any run."""
    if idle_vocab:
        raise UsageError("--vocab is for the texts of the worst pairs; add --errors N")
    options.refuse_idle_force(force, output_file, predictions)
    if threshold is not None and not abs(threshold) <= _LARGEST_SCORE:
        raise UsageError(f"--threshold {threshold}: must be a finite number, such as 0.5")


def _refuse_other_tasks(config: Config, run: Run, other: Run | None, threshold: float | None) -> None:
    """Raises UsageError if an option does not fit the task."""
    if threshold is not None and config.task != "binary":
        raise UsageError(f"--threshold is for task binary; {run.path} was trained for {config.task}")
    if other and (task := other.config().task) != config.task:
        raise UsageError(f"--compare {other.path}: was trained for {task}, but {run.path} for {config.task}")


def _refuse_comparison(run: Run, other: Run, files: Files) -> None:
    """Raises UsageError or DataError if the files cannot be scored by both runs."""
    from pairlens.evaluation.evaluation import refuse_other_words, refuse_pipes

    refuse_pipes(files)
    refuse_other_words([run, other], [files, files])


def _compare(scored: Scored, other: Run, files: Files, threshold: float | None, threads: int | None) -> dict[str, Any]:
    from pairlens.evaluation.evaluation import differences, score_files
    from pairlens.metrics import evaluate_scores

    task, group = scored.config.task, scored.pairs.group
    theirs = score_files(other, files, threshold, threads)
    return {
        "run": str(other.path),
        **(theirs.threshold.as_json() if task == "binary" else {}),
        "metrics": evaluate_scores(task, scored.label, theirs.measured, theirs.threshold, group),
        "differences": {name: difference._asdict() for name, difference in differences(scored, theirs).items()},
    }


def _write_predictions(path: Location, scored: Scored, force: bool) -> None:
    from pairlens.jobs.prediction_lines import PredictionWriter
    from pairlens.scoring.windows import chunk_pairs

    writer = PredictionWriter(scored.label, scored.config.model.classes)
    with output.results(path, force) as file:
        writer.write_all(file, scored.scores, chunk_pairs(scored.config))
