"""The formats of exports, and names in them that several modules use."""

from __future__ import annotations

from typing import Literal

Format = Literal["savedmodel", "keras", "onnx", "safetensors"]

CARD, README = "card.json", "README.md"
FILES = "files"  # the key of the card that lists all files of the export
