"""Options for work on several processes or machines."""

from __future__ import annotations

from typing import Annotated

import typer

DEFAULT_RETRIES = 3
PANEL = "Several processes or machines"

Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="local|ray|auto|ray://HOST:PORT",
        help="Work in several processes: of this machine, without another package (local); of a Ray that is started "
        "here (ray); of the Ray cluster that this machine belongs to (auto); or of the one at an address.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="With --cluster: how many processes work at the same time; default: one for each processor.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Retries = Annotated[
    int | None,
    typer.Option(
        "--retries",
        metavar="N",
        min=0,
        help=f"With --cluster: how often a part is tried again after its worker died; default: {DEFAULT_RETRIES}.",
        rich_help_panel=PANEL,
    ),
]
