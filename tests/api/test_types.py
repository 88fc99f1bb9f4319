"""mypy and pyright, both strict, find nothing in a user's code, and find what is wrong in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from running import run_to_end

ROOT = Path(__file__).parents[2]
CALLER = Path(__file__).with_name("caller.py")
WRONG = """
import pairlens

pairlens.load("run").score([1], "a").no_such_method()
pairlens.train("config.yaml")
def callback(event: int) -> None: ...
pairlens.train("config.yaml", "run", callbacks=[callback])
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The example, and one with a fault in each of lines 4, 5 and 7."""
    folder = tmp_path_factory.mktemp("types")
    (folder / "caller.py").write_text(CALLER.read_text(encoding="utf-8"))
    (folder / "wrong.py").write_text(WRONG)
    return [folder / "caller.py", folder / "wrong.py"]


def test_mypy(files: list[Path]) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml", "--no-error-summary"]
    done = run_to_end([*command, *files], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    found = [line.split(":")[:2] for line in done.stdout.splitlines() if ": error:" in line]
    assert {(Path(path).name, line) for path, line in found} == {("wrong.py", line) for line in "457"}, done.stdout


def test_pyright(files: list[Path]) -> None:
    config = files[0].with_name("pyrightconfig.json")
    settings = {"include": ["."], "strict": ["."], "extraPaths": [str(ROOT / "model"), str(ROOT / "cli")]}
    config.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", config]
    done = run_to_end(command, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)["generalDiagnostics"]
    errors = {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1) for one in found if one["severity"] == "error"
    }
    assert errors == {("wrong.py", line) for line in (4, 5, 7)}, done.stdout
