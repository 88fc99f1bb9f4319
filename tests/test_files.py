"""Files appear whole or not at all."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import stat
from pathlib import Path

import pytest

from pairlens import directories
from pairlens.errors import PairlensError, UsageError
from pairlens.files import refuse_existing, whole_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "scores.txt"
    with whole_file(path) as file:
        file.write("0.5\n")
        assert not path.exists()
    assert path.read_text() == "0.5\n"
    assert names(tmp_path) == ["scores.txt"]


def test_text_is_utf_8_and_bytes_are_bytes(tmp_path: Path) -> None:
    with whole_file(tmp_path / "text") as file:
        file.write("é\n")
    assert (tmp_path / "text").read_bytes() == b"\xc3\xa9\n"
    with whole_file(tmp_path / "bytes", "wb") as file:
        file.write(b"\xff\r\n")
    assert (tmp_path / "bytes").read_bytes() == b"\xff\r\n"


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_what_was_there(tmp_path: Path, exception: type[BaseException]) -> None:
    path = tmp_path / "scores.txt"
    path.write_text("old")

    def write_half() -> None:
        with whole_file(path) as file:
            file.write("new")
            file.flush()
            raise exception

    with pytest.raises(exception):
        write_half()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["scores.txt"]


def test_readers_see_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """It is replaced, not overwritten: a reader that has the old file open keeps it."""
    path = tmp_path / "scores.txt"
    path.write_text("old")
    with path.open() as reader:
        with whole_file(path) as file:
            file.write("new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    """Not 0600, the permissions of a temporary file."""
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "scores.txt") as file:
            file.write("")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "scores.txt").stat().st_mode) == 0o640  # 0666 without 0027


def test_a_link_keeps_pointing_where_it_does(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "scores.txt", tmp_path / "elsewhere" / "target.txt"
    target.write_text("old")
    link.symlink_to(target)
    with whole_file(link) as file:
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_outputs_that_are_refused(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("")
    os.mkfifo(tmp_path / "pipe")
    refuse_existing(tmp_path / "new.txt", force=False)
    refuse_existing(tmp_path / "old.txt", force=True)
    with pytest.raises(UsageError, match=r"old\.txt: exists already; .* --force"):
        refuse_existing(tmp_path / "old.txt", force=False)
    with pytest.raises(UsageError, match=r"none/new\.txt: there is no directory .*none; make it first"):
        refuse_existing(tmp_path / "none" / "new.txt", force=True)
    for force in (False, True):  # these are never replaced
        with pytest.raises(UsageError, match="is a directory"):
            refuse_existing(tmp_path, force)
        refuse_existing(tmp_path / "pipe", force)  # it is written directly


@pytest.mark.parametrize("knows", [True, False], ids=["renameat2", "a file system without it"])
def test_a_file_made_in_the_meantime_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knows: bool) -> None:
    if not knows:
        monkeypatch.setattr(directories, "NOREPLACE", 2**30)  # flags that no file system knows
    path = tmp_path / "scores.txt"
    with whole_file(path, replace=False) as file:
        file.write("ours")
    assert path.read_text() == "ours"

    def write_late() -> None:
        with whole_file(path, replace=False) as file:
            file.write("late")

    with pytest.raises(PairlensError, match=r"scores\.txt: was created by another process in the meantime and is kept"):
        write_late()
    assert path.read_text() == "ours"
    assert names(tmp_path) == ["scores.txt"]


def test_mode_and_owner_of_what_is_replaced_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "scores.txt"
    path.write_text("old")
    path.chmod(0o604)
    owner = (1234, 4321) if os.getuid() == 0 else (os.getuid(), os.getgid())
    os.chown(path, *owner)
    with whole_file(path) as file:
        file.write("new")
    status = path.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o604, *owner)


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127 + "x")  # 255 bytes
    with whole_file(path) as file:
        file.write("new")
    assert names(tmp_path) == [path.name]


def test_the_name_decides_about_compression(tmp_path: Path) -> None:
    for suffix, decompress in ((".gz", gzip.decompress), (".bz2", bz2.decompress), (".xz", lzma.decompress)):
        path = tmp_path / f"scores{suffix}"
        with whole_file(path) as file:
            file.write("é\n" * 100_000)
        assert decompress(path.read_bytes()).decode() == "é\n" * 100_000


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EACCES], ids=errno.errorcode.get)
def test_a_directory_that_cannot_be_synchronised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with whole_file(tmp_path / "scores.txt") as file:
        file.write("0.5\n")
    assert (tmp_path / "scores.txt").read_text() == "0.5\n"


def test_a_disk_that_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"), whole_file(tmp_path / "scores.txt"):
        pass
    assert names(tmp_path) == []


def test_a_mount_point_is_refused_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Container engines mount single files; renaming onto one fails with EBUSY, so nothing is started."""
    path = tmp_path / "sco res.txt"
    path.write_text("mine")
    line = f"36 35 98:0 / {path} rw - ext4 /dev/root rw\n".replace("sco res", r"sco\040res")
    monkeypatch.setattr(Path, "read_bytes", lambda _: line.encode())
    with pytest.raises(UsageError, match=r"sco res\.txt: is a mount point, which cannot be replaced; mount the dir"):
        refuse_existing(path, force=True)

    def fail(*_: str, **__: int) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), ".sco res.txt.0.partial")

    monkeypatch.setattr(os, "replace", fail)  # for systems where /proc does not show it
    with pytest.raises(OSError, match=f"'{path}'") as caught, whole_file(path) as file:
        file.write("new")
    assert "partial" not in str(caught.value)
    assert names(tmp_path) == ["sco res.txt"]
