"""Configs, pairs and files of token ids. Each function imports what it needs when it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from pairlens.errors import DataError, UsageError

if TYPE_CHECKING:
    from pairlens.api.run import Run
    from pairlens.config.schema import Config
    from pairlens.jobs.encode_job import Encoded
    from pairlens.texts.given import NumbersLike
    from pairlens.texts.pairs import Pairs
    from pairlens.texts.texts import TextsLike

    AnyPath = str | PathLike[str]
    AnyConfig = Config | Mapping[str, Any] | AnyPath


def load_config(config: Run | AnyConfig, set: Mapping[str, object] | None = None) -> Config:
    """Read a config, or build one in code, and check the whole.

    Args:
        config: the path or address of a YAML file; or a mapping with the keys of such a file, whose relative paths are
            relative to the working directory; or a Run, whose config is taken.
        set: changes by dotted key, such as {"training.epochs": 3}, as with `--set`. NumPy's numbers and arrays will do.

    Raises:
        pairlens.errors.ConfigError: lists every fault with its place; see `faults`.
    """
    from pairlens.api.run import Run
    from pairlens.config.file import config_of, load_config
    from pairlens.config.schema import Config
    from pairlens.locations.location import location

    changes = set or {}
    if isinstance(config, Run):
        if not changes:
            return config.config
        config = config.config
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
    rules = load_config(config)
    return read_pairs(paths, text_rules(rules), rules.task, rules.model.classes)


def make_pairs(
    query: TextsLike, value: TextsLike, label: NumbersLike | None = None, group: NumbersLike | None = None
) -> Pairs:
    """Pairs of token ids in memory, as `load_pairs` reads them from files.

    Args:
        query, value: a sequence of ids for each pair, or what `Tokenizer.encode` returns.
        label: a number, or true or false, for each pair; or the probability of each class.
        group: an integer for each pair, for ranking.

    Raises:
        pairlens.errors.DataError: an item is not of the kind named above, or the counts differ.
    """
    from pairlens.texts.given import given_groups, given_ids, given_labels
    from pairlens.texts.pairs import Pairs

    queries, values = given_ids(query), given_ids(value)
    if len(queries) != len(values):
        raise DataError(f"{len(queries)} queries but {len(values)} values; a pair has one of each")
    labels = None if label is None else given_labels(label, len(queries))
    return Pairs(queries, values, labels, None if group is None else given_groups(group, len(queries)))


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
