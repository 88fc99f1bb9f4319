"""Change one value of a config: by `--set KEY=VALUE`, or by `set={KEY: VALUE}` in code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pairlens.config.located import Fault, Located, Place, located_tree, parse_located
from pairlens.config.yaml_core import MAX_DEPTH
from pairlens.errors import ConfigError
from pairlens.locations.location import without_secrets


def apply_override(override: str, tree: Located, faults: list[Fault]) -> Located:
    """The tree with `KEY=VALUE` applied, the value being YAML. Raises ConfigError if it cannot be."""
    key, equals, text = override.partition("=")
    shown = without_secrets(override)
    place = Place(f"--set {shown if shown.isprintable() else ascii(shown)}", None, Path.cwd())
    steps = _steps(key)
    if not equals or not steps:
        raise ConfigError([f"{place}: must be KEY=VALUE, such as training.epochs=3"])
    return _replace(tree, steps, _value(text, place, faults))


def apply_change(key: str, value: Any, tree: Located) -> Located:
    """The tree with a value from code at a dotted key. Raises ConfigError if the key or the value cannot be used."""
    place = Place(f"set[{key!a}]", None, Path.cwd())
    steps = _steps(key) if isinstance(key, str) else []
    if not steps:
        raise ConfigError([f"{place}: must be the dotted name of a key, such as training.epochs"])
    located = [int(step) if step.isdecimal() else step for step in steps]
    return _replace(tree, steps, located_tree(value, place, located))


def _steps(key: str) -> list[str]:
    """The names and indices of a dotted key; none if it is no key."""
    steps = re.sub(r"\[([0-9]+)\]", r".\1", key.strip()).split(".")
    return steps if all(steps) and len(steps) <= MAX_DEPTH else []


def _value(text: str, place: Place, faults: list[Fault]) -> Located:
    """The value of an override. Unlike in a file, a blank and `#` do not begin a comment."""
    located = parse_located(text, place, faults)
    whole = text.strip()
    if "#" not in whole or isinstance(located.value, (dict, list)) or whole[0] in "'\"":
        return located
    return Located(whole, place)


def _replace(node: Located, steps: Sequence[str], new: Located) -> Located:
    """`node` with `new` at `steps`; on the way, short forms are spelled out and missing mappings are added."""
    if not steps:
        return new
    step, rest, value = steps[0], steps[1:], node.value
    if step.isdecimal():
        items = value if isinstance(value, list) else [node]
        indices = [str(i) for i in range(len(items))]
        if step not in indices:
            raise ConfigError([f"{new.place}: no index {step}; the list has {len(items)} items, counted from 0"])
        at = indices.index(step)
        return node._replace(value=[*items[:at], _replace(items[at], rest, new), *items[at + 1 :]])
    if isinstance(value, list):
        raise ConfigError(
            [f'{new.place}: "{step}" is a key of a list item; write the index before it, such as 0.{step}']
        )
    if not isinstance(value, dict):
        value = {"name": node} if isinstance(value, str) else {}
    child = value.get(step, Located(None, new.place))
    return node._replace(value={**value, step: _replace(child, rest, new)})
