"""The README, as a new user reads it: its files exist, its commands run, and its options are those of the commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from command_line import pairlens, trained_project
from raw_texts import ENGLISH, numbered, pairs_of, write_csv

from pairlens.check import examine
from pairlens.config.file import load_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


COMMANDS = ["encode", "init", "check", "train", "evaluate", "report", "score", "attend", "config", "schema", "selftest"]
OF_EVERY_COMMAND = {"--quiet", "--verbose", "--debug", "--help"}
OPTION = "--[a-z][a-z-]*"


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


def named_options(command: str) -> set[str]:
    """The options that the synopsis of a command names, those of tables included."""
    (synopsis,) = re.findall(r"^```\n(pairlens encode .*?)^```", README, re.MULTILINE | re.DOTALL)
    *usages, columns = re.split(r"^(?=pairlens|COLUMNS)", synopsis, flags=re.MULTILINE)
    usage = "".join(usage for usage in usages if usage.startswith(f"pairlens {command} "))
    assert usage
    return set(re.findall(OPTION, usage + (columns if "[COLUMNS]" in usage else "")))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_has_the_options_that_it_names_and_no_others(command: str) -> None:
    result = pairlens(ROOT, command, "--help", COLUMNS="200")
    assert result.code == 0
    rows = re.findall(rf"^│ \*? {{0,4}}({OPTION})(?: +({OPTION}))?", result.stdout, re.MULTILINE)
    assert named_options(command) == {option for row in rows for option in row if option} - OF_EVERY_COMMAND


def test_every_command_is_in_the_readme() -> None:
    listed = re.findall(r"^│ ([a-z]+) ", pairlens(ROOT, "--help", COLUMNS="200").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


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


def commands_of(block: str) -> list[list[str]]:
    """The commands of a block of shell, as words."""
    return [shlex.split(line) for line in block.replace("\\\n", " ").splitlines()]


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    return re.findall(r"```sh\n(pairlens .*?)```", README, re.DOTALL)


def test_the_five_lines_for_tables_run(blocks: list[str], tmp_path: Path) -> None:
    (block,) = [block for block in blocks if "pairlens encode" in block]
    commands = commands_of(block)
    assert len(commands) == 5
    for seed, (name, count) in enumerate([("train", 60), ("dev", 20), ("new", 10)]):
        write_csv(tmp_path / f"{name}.csv", numbered(pairs_of(ENGLISH, count, seed)))
    for command in commands:
        result = pairlens(tmp_path, *command[1:])
        assert result.code == 0, result.stderr
    assert (tmp_path / "scored.csv").read_text().startswith(",question1,question2,is_duplicate,score\n")


def test_the_check_of_the_readme_runs(blocks: list[str]) -> None:
    (block,) = [block for block in blocks if "pairlens check" in block]
    (words,) = commands_of(block)
    words = [word.replace("mine/vocab", "data/sample/vocab").replace("mine/", "data/sample/") for word in words]
    result = pairlens(ROOT, *words[1:])
    assert (result.code, result.stdout) == (0, "configs/sample.yaml: no faults found\n")


def test_the_maps_of_the_readme_are_made(blocks: list[str], project: Path, tmp_path: Path) -> None:
    block = "".join(block for block in blocks if block.startswith("pairlens attend"))
    test = f"{project}/data/test"
    stand_for = {"RUN": f"{project}/run", "runs/sample": f"{project}/run"}
    for side in ("query", "value", "label"):
        stand_for |= {side.upper(): f"{test}.{side}.txt", f"data/sample/test.{side}.txt": f"{test}.{side}.txt"}
    commands = commands_of(block)
    assert len(commands) == len(blocks) - 2
    for command in commands:
        words = [stand_for.get(word, word) for word in command[1:]]
        result = pairlens(tmp_path, *words)
        assert result.code == 0, result.stderr
        assert (tmp_path / command[-1]).is_file()


def test_the_python_of_the_readme_runs(project: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    block = block.replace("runs/sample", str(project / "run"))
    scope: dict[str, object] = {}
    exec(re.sub(r"\b(15|16|23|42)\b", "3", block), scope)  # the ids of a small vocabulary
    scorer = scope["scorer"]
    assert np.isfinite(scorer.score([[1]], [[1]])).all()  # type: ignore[attr-defined]
