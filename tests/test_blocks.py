"""Files to bytes: compressed or not, whole or damaged."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from pairlens import blocks
from pairlens.blocks import read_blocks, stream_blocks
from pairlens.errors import DataError

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
    assert str(error.value).startswith(f"{path}: truncated or damaged: ")


@every_format
def test_damaged(tmp_path: Path, suffix: str) -> None:
    data = bytearray(COMPRESS[suffix](TEXT))
    data[len(data) // 2] ^= 255
    for damaged in (bytes(data), TEXT):
        path = write(tmp_path / f"q.txt{suffix}", damaged)
        with pytest.raises(DataError) as error:
            read(path)
        assert str(error.value).startswith(f"{path}: truncated or damaged: ")


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
