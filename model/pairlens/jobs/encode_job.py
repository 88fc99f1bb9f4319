"""Encodes tables of texts into files of ids, and writes the vocabulary and the tokenizer next to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from pairlens.directories import directory_to_fill
from pairlens.errors import DataError, UsageError
from pairlens.jobs.encode_splits import Cut, learned_from, same_text
from pairlens.jobs.encode_way import Given, Learning
from pairlens.jobs.encoded_files import SplitFigures, SplitWriter, refuse_other_splits
from pairlens.jobs.encoded_vocabulary import remove_outdated, vocabulary_files, write_vocabulary
from pairlens.locations.location import Location, is_same_folder
from pairlens.packages import need
from pairlens.runs.outputs import refuse_outputs
from pairlens.streams import is_stream
from pairlens.tables.labels import LabelNumbers, LabelWords
from pairlens.tables.pairs import Pairs
from pairlens.tables.rows import PairRows
from pairlens.texts.lines import weight_fault
from pairlens.texts.texts import Texts
from pairlens.tokenizer.learn import learn_tokenizer
from pairlens.tokenizer.tokenizer import Tokenizer
from pairlens.vectors.files import files_read, first_words, read_vectors
from pairlens.vectors.wanted import Vectors

Empty = Literal["error", "drop", "keep"]  # what to do with a row if one of its texts has no tokens
CutBy = Literal["query", "group", "row"]


class Listener:
    """Callbacks of a running encoding. These methods do nothing; override the ones you need."""

    def reading(self, what: str) -> AbstractContextManager[Callable[[int], object]]:  # noqa: ARG002
        """Return a context within which rows are read; its value is called with each number of further rows read."""
        return nullcontext(lambda _: None)


class Encoded(NamedTuple):
    """The result of an encoding: the tokenizer, the names of the classes, figures of each split, and word vectors."""

    tokenizer: Tokenizer
    classes: Sequence[str] | None
    splits: Mapping[str, SplitFigures]
    vectors: Vectors | None = None


class EncodeJob:
    """Writes `DIR/SPLIT.query.txt` and the other files of each split, `vocab.txt` and `tokenizer.json`; if labels are
    words `classes.json`, and with word vectors those of the vocabulary.

    Args:
        splits: the rows of each split, by its name; with `cut`, one entry under any name.
        way: how to get the tokenizer: learn a vocabulary, or use a given one.
        cut: how to divide the rows of the only entry into splits, and what to keep together.

    Raises:
        UsageError: the library `tokenizers` is not installed, or rows are to be cut by groups but have none.
    """

    def __init__(
        self,
        splits: Mapping[str, Pairs],
        way: Learning | Given,
        empty: Empty = "error",
        cut: tuple[Cut, CutBy] | None = None,
    ) -> None:
        need("encoding", "tokenizers")
        self._splits, self._way, self._empty, self._cut = splits, way, empty, cut
        self._sides = {name: pairs.sides for name, pairs in splits.items()}
        if cut:
            (sides,) = self._sides.values()
            if cut[1] == "group" and "group" not in sides:
                raise UsageError("--split-by group needs groups; name their column with --group-column")
            self._sides = dict.fromkeys(cut[0].names, sides)
        self.names = list(self._sides)

    @property
    def learns_from(self) -> str | None:
        """The split that the vocabulary is learned from; None if a tokenizer is given."""
        return learned_from(self.names) if isinstance(self._way, Learning) else None

    def outputs(self, directory: Location) -> list[Location]:
        """The files that may be written; some are written only if labels are words, or with word vectors."""
        split_files = [path for name in self.names for path in self._writer(directory, name, False).paths.values()]
        if self._adds_to(directory):
            return split_files
        return [*split_files, *vocabulary_files(directory)]

    def refuse_outputs(self, directory: Location, inputs: Sequence[Location], force: bool) -> None:
        """Raises UsageError if the files cannot be written, or would replace something that must be kept."""
        if directory.exists() and not directory.is_dir():
            raise UsageError(f"{directory}: is a file; --output needs a directory")
        if not isinstance(directory, Path) or directory.is_dir():
            outputs = self.outputs(directory)
            if stream := next(filter(is_stream, outputs), None):
                raise UsageError(f"{stream}: is a pipe or a device, not a file; remove it")
            vectors = self._way.vectors if isinstance(self._way, Learning) else None
            read = [*inputs, *(files_read(vectors) if vectors else ())]
            refuse_outputs({str(path): path for path in outputs}, read, force)

    def run(self, directory: Location, listener: Listener, replace: bool = False) -> Encoded:
        """Encode into a directory, which is created if missing; all files get their names at the end.

        Raises:
            DataError: a fault in a table; a text without tokens, if these are errors; a label that is no class.
            UsageError: the directory has another split, with ids of another vocabulary.
        """
        given = self._learn(listener) if isinstance(self._way, Learning) else self._way
        numbers = LabelNumbers(given.classes)
        refuse_other_splits(directory, self.names, given.tokenizer)
        with ExitStack() as stack:
            if isinstance(directory, Path):
                stack.enter_context(directory_to_fill(directory))
            writers = {name: stack.enter_context(self._writer(directory, name, replace)) for name in self.names}
            with listener.reading("encoded") as report:
                for name, pairs in self._splits.items():
                    for chunk in pairs.rows():
                        self._encode(chunk, name, writers, given.tokenizer, numbers)
                        report(len(chunk.rows))
            if not self._adds_to(directory):
                write_vocabulary(stack, directory, given, replace)
        if replace and not self._adds_to(directory):
            remove_outdated(directory, given)
        figures = {name: writer.figures for name, writer in writers.items()}
        return Encoded(given.tokenizer, given.classes, figures, given.vectors)

    def _writer(self, directory: Location, name: str, replace: bool) -> SplitWriter:
        return SplitWriter(directory / name, self._sides[name], replace)

    def _adds_to(self, directory: Location) -> bool:
        """Whether the tokenizer is the directory's own, so that splits are added to it."""
        origin = self._way.origin if isinstance(self._way, Given) else None
        return origin is not None and is_same_folder(directory, origin)

    # ---- learning ------------------------------------------------------------------------------------------------

    def _learn(self, listener: Listener) -> Given:
        assert isinstance(self._way, Learning)
        way, words = self._way, LabelWords()
        more_words = first_words(way.vectors, way.vector_words) if way.vectors else ()
        with listener.reading("read for the vocabulary") as report:
            texts = self._train_texts(words, report)
            tokenizer = learn_tokenizer(
                texts, way.kind, way.vocab_size, way.min_count, way.lowercase, way.normalize, more_words
            )
        vectors = read_vectors(way.vectors, tokenizer.vocabulary_lines()) if way.vectors else None
        return Given(tokenizer, words.classes(way.classes), vectors=vectors)

    def _train_texts(self, words: LabelWords, report: Callable[[int], object]) -> Iterator[str]:
        """Yield both texts of every train row; add the labels of all rows that are read to `words`."""
        train_split = learned_from(self.names)
        pairs = next(iter(self._splits.values())) if self._cut else self._splits[train_split]
        for chunk in pairs.rows():
            train = self._shares(chunk, train_split).get(train_split, [])
            for index in train:
                yield chunk.query[index]
                yield chunk.value[index]
            words.add(chunk.others.get("label", ()), chunk.place)  # with `cut`, also those of the other splits
            report(len(chunk.rows))

    # ---- encoding ------------------------------------------------------------------------------------------------

    def _encode(
        self,
        chunk: PairRows,
        name: str,
        writers: Mapping[str, SplitWriter],
        tokenizer: Tokenizer,
        numbers: LabelNumbers,
    ) -> None:
        texts = tokenizer.encode([*chunk.query, *chunk.value])
        query, value = (texts.take(np.arange(len(chunk.rows)) + first) for first in (0, len(chunk.rows)))
        full = (query.lengths > 0) & (value.lengths > 0)
        if self._empty == "error" and not full.all():
            raise _empty_text(chunk, int(np.argmin(full)), query)
        for split, indices in self._shares(chunk, name).items():
            kept = np.array(indices, np.int64)
            if self._empty == "drop":
                kept = kept[full[kept]]
                writers[split].figures.dropped += len(indices) - len(kept)
            others = {side: _lines(side, chunk, kept.tolist(), numbers) for side in chunk.others}
            writers[split].write(query.take(kept), value.take(kept), others)

    def _shares(self, chunk: PairRows, name: str) -> dict[str, Sequence[int]]:
        """The row indices of a chunk that belong to each split."""
        if self._cut is None:
            return {name: range(len(chunk.rows))}
        cut, by = self._cut
        if by == "row":
            keys: Iterable[str] = (str(row.line) for row in chunk.rows)
        else:
            keys = chunk.others["group"] if by == "group" else map(same_text, chunk.query)
        shares: dict[str, list[int]] = {}
        for index, key in enumerate(keys):
            shares.setdefault(cut.split_of(key), []).append(index)
        return dict(shares)


def _lines(side: str, chunk: PairRows, indices: Sequence[int], numbers: LabelNumbers) -> list[str]:
    """The lines to write for some rows of a side other than the texts. Raises DataError for an invalid value."""
    texts = [chunk.others[side][index] for index in indices]
    if side == "label":
        return numbers.of(texts, partial(_location, chunk, indices))
    for index, text in zip(indices, texts, strict=True):
        if side == "group" and len(text.split()) != 1:
            raise DataError(f"{chunk.place(index)}: the group is {text!r}; must be one word without blanks")
        if side == "weight" and (fault := weight_fault(text.strip().encode())):
            raise DataError(f"{chunk.place(index)}: {fault}")
    return [" ".join(text.split()) for text in texts]


def _location(chunk: PairRows, indices: Sequence[int], index: int) -> str:
    return chunk.place(indices[index])


def _empty_text(chunk: PairRows, index: int, query: Texts) -> DataError:
    side, texts = ("value", chunk.value) if query.lengths[index] else ("query", chunk.query)
    return DataError(
        f"{chunk.place(index)}: the {side} {texts[index]!r} has no tokens; correct it, or drop such rows with "
        "--empty drop, or keep them with --empty keep"
    )
