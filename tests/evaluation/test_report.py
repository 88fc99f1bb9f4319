"""What a report says of several runs."""

from __future__ import annotations

from pathlib import Path

from pairlens.config.schema import Config
from pairlens.evaluation.report import config_differences
from pairlens.runs.run import Run


def test_several_train_prefixes_are_one_setting(tmp_path: Path) -> None:
    model = {"embedding": {"input_dim": 7, "output_dim": 3}}
    runs = [
        Run.create(tmp_path / name, Config.model_validate({"data": {"train": train}, "model": model}), {})
        for name, train in (("one", "/a"), ("two", ["/a", "/b"]))
    ]
    assert config_differences(runs) == {"data.train": ["/a", "/a, /b"]}
