"""The charts of each task: one figure for all runs where possible, otherwise one for each run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise

from pairlens.evaluation.report import BinaryCharts, MulticlassCharts, RankingCharts, RegressionCharts
from pairlens.metrics.calibration import Reliability
from pairlens.metrics.curves import Curve
from pairlens.pages.html import Cell, figure, number, table
from pairlens.pages.ranking_charts import ranking_charts
from pairlens.pages.report_charts import Drawn, histogram
from pairlens.pages.svg import Axis, Chart, axis, counts_axis, unit_axis

_SUBPIXEL = 0.0005  # on an axis from 0 to 1: a sixth of a px


def figures(runs: Sequence[Drawn]) -> list[str]:
    """All charts of runs with the same task."""
    charts = [(run, run.report.charts) for run in runs]
    match runs[0].report.task:
        case "binary":
            return _binary([(run, one) for run, one in charts if isinstance(one, BinaryCharts)])
        case "regression":
            return _regression([(run, one) for run, one in charts if isinstance(one, RegressionCharts)])
        case "multiclass":
            return _multiclass([(run, one) for run, one in charts if isinstance(one, MulticlassCharts)])
    return ranking_charts([(run, one) for run, one in charts if isinstance(one, RankingCharts)])


# ---- binary ----------------------------------------------------------------------------------------------------------


def _binary(runs: Sequence[tuple[Drawn, BinaryCharts]]) -> list[str]:
    shared = [
        _curves("ROC", "roc_auc", runs, lambda c: c.roc, ("false positive rate", "recall"), diagonal=True),
        _curves(
            "Precision and recall", "average_precision", runs, lambda c: c.precision_recall, ("recall", "precision")
        ),
        _reliability([(run, charts.reliability) for run, charts in runs]),
    ]
    return [*shared, *(_scores_by_label(run, charts) for run, charts in runs), *(_confusion(run) for run, _ in runs)]


def _curves(
    title: str,
    metric: str,
    runs: Sequence[tuple[Drawn, BinaryCharts]],
    curve_of: Callable[[BinaryCharts], Curve],
    names: tuple[str, str],
    diagonal: bool = False,
) -> str:
    """Draw a curve over all thresholds for each run, with the run's own threshold marked."""
    chart, rows = Chart(unit_axis(names[0]), unit_axis(names[1])), []
    if diagonal:
        chart.line([0, 1], [0, 1], "guide")
    for run, charts in runs:
        curve = curve_of(charts).thin(_SUBPIXEL)
        points = list(zip(*(side.tolist() for side in curve), strict=True))
        chart.line(curve.x.tolist(), curve.y.tolist(), run.style)
        for x, y, threshold in points:
            chart.dot(x, y, f"hit {run.style}", run.named(_at(threshold, names, x, y)), 2.5)
            rows.append([run.named(f"{threshold:.4g}"), x, y])
        x, y, threshold = _operating_point(run, title)
        chart.dot(x, y, f"mark {run.style}", run.named(f"the run's {_at(threshold, names, x, y)}"), 4.5)
    area = ", ".join(run.named(number(run.report.measured["metrics"][metric])) for run, _ in runs)
    caption = f"{metric} {area}; the dot is the run's threshold"
    numbers = table(["threshold", *names], rows, title)
    return figure(title, caption, chart.svg(f"{title}: {names[1]} by {names[0]}. {caption}"), numbers)


def _at(threshold: float, names: tuple[str, str], x: float, y: float) -> str:
    return f"threshold {threshold:.4g}\n{names[0]} {x:.4f}\n{names[1]} {y:.4f}"


def _operating_point(run: Drawn, title: str) -> tuple[float, float, float]:
    """Return x and y of a curve at the run's threshold, from the confusion matrix, and the threshold."""
    (tn, fp), (fn, tp) = run.report.measured["confusion"]
    recall = tp / (tp + fn) if tp + fn else math.nan
    if title == "ROC":
        return (fp / (fp + tn) if fp + tn else math.nan), recall, run.report.measured["threshold"]
    return recall, (tp / (tp + fp) if tp + fp else math.nan), run.report.measured["threshold"]


