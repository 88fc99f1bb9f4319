"""Reading what a config's data section names: splits and class names."""

from __future__ import annotations

from typing import Literal

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.locations.location import Location
from pairlens.texts.class_names import read_class_names
from pairlens.texts.joined import joined
from pairlens.texts.pairs import Pairs, read_pairs
from pairlens.texts.regular import refuse_irregular
from pairlens.texts.soft_labels import row_width
from pairlens.texts.split_paths import SplitPaths, split_paths
from pairlens.texts.token_faults import TextRules

SplitName = Literal["train", "dev", "test"]
LATER_SPLITS: tuple[SplitName, ...] = ("dev", "test")  # after train, which determines the number of classes


def text_rules(config: Config) -> TextRules:
    """The rules for texts that the config sets."""
    data = config.data
    return TextRules(
        config.model.embedding.input_dim,
        data.max_length,
        data.too_long == "truncate",
        data.empty == "score",
        config.model.embedding.mask_zero,
    )


def find_split(config: Config, name: SplitName) -> list[SplitPaths]:
    """The files of a split, with labels, for each of its prefixes.

    Raises:
        UsageError: the config does not set this split. DataError: a file is missing, or is a pipe or a device.
    """
    prefixes = config.data.prefixes(name)
    if not prefixes:
        raise UsageError(f"the config does not set data.{name}; give the files with --query, --value and --label")
    return [_find_files(prefix) for prefix in prefixes]


def _find_files(prefix: Location) -> SplitPaths:
    paths = split_paths(prefix)
    if paths.label is None:
        raise DataError(f"{prefix}.label.txt: no such file, nor one with .gz, .bz2 or .xz")
    for path in (paths.query, paths.value, paths.label, paths.group, paths.weight):
        if path:
            refuse_irregular(path, "the files of a split are read more than once")
    return paths


def read_split(config: Config, name: SplitName, rules: TextRules | None = None) -> Pairs:
    """Read the labelled pairs of a split, one prefix after the other; raises as `find_split` and `read_pairs` do.

    Labels of train may be probabilities. For `ranking`, pairs of different prefixes are never in one group.

    Args:
        rules: default: those of the config.
    """
    found, classes, soft = find_split(config, name), config.model.classes, name == "train"
    if classes is None and config.task == "multiclass" and soft:  # a prefix with probabilities has all classes
        widths = (row_width(paths.label) for paths in found if paths.label)
        classes = next((width for width in widths if width), None)
    rules = rules or text_rules(config)
    return joined([read_pairs(paths, rules, config.task, classes, soft) for paths in found])


def with_classes(config: Config, train: Pairs) -> Config:
    """The config with `model.classes` of a multiclass task set from the train labels, if it is not set."""
    if config.task != "multiclass" or config.model.classes is not None:
        return config
    assert train.label is not None
    classes = train.label.shape[1] if train.label.ndim == 2 else int(train.label.max()) + 1
    model = config.model.model_copy(update={"classes": classes})
    return config.model_copy(update={"model": model})


def class_names_of(config: Config) -> list[str] | None:
    """The names of the labels from `data.classes`; None if it is not set.

    Raises:
        DataError: as from `read_class_names`, or their number is not the task's number of classes.
    """
    path = config.data.classes
    if path is None:
        return None
    found = read_class_names(path)
    classes = config.model.classes if config.task == "multiclass" else 2
    if classes is not None and len(found) != classes:
        remedy = f"name every class, or set model.classes: {len(found)}" if config.task == "multiclass" else "name both"
        raise DataError(f"{path}: {len(found)} names, but the labels have {classes} classes; {remedy}")
    return found
