"""Compressed files are written as members, which can be joined byte by byte."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from pairlens.compression import encoded, end_member, first_member_size

DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "t.txt": bytes,
    "t.txt.gz": gzip.decompress,
    "t.txt.bz2": bz2.decompress,
    "t.txt.xz": lzma.decompress,
}


def write(path: Path, *members: str) -> bytes:
    with path.open("wb") as raw, encoded(raw, path.name, "w") as file:
        for member in members:
            file.write(member)
            end_member(file)
    return path.read_bytes()


@pytest.mark.parametrize("name", DECOMPRESS)
def test_files_are_joined_as_bytes(tmp_path: Path, name: str) -> None:
    whole = write(tmp_path / name, "a\n", "bé\n", "c\n")
    assert DECOMPRESS[name](whole) == "a\nbé\nc\n".encode()
    assert whole == write(tmp_path / name, "a\n") + write(tmp_path / name, "bé\n", "c\n")


@pytest.mark.parametrize("name", list(DECOMPRESS)[1:])
def test_the_first_member(tmp_path: Path, name: str) -> None:
    first = write(tmp_path / name, "head\n" * 50_000)
    write(tmp_path / name, "head\n" * 50_000, "body\n")
    assert first_member_size(tmp_path / name) == len(first)


@pytest.mark.parametrize("name", DECOMPRESS)
def test_nothing_is_a_file_too(tmp_path: Path, name: str) -> None:
    """It has one empty member; a member that nothing is written to is none."""
    empty = write(tmp_path / name)
    assert DECOMPRESS[name](empty) == b""
    assert bool(empty) == (name != "t.txt")
    assert write(tmp_path / name, "a\n", "", "") == write(tmp_path / name, "a\n")
