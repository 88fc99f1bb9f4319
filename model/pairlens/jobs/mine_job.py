"""Pairs of texts for a model to score: of each text with the nearest ones, and with random ones."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError, UsageError
from pairlens.files import whole_file
from pairlens.locations.location import Location, with_ending
from pairlens.memory import available_memory, refuse_too_large
from pairlens.tables.decoding import decoded_blocks, decoded_lines
from pairlens.texts.blocks import SUFFIXES
from pairlens.texts.nearest import NearestTexts
from pairlens.texts.texts import Texts, offsets_of
from pairlens.tokenizer.plain_text import plain_tokens

Ints = NDArray[np.int64]

_REPORTED = 1000  # texts between two reports of progress
_PAIR = 60  # bytes of memory for each pair
_TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
_WRITTEN = 65_536  # pairs that are written at once


class Listener:
    """Callbacks of a running mining. These methods do nothing; override the ones you need."""

    def searching(self, texts: int) -> AbstractContextManager[Callable[[int], object]]:  # noqa: ARG002
        """Return a context within which the nearest texts are searched; its value is called with the number of texts
        done so far."""
        return nullcontext(lambda _: None)


class Mined(NamedTuple):
    """What was mined: the numbers of distinct texts, of pairs of near texts, and of other pairs."""

    texts: int
    near: int
    random: int


def outputs(prefix: Location) -> list[Location]:
    """The files that are written: PREFIX.query.txt and PREFIX.value.txt.

    Raises:
        UsageError: there are labels, groups or weights, which would become those of the new pairs.
    """
    sides = [
        with_ending(prefix, f".{side}.txt{suffix}") for side in ("label", "group", "weight") for suffix in SUFFIXES
    ]
    if others := [str(path) for path in sides if path.exists()]:
        raise UsageError(f"{', '.join(others)}: of other pairs than those to be mined; remove, or name another prefix")
    return [with_ending(prefix, f".{side}.txt") for side in ("query", "value")]


def mine(
    paths: Sequence[Location],
    prefix: Location,
    near: int,
    random: int,
    seed: int,
    listener: Listener,
    replace: bool = False,
) -> Mined:
    """Write pairs of the lines of some files: of each distinct line with the `near` nearest ones and `random` others.

    No pair occurs twice, in either order. The order of the pairs, and of the two texts of a pair, is random. Lines are
    written as they were read; those that are empty or blank are left out.

    Raises:
        DataError: a file cannot be read or is not text, there are fewer than two distinct texts, or no pair was found.
        UsageError: a file is a table, by its name, or the pairs do not fit into memory.
    """
    _refuse_tables(paths)
    texts = list(dict.fromkeys(_lines(paths)))
    if len(texts) < 2:
        found = f"{len(texts)} distinct text{'s' * (len(texts) != 1)}"
        raise DataError(f"{', '.join(map(str, paths))}: {found}; a pair needs two")
    numbers = {"near pairs": near, "random pairs": min(random, len(texts) - 1)}
    sizes = {name: _PAIR * len(texts) * number for name, number in numbers.items()}
    refuse_too_large(f"mining {len(texts):,} texts", sizes, available_memory())
    generator = np.random.default_rng(seed)
    near_keys = np.unique(_near(texts, near, listener) if near else np.empty(0, np.int64))
    keys = np.unique(np.concatenate([near_keys, _random(len(texts), random, generator)]))
    if not len(keys):
        raise DataError(f"{', '.join(map(str, paths))}: no text is near another; add --random N")
    pairs = np.stack(np.divmod(generator.permutation(keys), len(texts)), axis=1)
    _write(outputs(prefix), texts, generator.permuted(pairs, axis=1), replace)
    return Mined(len(texts), len(near_keys), len(keys) - len(near_keys))


def _refuse_tables(paths: Sequence[Location]) -> None:
    for path in paths:
        uncompressed = path.with_suffix("") if path.suffix in SUFFIXES[1:] else path
        if uncompressed.suffix.lower() in _TABLES:
            raise UsageError(
                f"{path}: is a table; write its texts to a file with one in each line, for example with cut"
            )


def _lines(paths: Sequence[Location]) -> Iterator[str]:
    for path in paths:
        for line in decoded_lines(decoded_blocks(path), str(path)):
            if line.strip():
                yield line.removesuffix("\n").removesuffix("\r")


def _near(texts: Sequence[str], count: int, listener: Listener) -> Ints:
    """The keys of the pairs of each text with its nearest ones; a pair may occur twice."""
    nearest, found = NearestTexts(words_of(texts)), []
    with listener.searching(len(texts)) as report:
        for text in range(len(texts)):
            found.append(_keys(np.int64(text), nearest.nearest(text, count), len(texts)))
            if text % _REPORTED == 0:
                report(text)
    return np.concatenate(found)


def words_of(texts: Iterable[str]) -> Texts:
    """The lower-cased words of each text, and its other signs, numbered in order of appearance."""
    numbers: dict[str, int] = {}
    ids, lengths = array("i"), []
    for text in texts:
        words = plain_tokens([text], int(not text.isascii()), "NFKC", lowercase=True, chars=False)
        ids.extend([numbers.setdefault(word, len(numbers)) for word in words])
        lengths.append(len(words))
    return Texts(np.frombuffer(ids, np.int32), offsets_of(lengths))


def _random(texts: int, count: int, generator: np.random.Generator) -> Ints:
    """The keys of the pairs of each text with those that follow it in a random order, which is closed to a ring."""
    order = generator.permutation(texts)
    rounds = range(1, min(count, texts - 1) + 1)
    return np.concatenate([np.empty(0, np.int64), *(_keys(order, np.roll(order, -i), texts) for i in rounds)])


def _keys(one: NDArray[np.int64] | np.int64, other: Ints, texts: int) -> Ints:
    """A number for each pair of texts, equal for both orders: the smaller number times `texts` plus the larger."""
    return np.minimum(one, other) * texts + np.maximum(one, other)


def _write(paths: Sequence[Location], texts: Sequence[str], pairs: Ints, replace: bool) -> None:
    """Write the texts of each pair [pairs, 2] into two files, which get their names when both are whole."""
    with ExitStack() as stack:
        files = [stack.enter_context(whole_file(path, replace=replace)) for path in paths]
        for first in range(0, len(pairs), _WRITTEN):
            for file, side in zip(files, pairs[first : first + _WRITTEN].T.tolist(), strict=True):
                file.write("".join([f"{texts[number]}\n" for number in side]))
