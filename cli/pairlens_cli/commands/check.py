"""pairlens check: is this config right, and is its data? Trains nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from pairlens.texts.words import printable
from pairlens_cli import options, output

if TYPE_CHECKING:
    from pairlens.check import Findings


def check(config_file: options.ConfigFile, set_: options.Set = None) -> None:
    """Check a config and its data files: every fault at once, and figures of every split. Trains nothing."""
    from pairlens.check import examine
    from pairlens.config.file import load_config

    findings = examine(load_config(config_file, set_ or []))
    if findings.splits:
        _print_table(findings)
    if findings.memory:
        output.say(findings.memory)
    for remark in findings.remarks:
        output.warn(remark)
    for problem in findings.problems:
        output.error(problem)
    if findings.problems:
        raise typer.Exit(2)
    with output.results(None) as file:
        file.write(f"{printable(str(config_file))}: no faults found\n")


def _print_table(findings: Findings) -> None:
    from rich.table import Table

    table = Table(caption="lengths in tokens: shortest, median, 90th and 99th percentile, longest")
    table.add_column("split")
    for name in ("pairs", "query length", "value length", "ids", "empty", "too long", "labels"):
        table.add_column(name, justify="right")
    for split in findings.splits:
        lengths = [" ".join(map(str, length)) for length in (split.query_length, split.value_length)]
        ids = "none" if split.ids is None else f"{split.ids[0]}–{split.ids[1]}"
        table.add_row(
            split.name,
            f"{split.pairs:,}",
            *lengths,
            ids,
            f"{split.empty:,}",
            f"{split.too_long:,}",
            _labels(split.labels),
        )
    output.say(table)


def _labels(labels: dict[str, float]) -> str:
    if "mean" in labels:
        return f"{labels['min']:g}–{labels['max']:g}, mean {labels['mean']:.3g}"
    total = sum(labels.values())
    return "  ".join(f"{label}: {count / total:.0%}" for label, count in labels.items())
