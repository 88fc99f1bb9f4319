"""YAML values with the place of each, so that a fault can say where it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fsdecode
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from yaml.reader import ReaderError

from pairlens.config.yaml_core import compose, scalar_value
from pairlens.errors import ConfigError
from pairlens.locations.remote import Remote

_MAX_BYTES = 2**18  # a thousand times what a config needs

Location = Sequence[str | int]  # the keys and indices on the way to a value


class Place(NamedTuple):
    """Where a value was written: in a file at a line, in a `--set` or in code; and the folder of its relative paths."""

    origin: str
    line: int | None
    folder: Path | Remote

    def of(self, node: yaml.Node) -> Place:
        return self if self.line is None else self._replace(line=node.start_mark.line + 1)

    def __str__(self) -> str:
        return self.origin if self.line is None else f"{self.origin}:{self.line}"


class Fault(NamedTuple):
    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Located(NamedTuple):
    """A scalar, a list of located values or a mapping of names to them, and the place where it was written."""

    value: Any
    place: Place

    def child(self, part: str | int) -> Located | None:
        if isinstance(part, int):
            return self.value[part] if isinstance(self.value, list) and part < len(self.value) else None
        return self.value.get(part) if isinstance(self.value, dict) else None


def read_located(path: Path | Remote, faults: list[Fault]) -> Located:
    """The value of a YAML file; keys that cannot be used are added to `faults`.

    Raises:
        ConfigError: the file cannot be read, is too large for a config, or is not YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ConfigError([f"{path}: more than {_MAX_BYTES} bytes; a config is a few kilobytes"])
        text = content.decode().removeprefix("\ufeff")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: not UTF-8: {error.reason}"]) from None
    folder = (path.absolute() if isinstance(path, Path) else path).parent
    return parse_located(text, Place(str(path), 1, folder), faults)


def parse_located(text: str, place: Place, faults: list[Fault]) -> Located:
    """The value of a YAML text that begins at `place`, as from `read_located`. Raises ConfigError if it is not YAML."""
    try:
        node = compose(text)
    except ReaderError as error:
        line, column = text.count("\n", 0, error.position), error.position - text.rfind("\n", 0, error.position) - 1
        problem = f"the character {text[error.position]!a} is not allowed"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problem = ", ".join(part for part in (error.context, error.problem) if part)
    else:
        return Located(None, place) if node is None else _locate(node, place, (), faults)
    where = place.origin if place.line is None else f"{place.origin}:{line + 1}:{column + 1}"
    raise ConfigError([f"{where}: not valid YAML: {problem}"])


def located_tree(value: Any, place: Place, location: Location = ()) -> Located:
    """The located value of nested mappings, lists and scalars that were built in code.

    A path becomes its name; numbers and arrays of NumPy, which have `tolist`, become those of Python.

    Raises:
        ConfigError: a value is of a type that no file can have, such as a set.
    """
    value = value.tolist() if hasattr(value, "tolist") and not isinstance(value, type) else value
    if isinstance(value, Mapping):
        tree = {str(key): located_tree(child, place, (*location, str(key))) for key, child in value.items()}
        return Located(tree, place)
    if isinstance(value, (list, tuple)):
        return Located([located_tree(item, place, (*location, i)) for i, item in enumerate(value)], place)
    if isinstance(value, (PathLike, Remote)):
        return Located(fsdecode(value) if isinstance(value, PathLike) else str(value), place)
    if value is None or isinstance(value, (bool, int, float, str)):
        return Located(value, place)
    found = f"{dotted(location)}: found a value of type {type(value).__name__}"
    raise ConfigError([f"{place}: {found}; must be a number, a string, a list or a mapping"])


def dotted(location: Location) -> str:
    """A location as it is written in messages: model.conv[0].filters."""
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part if part.isidentifier() else ascii(part)}"
        for part in location
    ]
    return "".join(parts).removeprefix(".")


def _locate(node: yaml.Node, place: Place, location: tuple[str | int, ...], faults: list[Fault]) -> Located:
    if isinstance(node, yaml.ScalarNode):
        return Located(scalar_value(node), place)
    if isinstance(node, yaml.SequenceNode):
        items = [_locate(item, place.of(item), (*location, i), faults) for i, item in enumerate(node.value)]
        return Located(items, place)
    entries: dict[str, Located] = {}
    for key_node, value_node in node.value:
        key, here = key_node.value, place.of(key_node)
        if not isinstance(key, str):
            faults.append(Fault(here, "found a list or a mapping as a key; must be a name"))
            continue
        if key in entries:
            lines = "" if here.line is None else f", on lines {entries[key].place.line} and {here.line}"
            faults.append(Fault(here, f"{dotted((*location, key))}: given twice{lines}; keep one"))
        entries[key] = _locate(value_node, here, (*location, key), faults)
    return Located(entries, place)
