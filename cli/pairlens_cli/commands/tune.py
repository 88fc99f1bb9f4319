"""pairlens tune: search the values of a config with which a training is best on dev."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairlens.errors import PairlensError, UsageError
from pairlens_cli import cluster_options, options, output, streams
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.jobs.tune.outcome import Outcome
    from pairlens.jobs.tune.run_search import Cluster
    from pairlens.jobs.tune.search import Search


def tune(
    config_file: options.ConfigFile,
    space: Annotated[
        Location | None,
        typer.Option(
            "--space",
            metavar="FILE",
            help="YAML file of what to try: {low: A, high: B} or a list of choices under the config's own keys; "
            "default: a few keys that matter for the task and size.",
            show_default=False,
        ),
    ] = None,
    set_: options.Set = None,
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=1, help="How many trials the search has in the end.")
    ] = 40,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--timeout", metavar="MINUTES", min=0.0, help="Begin no trial after this time.", show_default=False
        ),
    ] = None,
    directory: Annotated[
        Location | None,
        typer.Option("--output", "-o", metavar="DIR", help="Directory to write to.", show_default="tuned/CONFIG"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the search in the directory; if there is none, start one.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing search.")] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", help="Short for --set training.seed=N, which also decides what is tried.", show_default=False
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            help="Train N trials at the same time, in processes of this machine that share its processors. Default: 1.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            help="Processors of each trial; default: all, shared among --jobs.",
        ),
    ] = None,
    cluster: cluster_options.Cluster = None,
    workers: cluster_options.Workers = None,
    retries: cluster_options.Retries = None,
) -> None:
    """Search the values of a config with which a training is best on dev; then measure the best on test."""
    from pairlens.jobs.tune.tune_job import TuneJob
    from pairlens.kernels.threads import processors, use_processors

    if "stdout" in streams.closed:
        raise UsageError("tune prints what is best to stdout, which is closed; redirect it to a file")
    existing, changes = options.existing("search", resume, force), options.changes_with_seed(set_, seed)
    chosen = _cluster(cluster, workers, retries, jobs, threads)
    at_once = 1 if chosen is None or chosen.is_elsewhere else chosen.workers or 1
    use_processors(threads or max(processors() // at_once, 1))
    place = directory or Path("tuned") / config_file.stem
    if not isinstance(place, Path):
        raise UsageError(f"{place}: a search needs a folder of this machine, or one that all its machines share")
    job = TuneJob(config_file, changes, space, place, existing)
    for warning in job.config.warnings():
        output.warn(warning)
    training = job.read(at_once)
    for remark in training.remarks:
        output.warn(remark)
    output.compile_kernels(training.config)
    with job.begun(training, sys.argv, processors(), minutes) as search:
        outcome = _search(search, trials, chosen)
        _finish(outcome, threads)


def _search(search: Search, trials: int, chosen: Cluster | None) -> Outcome:
    """Do the trials, and show what they have found. Exits if it was interrupted."""
    from pairlens.jobs.tune.outcome import settle
    from pairlens.jobs.tune.run_search import run_search
    from pairlens_cli.display.signals import interrupts, resuming_command
    from pairlens_cli.display.tune import TuneDisplay, show_outcome

    done = len(search.study().trials())
    shown = TuneDisplay(search.config.decisive_metric, search.space, trials, done)
    with interrupts() as signals:
        over = run_search(search, trials, chosen, shown, lambda: signals.exit_code is not None)
        outcome = settle(search)
    show_outcome(outcome)
    done = len(outcome.trials)
    if over and search.study().is_exhausted():
        if done < trials:
            output.say(f"All {done} combinations of values are tried")
        return outcome
    if over and not done:
        raise PairlensError(f"{search.folder.path}: the time was over before the first trial; give a longer --timeout")
    if not over or done < trials:
        why, best, config = "the time is over" if over else "interrupted", search.folder.best, search.folder.best_config
        kept = f"; the best so far is {best}, its config {config}" if outcome.best and outcome.has_run else ""
        if kept and not over and search.config.data.test:
            kept += f" (pairlens evaluate {best} measures test)"
        output.warn(f"{why} after {done} of {trials} trials{kept}. Continue with: {resuming_command(sys.argv[1:])}")
    if not over:
        raise typer.Exit(signals.exit_code or 1)
    return outcome


def _finish(outcome: Outcome, threads: int | None) -> None:
    """Measure the best run on test, and print what was found."""
    from pairlens.jobs.tune.outcome import measure_test, refuse_failure
    from pairlens.runs.json_files import without_nan
    from pairlens_cli.display.tune import show_test

    refuse_failure(outcome)
    folder = outcome.search.folder
    output.say(f"Wrote {folder.best}, {folder.best_config} and {folder.trials}")
    result = measure_test(outcome, threads)
    show_test(outcome, result)
    with output.results(None) as file:
        summary: dict[str, Any] = {**outcome.summary(), "test": result}
        file.write(json.dumps(without_nan(summary), indent=2, ensure_ascii=False) + "\n")


def _cluster(
    cluster: str | None, workers: int | None, retries: int | None, jobs: int | None, threads: int | None
) -> Cluster | None:
    """The processes that train; None for this one alone. Raises UsageError if options contradict each other."""
    from pairlens.jobs.cluster.run import refuse_cluster
    from pairlens.jobs.tune.run_search import Cluster
    from pairlens.kernels.threads import processors

    if cluster is None:
        if workers is not None or retries is not None:
            raise UsageError("--workers and --retries are for --cluster; add --cluster local, or give --jobs")
        return Cluster("local", jobs, cluster_options.DEFAULT_RETRIES) if jobs and jobs > 1 else None
    if jobs:
        raise UsageError("--jobs starts processes here and --cluster chooses them; give --cluster with --workers")
    refuse_cluster(cluster)
    chosen = Cluster(cluster, workers, cluster_options.DEFAULT_RETRIES if retries is None else retries)
    if chosen.is_elsewhere:
        return chosen
    at_once = workers or max(processors() // (threads or processors()), 1)
    if at_once == 1:
        output.warn(f"one trial at a time uses all {processors()} processors; --workers N trains N that share them")
    return chosen._replace(workers=at_once)
