"""Computes what a report shows of one or more runs: the results of `evaluate`, and the numbers of its charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.evaluation.bootstrap import Difference
from pairlens.evaluation.by_length import LengthBin, by_length
from pairlens.evaluation.evaluation import (
    Files,
    Scored,
    differences,
    labelled_files,
    measure,
    refuse_pipes,
    score_files,
    worst,
)
from pairlens.evaluation.teacher import Comparison, compare, measure_teacher, refuse_other_pairs
from pairlens.locations.location import Location
from pairlens.metrics.bins import Histogram, JointHistogram, histogram, joint_histogram
from pairlens.metrics.calibration import Reliability, reliability
from pairlens.metrics.curves import Curve, precision_recall_curve, roc_curve
from pairlens.metrics.ranking import RankingMetrics
from pairlens.runs.environment import split_roles
from pairlens.runs.json_files import Json, settings
from pairlens.runs.run import Run
from pairlens.scoring.maps import PairAttention
from pairlens.scoring.scorer import Scorer
from pairlens.texts.score_rows import read_scores

_BINS = 20
_LAST_RANK = 11  # of a group's first positive: 1 to 10, and one bin for more


@dataclass(frozen=True, slots=True)
class BinaryCharts:
    roc: Curve
    precision_recall: Curve
    reliability: Reliability
    negatives: Histogram  # of the scores of pairs with label 0
    positives: Histogram  # of the scores of pairs with label 1


@dataclass(frozen=True, slots=True)
class RegressionCharts:
    joint: JointHistogram  # of label and score
    residuals: Histogram  # score - label


@dataclass(frozen=True, slots=True)
class MulticlassCharts:
    precision: NDArray[np.float64]  # [classes]; nan for a class that is never predicted
    recall: NDArray[np.float64]  # [classes]; nan for a class without pairs


@dataclass(frozen=True, slots=True)
class RankingCharts:
    first_positive: NDArray[np.int64]  # [11], number of groups whose first positive has rank 1, 2, … 10, and more
    average_precision: Histogram  # of the groups


Charts = BinaryCharts | RegressionCharts | MulticlassCharts | RankingCharts


@dataclass(frozen=True, slots=True)
class RunReport:
    """The results of a run on labelled pairs.

    Attributes:
        what: the name of what was measured, from `labelled_files`.
        measured: the result of `measure`.
        difference: the difference of every metric, the report's first run minus this one; None for the first run, and
            if the two have different tasks or files.
        lengths: the run's decisive metric by text length.
        errors, attentions: the pairs with the largest loss, and their attention.
        vocabulary: the word of each id, or None.
        classes: the name of each label, or None.
        taught: the run compared with its teacher, if the teacher's scores were given.
    """

    run: Run
    what: dict[str, str]
    scored: Scored
    measured: Json
    difference: dict[str, Difference] | None
    charts: Charts
    lengths: list[LengthBin]
    errors: list[Json]
    attentions: list[PairAttention]
    vocabulary: list[str] | None
    classes: list[str] | None
    history: list[Json]
    environment: Json
    taught: Comparison | None

    @property
    def name(self) -> str:
        return str(self.run.path)

    @property
    def task(self) -> str:
        return self.scored.config.task


def report_runs(
    runs: Sequence[Run],
    chosen: Sequence[tuple[dict[str, str], Files]] | None = None,
    errors: int = 20,
    threads: int | None = None,
    vocab: Location | None = None,
    teacher: Location | None = None,
) -> list[RunReport]:
    """Measure each run on labelled pairs.

    Args:
        chosen: for each run, the result of `labelled_files`; default: a split of its own config.
        errors: how many of the worst pairs to keep.
        vocab: a vocabulary file, for runs that carry none.
        teacher: a file of scores of the same pairs, to compare the runs with.

    Raises:
        UsageError, DataError: as `score_files`, `refuse_other_pairs`, `read_scores` and `measure_teacher`.
        RunError: a run's files are damaged.
    """
    chosen = chosen or [labelled_files(run.config()) for run in runs]  # before any scoring, to fail early
    if len(runs) > 1:
        for _, files in chosen:
            refuse_pipes(files)
    if teacher:
        refuse_other_pairs(runs, [files for _, files in chosen])
    measured, scores = None, read_scores(teacher, runs[0].config().model.classes) if teacher else None
    vocabularies = [run.vocabulary(vocab) for run in runs]
    reports: list[RunReport] = []
    first: tuple[Scored, Files] | None = None
    for run, words, (what, files) in zip(runs, vocabularies, chosen, strict=True):
        scored = score_files(run, files, threads=threads)
        difference = None
        if first and (first[0].config.task, first[1]) == (scored.config.task, files):
            difference = differences(first[0], scored)
        first = first or (scored, files)
        if teacher and scores is not None:
            measured = measured or measure_teacher(teacher, scores, scored)
        taught = compare(run, scored, measured, threads) if measured else None
        reports.append(_report(run, what, scored, difference, errors, words, taught))
    return reports


def _report(
    run: Run,
    what: dict[str, str],
    scored: Scored,
    difference: dict[str, Difference] | None,
    errors: int,
    vocabulary: list[str] | None,
    taught: Comparison | None,
) -> RunReport:
    config, pairs, label, threshold = scored.config, scored.pairs, scored.label, scored.threshold
    measured = measure(scored)
    lengths = pairs.query.lengths + pairs.value.lengths
    wrong = worst(scored, errors, vocabulary)
    numbers = np.array([error["pair"] for error in wrong], np.int64)
    return RunReport(
        run=run,
        what=what,
        scored=scored,
        measured=measured,
        difference=difference,
        charts=_charts(scored, measured),
        lengths=by_length(config.decisive_metric, lengths, config.task, label, scored.measured, threshold, pairs.group),
        errors=wrong,
        attentions=_attentions(run, scored, numbers),
        vocabulary=vocabulary,
        classes=run.classes(),
        history=run.metrics(),
        environment=run.environment(),
        taught=taught,
    )


def _attentions(run: Run, scored: Scored, numbers: NDArray[np.int64]) -> list[PairAttention]:
    """The attention of these pairs, with their texts if the input was texts."""
    config, pairs = scored.config, scored.pairs
    found = Scorer(config, run.weights(config)).attend(pairs.query.take(numbers), pairs.value.take(numbers))
    if scored.texts is None:
        return found
    tokenizer = run.tokenizer()
    texts = [tokenizer.tokenized(scored.texts[number]) for number in numbers.tolist()]
    return [one.with_texts(*both) for one, both in zip(found, texts, strict=True)]


def _charts(scored: Scored, measured: Json) -> Charts:
    label, score = scored.label, scored.scores
    match scored.config.task:
        case "binary":
            return BinaryCharts(
                roc_curve(label, scored.measured),
                precision_recall_curve(label, scored.measured),
                reliability(label, score),
                *(histogram(score[label == kind], _BINS, 0, 1) for kind in (0, 1)),
            )
        case "regression":
            residual = score.astype(np.float64) - label
            widest = float(np.abs(residual).max())
            return RegressionCharts(joint_histogram(label, score, _BINS), histogram(residual, _BINS, -widest, widest))
        case "multiclass":
            return _class_charts(np.array(measured["confusion"], np.float64))
    assert scored.pairs.group is not None
    ranking = RankingMetrics(label, scored.measured, scored.pairs.group)
    ranks = np.clip(np.floor(ranking.first_positive + 0.5).astype(np.int64), 1, _LAST_RANK)
    return RankingCharts(
        np.bincount(ranks, minlength=_LAST_RANK + 1)[1:], histogram(ranking.average_precision, _BINS, 0, 1)
    )


def _class_charts(confusion: NDArray[np.float64]) -> MulticlassCharts:
    right, predicted, labels = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    undefined = np.full(len(right), np.nan)
    return MulticlassCharts(
        np.divide(right, predicted, out=undefined.copy(), where=predicted > 0),
        np.divide(right, labels, out=undefined.copy(), where=labels > 0),
    )


def config_differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The settings that differ between runs: each run's value by dotted key, None if it has no such key."""
    configs = [settings(run.config()) for run in runs]
    keys = dict.fromkeys(key for config in configs for key in config)
    rows = {key: [config.get(key) for config in configs] for key in keys}
    return {key: row for key, row in rows.items() if any(value != row[0] for value in row)}


def data_checksums(report: RunReport) -> dict[str, str]:
    """SHA-256 of the files that the run was trained with, by role, such as `train.query.txt`."""
    prefixes = {f"{prefix}.": name for prefix, name in split_roles(report.scored.config)}
    longest_first = sorted(prefixes, key=len, reverse=True)  # as one may begin like another
    found = {}
    for path, digest in report.environment.get("data", {}).items():
        role = next((f"{prefixes[p]}.{path.removeprefix(p)}" for p in longest_first if path.startswith(p)), None)
        found[role or Path(path).name] = str(digest)
    return found
