"""Check whether a training can learn from its data as a whole; `check` reports the problems, `train` refuses them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from pairlens.config.schema import Config
from pairlens.config.tasks import GROUP_LOSSES
from pairlens.errors import DataError
from pairlens.metrics.groups import group_figures
from pairlens.metrics.undefined import why_undefined
from pairlens.runs.json_files import flat
from pairlens.texts.pair_hashes import pairs_with_several_labels
from pairlens.texts.pairs import Pairs
from pairlens.texts.soft_labels import are_certain, is_soft
from pairlens.texts.splits import SplitName
from pairlens.training.memory import training_memory
from pairlens.training.pair_weights import pair_weights

_SHOWN = 5  # pairs in a remark


class Verdict(NamedTuple):
    """Problems stop a training; remarks are only printed."""

    problems: list[str]
    remarks: list[str]


def judge(config: Config, splits: Mapping[SplitName, Pairs]) -> Verdict:
    """Return the problems and remarks about the splits that could be read."""
    train = splits.get("train")
    problems = _beyond_32_bits(config)
    problems += [] if train is None else _nothing_to_learn(config, train)
    remarks = [] if train is None else _contradictions(config, train)
    if config.task == "ranking":
        remarks += [
            f"{config.data.named(name)}: no group has both a positive and a negative pair, "
            "so its metrics do not depend on the scores; check its groups and labels"
            for name, pairs in splits.items()
            if name != "train" and not _mixed_groups(pairs)
        ]
    return Verdict(problems, remarks + _undefined_on_dev(config, splits.get("dev")))


def _undefined_on_dev(config: Config, dev: Pairs | None) -> list[str]:
    """Remark that the deciding metric is undefined on dev."""
    metric = config.decisive_metric
    if dev is None or dev.label is None or not (why := why_undefined(config.task, metric, dev.label)):
        return []
    return [
        f"{config.data.dev}: {why}, so {metric} is undefined and cannot choose the best epoch: the first epoch's "
        "weights would be kept; choose another training.early_stopping.metric, or another dev split"
    ]


def _beyond_32_bits(config: Config) -> list[str]:
    """Problems of numbers that are 0 or infinite in float32, in which networks and optimizers compute."""
    return [
        f"{key}: {number:g} does not fit into a 32-bit float; give 0 or a size from 1.2e-38 to 3.4e38"
        for key, number in flat(config.model_dump(mode="json")).items()
        if isinstance(number, float) and number and not 2.0**-126 <= abs(number) < 2.0**128
    ]


def memory_needed(config: Config, splits: Mapping[SplitName, Pairs]) -> dict[str, int]:
    """The `training_memory` for these splits, which include train."""
    tokens = sum(len(texts.ids) for pairs in splits.values() for texts in (pairs.query, pairs.value))
    return training_memory(config, *longest_texts(config, splits["train"]), tokens)


def longest_texts(config: Config, pairs: Pairs) -> tuple[int, int]:
    """The numbers of tokens of the longest query and of the longest value, at most `data.max_length`."""
    query, value = (
        min(int(texts.lengths.max(initial=1)), config.data.max_length or sys.maxsize)
        for texts in (pairs.query, pairs.value)
    )
    return query, value


def _nothing_to_learn(config: Config, train: Pairs) -> list[str]:
    assert train.label is not None
    prefix = config.data.named("train")
    try:
        weight = pair_weights(config, train)
    except DataError as error:
        return [str(error)]
    counted = train if weight.all() else train.take(weight.nonzero()[0])
    assert counted.label is not None
    if (counted.label == counted.label[0]).all():
        which = "every label" if counted is train else "every label of weight above 0"
        label = " ".join(f"{number:g}" for number in np.atleast_1d(counted.label[0]))
        return [f"{prefix}: {which} is {label}; there is nothing to learn"]
    if need := _unmet_need_of_groups(config, counted):
        use, instead = need
        both, differ = "both a positive and a negative pair", "two different labels"
        pairs = differ if use.startswith("training.loss") and is_soft(counted.label) else both
        return [
            f"{prefix}: no group has {pairs}, which {use}; there is nothing to learn; "
            f"give groups in {config.data.prefixes('train')[0]}.group.txt, or set {instead}"
        ]
    return []


def _unmet_need_of_groups(config: Config, train: Pairs) -> tuple[str, str] | None:
    """What needs groups that train lacks, and the setting without this need; None if there is no such need."""
    if config.training.loss in GROUP_LOSSES and not _compares(train):
        return f"training.loss: {config.training.loss} compares", "training.loss: cross_entropy"
    if config.training.negatives and not _mixed_groups(train):
        return "training.negatives counts", "training.negatives: null"
    return None


def _compares(pairs: Pairs) -> bool:
    """Whether a group has two different labels."""
    assert pairs.label is not None
    assert pairs.group is not None
    order = np.lexsort((pairs.label, pairs.group))
    group, label = pairs.group[order], pairs.label[order]
    return bool(((group[1:] == group[:-1]) & (label[1:] != label[:-1])).any())


def _mixed_groups(pairs: Pairs) -> int:
    assert pairs.label is not None
    assert pairs.group is not None
    return group_figures(pairs.label, pairs.group).mixed


def _contradictions(config: Config, train: Pairs) -> list[str]:
    """Remark on pairs that occur with several labels, except in a regression, where judges may differ.

    A probability between 0 and 1 agrees with every label.
    """
    assert train.label is not None
    if config.task == "regression":
        return []
    line = np.arange(1, len(train) + 1)
    if is_soft(train.label):
        label = train.label if train.label.ndim == 1 else train.label.argmax(axis=1).astype(np.float32)
        certain = np.flatnonzero(are_certain(train.label))
        train, line = replace(train, label=label).take(certain), line[certain]
    found = pairs_with_several_labels(train)
    if not found:
        return []
    lines = ", ".join(f"{line[one]} and {line[other]}" for one, other in found[:_SHOWN])
    more = ", …" if len(found) > _SHOWN else ""
    through = "" if len(config.data.prefixes("train")) == 1 else " (lines are counted through all prefixes)"
    prefix = config.data.named("train")
    return [f"{prefix}: {len(found)} distinct pairs have more than one label, in lines {lines}{more}{through}"]
