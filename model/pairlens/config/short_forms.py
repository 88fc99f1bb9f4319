"""Short forms of a value: their validators, and how the JSON schema tells editors of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Change = Callable[[JsonSchemaValue, GetJsonSchemaHandler], JsonSchemaValue]


@dataclass(frozen=True, slots=True)
class Told:
    """A validator of pydantic's, and the JSON schema of what it accepts, given that of the type behind it."""

    validator: BeforeValidator | AfterValidator
    change: Change

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.validator.__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.change(handler(core), handler)


def one_or_list(array: JsonSchemaValue, _: GetJsonSchemaHandler) -> JsonSchemaValue:
    """A list, or one item of it."""
    return {"anyOf": [array, array["items"]]}


def each_once(either: JsonSchemaValue, _: GetJsonSchemaHandler) -> JsonSchemaValue:
    """A list of at least one item, each once, or one item of it."""
    array, item = either["anyOf"]
    return {"anyOf": [{**array, "minItems": 1, "uniqueItems": True}, item]}


def name_or_mapping(default: str) -> Change:
    """A name, or a mapping of one of the sections that have a `name`: of `default`'s, where it has none."""

    def change(either: JsonSchemaValue, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        options = either.get("oneOf") or either.get("anyOf") or [either]
        sections = [option for option in options if "$ref" in option]
        others = [option for option in options if "$ref" not in option]
        names = {option["$ref"]: list(_names(handler.resolve_ref_schema(option))) for option in sections}
        nameless = next(handler.resolve_ref_schema(option) for option in sections if default in names[option["$ref"]])
        mapping = {"if": {"required": ["name"]}, "then": {"oneOf": sections}, "else": _without_name(nameless)}
        every_name = [name for of_section in names.values() for name in of_section]
        return {"anyOf": [{"enum": every_name}, {"type": "object", **mapping}, *others]}

    return change


def _names(section: JsonSchemaValue) -> Iterator[str]:
    name = section["properties"]["name"]
    yield from name["enum"] if "enum" in name else [name["const"]]


def _without_name(section: JsonSchemaValue) -> JsonSchemaValue:
    keys = {key: value for key, value in section["properties"].items() if key != "name"}
    return {"type": "object", "properties": keys, "additionalProperties": False}
