"""Runs in buckets: read whole or not at all, never two at once; uploaded with the config last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from buckets import Bucket
from small_runs import make_config, make_weights

import pairlens
from pairlens.errors import DataError, RunError, UsageError
from pairlens.jobs.bucket_run import BucketRun
from pairlens.locations.location import location
from pairlens.locations.remote import Remote
from pairlens.runs import names
from pairlens.runs.remote import refuse_remote, upload_run
from pairlens.runs.run import Run
from pairlens.runs.warm_start import warm_start

PLACE = Remote("s3", "data/runs/mine")
CONFIG = make_config()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = Run.create(tmp_path / "run", CONFIG, {"created": "today"}, carried={names.VOCAB: b"a\nb\n"})
    run.write_weights(make_weights(CONFIG))
    run.write_evaluation({"threshold": 0.25})
    return tmp_path / "run"


@pytest.fixture
def order(bucket: Bucket) -> list[str]:
    """What is done in the bucket, in order: `+name` for a file that takes its name, `-name` for one that is removed."""
    done: list[str] = []

    def note(environ: dict[str, Any]) -> None:
        name = environ["PATH_INFO"].removeprefix("/data/runs/mine/")
        if environ["REQUEST_METHOD"] == "DELETE" and not environ["QUERY_STRING"]:
            done.append(f"-{name}")
        if environ["REQUEST_METHOD"] == "POST" and "uploadId" in environ["QUERY_STRING"]:
            done.append(f"+{name}")

    bucket.before = note
    return done


def test_a_run_is_the_same_after_the_way_there_and_back(bucket: Bucket, run: Path) -> None:
    upload_run(run, PLACE)
    local, remote = Run.open(run), Run.open(PLACE)
    assert remote.config().model == local.config().model
    assert remote.checksum() == local.checksum()
    assert remote.vocabulary() == ["a", "b"]
    assert remote.environment() == local.environment()
    assert remote.threshold() == 0.25
    assert str(remote.path) == "s3://data/runs/mine"
    bucket.empty()  # all of it has been read
    for name, weights in local.weights(CONFIG).items():
        np.testing.assert_array_equal(remote.weights(CONFIG)[name], weights)


def test_python_loads_it(bucket: Bucket, run: Path) -> None:
    upload_run(run, PLACE)
    pairs = [[1, 2], [3]], [[1], [4, 5]]
    assert pairlens.load(str(PLACE)).score(*pairs).tolist() == pairlens.load(run).score(*pairs).tolist()


def test_training_starts_from_it(bucket: Bucket, run: Path) -> None:
    upload_run(run, PLACE)
    config = make_config(training={"warm_start": str(PLACE)})
    start = warm_start(config)
    assert start
    np.testing.assert_array_equal(start.weights["conv/0/kernel"], make_weights(CONFIG)["conv/0/kernel"])


def test_the_config_is_uploaded_last_and_removed_first(bucket: Bucket, run: Path, order: list[str]) -> None:
    upload_run(run, PLACE)
    assert order[-1] == "+config.yaml"
    assert {name[1:] for name in order} == {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    (run / names.VOCAB).unlink()
    order.clear()
    upload_run(run, PLACE)
    assert order[0] == "-config.yaml"
    assert order[-1] == "+config.yaml"
    assert "runs/mine/vocab.txt" not in bucket.names()


def test_half_of_a_run_is_none(bucket: Bucket, run: Path) -> None:
    upload_run(run, PLACE)
    (PLACE / names.CONFIG).unlink()
    with pytest.raises(RunError, match=r"s3://data/runs/mine/config\.yaml: missing; s3://data/runs/mine is not a run"):
        Run.open(PLACE)


def test_a_run_that_is_replaced_while_it_is_read_is_refused(bucket: Bucket, run: Path) -> None:
    upload_run(run, PLACE)

    def replace(environ: dict[str, Any]) -> None:
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith(names.ENVIRONMENT):
            bucket.put("runs/mine/config.yaml", b"another\n")

    bucket.before = replace
    with pytest.raises(RunError, match="s3://data/runs/mine: changed while it was read"):
        Run.open(PLACE)


def test_a_damaged_file_is_named_as_it_was_given(bucket: Bucket, run: Path) -> None:
    upload_run(run, PLACE)
    bucket.put("runs/mine/weights.npz", b"damaged")
    with pytest.raises(RunError, match=r"s3://data/runs/mine/weights\.npz"):
        Run.open(PLACE).weights(CONFIG)


def test_what_may_be_replaced(bucket: Bucket, run: Path) -> None:
    refuse_remote(PLACE, replace=False)  # nothing is there
    bucket.put("runs/mine/weights.npz", b"")
    refuse_remote(PLACE, replace=False)  # left by an interrupted upload
    bucket.put("runs/mine/notes.txt", b"")
    with pytest.raises(UsageError, match="contains files that are not a run's"):
        refuse_remote(PLACE, replace=True)
    upload_run(run, PLACE)
    with pytest.raises(UsageError, match="contains a run; choose another name, or add --force"):
        refuse_remote(PLACE, replace=False)
    refuse_remote(PLACE, replace=True)
    with pytest.raises(UsageError, match="can only be read"):
        refuse_remote(Remote("https", "host/run"), replace=True)
    with pytest.raises(UsageError, match="there is no such bucket"):
        refuse_remote(Remote("s3", "none-such/run"), replace=True)


# ---- training for a bucket ---------------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def begin(path: Path) -> None:
    Run.create(path, CONFIG, {}).write_weights(make_weights(CONFIG))


def test_a_finished_run_is_uploaded_and_leaves_nothing(bucket: Bucket, folders: Path) -> None:
    work = BucketRun(PLACE, replaces=False, seeds=[1])
    assert work.folder.name == "mine"
    begin(work.folder)
    assert work.upload(work.folder) == PLACE
    assert work.close() is None
    assert not any(folders.iterdir())
    assert Run.open(PLACE).config().model == CONFIG.model


def test_each_seed_has_its_place(bucket: Bucket, folders: Path) -> None:
    work = BucketRun(PLACE, replaces=False, seeds=[4, 5])
    begin(work.folder / "seed-4")
    begin(work.folder / "seed-5")
    assert str(work.upload(work.folder / "seed-4")) == "s3://data/runs/mine/seed-4"
    assert work.close() == work.folder  # seed 5 is not uploaded
    assert Run.open(PLACE / "seed-4").config().model == CONFIG.model
    with pytest.raises(UsageError, match="s3://data/runs/mine/seed-4: contains a run"):
        BucketRun(PLACE, replaces=False, seeds=[4, 5])


def test_a_run_that_cannot_be_uploaded_is_kept(bucket: Bucket, folders: Path) -> None:
    work = BucketRun(PLACE, replaces=False, seeds=[1])
    begin(work.folder)

    def refuse(environ: dict[str, Any]) -> None:
        if environ["REQUEST_METHOD"] == "PUT":
            raise ConnectionResetError

    bucket.before = refuse
    with pytest.raises(DataError, match=r"s3://data/runs/mine/weights\.npz: cannot be reached"):
        work.upload(work.folder)
    assert work.close() == work.folder
    assert Run.open(work.folder).weights(CONFIG)
    assert bucket.unfinished() == 0


def test_nothing_is_kept_of_a_training_that_did_not_begin(bucket: Bucket, folders: Path) -> None:
    work = BucketRun(PLACE, replaces=False, seeds=[1])
    assert work.close() is None
    assert not any(folders.iterdir())
    assert str(location("s3://data/runs/mine")) == str(work.place)
