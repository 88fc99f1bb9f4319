"""Cached machine code is run only if its file is intact and no other user could have written it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from running import run_to_end

from pairlens.files import whole_file
from pairlens.kernels import code_cache
from pairlens.kernels.code_cache import cache_code, cached_code, folders

CODE = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(code_cache.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    return tmp_path / "cache" / "pairlens"


@pytest.fixture
def file(cache: Path) -> Path:
    assert cache_code("dense", "abc", CODE)
    [path] = cache.iterdir()
    return path


def test_it_is_read_back(file: Path) -> None:
    assert cached_code("dense", "abc") == CODE
    assert cached_code("dense", "other") is None
    assert cached_code("pool", "abc") is None
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_every_flipped_bit_is_seen(file: Path) -> None:
    whole = file.read_bytes()
    for place in [*range(200), *range(200, len(whole), 501)]:
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            file.write_bytes(flipped)
            assert cached_code("dense", "abc") is None, (place, bit)


@pytest.mark.parametrize("size", [0, 1, 50, 150, 5000])
def test_a_file_that_is_cut_off_is_not_used(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])
    assert cached_code("dense", "abc") is None


def test_a_file_that_goes_on_is_not_used(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"x")
    assert cached_code("dense", "abc") is None


def test_a_whole_file_of_another_kernel_is_not_used(file: Path) -> None:
    assert cache_code("pool", "abc", CODE[::-1])
    file.write_bytes((file.parent / "pool-abc").read_bytes())
    assert cached_code("dense", "abc") is None


@pytest.mark.parametrize("line", [b"", b"{}", b"[" * 100_000, b"null", b"\xff", b'{"kernel": 1e999}'])
def test_any_other_header_is_not_used(file: Path, line: bytes) -> None:
    file.write_bytes(line + b"\n" + CODE)
    assert cached_code("dense", "abc") is None


def test_what_others_may_write_or_is_no_file_is_not_used(file: Path, tmp_path: Path) -> None:
    file.chmod(0o666)
    assert cached_code("dense", "abc") is None
    file.chmod(0o600)
    file.parent.chmod(0o777)
    assert cached_code("dense", "abc") is None
    file.parent.chmod(0o700)
    assert cached_code("dense", "abc") == CODE
    file.rename(tmp_path / "code")
    file.symlink_to(tmp_path / "code")
    assert cached_code("dense", "abc") is None
    file.unlink()
    os.mkfifo(file)  # opening it would block
    assert cached_code("dense", "abc") is None


def test_what_is_damaged_is_replaced(file: Path) -> None:
    file.write_bytes(b"damaged")
    assert cache_code("dense", "abc", CODE)
    assert cached_code("dense", "abc") == CODE


KEEPS_AND_DIES = """
import os, signal
from pairlens.kernels import code_cache
code_cache.json.dumps = lambda _: os.kill(os.getpid(), signal.SIGHUP)  # the compiling process may get this signal
code_cache.cache_code("dense", "abc", b"code")
"""


def test_what_a_dead_process_left_half_written_is_removed(cache: Path) -> None:
    """A file that another process is writing is not removed."""
    done = run_to_end([sys.executable, "-c", KEEPS_AND_DIES])
    assert done.returncode == -signal.SIGHUP
    [litter] = cache.iterdir()
    assert litter.name.endswith(".partial")
    with whole_file(cache / "dense-abc", "wb") as file:
        file.write(b"another one's")
        [written] = cache.iterdir()
        assert written != litter
        assert cache_code("dense", "abc", CODE)
        assert written.exists()
    assert cache_code("dense", "abc", CODE)
    assert [path.name for path in cache.iterdir()] == ["dense-abc"]


def test_a_relative_cache_folder_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the XDG Base Directory Specification requires."""
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert next(folders()) == tmp_path / "home" / ".cache" / "pairlens"


def test_without_a_home_it_is_kept_among_temporary_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(code_cache.Path, "home", nobody)
    (tmp_path / "temporary").mkdir()
    assert cache_code("dense", "abc", CODE)
    assert cached_code("dense", "abc") == CODE
    assert (tmp_path / "temporary" / f"pairlens-{os.geteuid()}" / "dense-abc").is_file()


def test_where_nothing_can_be_kept_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(code_cache.tempfile, "gettempdir", lambda: str(tmp_path / "file"))
    assert not cache_code("dense", "abc", CODE)
    assert cached_code("dense", "abc") is None
