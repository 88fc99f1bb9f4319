"""The JSON schema of a config file, with which editors complete and check it while it is written."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from pairlens.config.file import FORMAT
from pairlens.config.schema import Config


def config_schema() -> dict[str, Any]:
    """The schema. It accepts every config that loads and rejects faults that are visible in a single value."""
    schema = Config.model_json_schema(schema_generator=_Generator)
    keys = {**schema["properties"], "format": {"type": "integer", "minimum": 0, "maximum": FORMAT}}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "properties": keys}


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Omits the titles of fields, which would only repeat the keys."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:  # noqa: ARG002
        return False
