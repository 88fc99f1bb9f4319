"""Which split a file, or a row of a file that is cut, belongs to."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path

from pairlens.errors import UsageError

CUT_INTO = ("train", "dev", "test")
_STANDS_FOR = {"valid": "dev", "validation": "dev", "val": "dev", "development": "dev", "training": "train"}
_USUAL = re.compile(r"(?<![a-z])(train|training|dev|development|valid|validation|val|test)(?![a-z])", re.IGNORECASE)
_NAME = re.compile(r"\w[\w.-]{0,99}")


def named_splits(files: Sequence[str]) -> dict[str, list[str]]:
    """The files of each split, by its name, in the order given.

    `NAME=FILE` names it; else a file that says train, dev, valid, val or test in its name is that split, as
    `sts-train.csv`, and any other has its own stem for a name. Files that are given one name are read one behind the
    other.

    Raises:
        UsageError: a name cannot be a file's, stdin has none, or two files come to one name without being given it.
    """
    splits: dict[str, list[str]] = {}
    guessed: dict[str, str] = {}
    for file in files:
        name, given, path = file.rpartition("=")
        if given and _NAME.fullmatch(name) and not _exists(file):
            splits.setdefault(name, []).append(path)
            continue
        if file == "-":
            raise UsageError("-: stdin has no name; say which split it is, as train=-")
        name = _split_in(Path(file).name)
        if name in splits:
            other = splits[name][0]
            raise UsageError(f"{file}: would be split {name}, as {other} is; name one of them, as {name}2={file}")
        splits[name] = [file]
        guessed[name] = file
    for name, file in guessed.items():
        if len(splits[name]) > 1:
            raise UsageError(f"{file}: would be split {name}, which another file is given; name it too, as NAME={file}")
    return splits


def learned_from(splits: Sequence[str]) -> str:
    """The split that the vocabulary is learned from: train, or else the first one."""
    return "train" if "train" in splits else splits[0]


def _exists(file: str) -> bool:
    try:
        return Path(file).exists()
    except OSError:  # its name is too long
        return False


def _split_in(name: str) -> str:
    stem = name.partition(".")[0] or name
    found = _USUAL.search(stem)
    if not found:
        return re.sub(r"[^\w-]", "-", stem)
    said = found[0].lower()
    return _STANDS_FOR.get(said, said)


class Cut:
    """Shares the rows of a file out among train, dev and test.

    A row goes where a hash of its key and the seed says: rows of one key are never in two splits, whatever their
    order, and the shares come out close to what was asked for, not exactly so.

    Args:
        shares: of train and dev, or of train, dev and test; they need not sum to 100.

    Raises:
        UsageError: the shares are not two or three positive numbers.
    """

    def __init__(self, shares: Sequence[float], seed: int) -> None:
        if len(shares) not in (2, 3) or not all(0 < share < float("inf") for share in shares):
            raise UsageError("--split takes the shares of train, dev and test, such as 80,10,10, or of train and dev")
        self._ends = [end / sum(shares) for end in accumulate(shares)]
        self._seed = seed.to_bytes(8, "little")
        self.names = CUT_INTO[: len(shares)]

    def split_of(self, key: str) -> str:
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=self._seed).digest()
        return self.names[min(bisect_right(self._ends, int.from_bytes(digest) / 2**64), len(self.names) - 1)]


def same_text(text: str) -> str:
    """What is equal for texts that differ by blanks, upper case and forms of characters alone."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
