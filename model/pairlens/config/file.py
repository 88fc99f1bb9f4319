"""A config as YAML text: read with the place of every value, changed by `--set`, checked whole, written out again."""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import ComposerError
from yaml.reader import ReaderError

from pairlens.config.schema import Config, contradictions
from pairlens.errors import ConfigError

_PATHS = [("data", key) for key in ("train", "dev", "test", "vocab")] + [
    ("model", "embedding", "pretrained"),
    ("training", "warm_start"),
]
_MAX_DEPTH = 20
_MAX_BYTES = 2**18  # a thousand times what a config needs
CONFIG_END = "\n...\n"  # YAML's mark of a document's end, by which a run's config that is cut off is known


def load_config(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a config file, apply the overrides (`KEY=VALUE`, the value is YAML) in order, and check the whole.

    A relative path is relative to the file's folder, in an override to the working directory.
    Raises ConfigError with every fault, in the order of the file and then of the overrides.
    """
    faults: list[_Fault] = []
    refused: list[str] = []
    tree = _read(path, faults)
    for override in overrides:
        try:
            tree = _apply(override, tree, faults)
        except ConfigError as error:
            refused += error.faults
    raw = _plain(tree)
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        faults += _explain(error, tree)
        faults += [_fault(tree, location, must_be) for location, must_be in contradictions(raw)]
    if faults or refused:
        faults.sort(key=lambda fault: fault.place.line or sys.maxsize)
        raise ConfigError([f"{place}: {text}" for place, text in faults] + refused)
    return config


def dump_config(config: Config) -> str:
    """The config as YAML, every default written out and every path absolute; `load_config` of it gives an equal one."""
    values = config.model_dump(mode="json")
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize, explicit_end=True)


class _Dumper(yaml.SafeDumper):
    """Quotes and escapes what cannot be printed: PyYAML changes some line breaks of Unicode otherwise."""

    def represent_str(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(str, _Dumper.represent_str)


class _Place(NamedTuple):
    """Where a value was written: in a file at a line, or in a `--set`; and the folder of its relative paths."""

    origin: str
    line: int | None
    folder: Path

    def of(self, node: yaml.Node) -> _Place:
        return self if self.line is None else self._replace(line=node.start_mark.line + 1)

    def __str__(self) -> str:
        return self.origin if self.line is None else f"{self.origin}:{self.line}"


class _Fault(NamedTuple):
    place: _Place
    text: str


class _Located(NamedTuple):
    """A scalar, a list of located values or a mapping of names to them, and the place where it was written."""

    value: Any
    place: _Place

    def child(self, part: str | int) -> _Located | None:
        if isinstance(part, int):
            return self.value[part] if isinstance(self.value, list) and part < len(self.value) else None
        return self.value.get(part) if isinstance(self.value, dict) else None


# From text to located values.


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema (`1e-3` is a number, `no` a word), without anchors, aliases and tags."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (a class attribute of PyYAML's: none of YAML 1.1's)
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
            raise ComposerError(None, None, "anchors (&), aliases (*) and tags (!) are not allowed", event.start_mark)
        if self.depth == _MAX_DEPTH:
            raise ComposerError(None, None, f"nested more than {_MAX_DEPTH} deep", event.start_mark)
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


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
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


def _read(path: Path, faults: list[_Fault]) -> _Located:
    """The mapping in a file. Raises ConfigError if there is none."""
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
    tree = _parse(text, _Place(str(path), 1, path.absolute().parent), faults)
    if not isinstance(tree.value, dict):
        found = "an empty file" if tree.value is None else _show(tree.value)
        raise ConfigError([f"{path}: found {found}; must be a mapping, {', '.join(Config.model_fields)}"])
    return tree


def _parse(text: str, place: _Place, faults: list[_Fault]) -> _Located:
    """The located value of a YAML text. Raises ConfigError if it is not YAML."""
    try:
        node = _Loader(text).get_single_node()
    except ReaderError as error:
        line, column = text.count("\n", 0, error.position), error.position - text.rfind("\n", 0, error.position) - 1
        problem = f"the character {text[error.position]!a} is not allowed"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        problem = ", ".join(part for part in (error.context, error.problem) if part)
    else:
        return _Located(None, place) if node is None else _locate(node, place, (), faults)
    where = place.origin if place.line is None else f"{place.origin}:{line + 1}:{column + 1}"
    raise ConfigError([f"{where}: not a valid YAML text: {problem}"])


def _locate(node: yaml.Node, place: _Place, location: tuple[str | int, ...], faults: list[_Fault]) -> _Located:
    if isinstance(node, yaml.ScalarNode):
        return _Located(_scalar(node), place)
    if isinstance(node, yaml.SequenceNode):
        items = [_locate(item, place.of(item), (*location, i), faults) for i, item in enumerate(node.value)]
        return _Located(items, place)
    entries: dict[str, _Located] = {}
    for key_node, value_node in node.value:
        key, here = key_node.value, place.of(key_node)
        if not isinstance(key, str):
            faults.append(_Fault(here, "found a list or a mapping as a key; must be a name"))
            continue
        if key in entries:
            lines = "" if here.line is None else f", on lines {entries[key].place.line} and {here.line}"
            faults.append(_Fault(here, f"{_name((*location, key))}: given twice{lines}; keep one"))
        entries[key] = _locate(value_node, here, (*location, key), faults)
    return _Located(entries, place)


def _plain(node: _Located, location: tuple[str | int, ...] = ()) -> Any:
    """The value without places, its paths absolute."""
    if isinstance(node.value, dict):
        return {key: _plain(child, (*location, key)) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(child, (*location, i)) for i, child in enumerate(node.value)]
    if location in _PATHS and isinstance(node.value, str) and node.value:
        expanded = os.path.expanduser(node.value)  # noqa: PTH111  (pathlib's raises for an unknown user)
        return Path(os.path.normpath(node.place.folder / expanded))
    return node.value


# Overrides.


def _apply(override: str, tree: _Located, faults: list[_Fault]) -> _Located:
    """The tree with `KEY=VALUE` applied. Raises ConfigError if it cannot be."""
    key, equals, text = override.partition("=")
    place = _Place(f"--set {override if override.isprintable() else ascii(override)}", None, Path.cwd())
    steps = re.sub(r"\[([0-9]+)\]", r".\1", key.strip()).split(".")
    if not equals or not all(steps) or len(steps) > _MAX_DEPTH:
        raise ConfigError([f"{place}: must be KEY=VALUE, such as training.epochs=3"])
    return _replace(tree, steps, _parse(text, place, faults))


def _replace(node: _Located, steps: Sequence[str], new: _Located) -> _Located:
    """`node` with `new` at `steps`; on the way, short forms are spelled out and missing mappings made."""
    if not steps:
        return new
    step, rest, value = steps[0], steps[1:], node.value
    if step.isdecimal():
        items = value if isinstance(value, list) else [node]
        indices = [str(i) for i in range(len(items))]
        if step not in indices:
            raise ConfigError([f"{new.place}: index {step} is not in the list, which has {len(items)} from index 0"])
        at = indices.index(step)
        return node._replace(value=[*items[:at], _replace(items[at], rest, new), *items[at + 1 :]])
    if isinstance(value, list):
        raise ConfigError([f'{new.place}: "{step}" stands in a list; write the index before it, such as 0.{step}'])
    if not isinstance(value, dict):
        value = {"name": node} if isinstance(value, str) else {}
    child = value.get(step, _Located(None, new.place))
    return node._replace(value={**value, step: _replace(child, rest, new)})


# Faults in plain words.

_MUST_BE = {
    "model_type": "a mapping",
    "model_attributes_type": "a name or a mapping",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "string_type": "a name",
}


def _explain(error: ValidationError, tree: _Located) -> Iterator[_Fault]:
    for detail in error.errors(include_url=False):
        location, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
        if not location:
            continue  # contradictions, which load_config looks for itself: pydantic looks only if all else is right
        if kind == "missing":
            yield _Fault(_find(tree, location)[0].place, f"{_name(location)}: missing; it has no default")
        elif kind == "extra_forbidden":
            node, found = _find(tree, location)
            yield _Fault(
                node.place, f"{_name(found)}: unknown key; {_nearest(str(location[-1]), _keys(location[:-1]))}"
            )
        elif kind == "union_tag_invalid":
            yield _fault(tree, (*location, "name"), "one of " + context["expected_tags"].replace("'", ""))
        else:
            words = detail["msg"].removeprefix("Input should be ").replace("'", "")
            yield _fault(tree, location, context.get("must_be") or _MUST_BE.get(kind, words))


def _fault(tree: _Located, location: Sequence[str | int], must_be: str) -> _Fault:
    node, found = _find(tree, location)
    return _Fault(node.place, f"{_name(found)}: found {_show(node.value)}; must be {must_be}")


def _find(tree: _Located, location: Sequence[str | int]) -> tuple[_Located, list[str | int]]:
    """The value at pydantic's location, and its location in the file.

    They differ where the file has a short form (no index, no `name`) and where pydantic adds the name of an optimizer.
    """
    found: list[str | int] = []
    for part in location:
        child = tree.child(part)
        if child is not None:
            tree = child
            found.append(part)
    return tree, found


def _keys(location: Sequence[str | int]) -> list[str]:
    """The keys that the section at pydantic's location takes."""
    sections: list[type[BaseModel]] = [Config]
    for part in location:
        fields = [section.model_fields[part] for section in sections if part in section.model_fields]
        if fields:
            sections = [section for field in fields for section in _sections(field.annotation)]
        elif isinstance(part, str):  # the name of one of several optimizers or initializers
            sections = [section for section in sections if part in get_args(section.model_fields["name"].annotation)]
    return list(sections[0].model_fields)


def _sections(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections(part)]


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"the keys here are {', '.join(known)}"


def _name(location: Sequence[str | int]) -> str:
    """A location as it is written in messages: model.conv[0].filters."""
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part if part.isidentifier() else ascii(part)}"
        for part in location
    ]
    return "".join(parts).removeprefix(".")


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        text = f"[{', '.join(_show(item.value) for item in value)}]"
    else:
        text = json.dumps(value, ensure_ascii=not str(value).isprintable())
    return text if len(text) <= 60 else text[:57] + "..."
