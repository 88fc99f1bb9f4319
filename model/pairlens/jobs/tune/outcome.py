"""What a search leaves: its trials, the best config and its run, and what that is worth on test."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pairlens.config.file import written_text
from pairlens.errors import PairlensError
from pairlens.evaluation.evaluation import labelled_files, measure, score_files
from pairlens.jobs.tune.record import Trial
from pairlens.jobs.tune.search import Search
from pairlens.jobs.tune.space import Value
from pairlens.runs.json_files import without_nan
from pairlens.runs.names import WEIGHTS
from pairlens.runs.run import Run


class Outcome(NamedTuple):
    """A search so far.

    Attributes:
        trials: those that count, the best first; those without a value last.
        best: None if none is finished.
        importances: the share of each key in how good a trial is; empty with too few trials to tell.
    """

    search: Search
    trials: list[Trial]
    best: Trial | None
    importances: dict[str, float]

    @property
    def metric(self) -> str:
        return self.search.config.decisive_metric

    @property
    def has_run(self) -> bool:
        """Whether the best run is in its place; it may have been moved or removed."""
        return (self.search.folder.best / WEIGHTS).is_file()

    @property
    def own(self) -> Trial | None:
        """Trial 1, if it is finished and has the config's own values."""
        first = next((trial for trial in self.trials if trial.number == 1), None)
        return first if first and first.value is not None and first.values == self.search.own else None

    def summary(self) -> dict[str, Any]:
        """What the command prints as JSON."""
        assert self.best
        return {
            "run": str(self.search.folder.best),
            "config": str(self.search.folder.best_config),
            "trials": len(self.trials),
            "metric": self.metric,
            "dev": self.best.dev,
            "values": plain_values(self.best),
            "importances": self.importances,
        }


def settle(search: Search) -> Outcome:
    """Write what a search has found so far: its trials and, if one is finished, the best config and run."""
    study = search.study()
    sign = -1 if study.maximize else 1
    trials = sorted(
        study.trials(), key=lambda one: (one.value is None, sign * (one.value or 0.0), one.state, one.number)
    )
    outcome = Outcome(search, trials, study.best(), study.importances())
    search.folder.write(search.folder.trials, "".join(f"{_line(outcome, trial)}\n" for trial in trials))
    if outcome.best:
        search.folder.settle(outcome.best.attempt)
        search.folder.write(search.folder.best_config, best_config(outcome, outcome.best))
    return outcome


def refuse_failure(outcome: Outcome) -> None:
    """Raises PairlensError if there is no best run: no trial is finished, or its run was moved or removed."""
    folder = outcome.search.folder
    if outcome.best is None:
        last = outcome.trials[-1].reason if outcome.trials else None
        reason = f"; the last one: {last}" if last else ""
        raise PairlensError(f"{folder.path}: no trial of {len(outcome.trials)} was finished{reason}")
    if not outcome.has_run:
        raise PairlensError(
            f"{folder.best}: the run of the best trial, {outcome.best.number}, is gone, and is not trained again by "
            f"itself; put it back, or train it with `pairlens train {folder.best_config} --output {folder.best}`"
        )


def measure_test(outcome: Outcome, threads: int | None) -> dict[str, Any] | None:
    """Measure the best run on test, which no trial has read and nothing measured; None without a test split.

    Returns:
        what `evaluate` prints, and `measured_after`: the numbers of trials after which test was measured, each time,
        the last of which is this.

    Raises:
        DataError: the split has a fault.
    """
    config, folder = outcome.search.config, outcome.search.folder
    if config.data.test is None:
        return None
    run = Run(folder.best)
    what, files = labelled_files(config, "test")
    scored = score_files(run, files, threads=threads)
    result = {"run": str(run.path), **what, "pairs": len(scored.pairs), **measure(scored)}
    result["measured_after"] = [*folder.measured_after(), len(outcome.trials)]
    folder.write(folder.test, json.dumps(without_nan(result), indent=2) + "\n")
    return result


def best_config(outcome: Outcome, best: Trial) -> str:
    """The config with the values of the best trial, as YAML, with comments that say what was searched."""
    search, count = outcome.search, len(outcome.trials)
    lines = [
        f"# Written by `pairlens tune`: the best of {count} trials, with {outcome.metric} {best.value:.4f} on dev.",
        "# Its run is in `best`, next to this file. What was searched, and what was best:",
        "#",
        *(f"#   {key}: {domain.in_words()}; best: {shown_value(best.values[key])}" for key, domain, _ in search.space),
        "",
    ]
    return "\n".join(lines) + "\n" + written_text(search.folder.base, search.changes(best.values))


def plain_values(trial: Trial) -> dict[str, Any]:
    """The values of a trial as in a config."""
    return {key: json.loads(value) if isinstance(value, str) else value for key, value in trial.values.items()}


def shown_value(value: Value) -> str:
    """A value as tables and comments show it."""
    return value if isinstance(value, str) else f"{value:g}"


def _line(outcome: Outcome, trial: Trial) -> str:
    return json.dumps(
        without_nan(
            {
                "trial": trial.number,
                "state": trial.state,
                outcome.metric: trial.value,
                "values": plain_values(trial),
                "dev": trial.dev,
                "epochs": trial.epochs,
                "seconds": round(trial.seconds, 3),
                **({"reason": trial.reason} if trial.reason else {}),
            }
        ),
        ensure_ascii=False,
    )
