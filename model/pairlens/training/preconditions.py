"""Check whether a training can learn from its data as a whole; `check` reports the problems, `train` refuses them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

from pairlens.config.schema import Config
from pairlens.config.tasks import GROUP_LOSSES
from pairlens.errors import DataError
from pairlens.metrics.groups import group_figures
from pairlens.metrics.undefined import why_undefined
from pairlens.runs.json_files import flat
from pairlens.texts.pair_hashes import pairs_with_several_labels
from pairlens.texts.pairs import Pairs
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
            f"{getattr(config.data, name)}: no group has both a positive and a negative pair, "
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
    prefix = config.data.train
    try:
        weight = pair_weights(config, train)
    except DataError as error:
        return [str(error)]
    counted = train if weight.all() else train.take(weight.nonzero()[0])
    assert counted.label is not None
    if (counted.label == counted.label[0]).all():
        which = "every label" if counted is train else "every label of weight above 0"
        return [f"{prefix}: {which} is {counted.label[0]:g}; there is nothing to learn"]
    if (need := _need_of_groups(config)) and not _mixed_groups(counted):
        use, instead = need
        return [
            f"{prefix}: no group has both a positive and a negative pair, which {use}; there is nothing to learn; "
            f"give groups in {prefix}.group.txt, or set {instead}"
        ]
    return []


def _need_of_groups(config: Config) -> tuple[str, str] | None:
    """What needs groups with both a positive and a negative pair, and the setting without this need, or None."""
    if config.training.loss in GROUP_LOSSES:
        return f"training.loss: {config.training.loss} compares", "training.loss: cross_entropy"
    if config.training.negatives:
        return "training.negatives counts", "training.negatives: null"
    return None


def _mixed_groups(pairs: Pairs) -> int:
    assert pairs.label is not None
    assert pairs.group is not None
    return group_figures(pairs.label, pairs.group).mixed


def _contradictions(config: Config, train: Pairs) -> list[str]:
    """Remark on pairs that occur with several labels, except in a regression, where judges may differ."""
    if config.task == "regression":
        return []
    found = pairs_with_several_labels(train)
    if not found:
        return []
    lines = ", ".join(f"{one + 1} and {other + 1}" for one, other in found[:_SHOWN])
    more = ", …" if len(found) > _SHOWN else ""
    return [f"{config.data.train}: {len(found)} distinct pairs have more than one label, in lines {lines}{more}"]
