"""The Dockerfile, as far as it can be tried without Docker: what it copies is there, and what it runs, runs."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import tomllib

import pytest
from clean_environments import ROOT
from running import run_to_end

TEXT = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
INSTRUCTIONS = [line.split(" ", 1) for line in TEXT.splitlines() if line and not line.startswith("#")]
STAGES = [words.split(" AS ")[1] for name, words in INSTRUCTIONS if name == "FROM"]
RUNS = [words for name, words in INSTRUCTIONS if name == "RUN"]


def copies() -> list[tuple[str | None, list[str]]]:
    """The stage that each COPY takes from, if it is not the source tree, and what it takes."""
    found = []
    for words in (words.split() for name, words in INSTRUCTIONS if name == "COPY"):
        stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
        found.append((stage, words[:-1]))
    return found


def test_its_stages() -> None:
    """The last is what is built unless another one is named."""
    assert STAGES == ["wheel", "train", "score"]
    known = {"ARG", "FROM", "COPY", "RUN", "ENV", "WORKDIR", "ENTRYPOINT"}
    assert {name for name, _ in INSTRUCTIONS} == known
    used = set(re.findall(r"\$\{(\w+)\}", TEXT))
    assert used == {words.partition("=")[0] for name, words in INSTRUCTIONS if name == "ARG"}


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    from_tree = {path for stage, paths in copies() if stage is None for path in paths}
    assert from_tree == let_in
    assert all((ROOT / path).exists() for path in from_tree)
    assert {stage for stage, _ in copies() if stage} == {"wheel"}


def test_what_the_wheel_is_made_of_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= {package.partition("/")[0] for package in packages}
    assert needed <= {path for _, paths in copies() for path in paths}


def test_what_is_run_is_there() -> None:
    programs = {shlex.split(part)[0] for run in RUNS for part in run.split(" && ")}
    assert programs == {"pip", "python", "chmod"}
    assert {words for name, words in INSTRUCTIONS if name == "ENTRYPOINT"} == {'["pairlens"]'}
    assert shutil.which("chmod")


@pytest.mark.parametrize("run", [run for run in RUNS if run.startswith("pip ")])
def test_pip_has_these_options(run: str) -> None:
    command, *arguments = shlex.split(run)[1:]
    has = run_to_end([sys.executable, "-m", "pip", command, "--help"], check=True, capture_output=True, text=True)
    options = {word for word in arguments if word.startswith("-")}
    assert options <= set(re.findall(r"--[a-z-]+", has.stdout))


def test_the_kernels_are_compiled() -> None:
    """Those that this machine has compiled before are loaded, which shows as well that they are named right."""
    (run,) = [run for run in RUNS if run.startswith("python ")]
    words = shlex.split(run.partition(" && ")[0])
    run_to_end([sys.executable, *words[1:]], check=True)