def _reliability(runs: Sequence[tuple[Drawn, Reliability]]) -> str:
    chart, rows = Chart(unit_axis("mean score"), unit_axis("share of positives")), []
    chart.line([0, 1], [0, 1], "guide")
    for run, bins in runs:
        most = max(int(bins.pairs.max()), 1)
        for pairs, score, positive, low, high in zip(*(side.tolist() for side in bins), strict=True):
            if not pairs:
                continue
            tip = f"{pairs:,} pairs, mean score {score:.4f}\n{positive:.4f} positive, 95 % {low:.4f} to {high:.4f}"
            chart.span(score, low, high, f"interval {run.style}")
            chart.dot(score, positive, f"mark {run.style}", run.named(tip), 3 + 4 * math.sqrt(pairs / most))
            rows.append([run.named(f"{score:.4f}"), pairs, positive, low, high])
    errors = ", ".join(run.named(number(run.report.measured["metrics"]["ece"])) for run, _ in runs)
    caption = f"ece {errors}; larger dots: more pairs"
    numbers = table(["mean score", "pairs", "positive", "95 % from", "to"], rows, "Calibration")
    return figure("Calibration", caption, chart.svg(f"Share of positives by mean score in 15 bins. {caption}"), numbers)


def _scores_by_label(run: Drawn, charts: BinaryCharts) -> str:
    """Draw two histograms back to back."""
    most = max(int(charts.positives.counts.max()), int(charts.negatives.counts.max()), 1)
    ticks = [(sign * value, text) for value, text in counts_axis(most).ticks for sign in (1, -1) if value]
    y = Axis(-1.08 * most, 1.08 * most, "pairs", [(0, "0"), *ticks])
    chart, rows = Chart(unit_axis("score"), y), []
    above, below = charts.positives.counts.tolist(), charts.negatives.counts.tolist()
    for (low, high), up, down in zip(pairwise(charts.positives.edges.tolist()), above, below, strict=True):
        tip = f"score {low:.2f} to {high:.2f}\nlabel 1: {up:,}, label 0: {down:,}"
        chart.box((low, high), (0, up), "label-1", tip)
        chart.box((low, high), (0, -down), "label-0", tip)
        rows.append([f"{low:.2f}–{high:.2f}", up, down])
    threshold = min(run.report.measured["threshold"], 1.0)
    chart.span(threshold, -1.08 * most, 1.08 * most, "guide")
    chart.text(0.5, most, "label 1", "middle", dy=4)
    chart.text(0.5, -most, "label 0", "middle", dy=-3)
    title = run.named("Scores by label")
    numbers = table(["score", "label 1", "label 0"], rows, title)
    drawing = chart.svg(f"Histograms of the scores of pairs with label 1, above, and label 0, below. {title}")
    return figure(title, f"dotted: the threshold, {run.report.measured['threshold']:.3f}", drawing, numbers)


# ---- classes ---------------------------------------------------------------------------------------------------------


def _confusion(run: Drawn) -> str:
    """The confusion matrix as a table, shaded by the share of each label's pairs."""
    matrix: list[list[int]] = run.report.measured["confusion"]
    names = [escape(name) for name in run.class_names(len(matrix))]
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in names)
    rows = []
    for name, row in zip(names, matrix, strict=True):
        total = sum(row)
        cells = "".join(f'<td class="number shade h{_shade(n, total)}">{n:,}</td>' for n in row)
        rows.append(f'<tr><th scope="row">label {name}</th>{cells}</tr>')
    head = f"<thead><tr><td>predicted</td>{head}</tr></thead>"
    body = f'<table class="confusion">{head}<tbody>{"".join(rows)}</tbody></table>'
    return figure(
        run.named("Confusion"),
        "fuller colour: a larger share of the label's pairs",
        f'<div class="scrolls">{body}</div>',
    )


