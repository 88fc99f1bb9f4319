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

CARD = {"format": "keras", "fingerprint": "0123", "files": ["card.json", "network.py", "sub/model"]}


def write(place: Path, content: str = "new", force: bool = False) -> None:
    with whole_directory(place, force) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "model").write_text(content)
        (folder / "card.json").write_text(json.dumps(CARD))


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
    (tmp_path / "export" / "__pycache__" / "network.cpython-313.pyc").write_text("")
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
    for lacking in CARD:  # some other card
        other = {key: value for key, value in CARD.items() if key != lacking}
        (tmp_path / "folder" / "card.json").write_text(json.dumps(other))
        refused(tmp_path / "folder", "files that are not an export's, such as card.json", force=True)
    (tmp_path / "folders" / "empty" / "empty").mkdir(parents=True)
    refused(tmp_path / "folders", "files that are not an export's, such as empty", force=True)
    (tmp_path / "cached" / "__pycache__").mkdir(parents=True)
    (tmp_path / "cached" / "__pycache__" / "network.cpython-313.pyc").write_text("mine")
    refused(tmp_path / "cached", "files that are not an export's, such as __pycache__", force=True)
    write(tmp_path / "export")
    (tmp_path / "export" / "sub" / "notes.txt").write_text("mine")
    refused(tmp_path / "export", "files that are not an export's, such as sub/notes.txt", force=True)
    (tmp_path / "export" / "sub" / "notes.txt").unlink()
    (tmp_path / "export" / "assets").write_text("mine")  # a SavedModel has an empty directory of this name
    refused(tmp_path / "export", "such as assets;", force=True)
    (tmp_path / "export" / "assets").unlink()
    (tmp_path / "export" / "assets").mkdir()
    (tmp_path / "export" / "empty").mkdir()
    refused(tmp_path / "export", "such as empty;", force=True)
    (tmp_path / "export" / "empty").rmdir()
    (tmp_path / "export" / "__pycache__").mkdir()
    for name in ("precious.txt", "thesis.cpython-313.pyc"):
        (tmp_path / "export" / "__pycache__" / name).write_text("mine")
        refused(tmp_path / "export", f"such as __pycache__/{name};", force=True)
        (tmp_path / "export" / "__pycache__" / name).unlink()
    (tmp_path / "export" / "__pycache__").rmdir()
    refused(tmp_path / "export", "the run or the current directory is in it", True, str(tmp_path / "export" / "sub"))
    monkeypatch.chdir(tmp_path / "export" / "sub")
    refused(tmp_path / "export", "the run or the current directory is in it", force=True)


def test_a_place_in_the_run_and_the_root_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "link").symlink_to("run")
    for place in (tmp_path / "run" / "inner", tmp_path / "link" / "below" / "inner"):
        refused(
            place, r"inner: is in the run, and would be out of date after `pairlens train", True, str(tmp_path / "run")
        )
    with pytest.raises(UsageError, match=r"^/: "):
        refuse_place(Path("/"), tmp_path / "run", force=True)


def test_a_place_that_cannot_be_written_is_named() -> None:
    with pytest.raises(OSError, match=r"'/proc/export'$"), whole_directory(Path("/proc/export"), replace=False):
        pass


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


@pytest.mark.parametrize("refuses", [True, False])
def test_an_export_that_a_killed_process_moved_away_is_put_back(refuses: bool, tmp_path: Path) -> None:
    """Where names cannot be exchanged. What is left once the new one has the name is removed."""
    write(tmp_path / "export", "old")
    (tmp_path / "export").rename(tmp_path / ".export.0123abcd.replaced")
    (tmp_path / ".other.0123abcd.replaced").mkdir()
    if refuses:
        with pytest.raises(UsageError, match="contains an export"):
            refuse_place(tmp_path / "export", tmp_path / "run", force=False)
    else:
        with pytest.raises(PairlensError, match="was created by another process"):
            write(tmp_path / "export")
    assert (tmp_path / "export" / "sub" / "model").read_text() == "old"
    (tmp_path / ".export.0123abcd.replaced").mkdir()
    write(tmp_path / "export", "new", force=True)
    assert (tmp_path / "export" / "sub" / "model").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.0123abcd.replaced", "export"]


def test_a_failed_exchange_puts_the_old_export_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    rename = Path.rename
    monkeypatch.setattr(module, "rename", cannot)
    write(tmp_path / "export", "old")

    def fail(path: Path, target: Path) -> Path:
        if path.suffix == ".partial":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="Input/output error"):
        write(tmp_path / "export", "new", force=True)
    assert (tmp_path / "export" / "sub" / "model").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
