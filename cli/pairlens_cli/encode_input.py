"""The input of `encode`, by split: tables, or files of one text per line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pairlens.errors import UsageError
from pairlens.locations.location import Location, at_home, location
from pairlens_cli import streams

if TYPE_CHECKING:
    from pairlens.tables.pairs import Pairs, TableOptions


def splits(
    files: list[str], lines: Mapping[str, Location | None], table: TableOptions, cut: bool
) -> tuple[list[Location], Mapping[str, Pairs]]:
    """Return the files that are read, and their pairs by split.

    Args:
        files: tables, as given on the command line.
        lines: files of one text per line, by part: query, value, label, group.
        cut: whether all rows are one split, which is cut later.

    Raises:
        UsageError: the arguments contradict each other or leave open what to read.
        DataError: the input cannot be read.
    """
    given = {part: path for part, path in lines.items() if path}
    return _line_splits(files, given) if given else _table_splits(files, table, cut)


def _line_splits(files: list[str], given: dict[str, Location]) -> tuple[list[Location], Mapping[str, Pairs]]:
    """The files that are read, and their pairs as one split, named after the file of queries."""
    from pairlens.jobs.encode_splits import named_splits
    from pairlens.tables.pairs import LinePairs
    from pairlens.texts.regular import refuse_irregular

    if files:
        raise UsageError("--query-file and its like are read instead of tables; give one or the other")
    if not given.keys() >= {"query", "value"}:
        raise UsageError("give both --query-file and --value-file")
    for path in given.values():
        refuse_irregular(path, "it is read twice; write it to a file, or give a table on stdin")
    read = list(given.values())
    (name,) = named_splits([str(given["query"])])
    return read, {name: LinePairs(given.pop("query"), given.pop("value"), given)}


def _table_splits(files: list[str], table: TableOptions, cut: bool) -> tuple[list[Location], Mapping[str, Pairs]]:
    """The files that are read, and the tables' pairs by split."""
    from pairlens.jobs.encode_splits import named_splits
    from pairlens.tables.pairs import TablePairs

    if not files:
        raise UsageError("FILE is missing: a table of pairs for each split, such as train.csv dev.csv; or --query-file")
    if cut and len(files) > 1:
        raise UsageError("--split cuts one file into train, dev and test; give one, or leave --split out")
    splits = {"all": files} if cut else named_splits(files)
    if [path for paths in splits.values() for path in paths].count("-") > 1:
        raise UsageError("-: stdin is read for one split")
    if "stdin" in streams.closed and any("-" in paths for paths in splits.values()):
        raise UsageError("- reads stdin, which is closed")
    sources = {
        name: [sys.stdin.buffer if path == "-" else at_home(location(path)) for path in paths]
        for name, paths in splits.items()
    }
    read = [source for its in sources.values() for source in its if isinstance(source, Location)]
    return read, {name: TablePairs(its, table) for name, its in sources.items()}
