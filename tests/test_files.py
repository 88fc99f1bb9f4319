"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pairlens.errors import UsageError
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
    """It is replaced, not written over: who has the old one open keeps it."""
    path = tmp_path / "scores.txt"
    path.write_text("old")
    with path.open() as reader:
        with whole_file(path) as file:
            file.write("new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    """Not those of a temporary file, which are 0600."""
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
    for force in (False, True):  # replacing these would surprise
        with pytest.raises(UsageError, match="is a directory"):
            refuse_existing(tmp_path, force)
        with pytest.raises(UsageError, match="pipe: is a device or a pipe"):
            refuse_existing(tmp_path / "pipe", force)
