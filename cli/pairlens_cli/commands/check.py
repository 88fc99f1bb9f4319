"""pairlens check: check a config and its data without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import typer

from pairlens.texts.words import printable
from pairlens_cli import options, output
from pairlens_cli.display.tables import say_table

if TYPE_CHECKING:
    from pairlens.check import Findings, SplitFigures
    from pairlens.config.schema import Config
    from pairlens.locations.location import Location


def check(config_file: options.ConfigFile, set_: options.Set = None) -> None:
    """Check a config and its data files: report every fault at once, and statistics of each split. Trains nothing."""
    from pairlens.check import examine
    from pairlens.config.file import load_config

    config = load_config(config_file, set_ or [])
    findings = examine(config)
    _log_inputs(config_file, config, findings)
    if findings.splits:
        _print_table(findings)
    for split in findings.splits:
        _say_groups(split)
    if findings.memory:
        output.say(findings.memory)
    if findings.coverage:
        output.say(findings.coverage)
    for remark in findings.remarks:
        output.warn(remark)
    for problem in findings.problems:
        output.error(problem)
    if findings.problems:
        raise typer.Exit(2)
    with output.results(None) as file:
        file.write(f"{printable(str(config_file))}: no faults found\n")


def _log_inputs(config_file: Location, config: Config, findings: Findings) -> None:
    """Log what was read, for --verbose."""
    from pairlens.texts.splits import SplitName, find_split
    from pairlens_cli.display.details import log_model, log_pairs, log_threads

    log_model(config_file, config)
    for split in findings.splits:
        log_pairs(find_split(config, cast(SplitName, split.name)), split.pairs)
    log_threads(1)


def _print_table(findings: Findings) -> None:
    headings = ("split", "pairs", "query length", "value length", "ids", "empty", "too long", "labels")
    say_table(
        headings,
        map(_row, findings.splits),
        caption="lengths in tokens: minimum, median, 90th and 99th percentile, maximum",
    )


def _row(split: SplitFigures) -> list[str]:
    lengths = [" ".join(map(str, length)) for length in (split.query_length, split.value_length)]
    ids = "none" if split.ids is None else f"{split.ids[0]}–{split.ids[1]}"
    texts = [f"{split.empty:,}", f"{split.too_long:,}"]
    return [split.name, f"{split.pairs:,}", *lengths, ids, *texts, _labels(split.labels)]


def _say_groups(split: SplitFigures) -> None:
    if (groups := split.groups) is not None:
        output.say(
            f"{split.name}: {groups.groups:,} groups of {groups.smallest} to {groups.largest} pairs, median "
            f"{groups.median}; {groups.without_positive:,} without a positive, "
            f"{groups.without_negative:,} without a negative"
        )


def _labels(labels: dict[str, float]) -> str:
    if "mean" in labels:
        return f"{labels['min']:g}–{labels['max']:g}, mean {labels['mean']:.3g}"
    total = sum(labels.values())
    return "  ".join(f"{label}: {count / total:.0%}" for label, count in labels.items())
