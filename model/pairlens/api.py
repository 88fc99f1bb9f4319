"""The public Python API. Its functions import what they need when they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairlens.jobs.encode_job import Encoded
    from pairlens.scoring.scorer import Scorer


def load(run: str | PathLike[str], threads: int | None = None) -> Scorer:
    """Load the model of a run directory, ready to score pairs and compute their attention.

    Args:
        run: a directory that `pairlens train` wrote, or its address, such as s3://bucket/run. Nothing in
            it is executed or unpickled.
        threads: processors to use; default: all that this process may use. The scores do not depend on it.

    Raises:
        pairlens.errors.RunError: there is no run, or its files are damaged or do not fit together.
    """
    from pairlens.locations.location import location
    from pairlens.runs.run import Run
    from pairlens.scoring.scorer import Scorer

    directory = Run.open(location(run))
    config = directory.config()
    return Scorer(config, directory.weights(config), threads, directory.tokenizer)


def encode(
    splits: Mapping[str, str | PathLike[str] | Sequence[str | PathLike[str]]],
    output: str | PathLike[str],
    columns: Mapping[str, str] | None = None,
    tokenizer: str = "word",
    like: str | PathLike[str] | None = None,
    force: bool = False,
) -> Encoded:
    """Turn tables of texts into files of token ids, as `pairlens encode` does with its defaults.

    Args:
        splits: maps the name of each split to a table, or to several that are read one after the other. The vocabulary
            is learned from `train`.
        output: the directory to write to.
        columns: maps `query`, `value`, `label`, `group`, `weight` and `id` to columns, by name or by number from 1;
            columns left out are found by their usual names.
        tokenizer: word, char, bpe or unigram.
        like: encoded files, or a run, whose tokenizer and classes are used instead of learning new ones.
        force: whether existing files may be replaced.

    Raises:
        pairlens.errors.UsageError, DataError: as the command reports them, with file and line.
    """
    from pairlens.jobs.encode_job import EncodeJob, Listener
    from pairlens.jobs.encode_way import Learning, given_like
    from pairlens.locations.location import location
    from pairlens.tables.columns import ColumnOptions
    from pairlens.tables.pairs import TableOptions, TablePairs

    options = TableOptions(ColumnOptions(**(columns or {})))
    paths = {
        name: [location(path)] if isinstance(path, (str, PathLike)) else [location(one) for one in path]
        for name, path in splits.items()
    }
    way = given_like(location(like)) if like else Learning(kind=tokenizer)  # type: ignore[arg-type]  # checked by learning
    job = EncodeJob({name: TablePairs(its, options) for name, its in paths.items()}, way)
    job.refuse_outputs(location(output), [path for its in paths.values() for path in its], force)
    return job.run(location(output), Listener(), force)
