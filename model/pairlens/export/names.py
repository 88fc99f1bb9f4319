"""The formats of exports, and the names of their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, get_args

from pairlens.locations.location import Location

Format = Literal["savedmodel", "keras", "onnx", "safetensors"]

CARD, README = "card.json", "README.md"
FILES = "files"  # the key of the card that lists all files of the export


def files_of(folder: Location) -> set[str] | None:
    """The paths of an export's files in its directory, as its card lists them; None without the card of one."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        files = card[FILES]
        is_card = card["format"] in get_args(Format) and isinstance(card["fingerprint"], str) and CARD in files
        return {*files} if is_card and isinstance(files, list) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def files_below(folder: Path) -> list[str]:
    """The paths of all files in a directory, relative to it, in order."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
