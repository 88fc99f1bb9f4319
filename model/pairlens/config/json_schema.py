"""The JSON schema of a config file, by which editors complete and check it while it is written."""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from pairlens.config.file import FORMAT
from pairlens.config.schema import Config


def config_schema() -> dict[str, Any]:
    """The schema: it accepts every config that loads, and refuses what can be told from one value alone."""
    schema = Config.model_json_schema(schema_generator=_Generator)
    keys = {**schema["properties"], "format": {"type": "integer", "minimum": 0, "maximum": FORMAT}}
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "properties": keys}


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Leaves out titles of fields, which say no more than their keys."""

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:  # noqa: ARG002
        return False
