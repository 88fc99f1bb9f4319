"""A run that replaces another: whenever the process is killed, a whole run remains, and --resume continues."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from replacements import NO_EXCHANGE, killed_at, make_old, replace
from small_runs import make_weights

from pairlens.errors import RunError, UsageError
from pairlens.runs import staging
from pairlens.runs.locks import locked
from pairlens.runs.run import Run
from pairlens.runs.staging import StagedRun, is_being_replaced, locked_run

CHANGES = 46  # of files, and more, to replace a run


@pytest.fixture(params=[True, False], ids=["exchange", "three renames"])
def exchanges(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the file system can exchange two names."""
    if not request.param:
        monkeypatch.setattr(staging, "EXCHANGE", NO_EXCHANGE)
    return request.param  # type: ignore[no-any-return]


def seed_of(path: Path) -> int:
    """Check that the run is whole; return its seed."""
    run = Run.open(path)
    config = run.config()
    assert run.weights(config).keys() == make_weights(config).keys()
    return config.training.seed


def test_killed_before_every_change_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool) -> None:
    path, seeds, missing = tmp_path / "run", [], 0
    for step in range(CHANGES):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        make_old(path)
        killed = killed_at(step, path, exchanges)
        # With an exchange there is a whole run at RUN at all times.
        seen = seed_of(path) if exchanges or path.exists() else None
        if seen is None:  # both runs are whole, and the error names them
            with pytest.raises(RunError, match=r"run: .* --resume`\..* \S+/run\.new and .* \S+/\.replaced$"):
                Run.open(path)
            assert (seed_of(tmp_path / "run.new"), seed_of(tmp_path / "run.new" / ".replaced")) == (3, 1)
        missing += seen is None
        run = StagedRun(path) if is_being_replaced(path) else Run(path)
        with locked_run(run, begins=False):  # as --resume does it
            pass
        seeds.append(seed_of(path))
        assert seen in (None, seeds[-1], 1)
        assert seeds[-1] == 1 or not (tmp_path / "run.new").exists()
        assert (path / "notes.txt").read_text() == "mine"
        if not killed:
            break
    else:
        pytest.fail("killed to the last; there are more changes")
    assert seeds == sorted(seeds)  # the old run until the new one has weights, then only the new one
    assert set(seeds) == {1, 3}
    assert (missing == 0) == exchanges
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
    assert not (path / ".replaces").exists()


@pytest.mark.parametrize("step", range(2, CHANGES))
def test_killed_and_begun_anew(tmp_path: Path, step: int, exchanges: bool) -> None:
    path = tmp_path / "run"
    make_old(path)
    killed_at(step, path, exchanges)
    replace(path)
    assert seed_of(path) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (path / "notes.txt").read_text() == "mine"


def test_a_directory_of_that_name_is_somebody_elses(tmp_path: Path) -> None:
    make_old(tmp_path / "run")
    (tmp_path / "run.new").mkdir()
    StagedRun(tmp_path / "run").refuse()
    make_old(tmp_path / "run.new")
    assert not is_being_replaced(tmp_path / "run")
    with pytest.raises(UsageError, match=r"run\.new: exists, but is needed for the new run .*; rename it"):
        StagedRun(tmp_path / "run").refuse()


def test_what_train_left_before_its_marker_is_removed(tmp_path: Path) -> None:
    """But nothing that somebody else made: no empty directory, no other lock, no link."""
    path, new = tmp_path / "run", tmp_path / "run.new"
    make_old(path)

    def remains() -> bool:
        with locked_run(Run(path), begins=False):  # as --resume does it
            return new.exists()

    new.mkdir()
    assert remains()
    (new / ".lock").write_text("of an editor")
    assert remains()
    (new / ".lock").write_text("process 1 on host\n")
    with locked(new):
        assert remains()
    (new / ".lock").write_text("process 1 on host\n")
    (new / "..replaces.0123abcd.partial").write_text("7")
    (new / "notes.txt").write_text("mine")
    assert remains()
    (new / "notes.txt").unlink()
    assert not remains()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".lock").write_text("")
    new.symlink_to("elsewhere")
    assert remains()
    assert (tmp_path / "elsewhere" / ".lock").exists()


def test_a_run_is_not_replaced_from_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old(tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    with pytest.raises(UsageError, match="cannot be replaced from within"):
        StagedRun(Path()).refuse()


def test_a_link_to_a_run_keeps_pointing_to_it(tmp_path: Path) -> None:
    make_old(tmp_path / "run")
    (tmp_path / "latest").symlink_to("run")
    replace(tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink()
    assert seed_of(tmp_path / "run") == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "run"]


def test_both_names_are_locked(tmp_path: Path) -> None:
    path = tmp_path / "run"
    make_old(path)
    with locked_run(StagedRun(path), begins=True):
        for run in (StagedRun(path), Run(path)):
            with pytest.raises(UsageError, match="is training there"), locked_run(run, begins=True):
                pass
    with locked_run(Run(path), begins=False), pytest.raises(UsageError), locked_run(StagedRun(path), begins=True):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
