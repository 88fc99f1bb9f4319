"""Reads a space from YAML: ranges and lists of choices under the config's keys, dotted or nested."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pairlens.config.faults import shown
from pairlens.config.located import Fault, Located, Place, parse_located, read_located
from pairlens.errors import ConfigError
from pairlens.jobs.tune.space import Choices, Parameter, Range, Space
from pairlens.locations.location import Location

_KEY = re.compile(r"[^\W\d]\w*(\.\w+|\[[0-9]+\])*")
_KEYS = ("low", "high", "log", "step")


def read_space(path: Location) -> Space:
    """Read a space from a file.

    Raises:
        ConfigError: lists every fault of the file; keys and values are not compared with a config yet.
    """
    faults: list[Fault] = []
    return _space(read_located(path, faults), faults)


def parse_space(text: str, origin: str) -> Space:
    """Read a space from a text, as `read_space` does; `origin` stands for its file in messages."""
    faults: list[Fault] = []
    return _space(parse_located(text, Place(origin, 1, Path.cwd()), faults), faults)


def _space(tree: Located, faults: list[Fault]) -> Space:
    if not isinstance(tree.value, dict) or not tree.value:
        raise ConfigError([f"{tree.place.origin}: must be a mapping from keys of the config to ranges or choices"])
    space = tuple(_parameters(tree, "", faults))
    for i, parameter in enumerate(space):
        if not _KEY.fullmatch(parameter.key):
            faults.append(Fault(parameter.place, f"{shown(parameter.key)}: not a key, such as training.batch_size"))
        others = ((_steps(one.key), one.key) for one in space[:i])
        steps = _steps(parameter.key)
        if outer := next((key for its, key in others if its[: len(steps)] == steps[: len(its)]), None):
            faults.append(Fault(parameter.place, f"{parameter.key}: {_relation(steps, outer)}"))
    if faults:
        raise ConfigError([str(fault) for fault in faults])
    return space


def _steps(key: str) -> list[str]:
    """The names and indices on the way to a key, however it is spelled."""
    return key.replace("[", ".").replace("]", "").split(".")


def _relation(steps: list[str], other: str) -> str:
    """How a key relates to an earlier one that it overlaps."""
    if _steps(other) == steps:
        return "given twice; keep one"
    return f"{'is part of' if len(steps) > len(_steps(other)) else 'contains'} {other}; keep one of the two"


def _parameters(node: Located, key: str, faults: list[Fault]) -> Iterator[Parameter]:
    """The ranges and choices at and below a key; what is neither is added to `faults`."""
    value = node.value
    try:
        if isinstance(value, list):
            yield Parameter(key, _choices(value), node.place)
        elif isinstance(value, dict) and value and not {"low", "high"} & value.keys():
            for name, child in value.items():
                yield from _parameters(child, f"{key}.{name}" if key else name, faults)
        elif isinstance(value, dict) and value:
            yield Parameter(key, _range(value), node.place)
        else:
            found = "an empty mapping" if value == {} else shown(value)
            raise ValueError(f"found {found}; must be {{low: A, high: B}} or a list of choices")
    except ValueError as error:
        faults.append(Fault(node.place, f"{key}: {error}"))


def _choices(items: Sequence[Located]) -> Choices:
    values = tuple(json.dumps(_plain(item), ensure_ascii=False) for item in items)
    if not values or len(set(values)) < len(values):
        raise ValueError("must be a list of at least one choice, each once")
    return Choices(values)


def _range(entries: dict[str, Located]) -> Range:
    """Raises ValueError, saying what is wrong."""
    for name in entries.keys() - set(_KEYS):
        near = difflib.get_close_matches(name, _KEYS, n=1)
        raise ValueError(
            f"unknown key {name} of a range; " + (f'did you mean "{near[0]}"?' if near else ", ".join(_KEYS))
        )
    low, high = (_number(entries, name) for name in ("low", "high"))
    step = _number(entries, "step") if "step" in entries else None
    log = entries["log"].value if "log" in entries else False
    if not isinstance(log, bool):
        raise ValueError(f"log: found {shown(log)}; must be true or false")
    if low >= high:
        raise ValueError(f"low {low} must be below high {high}")
    if log and (low <= 0 or step is not None):
        raise ValueError("log: true needs low above 0" if low <= 0 else "log: true allows no step")
    if step is not None and not 0 < step <= high - low:
        raise ValueError(f"step {step} must be above 0 and at most high - low")
    return Range(low, high, log, step)


def _number(entries: dict[str, Located], name: str) -> float:
    number = entries[name].value if name in entries else None
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise ValueError(f"{name}: found {shown(number)}; must be a number")
    return number


def _plain(node: Located) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, child in node.value.items()}
    return [_plain(child) for child in node.value] if isinstance(node.value, list) else node.value
