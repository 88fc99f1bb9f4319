"""The metrics of a ranking as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pairlens_cli import output
from pairlens_cli.display.tables import number, say_table


def show(result: Mapping[str, Any]) -> None:
    """Show the metrics of a ranking, with their intervals."""
    groups = result["groups"]
    counted = f"{groups['counted']:,} {'query' if groups['counted'] == 1 else 'queries'}"
    facts = f"{counted} ({groups['without_positive']:,} more, without a relevant candidate, left out)"
    output.say(f"{result['run']} on {result['queries']} and {result['candidates']}: {facts}")
    intervals = result["intervals"]
    rows = [
        (name, number(value), "{:.4f} to {:.4f}".format(*intervals[name])) for name, value in result["metrics"].items()
    ]
    say_table(("metric", "value", "95 % interval"), rows)
