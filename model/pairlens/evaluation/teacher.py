"""A run compared with the model it learned from, whose scores of the same pairs are in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError, UsageError
from pairlens.evaluation.bootstrap import bootstrap_intervals
from pairlens.evaluation.evaluation import Files, Scored
from pairlens.locations.location import Location
from pairlens.metrics import Threshold, evaluate_scores
from pairlens.metrics.order import at_least
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer

_TIMED = 0.2  # seconds of scoring, at least


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher's scores and how good they are.

    Attributes:
        name: the file of the scores.
        scores: float32 [N], or [N, classes] if multiclass.
        threshold: from which score on a pair counts as positive: that of the first run, as a file has none.
        metrics, intervals: those of `measure`, of the teacher.
    """

    name: str
    scores: NDArray[np.float32]
    threshold: Threshold
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]


class Comparison(NamedTuple):
    """A run's teacher, the `agreement` of the two, and the time in which the run scores a pair."""

    teacher: Teacher
    agreement: dict[str, float]
    microseconds_per_pair: float


def refuse_other_pairs(runs: Sequence[Run], files: Sequence[Files]) -> None:
    """Raises UsageError if the runs have different tasks, or would be measured on different pairs."""
    for run, its_files in zip(runs[1:], files[1:], strict=True):
        if (run.config().task, its_files) != (runs[0].config().task, files[0]):
            raise UsageError(
                f"--teacher: {run.path} has another task or other pairs than {runs[0].path}; give runs of one task, "
                "and name the pairs with --query, --value and --label"
            )


def measure_teacher(path: Location, scores: NDArray[np.float32], scored: Scored) -> Teacher:
    """Measure a teacher's scores, from `read_scores`, on the labels of the pairs that a run scored.

    Raises:
        DataError: there are more or fewer scores than pairs; or, for binary and multiclass, one is no probability.
    """
    task, pairs = scored.config.task, scored.pairs
    if len(scores) != len(pairs):
        raise DataError(f"{path}: {len(scores)} lines, but there are {len(pairs)} pairs; line N belongs to pair N")
    outside = ((scores < 0) | (scores > 1)).reshape(len(scores), -1).any(axis=1)
    if task in ("binary", "multiclass") and outside.any():
        line = int(np.argmax(outside)) + 1
        raise DataError(f"{path}:{line}: not a probability; a teacher's scores for task {task} are from 0 to 1")
    measured = scored.label, scores, scored.threshold, pairs.group
    return Teacher(
        str(path), scores, scored.threshold, evaluate_scores(task, *measured), bootstrap_intervals(task, *measured)
    )


def compare(run: Run, scored: Scored, teacher: Teacher, threads: int | None = None) -> Comparison:
    """Compare a run with its teacher; scores the pairs again, to measure the time."""
    return Comparison(teacher, agreement(scored, teacher), _microseconds_per_pair(run, scored, threads))


def agreement(scored: Scored, teacher: Teacher) -> dict[str, float]:
    """How a run agrees with its teacher, by name.

    `same_decisions` (binary and multiclass) is the share of pairs that both call positive or negative, or give the same
    class. `pearson` and `spearman` are correlations of the scores; a ranking has only the second, as only the order of
    its scores counts, and multiclass neither.
    """
    task = scored.config.task
    if task == "multiclass":
        return {"same_decisions": float((scored.scores.argmax(axis=1) == teacher.scores.argmax(axis=1)).mean())}
    correlations = evaluate_scores("regression", teacher.scores, scored.scores)
    names = ("spearman",) if task == "ranking" else ("pearson", "spearman")
    found = {name: correlations[name] for name in names}
    if task == "binary":
        same = at_least(scored.measured, scored.threshold) == at_least(teacher.scores, teacher.threshold)
        found = {"same_decisions": float(same.mean()), **found}
    return found


def _microseconds_per_pair(run: Run, scored: Scored, threads: int | None) -> float:
    """The time in which a run scores a pair, without reading it: that of all pairs in the fastest of several passes."""
    scorer, pairs = Scorer(scored.config, run.weights(scored.config), threads), scored.pairs
    seconds: list[float] = []
    while sum(seconds) < _TIMED:
        began = perf_counter()
        scorer.logits(pairs.query, pairs.value)
        seconds.append(perf_counter() - began)
    return 1e6 * min(seconds) / len(pairs)
