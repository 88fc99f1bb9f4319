"""Reading files as bytes: compressed or not, whole or damaged."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from pairlens.errors import DataError
from pairlens.texts import blocks
from pairlens.texts.blocks import LineEnds, read_blocks, stream_blocks

TEXT = b"".join(b"%d %d\n" % (n, n * n) for n in range(1000))
COMPRESS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}

every_format = pytest.mark.parametrize("suffix", COMPRESS)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def read(path: Path) -> bytes:
    return b"".join(read_blocks(path))


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_bytes_come_back_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    path = write(tmp_path / f"q.txt{suffix}", COMPRESS.get(suffix, bytes)(TEXT))
    parts = list(read_blocks(path))
    assert b"".join(parts) == TEXT
    assert {len(part) for part in parts[:-1]} == {100}


@every_format
def test_several_members_are_one_text(tmp_path: Path, suffix: str) -> None:
    compress = COMPRESS[suffix]
    data = compress(TEXT[:500]) + compress(b"") + compress(TEXT[500:])
    assert read(write(tmp_path / f"q.txt{suffix}", data)) == TEXT


@every_format
def test_a_compressed_file_may_hold_nothing(tmp_path: Path, suffix: str) -> None:
    assert read(write(tmp_path / f"q.txt{suffix}", COMPRESS[suffix](b""))) == b""


@every_format
@pytest.mark.parametrize("keep", [0, 1, 10, 0.5, -1])
def test_truncated(tmp_path: Path, suffix: str, keep: float) -> None:
    data = COMPRESS[suffix](TEXT)
    path = write(tmp_path / f"q.txt{suffix}", data[: int(keep * len(data)) if keep == 0.5 else int(keep)])
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: truncated or damaged (")


@every_format
def test_damaged(tmp_path: Path, suffix: str) -> None:
    data = bytearray(COMPRESS[suffix](TEXT))
    data[len(data) // 2] ^= 255
    for damaged in (bytes(data), TEXT):
        path = write(tmp_path / f"q.txt{suffix}", damaged)
        with pytest.raises(DataError) as error:
            read(path)
        assert str(error.value).startswith(f"{path}: truncated or damaged (")


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path / "q.txt")
    assert str(error.value) == f"{tmp_path}/q.txt: No such file or directory"
    with pytest.raises(DataError) as error:
        read(tmp_path)
    assert str(error.value) == f"{tmp_path}: Is a directory"


def test_a_stream_that_cannot_be_read() -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, _: object) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(DataError, match=r"^<stdin>: Input/output error$"):
        list(stream_blocks(io.BufferedReader(Broken()), "<stdin>"))


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
@pytest.mark.parametrize("start", [0, 1, 5000, len(TEXT), len(TEXT) + 10])
def test_reading_may_start_anywhere(tmp_path: Path, suffix: str, start: int) -> None:
    path = write(tmp_path / f"q.txt{suffix}", COMPRESS.get(suffix, bytes)(TEXT))
    assert b"".join(read_blocks(path, start=start)) == TEXT[start:]


@pytest.mark.parametrize("change", [b"more\n", b""], ids=["appended", "written over"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: bytes) -> None:
    """The bytes read may mix two states of the file or end inside a line, so they must not be scored."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    path = write(tmp_path / "q.txt", TEXT)
    reader = read_blocks(path)
    next(reader)
    write(path, TEXT + change)
    with pytest.raises(DataError) as error:
        list(reader)
    assert str(error.value) == f"{path}: changed while it was read; try again when nothing writes to it"


def test_where_lines_end() -> None:
    """Lines of 1 to 5 bytes in blocks of 7, the first block at byte 100 and after line 20."""
    data = b"1\n22\n333\n4444\n\n55555"  # they end at 2, 5, 9, 14 and 15; the last one continues
    ends = LineEnds((data[at : at + 7] for at in range(0, len(data), 7)), 100, 20)
    known = [[ends.end_of(line) for line in range(20, 28)] for _ in ends]
    assert known == [
        [None, 102, 105, None, None, None, None, None],
        [None, None, None, 109, 114, None, None, None],
        [None, None, None, None, None, 115, None, None],
    ]
