"""YAML 1.2's core schema (`1e-3` is a number, `no` a word), without anchors, aliases and tags."""

from __future__ import annotations

import re

import yaml
from yaml.composer import ComposerError

MAX_DEPTH = 20


def compose(text: str) -> yaml.Node | None:
    """The node of a YAML text, None if it is empty. Raises yaml.YAMLError if it is not one YAML document."""
    return _Loader(text).get_single_node()


def scalar_value(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    match node.tag:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        case "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012  (a class attribute of PyYAML's: none of YAML 1.1's)
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
            raise ComposerError(None, None, "anchors (&), aliases (*) and tags (!) are not allowed", event.start_mark)
        if self.depth == MAX_DEPTH:
            raise ComposerError(None, None, f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _tag, _pattern in {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    # More than 18 digits are read as a float: no key takes such an integer.
    "int": r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}",
    "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
}.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), None)
