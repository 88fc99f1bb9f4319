"""pairlens schema and pairlens config: what a config may contain, and what a given config contains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import make_project
from forked import pairlens
from jsonschema import Draft202012Validator

from pairlens.config.file import load_config
from pairlens.config.json_schema import schema_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_project(tmp_path)
    return tmp_path


def test_the_schema(folder: Path) -> None:
    result = pairlens(folder, "schema")
    assert (result.code, result.stdout, result.stderr) == (0, schema_text(), "")
    Draft202012Validator.check_schema(json.loads(result.stdout))
    assert pairlens(folder, "schema", "--output", "s.json").code == 0
    assert (folder / "s.json").read_text() == result.stdout
    again = pairlens(folder, "schema", "--output", "s.json")
    assert (again.code, again.stderr[:30]) == (2, "error: s.json: exists already;"[:30])


@pytest.mark.parametrize("resolved", [(), ("--resolved",)])
def test_what_is_printed_loads_again_to_the_same(folder: Path, resolved: tuple[str, ...]) -> None:
    changes = ["training.optimizer=sgd", "model.dnn.units=3"]
    options = [part for change in changes for part in ("--set", change)]
    result = pairlens(folder, "config", "config.yaml", *options, *resolved)
    assert (result.code, result.stderr) == (0, "")
    assert ("momentum: 0.0" in result.stdout) == bool(resolved)
    assert not result.stdout.endswith("...\n")  # only a run's config ends with this marker
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "again.yaml").write_text(result.stdout)
    assert load_config(folder / "elsewhere" / "again.yaml") == load_config(folder / "config.yaml", changes)


def test_a_config_that_is_wrong_is_not_printed(folder: Path) -> None:
    result = pairlens(folder, "config", "config.yaml", "--set", "training.epochs=0")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == "error: --set training.epochs=0: training.epochs: found 0; must be an integer ≥ 1\n"


def test_the_config_is_not_its_own_output(folder: Path) -> None:
    result = pairlens(folder, "config", "config.yaml", "--output", "config.yaml", "--force")
    assert result.code == 2
    assert "config.yaml, which is read" in result.stderr
