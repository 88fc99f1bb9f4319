"""Configs, pairs and files of token ids. Each function imports what it needs when it is called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from pairlens.errors import UsageError

if TYPE_CHECKING:
    from pairlens.api.run import Run
    from pairlens.config.schema import Config
    from pairlens.jobs.encode_job import Encoded
    from pairlens.texts.pairs import Pairs

    AnyPath = str | PathLike[str]
    AnyConfig = Config | Mapping[str, Any] | AnyPath


def load_config(config: AnyConfig, set: Mapping[str, object] | None = None) -> Config:
    """Read a config, or build one in code, and check the whole.

    Args:
        config: the path or address of a YAML file; or a mapping with the keys of such a file, whose relative paths are
            relative to the working directory.
        set: changes by dotted key, such as {"training.epochs": 3}, as with `--set`.

    Raises:
        pairlens.errors.ConfigError: lists every fault with its place; see `faults`.
    """
    from pairlens.config.file import config_of, load_config
    from pairlens.config.schema import Config
    from pairlens.locations.location import location

    changes = [f"{key}={json.dumps(value, default=str)}" for key, value in (set or {}).items()]
    if isinstance(config, Config):
        config = config.model_dump(mode="json")
    return config_of(config, changes) if isinstance(config, Mapping) else load_config(location(config), changes)


def load_pairs(
    prefix: AnyPath | None = None,
    *,
    query: AnyPath | None = None,
    value: AnyPath | None = None,
    label: AnyPath | None = None,
    group: AnyPath | None = None,
    config: Run | AnyConfig | None = None,
) -> Pairs:
    """Read pairs of token ids into memory: of a split, or of files.

    Args:
        prefix: that of the split's files, PREFIX.query.txt, PREFIX.value.txt and others, as `encode` writes them.
        query, value, label, group: files, instead of a prefix; the last two may be left out.
        config: a run or a config, by whose rules the files are read: which ids and labels there are, and what is done
            with long and empty texts. Default: any ids, and numbers as labels.

    Returns:
        Pairs: `query` and `value` are ragged texts of int32 ids; `label` is float32 [pairs], `group` int64 [pairs] and
        `weight` float32 [pairs], each None without its file.

    Raises:
        pairlens.errors.DataError: a file is missing or has a fault, or the files have different numbers of lines.
        pairlens.errors.UsageError: neither a prefix nor the files of both texts are given.
    """
    from pairlens.locations.location import location
    from pairlens.texts.pairs import read_pairs
    from pairlens.texts.split_paths import SplitPaths, split_paths
    from pairlens.texts.splits import text_rules
    from pairlens.texts.token_faults import TextRules

    if (prefix is None) == (query is None and value is None and label is None and group is None):
        raise UsageError("give the prefix of a split, or the files query and value; one of the two")
    if prefix is not None:
        paths = split_paths(location(prefix))
    elif query is None or value is None:
        raise UsageError("the files query and value go together")
    else:
        labels, groups = (None if path is None else location(path) for path in (label, group))
        paths = SplitPaths(location(query), location(value), labels, groups)
    if config is None:
        return read_pairs(paths, TextRules(None, allow_empty=True), "regression")
    rules = _config_of(config)
    return read_pairs(paths, text_rules(rules), rules.task, rules.model.classes)


def encode(
    splits: Mapping[str, AnyPath | Sequence[AnyPath]],
    output: AnyPath,
    columns: Mapping[str, str] | None = None,
    tokenizer: str = "word",
    like: AnyPath | None = None,
    force: bool = False,
    vectors: AnyPath | None = None,
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
        vectors: a file of word vectors to train with, such as GloVe's; its most frequent words are added to the
            vocabulary.

    Returns:
        Encoded: the tokenizer, the names of the classes, figures of each split, and the word vectors.

    Raises:
        pairlens.errors.UsageError, DataError: as the command reports them, with file and line.
    """
    from pairlens.jobs.encode_job import EncodeJob, Listener
    from pairlens.jobs.encode_way import Learning, given_like
    from pairlens.locations.location import location
    from pairlens.tables.columns import ColumnOptions
    from pairlens.tables.pairs import TableOptions, TablePairs

    if vectors is not None and (like is not None or tokenizer != "word"):
        raise UsageError("vectors are those of words, for a vocabulary to be learned; leave out like and tokenizer")
    options = TableOptions(ColumnOptions(**(columns or {})))
    paths = {
        name: [location(path)] if isinstance(path, (str, PathLike)) else [location(one) for one in path]
        for name, path in splits.items()
    }
    learning = Learning(kind=tokenizer, vectors=None if vectors is None else location(vectors))  # type: ignore[arg-type]  # checked by learning
    way = learning if like is None else given_like(location(like))
    job = EncodeJob({name: TablePairs(its, options) for name, its in paths.items()}, way)
    job.refuse_outputs(location(output), [path for its in paths.values() for path in its], force)
    return job.run(location(output), Listener(), force)


def _config_of(config: Run | AnyConfig) -> Config:
    """The config of a run, or as `load_config` reads it."""
    from pairlens.api.run import Run

    return config.config if isinstance(config, Run) else load_config(config)
