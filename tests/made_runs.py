"""Runs for any task with random weights, made next to the trained run of a project without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models import random_weights

from pairlens.config.schema import Config
from pairlens.runs.run import Run


def make_run(
    project: Path, path: Path, seed: int = 1, task: str = "binary", data: dict[str, Any] | None = None, **model: Any
) -> Path:
    """A run like the project's with other settings and random weights."""
    raw = Run.open(project / "run").config().model_dump()
    raw["task"] = task
    raw["data"] |= data or {}
    raw["model"] |= model
    config = Config.model_validate(raw)
    Run.create(path, config, {}).write_weights(random_weights(config, seed))
    return path


def write_split(prefix: Path, **sides: list[Any]) -> Path:
    for side, lines in sides.items():
        Path(f"{prefix}.{side}.txt").write_text("".join(f"{line}\n" for line in lines))
    return prefix
