"""One process at a time in a directory."""

from __future__ import annotations

import fcntl
import os
import socket
from errno import ENOLCK
from pathlib import Path

import pytest

from pairlens.errors import UsageError
from pairlens.runs.locks import locked


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
    """Opened before it was removed and locked after: a lock of nothing, while another process makes a new file."""
    real, removed = fcntl.flock, []

    def remove_first(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append((tmp_path / ".lock").unlink())
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with locked(tmp_path), pytest.raises(UsageError), locked(tmp_path):
        pass
    assert removed


def test_a_file_system_without_locks_is_used_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(ENOLCK, os.strerror(ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path):
        assert (tmp_path / ".lock").exists()
