"""The files that a run is measured on."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import write_split

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.evaluation.evaluation import labelled_files


def test_one_of_several_train_prefixes_is_measured(tmp_path: Path) -> None:
    prefixes = [write_split(tmp_path / name, query=[1], value=[2], label=[1]) for name in "ab"]
    model = {"embedding": {"input_dim": 5}}
    config = Config.model_validate({"data": {"train": prefixes}, "model": model})
    with pytest.raises(UsageError, match=r"data\.train has 2 prefixes; choose one with --set data\.train=PREFIX$"):
        labelled_files(config, "train")
    one = Config.model_validate({"data": {"train": prefixes[1:]}, "model": model})
    named, files = labelled_files(one, "train")
    assert (named, files.query) == ({"split": "train"}, tmp_path / "b.query.txt")
