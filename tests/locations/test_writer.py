"""Writing remote files: whole or not at all, never over another one, and without leftovers of any kind."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from buckets import Bucket
from hypothesis import given
from hypothesis import strategies as st
from running import running, wait_for

from pairlens.errors import DataError, PairlensError, UsageError
from pairlens.files import refuse_existing, whole_file
from pairlens.locations import driver
from pairlens.locations.location import location
from pairlens.locations.writer import PART_BYTES, part_bytes
from pairlens.runs.outputs import refuse_outputs

MEGABYTE = 1_000_000


def is_completing(environ: dict[str, Any]) -> bool:
    """Whether a request finishes an upload in parts."""
    return environ["REQUEST_METHOD"] == "POST" and "uploadId" in environ["QUERY_STRING"]


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, 2 * PART_BYTES + 1])
def test_what_is_written_is_there_at_the_end(bucket: Bucket, size: int) -> None:
    content = np.random.default_rng(size).bytes(size)
    with whole_file(location("s3://data/a/k"), "wb") as file:
        for start in range(0, size, 777_777):
            file.write(content[start : start + 777_777])
        assert bucket.names() == set()
    assert bucket.get("a/k") == content
    assert bucket.unfinished() == 0


def test_text_is_utf_8_and_compressed_by_its_suffix(bucket: Bucket) -> None:
    for name in ("k.txt", "k.txt.gz", "l.txt.gz"):
        with whole_file(location(f"s3://data/{name}")) as file:
            file.write("né\n")
    assert bucket.get("k.txt") == "né\n".encode()
    assert gzip.decompress(bucket.get("k.txt.gz")) == "né\n".encode()
    assert bucket.get("k.txt.gz") == bucket.get("l.txt.gz")  # equal contents give equal bytes


def test_a_file_may_be_written_in_any_order(bucket: Bucket) -> None:
    with whole_file(location("s3://data/k"), "w+b") as file:
        file.write(b"??cd")
        file.seek(0)
        file.write(b"ab")
    assert bucket.get("k") == b"abcd"


@pytest.mark.parametrize("mode", ["wb", "w+b"])
def test_a_driver_without_parts_writes_at_the_end(mode: Any) -> None:
    """And takes away what it has written if that fails; fsspec's driver of files in memory is one."""
    path = location(f"memory://written/{mode[:2]}")
    with pytest.raises(KeyboardInterrupt), whole_file(path, mode) as file:  # noqa: PT012
        file.write(b"half")
        raise KeyboardInterrupt
    assert not path.exists()
    with whole_file(path, mode, replace=False) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    with pytest.raises(UsageError, match="exists already"):
        refuse_existing(path, force=False)
    with pytest.raises(PairlensError, match="was created by another process"), whole_file(path, mode, False) as file:
        file.write(b"another")
    assert path.read_bytes() == b"whole"
    with whole_file(path, mode) as file:
        file.write(b"another")
    assert path.read_bytes() == b"another"


@pytest.mark.parametrize("size", [10, PART_BYTES + 1])
@pytest.mark.parametrize(("mode", "suffix"), [("w", ""), ("w", ".gz"), ("wb", ""), ("w+b", "")])
def test_a_failure_leaves_nothing(bucket: Bucket, size: int, mode: Any, suffix: str) -> None:
    bucket.put(f"k{suffix}", b"old")
    with pytest.raises(KeyboardInterrupt), whole_file(location(f"s3://data/k{suffix}"), mode) as file:  # noqa: PT012
        file.write(os.urandom(size).hex() if mode == "w" else os.urandom(size))
        raise KeyboardInterrupt
    assert bucket.get(f"k{suffix}") == b"old"
    assert bucket.unfinished() == 0


@pytest.mark.parametrize("seed", range(2))
def test_faults_leave_the_bytes_the_same(bucket: Bucket, seed: int) -> None:
    content = np.random.default_rng(seed).bytes(2 * PART_BYTES + 5)
    bucket.misbehave(0.3, seed)
    for i in range(3):
        with whole_file(location(f"s3://data/k{i}"), "wb", replace=i % 2 == 0) as file:
            file.write(content)
        assert bucket.get(f"k{i}") == content
    assert bucket.unfinished() == 0
    assert bucket.faults.total() > 3


@pytest.mark.parametrize("replace", [True, False])
def test_the_lost_answer_to_the_last_request_is_no_failure(bucket: Bucket, replace: bool) -> None:
    """The file has its name already when the request is made again: it must not be taken for another process's."""
    lost = []

    def lose(environ: dict[str, Any]) -> bool:
        lost.append(is_completing(environ))
        return lost[-1] and sum(lost) == 1

    bucket.loses = lose
    with whole_file(location("s3://data/k"), "wb", replace=replace) as file:
        file.write(b"x" * 3 * PART_BYTES)
    assert sum(lost) == 2
    assert bucket.get("k") == b"x" * 3 * PART_BYTES


# ---- other files -------------------------------------------------------------------------------------------------


