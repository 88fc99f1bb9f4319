"""Examines a folder of encoded splits: their names, sizes and labels, and the task that fits them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.jobs.encode_way import vector_files
from pairlens.jobs.encoded_vocabulary import width_of_vectors
from pairlens.jobs.find_task import SplitFound, TaskFound, find_task
from pairlens.locations.location import Location
from pairlens.texts.blocks import data_errors
from pairlens.texts.lines import read_labels, read_vocabulary
from pairlens.texts.pairs import iter_pairs
from pairlens.texts.regular import refuse_irregular
from pairlens.texts.soft_labels import read_train_labels, row_width
from pairlens.texts.split_paths import SplitPaths, split_paths
from pairlens.texts.splits import LATER_SPLITS, SplitName
from pairlens.texts.token_faults import TextRules

_NAMES: dict[SplitName, set[str]] = {
    "train": {"train", "training"},
    "dev": {"dev", "valid", "val", "validation"},
    "test": {"test"},
}
_QUERIES = re.compile(r"(.+)\.query\.txt(\.gz|\.bz2|\.xz)?")
_UNKNOWN = {"[UNK]", "<unk>", "<UNK>", "[unk]"}


@dataclass(frozen=True, slots=True)
class DataFound:
    """What was found in a folder.

    Attributes:
        longest, usual: tokens of the longest text, and the 99th percentile of the lengths.
        empty: number of texts without tokens.
        largest: the largest id, -1 if there is none.
        words: number of words in the vocabulary; None without a vocabulary.
        unknown: the id of unknown words; None if the vocabulary has no such entry.
        vectors: the file of the words' vectors that `encode --vectors` wrote, of `vector_dim` numbers each.
    """

    splits: dict[SplitName, SplitFound]
    task: TaskFound
    longest: int
    usual: int
    empty: int
    largest: int
    words: int | None
    unknown: int | None
    vocab: Location | None
    tokenizer: Location | None
    classes: Location | None
    vectors: Location | None
    vector_dim: int

    @property
    def input_dim(self) -> int:
        """The number of embedding rows: enough for each word, and for ids beyond the vocabulary."""
        return max(self.largest + 1, self.words or 1)

    @property
    def unlabelled(self) -> list[SplitName]:
        """The dev and test splits without labels, on which nothing can be measured."""
        return [name for name in LATER_SPLITS if name in self.splits and self.splits[name].labels is None]

    @property
    def files(self) -> list[Location]:
        """Every file that was found."""
        named = [self.vocab, self.tokenizer, self.classes, self.vectors]
        return [
            path
            for path in (*(path for split in self.splits.values() for path in astuple(split.files)), *named)
            if path
        ]


def find_data(folder: Location) -> DataFound:
    """Read the splits of a folder, recognized by their names. Memory does not grow with the number of texts.

    Raises:
        DataError: there is no folder or no train split with labels, two prefixes fit a split, or a file has a fault.
    """
    prefixes = _find_prefixes(folder)
    lengths: Counter[int] = Counter()
    splits: dict[SplitName, SplitFound] = {}
    largest = -1
    for name, prefix in prefixes.items():
        files = _find_files(prefix, name)
        pairs, highest = _read_texts(files, lengths)
        width = row_width(files.label) if files.label and name == "train" else None
        splits[name] = SplitFound(prefix, files, pairs, _distinct_labels(files, pairs, width), width)
        largest = max(largest, highest)
    vocab, tokenizer, classes = (_existing(folder / name) for name in ("vocab.txt", "tokenizer.json", "classes.json"))
    words = read_vocabulary(vocab) if vocab else None
    vector_dim = width_of_vectors(folder) if vocab else 0
    return DataFound(
        splits,
        find_task(splits, classes),
        longest=max(lengths),
        usual=_percentile(lengths, 0.99),
        empty=lengths[0],
        largest=largest,
        words=None if words is None else len(words),
        unknown=1 if words is None else next((i for i, word in enumerate(words) if word in _UNKNOWN), None),
        vocab=vocab,
        tokenizer=tokenizer,
        classes=classes,
        vectors=vector_files(folder)[0] if vector_dim else None,
        vector_dim=vector_dim,
    )


def is_named(name: str, split: SplitName) -> bool:
    """True if a name, such as `quora-train`, has one of the usual names of a split in it as a word of its own."""
    return not _NAMES[split].isdisjoint(re.split("[^a-z]+", name.lower()))


def _find_prefixes(folder: Location) -> dict[SplitName, Location]:
    with data_errors(str(folder)):
        found = sorted({match[1] for path in folder.iterdir() if (match := _QUERIES.fullmatch(path.name))})
    prefixes: dict[SplitName, Location] = {}
    for split, names in _NAMES.items():
        fitting = [name for name in found if name in names] or [name for name in found if is_named(name, split)]
        if len(fitting) > 1:
            raise DataError(f"{folder}: {' and '.join(fitting)} could each be the {split} split; rename all but one")
        if fitting:
            prefixes[split] = folder / fitting[0]
    if "train" not in prefixes:
        others = f"found {', '.join(found)}; rename one" if found else "none found; write them with pairlens encode"
        raise DataError(f"{folder}: no *.query.txt file has train in its name: {others}")
    return prefixes


def _find_files(prefix: Location, name: SplitName) -> SplitPaths:
    files = split_paths(prefix)
    if files.label is None and name == "train":
        raise DataError(f"{prefix}.label.txt: no such file, nor one with .gz, .bz2 or .xz; training needs labels")
    for path in astuple(files):
        if path:
            refuse_irregular(path, "the files of a split are read more than once")
    return files


def _distinct_labels(files: SplitPaths, pairs: int, width: int | None) -> NDArray[np.float32] | None:
    if files.label is None:
        return None
    labels = read_train_labels(files.label, "multiclass") if width else read_labels(files.label, "regression")
    if len(labels) != pairs:
        raise DataError(
            f"{files.query}: {pairs} lines, but {files.label}: {len(labels)} lines; line N of each belongs to pair N"
        )
    return np.unique(labels)


def _read_texts(files: SplitPaths, lengths: Counter[int]) -> tuple[int, int]:
    """Return the number of pairs, and the largest id, or -1 without ids; add the lengths of the texts to `lengths`."""
    count, largest = 0, -1
    for chunk in iter_pairs(files.query, files.value, TextRules(None, allow_empty=True)):
        count += len(chunk.pairs)
        for texts in (chunk.pairs.query, chunk.pairs.value):
            largest = max(largest, int(texts.ids.max(initial=-1)))
            values, counts = np.unique(texts.lengths, return_counts=True)
            lengths.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    if not count:
        raise DataError(f"{files.query}: the file has no lines; a split needs at least one pair")
    return count, largest


def _percentile(lengths: Counter[int], share: float) -> int:
    """The length that this share of the texts does not exceed."""
    length, values = 0, sorted(lengths)
    passed, enough = 0, share * lengths.total()
    for length in values:
        passed += lengths[length]
        if passed >= enough:
            break
    return length


def _existing(path: Location) -> Location | None:
    return path if path.exists() else None