def _shade(count: int, total: int) -> int:
    """A shade from 0 (none) to 7 (all)."""
    return math.ceil(7 * count / total) if total else 0


def _multiclass(runs: Sequence[tuple[Drawn, MulticlassCharts]]) -> list[str]:
    return [
        _by_class(runs, "Recall", "recall"),
        _by_class(runs, "Precision", "precision"),
        *(_confusion(run) for run, _ in runs),
    ]


def _by_class(runs: Sequence[tuple[Drawn, MulticlassCharts]], title: str, name: str) -> str:
    classes = len(runs[0][1].recall)
    names, *others = ([*run.class_names(classes)] for run, _ in runs)
    if any(other != names for other in others):
        names = [str(c) for c in range(classes)]
    step = max(1, classes // 10)
    x = Axis(0, classes, "class", [(c + 0.5, names[c]) for c in range(0, classes, step)])
    chart = Chart(x, unit_axis(name))
    rows: list[list[Cell]] = []
    width = 0.8 / len(runs)
    for c in range(classes):
        values = [float(getattr(charts, name)[c]) for _, charts in runs]
        for i, ((run, _), value) in enumerate(zip(runs, values, strict=True)):
            left = c + 0.1 + i * width
            if not math.isnan(value):
                chart.box(
                    (left, left + width), (0, value), f"bar {run.style}", run.named(f"class {names[c]}: {value:.4f}")
                )
        rows.append([names[c], *values])
    numbers = table(["class", *(run.named(name) for run, _ in runs)], rows, title)
    meaning = {
        "recall": "share of the pairs of a class that are predicted so",
        "precision": "share of the pairs predicted as a class that belong to it",
    }
    return figure(f"{title} by class", meaning[name], chart.svg(f"{title} of each class"), numbers)


# ---- regression ------------------------------------------------------------------------------------------------------


def _regression(runs: Sequence[tuple[Drawn, RegressionCharts]]) -> list[str]:
    widest = max(float(charts.residuals.edges[-1]) for _, charts in runs)
    most = max(int(charts.residuals.counts.max()) for _, charts in runs)
    figures = [_predicted(run, charts) for run, charts in runs]
    return figures + [
        histogram(
            run, run.named("Residuals"), charts.residuals, axis(-widest, widest, "score − label"), counts_axis(most)
        )
        for run, charts in runs
    ]


def _predicted(run: Drawn, charts: RegressionCharts) -> str:
    edges, counts = charts.joint.edges.tolist(), charts.joint.counts.tolist()
    most = max(max(row) for row in counts)
    chart = Chart(axis(edges[0], edges[-1], "label"), axis(edges[0], edges[-1], "score"), 300)
    rows: list[list[Cell]] = []
    for column, (low, high) in zip(counts, pairwise(edges), strict=True):
        for n, (bottom, top) in zip(column, pairwise(edges), strict=True):
            if n:
                tip = f"label {low:.3g} to {high:.3g}, score {bottom:.3g} to {top:.3g}\n{n:,} pairs"
                shade = 1 + math.floor(6 * math.log(n) / math.log(most)) if most > 1 else 7
                chart.box((low, high), (bottom, top), f"shade h{shade}", tip, gap=0)
                rows.append([f"{low:.3g}–{high:.3g}", f"{bottom:.3g}–{top:.3g}", n])
    chart.line([edges[0], edges[-1]], [edges[0], edges[-1]], "guide")
    title = run.named("Score by label")
    caption = f"fuller colour: more pairs, up to {most:,}, on a logarithmic scale; dotted: score = label"
    return figure(title, caption, chart.svg(f"{title}. {caption}"), table(["label", "score", "pairs"], rows, title))
