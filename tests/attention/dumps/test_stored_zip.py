"""Python's zipfile can read the archive, also if its size exceeds 32 bits."""

from __future__ import annotations

import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pairlens.attention.dumps.stored_zip import StoredZip


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), st.lists(st.binary())))
def test_the_entries_can_be_read_back(entries: dict[str, list[bytes]]) -> None:
    file = BytesIO()
    archive = StoredZip(file, BytesIO())
    for name, parts in entries.items():
        archive.add(name, parts)
    archive.close()
    with zipfile.ZipFile(file) as read:
        assert read.testzip() is None
        assert read.namelist() == list(entries)
        assert {name: read.read(name) for name in entries} == {n: b"".join(parts) for n, parts in entries.items()}


def test_beyond_four_gigabytes(tmp_path: Path) -> None:
    """A sparse file, as if entries had filled the hole."""
    hole = 5 << 30
    with (tmp_path / "archive.zip").open("w+b") as file:
        archive = StoredZip(file, BytesIO())
        archive.add("before", [b"one"])
        file.seek(hole)
        archive._offset = hole
        archive.add("after", [b"tw", b"o"])
        archive.close()
        with zipfile.ZipFile(file) as read:
            assert (read.read("before"), read.read("after")) == (b"one", b"two")
            assert read.getinfo("after").header_offset == hole
            assert read.testzip() is None


def test_memory_does_not_grow_with_the_number_of_entries(tmp_path: Path) -> None:
    with (tmp_path / "archive.zip").open("w+b") as file, (tmp_path / "scratch").open("w+b") as scratch:
        archive = StoredZip(file, scratch)
        tracemalloc.start()
        for i in range(20_000):
            archive.add(f"{i}/scores.npy", [b"header", b"data"])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 100_000  # Python's zipfile: more than 10,000,000
