"""The charts of a ranking task."""

from __future__ import annotations

from collections.abc import Sequence

from pairlens.evaluation.report import RankingCharts
from pairlens.pages.html import figure, table
from pairlens.pages.report_charts import Drawn, histogram
from pairlens.pages.svg import Axis, Chart, counts_axis, unit_axis


def ranking_charts(runs: Sequence[tuple[Drawn, RankingCharts]]) -> list[str]:
    most_first = max(int(charts.first_positive.max()) for _, charts in runs)
    most = max(int(charts.average_precision.counts.max()) for _, charts in runs)
    firsts = [_first_positive(run, charts, most_first) for run, charts in runs]
    return firsts + [
        histogram(
            run,
            run.named("Average precision by group"),
            charts.average_precision,
            unit_axis("average precision"),
            counts_axis(most, "groups"),
        )
        for run, charts in runs
    ]


def _first_positive(run: Drawn, charts: RankingCharts, most: int) -> str:
    counts = charts.first_positive.tolist()
    names = [*map(str, range(1, len(counts))), f"≥ {len(counts)}"]
    x = Axis(0.5, len(counts) + 0.5, "rank of the first positive", [(i + 1, n) for i, n in enumerate(names)])
    chart, total = Chart(x, counts_axis(most, "groups")), max(sum(counts), 1)
    for rank, (n, name) in enumerate(zip(counts, names, strict=True), 1):
        chart.box(
            (rank - 0.5, rank + 0.5), (0, n), f"bar {run.style}", f"rank {name}: {n:,} groups, {n / total:.1%}", 3
        )
    title = run.named("First positive of each group")
    share = counts[0] / total
    numbers = table(["rank", "groups"], zip(names, counts, strict=True), title)
    return figure(title, f"rank 1 in {share:.1%} of the groups", chart.svg(f"{title}: groups by rank"), numbers)