def test_an_existing_file_is_refused(bucket: Bucket) -> None:
    bucket.put("a/k", b"old")
    path = location("s3://data/a/k")
    with pytest.raises(UsageError, match="s3://data/a/k: exists already; choose another name, or replace it"):
        refuse_existing(path, force=False)
    refuse_existing(path, force=True)
    refuse_existing(location("s3://data/a/none"), force=False)
    refuse_existing(location("s3://data/a"), force=False)  # a file may have the name of a folder there


def test_who_may_write_but_not_read_can_replace(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise driver.DeniedError("denied")

    monkeypatch.setattr(driver, "info", denied)
    path = location("s3://data/k")
    with pytest.raises(DataError, match="denied"):
        refuse_existing(path, force=False)
    refuse_existing(path, force=True)
    with whole_file(path, "wb") as file:
        file.write(b"new")
    assert bucket.get("k") == b"new"


@pytest.mark.parametrize("when", ["before the end", "at the last moment"])
def test_a_file_that_appears_meanwhile_is_kept(bucket: Bucket, when: str) -> None:
    def appear(environ: dict[str, Any]) -> None:
        if is_completing(environ):
            bucket.put("k", b"another's")

    taken = pytest.raises(PairlensError, match="s3://data/k: was created by another process")
    with taken, whole_file(location("s3://data/k"), "wb", replace=False) as file:
        file.write(b"ours")
        if when == "before the end":
            bucket.put("k", b"another's")
        bucket.before = appear
    assert bucket.get("k") == b"another's"
    assert bucket.unfinished() == 0


def test_outputs_that_cannot_be_written_are_refused_before_the_work(bucket: Bucket) -> None:
    for text, message in [
        ("https://host/k", "https://host/k: a web address can only be read"),
        ("s3://data", "s3://data: is a bucket; name a file in it"),
        ("s3://none-such/k", "s3://none-such/k: there is no such bucket"),
    ]:
        for force in (True, False):
            with pytest.raises(UsageError, match=message):
                refuse_existing(location(text), force)


def test_equal_addresses_are_one_file(bucket: Bucket) -> None:
    one, same, other = (location(f"s3://data/{name}") for name in ("k", "k/", "l"))
    with pytest.raises(UsageError, match="s3://data/k: is the same file as s3://data/k, which is read"):
        refuse_outputs({"--output": one}, [same], force=True)
    with pytest.raises(UsageError, match="--output and --bad-lines are the same file"):
        refuse_outputs({"--output": one, "--bad-lines": same}, [])
    refuse_outputs({"--output": one, "--bad-lines": other}, [])


def test_files_of_a_run_are_not_written_over(bucket: Bucket) -> None:
    for name in ("run/config.yaml", "run/weights.npz"):
        bucket.put(name, b"")
    with pytest.raises(UsageError, match="is one of the files of the run s3://data/run"):
        refuse_outputs({"--output": location("s3://data/run/weights.npz")}, [], force=True)
    refuse_outputs({"--output": location("s3://data/other/weights.npz")}, [])


# ---- interruptions -----------------------------------------------------------------------------------------------

_WRITES = """
from pairlens.files import whole_file
from pairlens.locations import driver
from pairlens.locations.location import location
with whole_file(location("s3://data/k"), "wb") as file:
    print("writes", flush=True)
    for _ in range(100):
        file.write(bytes(1_000_000))
"""


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_ctrl_c_during_a_request_leaves_nothing(bucket: Bucket, method: str) -> None:
    """While the upload is being begun, and while a part is under way: after it, the parts are removed."""
    began = []

    def slow(environ: dict[str, Any]) -> None:
        if environ["REQUEST_METHOD"] == method:
            began.append(method)
            time.sleep(0.3)

    bucket.before = slow
    with running([sys.executable, "-c", _WRITES], stderr=subprocess.PIPE) as process:
        wait_for(lambda: began, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert said.rstrip().endswith(b"KeyboardInterrupt")
    assert b"ignored" not in said
    assert bucket.names() == set()
    assert bucket.unfinished() == 0


def test_a_writer_that_may_not_write_says_so_once(bucket: Bucket) -> None:
    def refuse(environ: dict[str, Any]) -> None:
        if environ["REQUEST_METHOD"] == "PUT":
            raise ConnectionResetError

    bucket.before = refuse
    refused = pytest.raises(DataError, match="s3://data/k: cannot be reached")
    with refused, whole_file(location("s3://data/k"), "wb") as file:
        file.write(bytes(PART_BYTES))
    assert bucket.unfinished() == 0


@given(st.integers(0, 5 * 10**12))
def test_parts_grow_so_that_there_are_never_too_many(size: int) -> None:
    """S3 allows 10,000 parts, and files of 5 TB. Each part is a multiple of 256 KiB, as Google's storage needs."""
    written = parts = 0
    while written < size and parts < 10_001:
        part = part_bytes(written)
        assert part % 2**18 == 0
        more = max(1, min(50, (size - written) // part))  # fifty parts of a size at once: an upper bound
        written, parts = written + more * part, parts + more
    assert parts <= 10_000
