"""Reads the JSON files of a run, and raises RunError unless they are well-formed."""

from __future__ import annotations

import json
import math
from typing import Any

from pairlens.config.schema import Config
from pairlens.errors import RunError
from pairlens.locations.location import Location
from pairlens.texts.regular import read_regular

Json = dict[str, Any]

_MAX_EVALUATION = 2**20  # bytes
_MAX_TEXT = 2**26  # bytes of another file; enough for metrics of 100,000 epochs


def read_evaluation(path: Location) -> Json | None:
    return _read_object(path, _MAX_EVALUATION, "; train again")


def read_environment(path: Location) -> Json:
    return _read_object(path, _MAX_TEXT, "") or {}


def read_metrics(path: Location) -> list[Json]:
    """Return the object of each line, with null in `dev` read as nan; an empty list without a file."""
    try:
        lines = [json.loads(line) for line in read_regular(path, _MAX_TEXT).decode().splitlines()]
        return [line | {"dev": _with_nan(line["dev"])} for line in lines]
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise RunError(f"{path}: unreadable: {error.strerror}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(f"{path}: damaged ({error}); train again") from None


def _read_object(path: Location, limit: int, remedy: str) -> Json | None:
    try:
        value = json.loads(read_regular(path, limit))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise RunError(f"{path}: unreadable: {error.strerror}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: damaged ({error}){remedy}") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: damaged (not a JSON object){remedy}")
    return value


def _with_nan(metrics: Json) -> Json:
    return {name: math.nan if value is None else float(value) for name, value in metrics.items()}


def flat(tree: Any, path: str = "") -> Json:
    """Flatten a nested config to one mapping with dotted keys."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if items is None:
        return {path: tree}
    return {key: value for name, child in items for key, value in flat(child, f"{path}.{name}".strip(".")).items()}


def settings(config: Config) -> Json:
    """Every value of a config by its dotted key; the prefixes of train are one value."""
    tree = config.model_dump(mode="json")
    tree["data"]["train"] = config.data.named("train")
    return flat(tree)


def without_nan(tree: Any) -> Any:
    """Return the tree with None (JSON null) for NaN, an undefined metric, which JSON cannot represent."""
    if isinstance(tree, dict):
        return {key: without_nan(child) for key, child in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [without_nan(child) for child in tree]
    return None if isinstance(tree, float) and math.isnan(tree) else tree
