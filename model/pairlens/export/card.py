"""The card of an export: which model it is, how good it is, and what made it, for `card.json` and the README."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.weights import fingerprint
from pairlens.errors import RunError
from pairlens.export.names import Format
from pairlens.runs import names
from pairlens.runs.carried import carried_file, recorded_hash
from pairlens.runs.run import Run
from pairlens.scoring.decimals import shortest
from pairlens.scoring.scorer import Scorer

Card = dict[str, Any]
Weights = Mapping[str, NDArray[np.float32]]

# Any ids do for the example; those beyond a small vocabulary begin again at 0.
_RAGGED = [[2, 3, 4, 5], [6, 7]], [[5, 3, 2], [7, 6, 8, 9, 2]]
_REGULAR = [[2, 3, 4, 5], [6, 7, 8, 9]], [[5, 3, 2], [7, 6, 8]]  # where padding counts as tokens
_PACKAGES: dict[Format, tuple[str, ...]] = {
    "savedmodel": ("tensorflow",),
    "keras": ("tensorflow", "tf-keras"),
    "onnx": ("tensorflow", "tf2onnx", "onnx"),
    "safetensors": ("safetensors",),
}


def make_card(
    run: Run, config: Config, weights: Weights, to: Format, dev: Mapping[str, Any], carried: Mapping[str, bytes]
) -> Card:
    """The card as a JSON object.

    Args:
        dev: the metrics on dev, see `measured_on_dev` of jobs/export_job.py.
        carried: the files of the run that are copied beside the model, by name.
    """
    has_threshold = config.task == "binary" and bool(dev["metrics"] or not config.data.dev)  # not lost
    return {
        "format": to,
        "task": config.task,
        # Not the path, which is of no use on another machine.
        "run": (run.path.resolve() if isinstance(run.path, Path) else run.path).name,
        "fingerprint": fingerprint(config, weights),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: _version(name) for name in ("pairlens", *_PACKAGES[to])},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in carried.items()},
        "input_dim": config.model.embedding.input_dim,
        "classes": config.model.classes,
        "masking": config.model.masking,
        "max_length": config.data.max_length,
        "too_long": config.data.too_long,
        "empty": config.data.empty,
        "threshold": run.threshold() if has_threshold else None,
        "logit_threshold": run.logit_threshold() if has_threshold else None,
        "dev": dict(dev),
        "example": _example(config, weights, to),
    }


def read_files(run: Run, config: Config) -> dict[str, bytes]:
    """The tokenizer, vocabulary and class names that a run carries, by file name, unchanged since training.

    Raises:
        RunError: one is missing, or not what the run was trained with.
    """
    environment = run.environment()
    paths = {name: carried_file(run.path, name, environment) for name in names.CARRIED}
    for name, path in paths.items():
        if path is None and (recorded_hash(environment, name) or _always_carried(config, name)):
            raise RunError(f"{run.path / name}: missing, but the run was trained with it; copy the run again")
    return {name: path.read_bytes() for name, path in paths.items() if path}


def _always_carried(config: Config, name: str) -> bool:
    """Whether any run of this config has a file; runs from before version 0.3.0 carry no vocabulary."""
    return name != names.VOCAB and bool(getattr(config.data, names.CARRIED[name]))


def _example(config: Config, weights: Weights, to: Format) -> Card:
    """Two pairs of ids with their scores, by which a consumer can check its own."""
    count = config.model.embedding.input_dim
    sides = _REGULAR if to == "keras" or config.model.masking == "none" else _RAGGED
    query, value = ([[i % count for i in text] for text in side] for side in sides)
    scores = Scorer(config, weights, threads=1).score(query, value, on_overflow="nan")
    return {"query_ids": query, "value_ids": value, "score": shortest(scores).tolist()}


def _version(package: str) -> str:
    """`missing` if it is not installed, or under another name, as tensorflow-cpu is."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
