"""Evaluate the model on dev during training."""

from __future__ import annotations

from typing import NamedTuple

from pairlens.config.schema import Config
from pairlens.metrics import Threshold, evaluate_scores, fit_threshold
from pairlens.metrics.order import measured_of
from pairlens.scoring.decimals import shortest
from pairlens.scoring.logits import Logits
from pairlens.texts.pairs import Pairs


class DevMeasures(NamedTuple):
    """Metrics on dev, and for a binary task the threshold that they were computed at."""

    metrics: dict[str, float]
    threshold: Threshold | None = None


def measure_dev(config: Config, logits: Logits, dev: Pairs) -> DevMeasures:
    """Compute the metrics on dev by the order of the logits; for a binary task, at the best threshold for dev.

    The threshold is fitted to f1 if that is the deciding metric, else to accuracy. So early stopping compares the
    metrics that a run with these weights would report.
    """
    assert dev.label is not None
    measured = measured_of(config.task, logits.scores(), logits.merged())
    if config.task != "binary":
        return DevMeasures(evaluate_scores(config.task, dev.label, measured, group=dev.group))
    fitted = fit_threshold(dev.label, measured, "f1" if config.decisive_metric == "f1" else "accuracy")
    threshold = fitted._replace(score=float(shortest(measured.dtype.type(fitted.score))))
    return DevMeasures(evaluate_scores(config.task, dev.label, measured, threshold), threshold)
