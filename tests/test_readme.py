"""The README, as a new user reads it: its files exist, its commands run, and its options are those of the commands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from command_line import pairlens, trained_project

from pairlens.check import examine
from pairlens.config.file import load_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


COMMANDS = ["init", "check", "train", "evaluate", "report", "score", "attend", "config", "schema", "selftest"]


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    files = [link for link in links if "://" not in link]
    assert len(files) >= 3
    assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_every_config_loads_and_opens_with_the_command_that_runs_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"pairlens train configs/{path.name}" in text.split("\n\n")[0]
    config = load_config(path)
    if "data/sample" in text:
        assert examine(config).problems == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_has_the_options_that_it_names(command: str) -> None:
    lines = re.search(rf"^pairlens {command} .*?(?=^pairlens|^```)", README, re.MULTILINE | re.DOTALL)
    assert lines is not None
    result = pairlens(ROOT, command, "--help", COLUMNS="200")
    assert result.code == 0
    assert [option for option in re.findall(r"--[a-z]+", lines[0]) if option not in result.stdout] == []


def test_every_fault_has_tests_that_exist() -> None:
    lines = (ROOT / "tests" / "FAULTS.md").read_text(encoding="utf-8").splitlines()
    proofs = [line.split(" | ")[-1] for line in lines if line.startswith("| ") and not line.startswith("| fault")]
    assert len(proofs) > 30
    tests = ROOT / "tests"
    files = {str(path.relative_to(tests)): path.read_text(encoding="utf-8") for path in tests.rglob("*.py")}
    defined = set(re.findall(r"^def (test_\w+)", "".join(files.values()), re.MULTILINE))
    for proof in proofs:
        functions, modules = set(re.findall(r"`(test_\w+)`", proof)), set(re.findall(r"\[([\w/]+\.py)\]", proof))
        assert functions | modules, proof
        assert functions <= defined, proof
        assert modules <= set(files), proof


def test_the_check_of_the_readme_runs() -> None:
    (block,) = re.findall(r"```sh\n(pairlens check.*?)```", README, re.DOTALL)
    words = block.replace("\\\n", " ").split()[1:]
    words = [word.replace("mine/vocab", "data/sample/vocab").replace("mine/", "data/sample/") for word in words]
    result = pairlens(ROOT, *words)
    assert (result.code, result.stdout) == (0, "configs/sample.yaml: no faults found\n")


def test_the_python_of_the_readme_runs(project: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    block = block.replace("runs/sample", str(project / "run"))
    scope: dict[str, object] = {}
    exec(re.sub(r"\b(15|16|23|42)\b", "3", block), scope)  # the ids of a small vocabulary
    scorer = scope["scorer"]
    assert np.isfinite(scorer.score([[1]], [[1]])).all()  # type: ignore[attr-defined]
