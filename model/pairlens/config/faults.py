"""Pydantic's errors in plain words: which key, where it was written, what was found and what it must be."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pairlens.config.keys import sections_of
from pairlens.config.located import Fault, Located, Location, dotted
from pairlens.config.schema import Config

_MUST_BE = {
    "model_type": "a mapping",
    "model_attributes_type": "a name or a mapping",
    "tuple_type": "a list",
    "bool_type": "true or false",
    "string_type": "a name",
}


def explain(error: ValidationError, tree: Located) -> Iterator[Fault]:
    """Yield the faults of single values. Contradictions are not among them: pydantic looks for those only if every
    value is valid."""
    for detail in error.errors(include_url=False):
        location, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
        if not location:
            continue
        if kind == "missing":
            yield Fault(_find(tree, location)[0].place, f"{dotted(location)}: missing; add it (there is no default)")
        elif kind == "extra_forbidden":
            node, found = _find(tree, location)
            nearest = _nearest(str(location[-1]), _keys(location[:-1]))
            yield Fault(node.place, f"{dotted(found)}: unknown key; {nearest}")
        elif kind == "union_tag_invalid":
            yield fault_at(tree, (*location, "name"), "one of " + context["expected_tags"].replace("'", ""))
        else:
            words = detail["msg"].removeprefix("Input should be ").replace("'", "")
            yield fault_at(tree, location, context.get("must_be") or _MUST_BE.get(kind, words))


def fault_at(tree: Located, location: Location, must_be: str) -> Fault:
    """The fault of the value at a location, or of the section around it if there is no such value."""
    node, found = _find(tree, location)
    return Fault(node.place, f"{dotted(found)}: found {shown(node.value)}; must be {must_be}")


def shown(value: Any) -> str:
    """A value as messages show it, in at most 60 characters."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        text = f"[{', '.join(shown(item.value) for item in value)}]"
    else:
        text = json.dumps(value, ensure_ascii=not str(value).isprintable())
    return text if len(text) <= 60 else text[:57] + "..."


def _find(tree: Located, location: Location) -> tuple[Located, list[str | int]]:
    """The value at pydantic's location, and its location in the file.

    They differ where the file has a short form (no index, no `name`) and where pydantic adds an optimizer's name.
    """
    found: list[str | int] = []
    for part in location:
        child = tree.child(part)
        if child is not None:
            tree = child
            found.append(part)
    return tree, found


def _keys(location: Location) -> list[str]:
    """The keys of the section at pydantic's location."""
    sections: list[type[BaseModel]] = [Config]
    for part in location:
        fields = [section.model_fields[part] for section in sections if part in section.model_fields]
        if fields:
            sections = [section for field in fields for section in sections_of(field.annotation)]
        elif isinstance(part, str):  # the name of one of several optimizers or initializers
            sections = [section for section in sections if part in get_args(section.model_fields["name"].annotation)]
    return list(sections[0].model_fields)


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"the keys here are {', '.join(known)}"
