"""The files that a run is measured on, and those that it was trained with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_runs import write_split

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.evaluation.evaluation import labelled_files
from pairlens.evaluation.report import data_checksums


def test_one_of_several_train_prefixes_is_measured(tmp_path: Path) -> None:
    prefixes = [write_split(tmp_path / name, query=[1], value=[2], label=[1]) for name in "ab"]
    model = {"embedding": {"input_dim": 5}}
    config = Config.model_validate({"data": {"train": prefixes}, "model": model})
    with pytest.raises(UsageError, match=r"data\.train has 2 prefixes; choose one with --set data\.train=PREFIX$"):
        labelled_files(config, "train")
    one = Config.model_validate({"data": {"train": prefixes[1:]}, "model": model})
    named, files = labelled_files(one, "train")
    assert (named, files.query) == ({"split": "train"}, tmp_path / "b.query.txt")


def test_a_report_names_the_files_of_every_prefix_by_role() -> None:
    """The second begins like the first."""
    data = {"train": ["/d/train", "/d/train.more"], "dev": "/d/dev"}
    config = Config.model_validate({"data": data, "model": {"embedding": {"input_dim": 5}}})
    names = ("train.query.txt", "train.more.query.txt", "dev.label.txt.gz", "vectors.npy")
    report: Any = SimpleNamespace(
        scored=SimpleNamespace(config=config), environment={"data": {f"/d/{name}": name for name in names}}
    )
    assert data_checksums(report) == {
        "train.query.txt": "train.query.txt",
        "train.1.query.txt": "train.more.query.txt",
        "dev.label.txt.gz": "dev.label.txt.gz",
        "vectors.npy": "vectors.npy",
    }
