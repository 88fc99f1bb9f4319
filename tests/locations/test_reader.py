"""Reading remote files: from any byte, not twice, whole again after faults, and never two versions of one file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from buckets import Bucket
from pyarrow import parquet
from running import running, wait_for

from pairlens.errors import DataError
from pairlens.locations import reader
from pairlens.locations.location import Location, location
from pairlens.tables.parquet import parquet_columns, parquet_rows
from pairlens.texts.blocks import read_blocks
from pairlens.texts.local_copy import local_copy
from pairlens.texts.regular import may_be_read_twice, open_regular, read_regular, refuse_irregular
from pairlens.texts.split_paths import find_group_file, split_paths

CONTENT = random.Random(1).randbytes(700_001)
FILES = {"": CONTENT, ".gz": gzip.compress(CONTENT), ".bz2": bz2.compress(CONTENT), ".xz": lzma.compress(CONTENT)}


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of up to 16 KiB, so that 700 kB take many."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 2**14)
    monkeypatch.setattr(reader, "START_BYTES", 2**12)


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("start", [0, 1, 300_000, 700_000, 700_001, 800_000])
def test_blocks_are_those_from_any_byte_on(bucket: Bucket, suffix: str, start: int) -> None:
    bucket.put(f"a/k{suffix}", FILES[suffix])
    assert b"".join(read_blocks(location(f"s3://data/a/k{suffix}"), start=start)) == CONTENT[start:]


def test_a_file_is_read_once_and_in_parts(bucket: Bucket, small_blocks: None) -> None:
    bucket.put("k", CONTENT)
    largest = 0

    def note(environ: dict[str, str]) -> None:
        nonlocal largest
        if asked := environ.get("HTTP_RANGE"):
            first, last = asked.removeprefix("bytes=").split("-")
            largest = max(largest, int(last) - int(first) + 1)

    bucket.before = note
    assert b"".join(read_blocks(location("s3://data/k"))) == CONTENT
    assert largest == 2**14
    assert bucket.served == len(CONTENT)


def test_only_the_start_is_read_if_no_more_is_asked_for(bucket: Bucket) -> None:
    bucket.put("k", bytes(5_000_000))
    with location("s3://data/k").open("rb") as file:
        assert file.read(4) == bytes(4)
    assert bucket.served <= reader.START_BYTES


def test_faults_leave_the_bytes_the_same(bucket: Bucket, small_blocks: None) -> None:
    """A twentieth of the requests, as asked for, and then a quarter: refused, cut off, slow, 500, 503."""
    bucket.put("k", CONTENT)
    bucket.put("k.gz", FILES[".gz"])
    for rate in (0.05, 0.25):
        bucket.misbehave(rate)
        assert b"".join(read_blocks(location("s3://data/k"))) == CONTENT
        assert b"".join(read_blocks(location("s3://data/k.gz"), start=99)) == CONTENT[99:]
    assert bucket.faults.total() > 10


def test_seeking_reads_a_zip_and_a_table_of_parquet(bucket: Bucket, tmp_path: Path) -> None:
    """Both have their index at the end."""
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.writestr("a", CONTENT)
    bucket.put("z", (tmp_path / "z").read_bytes())
    with location("s3://data/z").open("rb") as file, zipfile.ZipFile(file) as archive:
        assert archive.read("a") == CONTENT
    parquet.write_table(pyarrow.table({"q": ["a", "b"], "v": ["c", "d"]}), tmp_path / "p")
    bucket.put("p", (tmp_path / "p").read_bytes())
    assert parquet_columns(location("s3://data/p")) == ["q", "v"]
    assert list(parquet_rows(location("s3://data/p"))) == [(1, ("a", "c")), (2, ("b", "d"))]


def test_a_matrix_is_mapped_from_a_copy_that_leaves_nothing(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    np.save(tmp_path / "m.npy", np.arange(12.0).reshape(3, 4))
    bucket.put("m.npy", (tmp_path / "m.npy").read_bytes())
    with local_copy(location("s3://data/m.npy")) as copy:
        matrix = np.load(copy, mmap_mode="r")
    assert matrix[2].tolist() == [8, 9, 10, 11]
    assert [path.name for path in tmp_path.iterdir()] == ["m.npy"]


# ---- versions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [1, 2**15 + 1, 400_000, 700_000])
def test_a_file_that_changes_is_noticed(bucket: Bucket, small_blocks: None, at: int) -> None:
    """Wherever it has been read to; the new one has the same size."""
    bucket.put("k", CONTENT)
    path, done = location("s3://data/k"), 0
    changed = pytest.raises(DataError, match="s3://data/k: changed while it was read")
    with path.open("rb") as file, changed:
        while block := file.read(1000):
            done += len(block)
            if done >= at > done - len(block):
                bucket.put("k", bytes(len(CONTENT)))
    assert done < len(CONTENT) or at == 700_000


def test_a_bucket_in_memory_notices_it_too(small_blocks: None) -> None:
    path = in_memory("memory://changing/k", CONTENT)
    blocks = read_blocks(path)
    next(blocks)
    in_memory("memory://changing/k", CONTENT[:-1])
    with pytest.raises(DataError, match="memory://changing/k: changed while it was read"):
        list(blocks)


def in_memory(url: str, content: bytes) -> Location:
    """A file of the driver that keeps files in this process."""
    import fsspec

    fsspec.filesystem("memory").pipe(url, content)
    return location(url)


_READS = """
from pairlens.locations.location import location
location("s3://data/k").read_bytes()
"""


def test_ctrl_c_does_not_wait_for_an_answer(bucket: Bucket) -> None:
    """Neither for the range that is read nor for the next one, which is fetched already."""
    bucket.put("k", bytes(4_000_000))
    answers, ends = 0, threading.Event()

    def stall(environ: dict[str, str]) -> None:
        nonlocal answers
        answers += "HTTP_RANGE" in environ
        if answers > 2:
            ends.wait(20)

    bucket.before = stall
    try:
        with running([sys.executable, "-c", _READS], stderr=subprocess.PIPE) as process:
            wait_for(lambda: answers > 2, process)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
            assert time.monotonic() - began < 10
    finally:
        ends.set()
    assert said.rstrip().endswith(b"KeyboardInterrupt")


# ---- what is there -----------------------------------------------------------------------------------------------


def test_what_there_is(bucket: Bucket) -> None:
    bucket.put("a/b/k.txt", b"12345")
    bucket.put("a/z#?.txt", b"")
    folder = location("s3://data/a")
    assert (folder.exists(), folder.is_dir(), folder.is_file()) == (True, True, False)
    file = folder / "b" / "k.txt"
    assert (file.exists(), file.is_dir(), file.is_file(), file.stat().st_size) == (True, False, True, 5)
    none = folder / "none"
    assert (none.exists(), none.is_dir(), none.is_file()) == (False, False, False)
    assert list(folder.iterdir()) == [folder / "b", folder / "z#?.txt"]
    assert list(folder.glob("*.txt")) == [folder / "z#?.txt"]
    assert list(none.glob("*")) == []
    assert location("s3://data").is_dir()
    with pytest.raises(FileNotFoundError):
        none.read_bytes()
    with pytest.raises(DataError, match="s3://data/a: Is a directory"):
        folder.read_bytes()


def test_a_remote_file_is_a_regular_one(bucket: Bucket) -> None:
    bucket.put("k", b"123")
    path = location("s3://data/k")
    refuse_irregular(path, "")
    assert may_be_read_twice(path)
    assert read_regular(path, 3) == b"123"
    with pytest.raises(OSError, match="more than 2 bytes"):
        read_regular(path, 2)
    with open_regular(path) as file:
        assert file.read() == b"123"


def test_the_files_of_a_split_are_found(bucket: Bucket) -> None:
    for name in ("d/t.query.txt", "d/t.value.txt.gz", "d/t.label.txt", "d/t.group.txt.xz"):
        bucket.put(name, b"")
    folder = location("s3://data/d")
    found = split_paths(folder / "t")
    assert found.query == folder / "t.query.txt"
    assert found.value == folder / "t.value.txt.gz"
    assert found.weight is None
    assert find_group_file(found.query) == folder / "t.group.txt.xz"
    with pytest.raises(DataError, match=r"s3://data/d/u.query.txt: no such file, .* did you mean t.query.txt"):
        split_paths(folder / "u")
