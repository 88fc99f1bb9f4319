"""Writes the report of runs as a page: metrics, differences, curves, worst pairs, configs and environments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from pairlens.config.file import dump_config
from pairlens.evaluation.bootstrap import Difference
from pairlens.evaluation.report import RunReport, config_differences, data_checksums
from pairlens.files import whole_file
from pairlens.locations.location import Location
from pairlens.pages import report_charts, task_charts
from pairlens.pages.attention import encoded_weights
from pairlens.pages.html import Cell, interval, number, table
from pairlens.pages.page import Block, write_page
from pairlens.pages.report_charts import Drawn
from pairlens.pages.teacher import teacher_result, teacher_table
from pairlens.runs.json_files import Json, without_nan
from pairlens.runs.names import CONFIG
from pairlens.scoring.maps import PairAttention
from pairlens.texts.words import harmless, printable

_STYLES = ["charts.css", "report.css"]
_SCRIPTS = ["charts.js", "colours.js", "map.js", "heat.js", "report.js"]


def write_report(path: Location, reports: Sequence[RunReport], replace: bool = True) -> None:
    """Write the page; the file appears only when it is complete."""
    runs = [Drawn(report, i, len(reports) > 1) for i, report in enumerate(reports)]
    sections = [
        ("result", "Result", _result(runs)),
        ("learning", "Learning", _learning(report_charts.learning_curves(runs))),
        ("scores", "Scores", _grid(figure for task in _by_task(runs) for figure in task_charts.figures(task))),
        ("length", "Length", _grid(report_charts.lengths(runs))),
        ("errors", "Worst pairs", "".join(_errors(run, i) for i, run in enumerate(runs))),
        ("config", "Config", _config(runs)),
        ("environment", "Environment", _environment(runs)),
    ]
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, html in sections if html)
    body = "".join(
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{html}</section>'
        for name, title, html in sections
        if html
    )
    title = f"Report: {', '.join(printable(run.report.name) for run in runs)}"
    with whole_file(path, "wb", replace) as file:
        page = f'<nav class="contents" aria-label="Contents"><ul>{links}</ul></nav><main class="report">{body}</main>'
        write_page(file, title, page, _blocks(runs), _STYLES, _SCRIPTS)


def _by_task(runs: Sequence[Drawn]) -> list[list[Drawn]]:
    tasks = dict.fromkeys(run.report.task for run in runs)
    return [[run for run in runs if run.report.task == task] for task in tasks]


def _grid(figures: Sequence[str] | Iterator[str]) -> str:
    html = "".join(figures)
    return f'<div class="charts">{html}</div>' if html else ""


def _learning(figures: Sequence[str]) -> str:
    """The loss and the decisive metric; the other metrics can be unfolded."""
    others = _grid(figures[2:])
    more = f'<details class="more"><summary>{len(figures) - 2} more dev metrics</summary>{others}</details>'
    return _grid(figures[:2]) + (more if others else "")


def _blocks(runs: Sequence[Drawn]) -> Iterator[Block]:
    """The results with all digits, as `evaluate` writes them, and the maps."""
    yield "results", [without_nan(result(run.report)) for run in runs]
    for i, run in enumerate(runs):
        for j, attention in enumerate(run.report.attentions):
            yield f"map-{i}-{j}", _map(attention, run.report.vocabulary)


def result(report: RunReport) -> Json:
    difference = {name: one._asdict() for name, one in (report.difference or {}).items()} or None
    pairs = len(report.scored.pairs)
    names = {"classes": report.classes} if report.classes else {}
    found = {"run": report.name, **report.what, "pairs": pairs, **report.measured, **names, "difference": difference}
    return found | teacher_result(report)


def _map(attention: PairAttention, vocabulary: Sequence[str] | None) -> dict[str, Any]:
    return {
        **dict(zip(("query", "value"), attention.marked_words(vocabulary), strict=True)),
        "weights": encoded_weights(attention),
    }


# ---- the result ------------------------------------------------------------------------------------------------------


def _result(runs: Sequence[Drawn]) -> str:
    cards = "".join(_card(run) for run in runs)
    tables = "".join(_metrics(task) for task in _by_task(runs))
    others = [run.letter for run in runs[1:] if run.report.difference is None]
    notice = (
        f"{', '.join(others)}: not compared with {runs[0].letter}, as the task or the files differ" if others else ""
    )
    notice = f'<p class="notice">{notice}.</p>' if notice else ""
    return f'<div class="cards">{cards}</div>{notice}{tables}{teacher_table(runs)}'


def _card(run: Drawn) -> str:
    report, measured = run.report, run.report.measured
    metric = report.scored.config.decisive_metric
    facts = [f"on {report.what.get('split', report.what.get('query', ''))}: {len(report.scored.pairs):,} pairs"]
    if groups := measured.get("groups"):
        facts.append(f"{groups['counted']:,} groups")
        if groups["without_positive"]:
            facts.append(f"{groups['without_positive']:,} more, without a positive, left out")
        if not measured["groups_with_both_labels"]:
            facts.append("none with both labels, so the metrics do not depend on the scores")
    if "threshold" in measured:
        facts.append(f"positive from score {measured['threshold']:.3f}")
    return (
        f'<div class="card"><h3>{_badge(run)}{escape(printable(report.name))}</h3>'
        f'<p class="headline"><span>{number(measured["metrics"][metric])}</span> {metric}</p>'
        f"<p>95 % interval {interval(*measured['intervals'][metric])}</p>"
        f'{_comparison(run, metric)}<p class="muted">{escape(printable("; ".join(facts)))}</p></div>'
    )


def _comparison(run: Drawn, metric: str) -> str:
    """A line with the difference between the first run and this one."""
    if not run.report.difference:
        return ""
    value, below = _difference(run.report.difference[metric])
    return f"<p>A − {run.letter} {value}: {below}</p>"


def _difference(difference: Difference) -> tuple[str, str]:
    value, low, high, p_value = difference
    p = "" if math.isnan(p_value) else f"{interval(low, high, '+')}, p {p_value:.3f}"
    return number(value, "+"), p


def _badge(run: Drawn) -> str:
    return f'<span class="badge {run.style}">{run.letter}</span>' if run.letter else ""


def _metrics(runs: Sequence[Drawn]) -> str:
    """A table with a row for each metric and a column for each run, then for each difference from the first run."""
    compared = [run for run in runs if run.report.difference]
    heads = [_badge(run) or "value" for run in runs]
    heads += [f"A − {run.letter}" for run in compared]
    rows = []
    for name in runs[0].report.measured["metrics"]:
        cells = [
            (number(run.report.measured["metrics"][name]), interval(*run.report.measured["intervals"][name]))
            for run in runs
        ]
        for run in compared:
            assert run.report.difference is not None
            cells.append(_difference(run.report.difference[name]))
        columns = "".join(f'<td class="number">{value}<small>{below}</small></td>' for value, below in cells)
        rows.append(f'<tr><th scope="row">{name}</th>{columns}</tr>')
    head = "".join(f'<th scope="col" class="number">{text}</th>' for text in ("", *heads)).replace(
        ' class="number"', "", 1
    )
    note = "Below each value: its 95 % bootstrap interval."
    if compared:
        note += " Differences: paired bootstrap over the same pairs; p is two-sided."
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="scrolls"><table class="metrics">{body}</table></div><p class="muted">{note}</p>'


# ---- the worst pairs -------------------------------------------------------------------------------------------------


def _errors(run: Drawn, index: int) -> str:
    if not run.report.errors:
        return ""
    items = "".join(_error(error, f"map-{index}-{j}", run.report.classes) for j, error in enumerate(run.report.errors))
    name = f"<h3>{_badge(run)}{escape(printable(run.report.name))}</h3>" if run.letter else ""
    return f'{name}<ol class="errors">{items}</ol>'


def _error(error: Json, name: str, classes: Sequence[str] | None) -> str:
    score = error["score"]
    shown = f"{score:.4f}" if isinstance(score, float) else " ".join(f"{probability:.3f}" for probability in score)
    label = escape(printable(classes[int(error["label"])])) if classes else f"{error['label']:g}"
    facts = [f"pair {error['pair']}", f"label {label}", f"score {shown}", f"loss {error['loss']:.4f}"]
    chips = "".join(f'<span class="chip">{fact}</span>' for fact in facts)
    texts = "".join(
        f'<span class="side">{side}</span> <span class="text" dir="auto">{escape(harmless(error[side]))}</span>'
        for side in ("query", "value")
    )
    return (
        f'<li><details class="error" data-map="{name}"><summary><span class="facts">{chips}</span>'
        f'<span class="pair">{texts}</span></summary><div class="map"></div></details></li>'
    )


# ---- config and environment ------------------------------------------------------------------------------------------


def _config(runs: Sequence[Drawn]) -> str:
    parts = []
    if len(runs) > 1:
        different = config_differences([run.report.run for run in runs])
        rows = [[key, *(_shown(value) for value in values)] for key, values in different.items()]
        letters = [run.letter for run in runs]
        parts.append(
            table(["setting", *letters], rows, "Settings that differ") if rows else "<p>All settings are the same.</p>"
        )
    for run in runs:
        text = escape(dump_config(run.report.scored.config))
        opened = "" if run.letter else " open"
        title = f"{_badge(run)}{CONFIG}"
        parts.append(f'<details class="file"{opened}><summary>{title}</summary><pre>{text}</pre></details>')
    return "".join(parts)


def _environment(runs: Sequence[Drawn]) -> str:
    """The environments of the runs, and whether they were trained on the same data."""
    rows: dict[str, list[Cell]] = {"seed": [str(run.report.scored.config.training.seed) for run in runs]}
    for index, run in enumerate(runs):
        environment = run.report.environment
        facts = {name: value for name, value in environment.items() if name not in ("packages", "data", "settings")}
        facts |= environment.get("packages", {})
        facts |= {f"SHA-256 of {role}": digest[:16] for role, digest in data_checksums(run.report).items()}
        for name, value in facts.items():
            rows.setdefault(printable(name), [None] * len(runs))[index] = _shown(value)
    headings = ["", *(run.letter or "run" for run in runs)]
    html = table(headings, [[name, *cells] for name, cells in rows.items()], "Environment")
    return _same_data(runs) + html


def _same_data(runs: Sequence[Drawn]) -> str:
    checksums = [data_checksums(run.report) for run in runs]
    if len(runs) < 2 or not all(checksums):
        return ""
    roles = sorted(
        {role for one in checksums for role in one if any(other.get(role) != one[role] for other in checksums)}
    )
    if not roles:
        return "<p>The runs were trained on the same data.</p>"
    return f'<p class="notice">The runs were trained on different data: {escape(printable(", ".join(roles)))}.</p>'


def _shown(value: Any) -> str:
    """A setting as one line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return printable(" ".join(map(str, value)) if isinstance(value, list) else str(value))
