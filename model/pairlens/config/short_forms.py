"""Short forms of config values: their validators, and their JSON schema for editors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Change = Callable[[JsonSchemaValue, GetJsonSchemaHandler], JsonSchemaValue]


@dataclass(frozen=True, slots=True)
class ShortForm:
    """A pydantic validator, and how it changes the JSON schema of the validated type."""

    validator: BeforeValidator | AfterValidator
    change: Change

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.validator.__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.change(handler(core), handler)


def one_or_list(array: JsonSchemaValue, _: GetJsonSchemaHandler) -> JsonSchemaValue:
    """The schema of a list or a single item."""
    return {"anyOf": [array, array["items"]]}


def each_once(either: JsonSchemaValue, _: GetJsonSchemaHandler) -> JsonSchemaValue:
    """The schema of a list of at least one item, each once, or of a single item."""
    array, item = either["anyOf"]
    return {"anyOf": [{**array, "minItems": 1, "uniqueItems": True}, item]}


def name_or_mapping(default: str) -> Change:
    """The schema of a name, or of a mapping with or without `name`, which is `default` if missing."""

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
