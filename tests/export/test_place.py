"""The directory of an export appears whole or not at all, and replaces nothing but an export."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from command_line import files_below

from pairlens.errors import PairlensError, UsageError
from pairlens.export import place as module
from pairlens.export.place import refuse_place, whole_directory
from pairlens.locations.location import location


def write(place: Path, content: str = "new", force: bool = False) -> None:
    with whole_directory(place, force) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "model").write_text(content)
        (folder / "card.json").write_text(json.dumps({"files": ["card.json", "sub/model"]}))


def refused(place: Path, message: str, force: bool = False, run: str = "run") -> None:
    before = files_below(place.parent)
    with pytest.raises(UsageError, match=message):
        refuse_place(place, location(run), force)
    assert files_below(place.parent) == before


def test_a_new_directory_and_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("target")
    for name in ("new", "empty", "link", "below/new"):
        refuse_place(tmp_path / name, tmp_path / "run", force=False)
        write(tmp_path / name)
        assert {*files_below(tmp_path / name)} == {"card.json", "sub/model"}
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target" / "card.json").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["below", "empty", "link", "new", "target"]


def test_an_export_is_replaced_only_with_force(tmp_path: Path) -> None:
    write(tmp_path / "export", "old")
    refused(tmp_path / "export", "contains an export; choose another name, or replace it with --force")
    (tmp_path / "export" / "__pycache__").mkdir()  # of a program that imported network.py
    (tmp_path / "export" / "__pycache__" / "network.pyc").write_text("")
    refuse_place(tmp_path / "export", tmp_path / "run", force=True)
    write(tmp_path / "export", "new", force=True)
    assert files_below(tmp_path) == {
        "export/sub/model": b"new",
        "export/card.json": (tmp_path / "export" / "card.json").read_bytes(),
    }


def test_what_is_no_export_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    refused(tmp_path / "file", "is a file, but an export is a directory", force=True)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_text("mine")
    with pytest.raises(UsageError, match=r"sub/file/new: .*sub/file is a file, not a directory; choose another name"):
        refuse_place(tmp_path / "sub" / "file" / "new", tmp_path / "run", force=True)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    refused(tmp_path / "folder", "files that are not an export's, such as thesis.txt", force=True)
    (tmp_path / "folder" / "card.json").write_text("{}")  # some other card
    refused(tmp_path / "folder", "files that are not an export's, such as card.json", force=True)
    write(tmp_path / "export")
    (tmp_path / "export" / "sub" / "notes.txt").write_text("mine")
    refused(tmp_path / "export", "files that are not an export's, such as sub/notes.txt", force=True)
    (tmp_path / "export" / "sub" / "notes.txt").unlink()
    refused(tmp_path / "export", "the run or the current directory is in it", True, str(tmp_path / "export" / "sub"))
    monkeypatch.chdir(tmp_path / "export" / "sub")
    refused(tmp_path / "export", "the run or the current directory is in it", force=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_failure_leaves_what_was_there(force: bool, tmp_path: Path) -> None:
    if force:
        write(tmp_path / "sub" / "export", "old")
    before = files_below(tmp_path)

    def fail(error: BaseException) -> None:
        with whole_directory(tmp_path / "sub" / "export", force) as folder:
            (folder / "half").write_text("half")
            raise error

    for error in (KeyboardInterrupt(), ValueError(), OSError(errno.EIO, "broken")):
        with pytest.raises(type(error)):
            fail(error)
    with pytest.raises(PairlensError, match=r"export: No space left on device; what was there before is kept"):
        fail(OSError(errno.ENOSPC, "No space left on device"))
    assert files_below(tmp_path) == before
    assert (tmp_path / "sub").exists() == force


def test_a_directory_that_is_made_meanwhile_is_kept(tmp_path: Path) -> None:
    def write_late() -> None:
        with whole_directory(tmp_path / "export", replace=False):
            write(tmp_path / "export", "theirs")

    with pytest.raises(PairlensError, match="was created by another process in the meantime and is kept"):
        write_late()
    assert {*files_below(tmp_path)} == {"export/card.json", "export/sub/model"}


def test_what_a_killed_process_left_is_removed_and_what_another_one_writes_is_not(tmp_path: Path) -> None:
    left = tmp_path / ".export.0123abcd.partial"
    left.mkdir()
    (left / "half").write_text("half")
    with whole_directory(tmp_path / "export", replace=False) as folder:
        assert not left.exists()
        write(tmp_path / "export", "other")
        assert folder.exists()
        (tmp_path / "export" / "card.json").unlink()
        (tmp_path / "export" / "sub" / "model").unlink()
        (tmp_path / "export" / "sub").rmdir()
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_a_file_system_that_cannot_exchange_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(module, "rename", cannot)
    write(tmp_path / "export", "old")
    write(tmp_path / "export", "new", force=True)
    assert (tmp_path / "export" / "sub" / "model").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
