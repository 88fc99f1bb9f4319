"""Assigns files to splits by their names, and rows of a single file to splits at random."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate

from pairlens.errors import UsageError
from pairlens.locations.location import location

CUT_INTO = ("train", "dev", "test")
_SYNONYMS = {"valid": "dev", "validation": "dev", "val": "dev", "development": "dev", "training": "train"}
_USUAL = re.compile(r"(?<![a-z])(train|training|dev|development|valid|validation|val|test)(?![a-z])", re.IGNORECASE)
_NAME = re.compile(r"\w[\w.-]{0,99}")


def named_splits(files: Sequence[str]) -> dict[str, list[str]]:
    """Return the files of each split, by the split's name, in the order given.

    `NAME=FILE` names the split. Otherwise a file with train, dev, valid, val or test in its name, such as
    `sts-train.csv`, is that split, and any other file is a split with its stem as name. Files that are given the same
    name are read one after the other.

    Raises:
        UsageError: a name cannot be part of a file name, stdin has no name, or the same name is found for two files.
    """
    splits: dict[str, list[str]] = {}
    guessed: dict[str, str] = {}
    for file in files:
        name, given, path = file.rpartition("=")
        if given and _NAME.fullmatch(name) and not _exists(file):
            splits.setdefault(name, []).append(path)
            continue
        if file == "-":
            raise UsageError("-: stdin has no name; name its split, such as train=-")
        place = location(file)
        name = _split_in(place.name)
        if name in splits:
            other = splits[name][0]
            raise UsageError(
                f"{place}: would be split {name}, like {location(other)}; name one of them, such as {name}2={place}"
            )
        splits[name] = [file]
        guessed[name] = file
    for name, file in guessed.items():
        if len(splits[name]) > 1:
            place = location(file)
            raise UsageError(f"{place}: would be split {name}, like another file; name this one too, as NAME={place}")
    return splits


def learned_from(splits: Sequence[str]) -> str:
    """The split that the vocabulary is learned from: train, or else the first one."""
    return "train" if "train" in splits else splits[0]


def _exists(file: str) -> bool:
    try:
        return location(file).exists()
    except OSError:  # the name is too long
        return False


def _split_in(name: str) -> str:
    stem = name.partition(".")[0] or name
    found = _USUAL.search(stem)
    if not found:
        return re.sub(r"[^\w-]", "-", stem)
    word = found[0].lower()
    return _SYNONYMS.get(word, word)


class Cut:
    """Divides the rows of a file among train, dev and test.

    A hash of a row's key and the seed decides. So rows with the same key are always in the same split, whatever their
    order, and the shares are met approximately.

    Args:
        shares: proportions of train and dev, or of train, dev and test; they need not sum to 100.

    Raises:
        UsageError: the shares are not two or three positive numbers.
    """

    def __init__(self, shares: Sequence[float], seed: int) -> None:
        if len(shares) not in (2, 3) or not all(0 < share < float("inf") for share in shares):
            raise UsageError("--split must be two or three positive numbers: train,dev or train,dev,test, as 80,10,10")
        self._ends = [end / sum(shares) for end in accumulate(shares)]
        self._seed = seed.to_bytes(8, "little")
        self.names = CUT_INTO[: len(shares)]

    def split_of(self, key: str) -> str:
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=self._seed).digest()
        return self.names[min(bisect_right(self._ends, int.from_bytes(digest) / 2**64), len(self.names) - 1)]


def same_text(text: str) -> str:
    """Return a key that is equal for texts that differ only in blanks, case and compatible forms of characters."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
