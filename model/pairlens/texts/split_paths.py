"""The files of a split, found by their common prefix."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from pairlens.errors import DataError
from pairlens.locations.location import Location, with_ending
from pairlens.texts.blocks import SUFFIXES, data_errors


@dataclass(frozen=True, slots=True)
class SplitPaths:
    """The files of a split; optional ones are None if they are missing."""

    query: Location
    value: Location
    label: Location | None = None
    group: Location | None = None
    weight: Location | None = None


def split_paths(prefix: Location) -> SplitPaths:
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


def find_group_file(query: Location) -> Location | None:
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


def _find(prefix: Location, side: str) -> Location | None:
    paths = [path for suffix in SUFFIXES if (path := with_ending(prefix, f".{side}.txt{suffix}")).exists()]
    if len(paths) > 1:
        raise DataError(f"{paths[1]}: exists in addition to {paths[0].name}; keep one of the two")
    return paths[0] if paths else None


def _missing(prefix: Location, side: str) -> DataError:
    path = with_ending(prefix, f".{side}.txt")
    names = [sibling.name for sibling in path.parent.iterdir() if side in sibling.name] if path.parent.is_dir() else []
    nearest = get_close_matches(path.name, names, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return DataError(f"{path}: no such file, nor one with .gz, .bz2 or .xz{hint}")
