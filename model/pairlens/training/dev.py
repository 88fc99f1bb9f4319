"""What training measures on dev."""

from __future__ import annotations

from typing import NamedTuple

from pairlens.config.schema import Config
from pairlens.metrics import Threshold, evaluate_scores, fit_threshold
from pairlens.metrics.order import measured_of
from pairlens.scoring.decimals import shortest
from pairlens.scoring.logits import Logits
from pairlens.texts.pairs import Pairs


class DevMeasures(NamedTuple):
    """The metrics of some weights, and of a binary task the threshold that they are measured at."""

    metrics: dict[str, float]
    threshold: Threshold | None = None


def measure_dev(config: Config, logits: Logits, dev: Pairs) -> DevMeasures:
    """Metrics by the logits' order; of a binary task at the threshold that serves dev best.

    The threshold is fitted to f1 if that is the deciding metric, else to accuracy. So what early stopping compares is
    what a run with these weights would report.
    """
    assert dev.label is not None
    measured = measured_of(config.task, logits.scores(), logits.merged())
    if config.task != "binary":
        return DevMeasures(evaluate_scores(config.task, dev.label, measured, group=dev.group))
    fitted = fit_threshold(dev.label, measured, "f1" if config.decisive_metric == "f1" else "accuracy")
    threshold = fitted._replace(score=float(shortest(measured.dtype.type(fitted.score))))
    return DevMeasures(evaluate_scores(config.task, dev.label, measured, threshold), threshold)
