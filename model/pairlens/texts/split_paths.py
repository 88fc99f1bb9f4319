"""The files of a split, found by their common prefix."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pairlens.errors import DataError
from pairlens.texts.blocks import SUFFIXES, data_errors


@dataclass(frozen=True, slots=True)
class SplitPaths:
    """The files of a split; optional ones are None if they are missing."""

    query: Path
    value: Path
    label: Path | None = None
    group: Path | None = None
    weight: Path | None = None


def split_paths(prefix: Path) -> SplitPaths:
    """Find `PREFIX.query.txt`, `PREFIX.value.txt` and, if they exist, `PREFIX.label.txt`, `PREFIX.group.txt` and
    `PREFIX.weight.txt`, compressed or not.

    Raises:
        DataError: the query or value file is missing, or a file exists both plain and compressed.
    """
    with data_errors(str(prefix)):
        query, value = _find(prefix, "query"), _find(prefix, "value")
        if query is None:
            raise _missing(prefix, "query")
        if value is None:
            raise _missing(prefix, "value")
        return SplitPaths(query, value, *(_find(prefix, side) for side in ("label", "group", "weight")))


def find_group_file(query: Path) -> Path | None:
    """`PREFIX.group.txt` next to a file `PREFIX.query.txt`, each compressed or not; None if there is none.

    Raises:
        DataError: it exists both plain and compressed.
    """
    plain = query.with_suffix("") if query.suffix in SUFFIXES[1:] else query
    prefix = plain.name.removesuffix(".query.txt")
    if prefix == plain.name:
        return None
    with data_errors(str(query)):
        return _find(query.with_name(prefix), "group")


def _find(prefix: Path, side: str) -> Path | None:
    paths = [path for suffix in SUFFIXES if (path := Path(f"{prefix}.{side}.txt{suffix}")).exists()]
    if len(paths) > 1:
        raise DataError(f"{paths[1]}: exists in addition to {paths[0].name}; keep one of the two")
    return paths[0] if paths else None


def _missing(prefix: Path, side: str) -> DataError:
    path = Path(f"{prefix}.{side}.txt")
    names = [sibling.name for sibling in path.parent.iterdir() if side in sibling.name] if path.parent.is_dir() else []
    nearest = get_close_matches(path.name, names, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return DataError(f"{path}: no such file, nor one with .gz, .bz2 or .xz{hint}")
