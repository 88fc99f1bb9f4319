"""Measures a run on labelled pairs, for `evaluate` and `report`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.evaluation.bootstrap import Difference, bootstrap_intervals, paired_differences
from pairlens.evaluation.labelled_texts import LabelledTexts, read_texts
from pairlens.locations.location import Location
from pairlens.metrics import Threshold, confusion_matrix, count_groups, evaluate_scores, predictions, worst_pairs
from pairlens.metrics.groups import group_figures
from pairlens.metrics.order import measured_of
from pairlens.runs.carried import recorded_hash
from pairlens.runs.names import VOCAB
from pairlens.runs.run import Run
from pairlens.scoring.decimals import shortest
from pairlens.scoring.given import given_pairs
from pairlens.scoring.scorer import Scorer
from pairlens.texts.lines import label_fault
from pairlens.texts.pairs import Pairs, groups_of, read_pairs
from pairlens.texts.regular import refuse_irregular
from pairlens.texts.split_paths import SplitPaths, find_group_file
from pairlens.texts.splits import SplitName, find_split, text_rules
from pairlens.texts.words import words_of

_SPLITS = ("train", "dev", "test")


Files = SplitPaths | LabelledTexts  # of labelled pairs


class Scored(NamedTuple):
    """Labelled pairs with a run's scores and logits, each [N] or [N, classes].

    Attributes:
        threshold: used by binary tasks only.
        texts: both texts of each pair, if the input was texts.
    """

    config: Config
    pairs: Pairs
    label: NDArray[np.float32]
    scores: NDArray[np.float32]
    logits: NDArray[np.float32]
    threshold: Threshold
    texts: list[tuple[str, str]] | None = None

    @property
    def measured(self) -> NDArray[np.float32]:
        """The numbers from which metrics are computed, see `measured_of`."""
        return measured_of(self.config.task, self.scores, self.logits)


def labelled_files(
    config: Config,
    split: str | None = None,
    query: Location | None = None,
    value: Location | None = None,
    label: Location | None = None,
    group: Location | None = None,
) -> tuple[dict[str, str], SplitPaths]:
    """Return the name of what is measured, for results, and its files: a split (default: test, else dev) or `query`,
    `value` and `label`.

    For ranking, the default of `group` is a group file next to the queries, so that naming the files of a split gives
    the same result as naming the split.

    Raises:
        UsageError: the arguments contradict each other, or the config has no such split.
        DataError: a file is missing.
    """
    if group and config.task != "ranking":
        raise UsageError(f"--group is for task ranking; the run was trained for {config.task}")
    if query and value and label:
        if split:
            raise UsageError("give --split, or --query, --value and --label, not both")
        group = group or (find_group_file(query) if config.task == "ranking" else None)
        files = SplitPaths(query, value, label, group)
        named = {"query": query, "value": value, "label": label, "group": group}
        return {side: str(path) for side, path in named.items() if path}, files
    if query or value or label:
        raise UsageError("--query, --value and --label go together")
    if group:
        raise UsageError("--group goes with --query, --value and --label; a split has its own PREFIX.group.txt")
    name = split or ("test" if config.data.test else "dev")
    if name not in _SPLITS:
        raise UsageError(f"--split {name}: must be one of {', '.join(_SPLITS)}")
    try:
        return {"split": name}, split_files(config, name)  # type: ignore[arg-type]
    except DataError as error:
        remedy = "or choose another --split, or give files with --query, --value and --label"
        raise DataError(f"{error}; {remedy}") from None


def split_files(config: Config, name: SplitName) -> SplitPaths:
    """The files of a split with one prefix. Raises UsageError for more or none, DataError if a file is missing."""
    try:
        found = find_split(config, name)
    except DataError as error:  # the data has moved since the run was trained
        raise DataError(f"{error}; if it has moved, add --set data.{name}=PREFIX") from None
    if len(found) > 1:
        raise UsageError(f"data.{name} has {len(found)} prefixes; choose one with --set data.{name}=PREFIX")
    return replace(found[0], weight=None)  # pair weights are used in training only


def refuse_other_words(runs: Sequence[Run], chosen: Sequence[Files]) -> None:
    """Raises UsageError if two runs with different vocabularies would read the same files of ids.

    Texts are no problem: each run encodes them with its own tokenizer. A run without a recorded vocabulary is accepted.
    """
    readers: dict[SplitPaths, tuple[Run, str]] = {}
    for run, files in zip(runs, chosen, strict=True):
        found = recorded_hash(run.environment(), VOCAB)
        if found is None or not isinstance(files, SplitPaths):
            continue
        first, expected = readers.setdefault(files, (run, found))
        if found != expected:
            raise UsageError(
                f"{run.path}: its {VOCAB} differs from that of {first.path}, so the same ids are other words; "
                "compare the runs on texts, with --text or --input"
            )


def paths_of(files: Files) -> list[Location | None]:
    """The paths of the files."""
    return [*files.paths] if isinstance(files, LabelledTexts) else [files.query, files.value, files.label, files.group]


def refuse_pipes(files: Files) -> None:
    """Raises DataError if a file is a pipe, which cannot be read once for each run."""
    for path in paths_of(files):
        if path:
            refuse_irregular(path, "it is read once for each run, so give a file")


def score_files(run: Run, files: Files, threshold: float | None = None, threads: int | None = None) -> Scored:
    """Read pairs by the run's rules, and score them; the default threshold is the run's."""
    config = run.config()
    texts = None
    if isinstance(files, LabelledTexts):
        pairs, texts = read_texts(run, config, files)
    else:
        pairs = read_pairs(files, text_rules(config), config.task, config.model.classes)
    return _scored(run, config, pairs, threshold, threads, texts)


def score_pairs(run: Run, pairs: Pairs, threshold: float | None = None, threads: int | None = None) -> Scored:
    """Score pairs in memory; otherwise as `score_files`. For `ranking` without groups, equal queries form one.

    Raises:
        DataError: there are no pairs or no labels, a label is none of the task's, or a text breaks the run's rules.
    """
    config, label = run.config(), pairs.label
    if label is None or not len(pairs) or label.ndim != 1:
        raise DataError("evaluation needs at least one pair, and one label for each")
    for number, first in zip(*np.unique(label, return_index=True), strict=True):
        if fault := label_fault(str(number).encode(), config.task, config.model.classes):
            raise DataError(f"label {first}: {fault}")
    if config.task == "ranking" and pairs.group is None:
        pairs = replace(pairs, group=groups_of(pairs.query))
    query, value = given_pairs(config, pairs.query, pairs.value)
    return _scored(run, config, replace(pairs, query=query, value=value), threshold, threads)


def _scored(
    run: Run,
    config: Config,
    pairs: Pairs,
    threshold: float | None,
    threads: int | None,
    texts: list[tuple[str, str]] | None = None,
) -> Scored:
    assert pairs.label is not None
    logits = Scorer(config, run.weights(config), threads).logits(pairs.query, pairs.value)
    if threshold is None:
        chosen = Threshold(run.threshold(), run.logit_threshold())
    else:
        chosen = Threshold(float(shortest(np.float32(threshold))))
    return Scored(config, pairs, pairs.label, logits.scores(), logits.merged(), chosen, texts)


def measure(scored: Scored) -> dict[str, Any]:
    """Return metrics and 95 % intervals and, depending on the task, threshold, confusion matrix and group counts."""
    config, pairs, label, scores, _, threshold, _ = scored
    result: dict[str, Any] = threshold.as_json() if config.task == "binary" else {}
    result["metrics"] = evaluate_scores(config.task, label, scored.measured, threshold, pairs.group)
    result["intervals"] = bootstrap_intervals(config.task, label, scored.measured, threshold, pairs.group)
    if config.task == "binary":
        result["confusion"] = confusion_matrix(label, predictions(scored.measured, threshold)).tolist()
    elif config.task == "multiclass":
        result["confusion"] = confusion_matrix(label, scores).tolist()
    if config.task == "ranking" and pairs.group is not None:
        counted, without_positive = count_groups(label, pairs.group)
        result["groups"] = {"counted": counted, "without_positive": without_positive}
        figures = group_figures(label, pairs.group)
        result["group_sizes"] = {
            "smallest": figures.smallest,
            "median": figures.median,
            "largest": figures.largest,
        }
        result["groups_with_both_labels"] = figures.mixed
    return result


def differences(ours: Scored, theirs: Scored) -> dict[str, Difference]:
    """The difference of every metric, ours minus theirs, by name; both must have the same task and pairs."""
    task, group = ours.config.task, ours.pairs.group
    return paired_differences(task, ours.label, ours.measured, theirs.measured, ours.threshold, theirs.threshold, group)


def worst(scored: Scored, count: int, vocabulary: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the pairs with the largest loss, numbered from 0, with their texts as words (ids without vocabulary)."""
    config, pairs = scored.config, scored.pairs
    pair, loss = worst_pairs(config.task, scored.label, scored.measured, pairs.group, count)
    return [
        {
            "pair": number,
            "label": float(shortest(scored.label[number])),
            "score": shortest(scored.scores[number]).tolist(),
            "loss": its_loss,
            **dict(zip(("query", "value"), _texts(scored, number, vocabulary), strict=True)),
        }
        for number, its_loss in zip(pair.tolist(), loss.tolist(), strict=True)
    ]


def _texts(scored: Scored, number: int, vocabulary: Sequence[str] | None) -> tuple[str, str]:
    """Both texts of a pair, as given if the input was texts, otherwise word by word."""
    if scored.texts:
        return scored.texts[number]
    query, value = scored.pairs.query[number], scored.pairs.value[number]
    return " ".join(words_of(query, vocabulary)), " ".join(words_of(value, vocabulary))
