"""What `pairlens check` finds out about a config's data: figures of every split, and every problem."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.memory import available_memory, in_words, refuse_too_large
from pairlens.runs.warm_start import warm_start_weights
from pairlens.scoring.memory import scoring_memory
from pairlens.texts.lines import read_vocabulary
from pairlens.texts.pairs import Pairs, read_pairs
from pairlens.texts.splits import SplitName, find_split, read_pretrained, text_rules, with_classes
from pairlens.texts.texts import Texts
from pairlens.training.memory import training_memory

PERCENTILES = (0, 50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """Figures of a split.

    Attributes:
        query_length, value_length: tokens at the percentiles `PERCENTILES`.
        ids: the smallest and the largest id; None if there are no tokens.
        empty, too_long: how many texts have no tokens, and more than `data.max_length`.
        labels: how often each label occurs, or of a regression their minimum, mean and maximum.
    """

    name: str
    pairs: int
    query_length: tuple[int, ...]
    value_length: tuple[int, ...]
    ids: tuple[int, int] | None
    empty: int
    too_long: int
    labels: dict[str, float]


@dataclass(slots=True)
class Findings:
    """`problems` are what train or evaluate would refuse; `remarks` are allowed and worth knowing; `memory` tells what
    training and scoring take."""

    splits: list[SplitFigures] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    memory: str = ""
    remarks: list[str] = field(default_factory=list)


def examine(config: Config) -> Findings:
    """Read all that a config names; a fault in one file does not keep the others from being read."""
    findings = Findings(remarks=config.warnings())
    splits: dict[SplitName, Pairs] = {}
    names: tuple[SplitName, ...] = ("train", "dev", "test")
    for name in names:
        if getattr(config.data, name) is not None:
            try:
                splits[name] = _read(config, name)
            except DataError as error:
                findings.problems.append(str(error))
    for name, pairs in splits.items():
        split = _describe(config, name, pairs)
        findings.splits.append(split)
        findings.problems += _refused(config, split)
    for one, other in combinations(splits, 2):
        if common := len(np.intersect1d(_hashes_of_pairs(splits[one]), _hashes_of_pairs(splits[other]))):
            findings.remarks.append(f"{common} distinct pairs stand in both {one} and {other}")
    if "train" in splits:
        _estimate_memory(config, splits, findings)
    _check_vocabulary(config, findings)
    for read in (read_pretrained, warm_start_weights):
        try:
            read(with_classes(config, splits["train"]) if "train" in splits else config)
        except UsageError as error:
            findings.problems += str(error).splitlines()
    return findings


def _read(config: Config, name: SplitName) -> Pairs:
    """A split by looser rules than train's, so that what they refuse can be counted."""
    rules = replace(text_rules(config), input_dim=None, max_length=None, allow_empty=True)
    return read_pairs(find_split(config, name), rules, config.task, config.model.classes)


def _describe(config: Config, name: SplitName, pairs: Pairs) -> SplitFigures:
    assert pairs.label is not None
    ids = np.concatenate([pairs.query.ids, pairs.value.ids])
    lengths = np.concatenate([pairs.query.lengths, pairs.value.lengths])
    limit = config.data.max_length
    if config.task != "regression":
        values, counts = np.unique(pairs.label, return_counts=True)
        labels = {f"{value:g}": float(count) for value, count in zip(values, counts, strict=True)}
    else:
        labels = {"min": float(pairs.label.min()), "mean": float(pairs.label.mean()), "max": float(pairs.label.max())}
    return SplitFigures(
        name=name,
        pairs=len(pairs),
        query_length=_percentiles(pairs.query),
        value_length=_percentiles(pairs.value),
        ids=(int(ids.min()), int(ids.max())) if len(ids) else None,
        empty=int((lengths == 0).sum()),
        too_long=0 if limit is None else int((lengths > limit).sum()),
        labels=labels,
    )


def _percentiles(texts: Texts) -> tuple[int, ...]:
    return tuple(int(p) for p in np.percentile(texts.lengths, PERCENTILES, method="nearest"))


def _refused(config: Config, split: SplitFigures) -> list[str]:
    data, input_dim = config.data, config.model.embedding.input_dim
    prefix = getattr(data, split.name)
    problems = []
    if split.ids and split.ids[1] >= input_dim:
        problems.append(
            f"{prefix}: ids go up to {split.ids[1]}, but model.embedding.input_dim is {input_dim}; "
            f"set it to {split.ids[1] + 1} or more"
        )
    if split.empty and data.empty == "error":
        problems.append(f"{prefix}: {split.empty} texts have no tokens; remove them, or set data.empty: score")
    if split.too_long and data.too_long == "error":
        problems.append(
            f"{prefix}: {split.too_long} texts have more than {data.max_length} tokens; "
            "raise data.max_length, or set data.too_long: truncate"
        )
    if split.name == "train" and config.task != "regression" and len(split.labels) == 1:
        problems.append(f"{prefix}: every label is {next(iter(split.labels))}; there is nothing to learn")
    return problems


def _estimate_memory(config: Config, splits: dict[SplitName, Pairs], findings: Findings) -> None:
    train, limit = splits["train"], config.data.max_length or sys.maxsize
    longest = [min(int(texts.lengths.max(initial=1)), limit) for texts in (train.query, train.value)]
    tokens = sum(len(texts.ids) for pairs in splits.values() for texts in (pairs.query, pairs.value))
    training = training_memory(config, longest[0], longest[1], tokens)
    scoring = sum(scoring_memory(config, longest[0], longest[1]).values())
    findings.memory = f"training takes about {in_words(sum(training.values()))} of memory, scoring {in_words(scoring)}"
    try:
        refuse_too_large("training", training, available_memory())
    except UsageError as error:
        findings.problems.append(str(error))


def _hashes_of_pairs(pairs: Pairs) -> NDArray[np.uint64]:
    """A 64-bit hash of every pair, uint64 [pairs]: equal pairs have equal ones, others practically never."""
    return np.add(_hash(pairs.query, seed=1), _hash(pairs.value, seed=2))


def _hash(texts: Texts, seed: int) -> NDArray[np.uint64]:
    """Per text, its length times a random number, and the sum of a random number for each position times a mixed id."""
    # However many are drawn, the first ones are the same: a text's hash does not depend on the other texts.
    numbers = np.random.default_rng(seed).integers(0, 2**64, int(texts.lengths.max(initial=0)) + 1, np.uint64)
    numbers |= np.uint64(1)
    position = 1 + np.arange(len(texts.ids)) - np.repeat(texts.offsets[:-1], texts.lengths)
    mixed = (texts.ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * numbers[position], dtype=np.uint64)])
    sums = totals[texts.offsets[1:]] - totals[texts.offsets[:-1]]
    hashes: NDArray[np.uint64] = sums + texts.lengths.astype(np.uint64) * numbers[0]
    return hashes


def _check_vocabulary(config: Config, findings: Findings) -> None:
    path: Path | None = config.data.vocab
    if path is None:
        return
    try:
        words = len(read_vocabulary(path))
    except DataError as error:
        findings.problems.append(str(error))
        return
    input_dim = config.model.embedding.input_dim
    if words != input_dim:
        findings.remarks.append(f"{path}: {words} words, but model.embedding.input_dim is {input_dim}")
