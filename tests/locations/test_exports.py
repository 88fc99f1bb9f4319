"""Exports in buckets: uploaded with the card last, and replaced with the card removed first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from buckets import Bucket
from models import make_config, random_weights

from pairlens.errors import UsageError
from pairlens.export.bucket import upload
from pairlens.export.names import CARD, files_of
from pairlens.jobs.export_job import ExportJob
from pairlens.locations.remote import Remote
from pairlens.runs.run import Run

PLACE = Remote("s3", "data/exports/mine")
FILES = {"README.md", CARD, "config.json", "model.safetensors"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run.create(tmp_path / "run", config := make_config(), {})
    run.write_weights(random_weights(config))
    return run


def test_an_export_is_whole_when_it_has_its_card(bucket: Bucket, run: Run) -> None:
    ExportJob(run, "safetensors", PLACE).write()
    assert files_of(PLACE) == {path.name for path in PLACE.iterdir()} == FILES
    with pytest.raises(UsageError, match="s3://data/exports/mine: contains an export; choose another name"):
        ExportJob(run, "safetensors", PLACE)
    written: list[str] = []
    bucket.before = lambda environ: written.append(f"{environ['REQUEST_METHOD']} {Path(environ['PATH_INFO']).name}")
    ExportJob(run, "safetensors", PLACE, force=True).write()
    changes = [change for change in written if change.split()[0] in ("PUT", "POST", "DELETE")]
    assert changes[0] == f"DELETE {CARD}"
    assert changes[-1].endswith(f" {CARD}")
    assert files_of(PLACE) == FILES


def test_files_in_folders_and_those_of_the_export_before(bucket: Bucket, tmp_path: Path) -> None:
    """A SavedModel has its weights in a folder; an export of another format replaces it."""
    for number, name in enumerate(("variables/data", "model.onnx")):
        folder = tmp_path / str(number)
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
        (folder / CARD).write_text(json.dumps({"format": "onnx", "fingerprint": "0123", "files": [CARD, name]}))
        upload(folder, PLACE)
        assert files_of(PLACE) == {CARD, name}
        assert (PLACE / name).read_text() == name
    assert not (PLACE / "variables/data").exists()


def test_what_is_no_export_is_kept(bucket: Bucket, run: Run) -> None:
    ExportJob(run, "safetensors", PLACE).write()
    (PLACE / CARD).unlink()
    for force in (False, True):
        with pytest.raises(UsageError, match="contains files that are not an export's"):
            ExportJob(run, "safetensors", PLACE, force)
