"""Examines the data of a config for `pairlens check`: figures of each split, and every problem."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.memory import available_memory, in_words, refuse_too_large
from pairlens.metrics.groups import GroupFigures, group_figures
from pairlens.runs.carried import read_carried, vocabulary_of
from pairlens.runs.warm_start import warm_start
from pairlens.scoring.memory import scoring_memory
from pairlens.texts.pair_hashes import hashes_of_pairs
from pairlens.texts.pairs import Pairs
from pairlens.texts.soft_labels import is_soft
from pairlens.texts.splits import (
    LATER_SPLITS,
    SplitName,
    class_names_of,
    read_split,
    text_rules,
    with_classes,
)
from pairlens.texts.texts import Texts
from pairlens.training.preconditions import judge, longest_texts, memory_needed
from pairlens.vectors.pretrained import coverage, read_pretrained, read_word_vectors

PERCENTILES = (0, 50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """Figures of a split.

    Attributes:
        query_length, value_length: numbers of tokens at the percentiles `PERCENTILES`.
        ids: the smallest and the largest id; None if there are no tokens.
        empty, too_long: numbers of texts without tokens, and with more than `data.max_length`.
        labels: the count of each label; for rows of probabilities, the sum of each class's; for numbers of a regression
            and other probabilities, their `min`, `mean` and `max`.
        groups: figures of the groups, for ranking.
    """

    name: str
    pairs: int
    query_length: tuple[int, ...]
    value_length: tuple[int, ...]
    ids: tuple[int, int] | None
    empty: int
    too_long: int
    labels: dict[str, float]
    groups: GroupFigures | None = None


@dataclass(slots=True)
class Findings:
    """The result of a check.

    Attributes:
        problems: what train or evaluate would refuse.
        memory: a sentence on the memory that training and scoring take.
        remarks: warnings about what is allowed.
        coverage: a sentence on how many words have a vector; empty unless the config names word vectors.
    """

    splits: list[SplitFigures] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    memory: str = ""
    remarks: list[str] = field(default_factory=list)
    coverage: str = ""


def examine(config: Config) -> Findings:
    """Read all files that a config names; a fault in one does not prevent the others from being read."""
    findings = Findings(remarks=config.warnings())
    splits: dict[SplitName, Pairs] = {}
    for name in ("train", *LATER_SPLITS):
        if config.data.prefixes(name):
            try:
                splits[name] = _read(config, name)
                if name == "train":
                    config = with_classes(config, splits[name])
            except DataError as error:
                findings.problems.append(str(error))
    for name, pairs in splits.items():
        split = _describe(config, name, pairs)
        findings.splits.append(split)
        findings.problems += _refused(config, split)
    verdict = judge(config, splits)
    findings.problems += verdict.problems
    findings.remarks += verdict.remarks
    for one, other in combinations(splits, 2):
        if common := len(np.intersect1d(hashes_of_pairs(splits[one]), hashes_of_pairs(splits[other]))):
            findings.remarks.append(f"{common} distinct pairs are in both {one} and {other}")
    if "train" in splits:
        _estimate_memory(config, splits, findings)
    _check_words(config, splits.get("train"), findings)
    for read in (class_names_of, read_pretrained, warm_start):
        try:
            read(with_classes(config, splits["train"]) if "train" in splits else config)
        except UsageError as error:
            findings.problems += [line for line in str(error).splitlines() if line not in findings.problems]
    return findings


def _read(config: Config, name: SplitName) -> Pairs:
    """Read a split by looser rules than training's, so that violations can be counted."""
    rules = replace(text_rules(config), input_dim=None, max_length=None, allow_empty=True)
    return read_split(config, name, rules)


def _describe(config: Config, name: SplitName, pairs: Pairs) -> SplitFigures:
    assert pairs.label is not None
    ids = np.concatenate([pairs.query.ids, pairs.value.ids])
    lengths = np.concatenate([pairs.query.lengths, pairs.value.lengths])
    limit = config.data.max_length
    return SplitFigures(
        name=name,
        pairs=len(pairs),
        query_length=_percentiles(pairs.query),
        value_length=_percentiles(pairs.value),
        ids=(int(ids.min()), int(ids.max())) if len(ids) else None,
        empty=sum(_count_empty(config, texts) for texts in (pairs.query, pairs.value)),
        too_long=0 if limit is None else int((lengths > limit).sum()),
        labels=_labels(config, pairs.label),
        groups=None if pairs.group is None or pairs.label.ndim == 2 else group_figures(pairs.label, pairs.group),
    )


def _labels(config: Config, label: NDArray[np.float32]) -> dict[str, float]:
    if label.ndim == 2:
        return {str(number): float(total) for number, total in enumerate(label.sum(axis=0, dtype=np.float64))}
    if config.task == "regression" or is_soft(label):
        return {"min": float(label.min()), "mean": float(label.mean()), "max": float(label.max())}
    values, counts = np.unique(label, return_counts=True)
    return {f"{value:g}": float(count) for value, count in zip(values, counts, strict=True)}


def _count_empty(config: Config, texts: Texts) -> int:
    limit = config.data.max_length
    seen = texts.truncated(limit) if limit and config.data.too_long == "truncate" else texts
    return int((seen.words(config.model.embedding.mask_zero) == 0).sum())


def _percentiles(texts: Texts) -> tuple[int, ...]:
    return tuple(int(p) for p in np.percentile(texts.lengths, PERCENTILES, method="nearest"))


def _refused(config: Config, split: SplitFigures) -> list[str]:
    data, input_dim = config.data, config.model.embedding.input_dim
    prefix = data.named(split.name)
    problems = []
    if split.ids and split.ids[1] >= input_dim:
        problems.append(
            f"{prefix}: ids go up to {split.ids[1]}, but model.embedding.input_dim is {input_dim}; "
            f"set it to {split.ids[1] + 1} or more"
        )
    if split.empty and data.empty == "error":
        padding = ", or none but id 0" if config.model.embedding.mask_zero else ""
        problems.append(f"{prefix}: {split.empty} texts have no tokens{padding}; remove them, or set data.empty: score")
    if split.too_long and data.too_long == "error":
        problems.append(
            f"{prefix}: {split.too_long} texts have more than {data.max_length} tokens; "
            "raise data.max_length, or set data.too_long: truncate"
        )
    return problems


def _estimate_memory(config: Config, splits: dict[SplitName, Pairs], findings: Findings) -> None:
    training = memory_needed(config, splits)
    scoring = sum(scoring_memory(config, *longest_texts(config, splits["train"])).values())
    findings.memory = f"training takes about {in_words(sum(training.values()))} of memory, scoring {in_words(scoring)}"
    try:
        refuse_too_large("training", training, available_memory())
    except UsageError as error:
        findings.problems.append(str(error))


def _check_words(config: Config, train: Pairs | None, findings: Findings) -> None:
    """Check the vocabulary and the vectors of its words."""
    try:
        vocabulary = vocabulary_of(config)
        read_carried(config)
        vectors = read_word_vectors(config, vocabulary)
    except DataError as error:
        findings.problems.append(str(error))
        return
    if vocabulary is None:
        return
    input_dim = config.model.embedding.input_dim
    if len(vocabulary) != input_dim:
        findings.remarks.append(
            f"{config.data.vocab}: {len(vocabulary)} words, but model.embedding.input_dim is {input_dim}"
        )
    if vectors and train:
        findings.coverage = coverage(config, vectors, vocabulary, train).sentence()
