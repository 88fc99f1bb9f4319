"""Reading pairs from token files, whole and in chunks."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.texts import blocks
from pairlens.texts.pairs import Chunk, Pairs, Position, groups_of, iter_pairs, iter_tsv, read_pairs
from pairlens.texts.split_paths import SplitPaths, find_group_file, split_paths
from pairlens.texts.texts import Texts
from pairlens.texts.token_faults import TextRules

RULES = TextRules(input_dim=1000)

texts = st.lists(st.integers(0, 999), min_size=1, max_size=4)
pair_lists = st.lists(st.tuples(texts, texts), max_size=12)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pairs")


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def line(text: list[int]) -> bytes:
    return b" ".join(b"%d" % token for token in text)


def as_lists(pairs: Pairs) -> list[tuple[list[int], list[int]]]:
    return [(query.tolist(), value.tolist()) for query, value in zip(pairs.query, pairs.value, strict=True)]


def fault_after(chunks: Iterator[Chunk]) -> tuple[list[int], str]:
    """The sizes of the chunks that came before the fault, and its message."""
    sizes: list[int] = []
    with pytest.raises(DataError) as error:
        sizes.extend(len(chunk.pairs) for chunk in chunks)
    return sizes, str(error.value)


def expected_chunks(pairs: list[tuple[list[int], list[int]]], chunk: int) -> list[list[tuple[list[int], list[int]]]]:
    return [pairs[first : first + chunk] for first in range(0, len(pairs), chunk)]


@given(pairs=pair_lists, chunk=st.integers(1, 5))
def test_chunks_of_files(folder: Path, pairs: list[tuple[list[int], list[int]]], chunk: int) -> None:
    query = write(folder / "query", b"".join(line(query) + b"\n" for query, _ in pairs))
    value = write(folder / "value", b"\r\n".join(line(value) for _, value in pairs))
    assert [as_lists(part.pairs) for part in iter_pairs(query, value, RULES, chunk)] == expected_chunks(pairs, chunk)


@given(pairs=pair_lists, chunk=st.integers(1, 5))
def test_chunks_of_a_stream(pairs: list[tuple[list[int], list[int]]], chunk: int) -> None:
    stream = io.BytesIO(b"\n".join(line(query) + b"\t" + line(value) for query, value in pairs))
    assert [as_lists(part.pairs) for part in iter_tsv(stream, RULES, chunk)] == expected_chunks(pairs, chunk)


@pytest.mark.parametrize("block_bytes", [5, 1000])
def test_reading_goes_on_where_a_chunk_ended(folder: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    """From every known position, the same chunks and faults follow as in a reading from the beginning."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    query = write(folder / "q.txt", b"1\n2 3\n4\n5 6\n7\n")
    value = write(folder / "v.txt", b"10\n20\n30\n40\n50\n")
    read = list(iter_pairs(query, value, RULES, chunk=2, find_ends=True))
    chunks, ends = [as_lists(part.pairs) for part in read], [part.end for part in read]
    if block_bytes == 1000:
        assert ends == [(2, 6, 6), (4, 12, 12), (5, 14, 15)]
    known = [(number, end) for number, end in enumerate(ends, start=1) if end is not None]
    assert known
    for number, end in known:
        rest = list(iter_pairs(query, value, RULES, chunk=2, start=end, find_ends=True))
        assert [as_lists(part.pairs) for part in rest] == chunks[number:]
        assert [part.end for part in rest if part.end] == [position for _, position in known[number:]]
    write(value, b"10\n20\n30\nx\n50\n")
    with pytest.raises(DataError, match=r"v\.txt:4:1: not an integer: 'x'"):
        list(iter_pairs(query, value, RULES, chunk=2, start=Position(2, 6, 6)))
    write(value, b"10\n20\n30\n")
    with pytest.raises(DataError, match=r"q\.txt: 5 lines, but .*v\.txt: 3 lines"):
        list(iter_pairs(query, value, RULES, chunk=2, start=Position(2, 6, 6)))


def test_chunks_are_ragged_arrays_from_zero(folder: Path) -> None:
    path = write(folder / "query", b"1\n2 3\n4\n5 6\n")
    (first, *_), (second, *_) = iter_pairs(path, path, RULES, chunk=2)
    assert isinstance(second.query, Texts)
    assert second.query.ids.tolist() == [4, 5, 6]
    assert second.query.offsets.tolist() == [0, 1, 3]
    assert second.query.ids.dtype == np.int32
    assert second.query.offsets.dtype == np.int64
    assert first.label is None


