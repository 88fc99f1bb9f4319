"""Locks let one process at a time use a file or a directory; file systems without locks are used without."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable
from errno import EACCES, EAGAIN, EBADF, EINTR, EIO, ELOOP, ENOLCK, ENOSYS, ENOTSUP, EOPNOTSUPP, errorcode
from pathlib import Path

import pytest

from pairlens.errors import UsageError
from pairlens.runs.locks import locked, open_locked


def test_a_directory_is_made_and_locked_for_the_block(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "run"
    with locked(path):
        (lock,) = path.iterdir()
        assert lock.read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    assert list(path.iterdir()) == []


def test_the_second_is_refused_and_told_who_is_the_first(tmp_path: Path) -> None:
    with locked(tmp_path):
        refusal = rf"{tmp_path}: process {os.getpid()} on {socket.gethostname()} is training there; wait for it"
        for _ in range(2):
            with pytest.raises(UsageError, match=refusal), locked(tmp_path):
                pass
    with locked(tmp_path):
        pass


def test_the_lock_of_a_process_that_is_no_more_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("process 1 on another-host, which is longer than what is written now\n")
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"


def test_an_exception_unlocks(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), locked(tmp_path):
        raise KeyboardInterrupt
    with locked(tmp_path):
        pass


def test_a_lock_file_that_its_last_holder_removes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is removed between opening and locking protects nothing: other processes make a new one."""
    real, removed = fcntl.flock, []

    def remove_first(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append((tmp_path / ".lock").unlink())
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with locked(tmp_path), pytest.raises(UsageError), locked(tmp_path):
        pass
    assert removed


def refusing(number: int) -> Callable[..., None]:
    """Return a flock(2) that fails with this error number."""

    def flock(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    return flock


NO_LOCKS = pytest.mark.parametrize("number", [ENOLCK, ENOTSUP, EOPNOTSUPP, ENOSYS], ids=errorcode.get)


@NO_LOCKS
def test_a_file_system_without_locks_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()


@NO_LOCKS
def test_a_file_is_opened_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    os.close(open_locked(tmp_path / "file"))
    assert (tmp_path / "file").exists()


@pytest.mark.parametrize("number", [EAGAIN, EACCES, EBADF, EINTR, EIO], ids=errorcode.get)
def test_another_failure_to_lock_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The file is closed, too."""
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        open_locked(tmp_path / "file")
    assert caught.value.errno == number
    assert set(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize("number", [EACCES, EIO], ids=errorcode.get)
def test_a_directory_whose_lock_fails_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    with pytest.raises(OSError, match=os.strerror(number)), locked(tmp_path):
        pytest.fail("used without a lock")


def test_a_file_is_locked_until_it_is_closed(tmp_path: Path) -> None:
    descriptor = open_locked(tmp_path / "file")
    with pytest.raises(BlockingIOError):
        open_locked(tmp_path / "file")
    os.close(descriptor)
    os.close(open_locked(tmp_path / "file"))


def test_a_file_is_kept_as_it_is_and_a_link_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("0.5")
    os.close(open_locked(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "0.5"
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(OSError, match=f"{os.strerror(ELOOP)}: '{tmp_path}/link'"):
        open_locked(tmp_path / "link")


def test_a_holder_that_wrote_nothing_yet(tmp_path: Path) -> None:
    descriptor = open_locked(tmp_path / ".lock")
    with pytest.raises(UsageError, match=f"{tmp_path}: another process is training there"), locked(tmp_path):
        pass
    os.close(descriptor)


@pytest.mark.parametrize("lay", [os.link, os.symlink, lambda _, path: os.mkfifo(path)], ids=["link", "symlink", "fifo"])
def test_a_lock_that_somebody_else_laid_is_not_written(tmp_path: Path, lay: Callable[[Path, Path], None]) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "run").mkdir()
    lay(precious, tmp_path / "run" / ".lock")
    with pytest.raises((UsageError, OSError), match=r"\.lock"), locked(tmp_path / "run"):
        pytest.fail("locked")
    assert precious.read_text() == "mine"
