"""`--set KEY=VALUE`: change one value of a config."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pairlens.config.located import Fault, Located, Place, parse_located
from pairlens.config.yaml_core import MAX_DEPTH
from pairlens.errors import ConfigError
from pairlens.locations.location import without_secrets


def apply_override(override: str, tree: Located, faults: list[Fault]) -> Located:
    """The tree with `KEY=VALUE` applied, the value being YAML. Raises ConfigError if it cannot be."""
    key, equals, text = override.partition("=")
    shown = without_secrets(override)
    place = Place(f"--set {shown if shown.isprintable() else ascii(shown)}", None, Path.cwd())
    steps = re.sub(r"\[([0-9]+)\]", r".\1", key.strip()).split(".")
    if not equals or not all(steps) or len(steps) > MAX_DEPTH:
        raise ConfigError([f"{place}: must be KEY=VALUE, such as training.epochs=3"])
    return _replace(tree, steps, _value(text, place, faults))


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