@pytest.mark.parametrize("block_bytes", [1, 6, 1000])
def test_whole_chunks_before_a_fault_are_given(folder: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    good = write(folder / "query", b"1\n" * 7)
    bad = write(folder / "value", b"1\n" * 5 + b"x\n1\n")
    # The fault is in line 6, in the third chunk of two.
    message = (
        f"{bad}:6:1: not an integer: 'x'; a text is base-10 ids separated by blanks; for words use --text or encode"
    )
    assert fault_after(iter_pairs(good, bad, RULES, chunk=2)) == ([2, 2], message)
    assert fault_after(iter_pairs(bad, good, RULES, chunk=2)) == ([2, 2], message)
    assert fault_after(iter_pairs(good, bad, RULES, chunk=5)) == ([5], message)
    assert fault_after(iter_pairs(good, bad, RULES, chunk=6)) == ([], message)


@pytest.mark.parametrize("block_bytes", [1, 6, 1000])
def test_each_chunk_has_the_faults_of_its_own_lines(
    folder: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    """At any block size of both files; the query's fault comes before the value's."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", block_bytes)
    query = write(folder / "query", b"1\nx\n3\n4\nx\n")
    value = write(folder / "value", b"1\nx\n3\nx\n5\n")
    parts = list(iter_pairs(query, value, RULES, chunk=2, pass_over=True))
    assert [[(bad.file, bad.line) for bad in part.bad] for part in parts] == [
        [(str(query), 2), (str(value), 2)],
        [(str(value), 4)],
        [(str(query), 5)],
    ]
    assert as_lists(parts[1].pairs)[0] == ([3], [3])
    stream = io.BytesIO(b"1\t2\n3\n1\ty\n1\t2\n")
    of_stream = iter_tsv(stream, RULES, chunk=2, pass_over=True)
    assert [[(bad.line, bad.column) for bad in part.bad] for part in of_stream] == [[(2, 2)], [(3, 3)]]


def test_a_fault_of_a_stream(folder: Path) -> None:
    stream = io.BytesIO(b"1\t2\n1 \t 2\n1\t2 1000\n")
    assert fault_after(iter_tsv(stream, RULES, chunk=1, name="pairs.tsv")) == (
        [1, 1],
        "pairs.tsv:3:5: too large: '1000'; ids go from 0 to 999; model.embedding.input_dim is 1000",
    )


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(("n_query", "n_value"), [(5, 3), (3, 5), (0, 2), (4, 5), (3, 11)])
def test_unequal_line_counts(folder: Path, n_query: int, n_value: int, chunk: int) -> None:
    query, value = write(folder / "query", b"1\n" * n_query), write(folder / "value", b"2\n" * n_value)
    sizes, message = fault_after(iter_pairs(query, value, RULES, chunk))
    assert message == f"{query}: {n_query} lines, but {value}: {n_value} lines; line N of each belongs to pair N"
    assert sizes == [chunk] * (min(n_query, n_value) // chunk)


def test_read_pairs(folder: Path) -> None:
    query, value = write(folder / "query", b"1 2\n3\n"), write(folder / "value", b"4\n5 6\n")
    label = write(folder / "label", b"0\n1\n")
    pairs = read_pairs(SplitPaths(query, value, label), RULES, "binary")
    assert as_lists(pairs) == [([1, 2], [4]), ([3], [5, 6])]
    assert pairs.label is not None
    assert pairs.label.tolist() == [0, 1]
    assert (pairs.group, pairs.weight) == (None, None)
    assert read_pairs(SplitPaths(query, value), RULES, "binary").label is None
    with pytest.raises(DataError, match="not a class: '1'; must be an integer from 0 to 0"):
        read_pairs(SplitPaths(query, value, label), RULES, "multiclass", classes=1)


def test_groups_and_weights(folder: Path) -> None:
    query, value = write(folder / "query", b"1 2\n3\n1 2\n"), write(folder / "value", b"4\n5 6\n7\n")
    files = SplitPaths(query, value, group=write(folder / "group", b"9\n9\n8\n"))
    files_with_weight = SplitPaths(query, value, weight=write(folder / "weight", b"0\n0.5\n2\n"))
    group, weight = read_pairs(files, RULES, "binary").group, read_pairs(files_with_weight, RULES, "binary").weight
    assert group is not None
    assert group.tolist() == [9, 9, 8]
    assert weight is not None
    assert weight.tolist() == [0, 0.5, 2]
    # Ranking needs groups: without a file, equal queries form one.
    of_file = read_pairs(files, RULES, "ranking").group
    of_query = read_pairs(SplitPaths(query, value), RULES, "ranking").group
    assert of_file is not None
    assert of_file.tolist() == [9, 9, 8]
    assert of_query is not None
    assert of_query.tolist() == [0, 1, 0]


def test_groups_come_from_the_whole_queries(folder: Path) -> None:
    query, value = write(folder / "query", b"5 6 7\n5 6 8\n5 6 7\n"), write(folder / "value", b"1 2 3\n4\n\n")
    rules = TextRules(input_dim=10, max_length=2, truncate=True, allow_empty=True)
    pairs = read_pairs(SplitPaths(query, value), rules, "ranking")
    assert pairs.group is not None
    assert pairs.group.tolist() == [0, 1, 0]
    assert as_lists(pairs) == [([5, 6], [1, 2]), ([5, 6], [4]), ([5, 6], [])]


@given(queries=st.lists(st.lists(st.integers(0, 2), max_size=3)))
def test_equal_queries_are_a_group(queries: list[list[int]]) -> None:
    first = list(dict.fromkeys(map(tuple, queries)))
    group = groups_of(Texts.from_lists(queries))
    assert group.dtype == np.int64
    assert group.tolist() == [first.index(tuple(query)) for query in queries]


def test_take(folder: Path) -> None:
    query, value = write(folder / "query", b"1 2\n3\n"), write(folder / "value", b"4\n5 6\n")
    files = [
        write(folder / name, data) for name, data in [("label", b"0.5\n7\n"), ("group", b"3\n4\n"), ("w", b"5\n6")]
    ]
    taken = read_pairs(SplitPaths(query, value, *files), RULES, "regression").take(np.array([1, 0, 1]))
    assert as_lists(taken) == [([3], [5, 6]), ([1, 2], [4]), ([3], [5, 6])]
    assert taken.label is not None
    assert taken.label.tolist() == [7, 0.5, 7]
    assert taken.group is not None
    assert taken.group.tolist() == [4, 3, 4]
    assert taken.weight is not None
    assert taken.weight.tolist() == [6, 5, 6]


def test_faults_of_a_whole_split(folder: Path) -> None:
    empty, one, two = (write(folder / name, data) for name, data in [("0", b""), ("1", b"1\n"), ("2", b"1\n1\n")])
    with pytest.raises(DataError) as error:
        read_pairs(SplitPaths(empty, empty, empty), RULES, "binary")
    assert str(error.value) == f"{empty}: the file has no lines; nothing to train on or to evaluate"
    for files in (SplitPaths(two, two, one), SplitPaths(two, two, group=one), SplitPaths(two, two, weight=one)):
        with pytest.raises(DataError) as error:
            read_pairs(files, RULES, "binary")
        assert str(error.value) == f"{two}: 2 lines, but {one}: 1 lines; line N of each belongs to pair N"
    with pytest.raises(DataError, match="not a binary label: '2'"):
        read_pairs(SplitPaths(one, one, write(folder / "3", b"2\n")), RULES, "binary")


def test_no_lines_give_no_chunks(folder: Path) -> None:
    empty = write(folder / "query", b"")
    assert list(iter_pairs(empty, empty, RULES)) == []
    assert list(iter_tsv(io.BytesIO(b""), RULES)) == []


def test_split_paths(tmp_path: Path) -> None:
    query = write(tmp_path / "train.query.txt", b"1\n")
    value = write(tmp_path / "train.value.txt.gz", gzip.compress(b"2\n"))
    assert split_paths(tmp_path / "train") == SplitPaths(query, value)
    label = write(tmp_path / "train.label.txt.xz", lzma.compress(b"1\n"))
    group = write(tmp_path / "train.group.txt.bz2", bz2.compress(b"0\n"))
    weight = write(tmp_path / "train.weight.txt", b"1\n")
    paths = split_paths(tmp_path / "train")
    assert paths == SplitPaths(query, value, label, group, weight)
    assert as_lists(read_pairs(paths, RULES, "binary")) == [([1], [2])]


def test_a_group_file_is_found_next_to_the_queries(tmp_path: Path) -> None:
    group = write(tmp_path / "v1.2.group.txt.gz", gzip.compress(b"1\n"))
    assert find_group_file(tmp_path / "v1.2.query.txt") == group
    assert find_group_file(tmp_path / "v1.2.query.txt.xz") == group
    assert find_group_file(tmp_path / "v1.query.txt") is None
    assert find_group_file(tmp_path / "v1.2.txt") is None


def test_a_prefix_may_have_dots(tmp_path: Path) -> None:
    query, value = write(tmp_path / "v1.2.query.txt", b""), write(tmp_path / "v1.2.value.txt", b"")
    assert split_paths(tmp_path / "v1.2") == SplitPaths(query, value)


def test_split_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "train.query.txt", b"")
    looked_for = "no such file, nor one with .gz, .bz2 or .xz"
    for prefix, message in {
        "trian": f"trian.query.txt: {looked_for}; did you mean train.query.txt?",
        "train": f"train.value.txt: {looked_for}",
        "no/folder": f"no/folder.query.txt: {looked_for}",
    }.items():
        with pytest.raises(DataError) as error:
            split_paths(tmp_path / prefix)
        assert str(error.value) == f"{tmp_path}/{message}"


def test_two_files_for_one(tmp_path: Path) -> None:
    for name in ("dev.query.txt", "dev.value.txt", "dev.value.txt.gz"):
        write(tmp_path / name, b"")
    with pytest.raises(DataError) as error:
        split_paths(tmp_path / "dev")
    assert str(error.value) == f"{tmp_path}/dev.value.txt.gz: exists in addition to dev.value.txt; keep one of the two"


def test_a_small_file_that_expands_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gzip bomb of 20 MB. It is read in chunks, which need no more memory than for any file."""
    monkeypatch.undo()
    bomb = write(tmp_path / "query.gz", gzip.compress(b"1\n" * 10_000_000, compresslevel=9))
    assert bomb.stat().st_size * 100 < 20_000_000
    with pytest.raises(DataError, match=r"query\.gz: expands to more than 100 times its size; decompress it first"):
        read_pairs(SplitPaths(bomb, bomb), RULES, "binary")
    assert len(next(iter_pairs(bomb, bomb, RULES, chunk=1000)).pairs) == 1000
