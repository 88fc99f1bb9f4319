"""Every key of a config that has a value, with the values that can be listed; for the completion of `--set`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from pairlens.config.schema import Config


def config_keys() -> dict[str, list[str]]:
    """The dotted keys in the order of the schema, each with values as written in YAML.

    These are the names that it may have, true and false, or null; for other keys the default, as an example. A key of
    several sections, such as of different optimizers, has the values of all.
    """
    found: dict[str, list[str]] = {}
    for key, values in _keys(Config, ""):
        found[key] = list(dict.fromkeys([*found.get(key, []), *values]))
    return found


def sections_of(annotation: Any) -> list[type[BaseModel]]:
    """The sections that a type names, alone or among others."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_of(part)]


def _keys(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, list[str]]]:
    for name, field in section.model_fields.items():
        if inner := sections_of(field.annotation):
            for one in inner:
                yield from _keys(one, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", list(_values(field.annotation)) or _example(field.default)


def _example(default: Any) -> list[str]:
    return [json.dumps(default)] if isinstance(default, (int, float, tuple)) else []


def _values(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif annotation is bool:
        yield from ("true", "false")
    elif annotation is type(None):
        yield "null"
    else:
        for part in get_args(annotation):
            yield from _values(part)
