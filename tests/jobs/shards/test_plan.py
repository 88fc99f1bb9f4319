"""How pairs are divided among shards."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.jobs.input_files import InputFiles, Piece
from pairlens.jobs.shards import plan as plan_module
from pairlens.jobs.shards.plan import Cut, Plan
from pairlens.texts.pairs import START, Position


def make_plan(files: InputFiles, shards: int, unit: int, numbered: bool) -> Plan:
    sizes = [[path.stat().st_size for path in part] for part in files.parts]
    return plan_module.make_plan(files, sizes, shards, unit, numbered)


def id_files(folder: Path, *counts: int, suffix: str = ".txt") -> InputFiles:
    """Parts of so many pairs: queries `1` and values `2 3`, that is 2 and 4 bytes with their line ends."""
    parts = []
    for i, count in enumerate(counts):
        names = folder / f"{i}.query{suffix}", folder / f"{i}.value{suffix}"
        for path, line in zip(names, (b"1\n", b"2 3\n"), strict=True):
            path.write_bytes(gzip.compress(line * count) if suffix.endswith(".gz") else line * count)
        parts.append(names)
    return InputFiles("ids", tuple(parts), ("q", "v"))


def test_one_pair_of_files_by_hand(tmp_path: Path) -> None:
    """10 pairs in units of 3 are 3 + 3 + 3 + 1; in two shards of about as many bytes, 6 + 4."""
    plan = make_plan(id_files(tmp_path, 10), 2, 3, numbered=False)
    assert plan == Plan([Cut(0), Cut(0, Position(6, 12, 24)), Cut(1)], [0, 6, 10])
    assert plan.pieces(0) == [Piece(0, START, Position(6, 12, 24))]
    assert plan.pieces(1) == [Piece(0, Position(6, 12, 24), None)]


def test_several_parts_by_hand(tmp_path: Path) -> None:
    """4 + 4 pairs in units of 4 or more: cut between the parts; with 2, also in the parts."""
    files = id_files(tmp_path, 4, 4)
    assert make_plan(files, 2, 4, numbered=False).cuts == [Cut(0), Cut(1), Cut(2)]
    third = make_plan(files, 4, 2, numbered=False)
    assert [third.pieces(i) for i in range(4)] == [
        [Piece(0, START, Position(2, 4, 8))],
        [Piece(0, Position(2, 4, 8))],
        [Piece(1, START, Position(2, 4, 8))],
        [Piece(1, Position(2, 4, 8))],
    ]
    assert third.firsts == [0, 2, 4, 6, 8]
    assert make_plan(files, 1, 2, numbered=False).pieces(0) == [Piece(0), Piece(1)]


def test_compressed_parts_are_not_cut_and_only_counted_for_numbers(tmp_path: Path) -> None:
    files = id_files(tmp_path, 5, 6, 7, suffix=".txt.gz")
    plan = make_plan(files, 3, 2, numbered=False)
    assert (plan.firsts, plan.cuts) == (None, [Cut(0), Cut(1), Cut(2), Cut(3)])
    assert make_plan(files, 3, 2, numbered=True).firsts == [0, 5, 11, 18]


def test_more_shards_than_pairs(tmp_path: Path) -> None:
    plan = make_plan(id_files(tmp_path, 2), 5, 1, numbered=False)
    assert sorted(len(plan.pieces(i)) for i in range(5)) == [0, 0, 0, 1, 1]
    nothing = make_plan(id_files(tmp_path, 0), 3, 1, numbered=True)
    assert [nothing.pieces(i) for i in range(3)] == [[], [], []]


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
def test_files_of_different_lengths(tmp_path: Path, suffix: str) -> None:
    files = id_files(tmp_path, 3, 2, suffix=suffix)
    mixed = InputFiles("ids", ((files.parts[0][0], files.parts[1][1]),), ("q", "v"))
    with pytest.raises(DataError, match=r"0\.query.* 3 lines, but .*1\.value.* 2 lines"):
        make_plan(mixed, 2, 1, numbered=True)


@given(counts=st.lists(st.integers(0, 9), min_size=1, max_size=4), shards=st.integers(1, 12), unit=st.integers(1, 4))
def test_every_pair_is_in_one_shard(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], shards: int, unit: int
) -> None:
    plan = make_plan(id_files(tmp_path_factory.getbasetemp(), *counts), shards, unit, numbered=True)
    found = []
    for shard in range(shards):
        assert plan.firsts
        assert plan.first(shard) == len(found)
        for part, start, stop in plan.pieces(shard):
            end = stop.pairs if stop else counts[part]
            assert start.pairs % unit == 0
            assert (start.query, start.value) == (2 * start.pairs, 4 * start.pairs)
            found += [(part, i) for i in range(start.pairs, end)]
    assert found == [(part, i) for part, count in enumerate(counts) for i in range(count)]
