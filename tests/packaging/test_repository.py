"""What a public host reads: the workflow runs `make test` with every Python, and reports ask for a selftest."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import metadata
from typing import Any

import yaml
from clean_environments import ROOT
from packaging.specifiers import SpecifierSet

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / path).read_text(encoding="utf-8"))


def test_the_workflow_runs_make_test_and_nothing_else() -> None:
    (job,) = read("workflows/test.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test PYTHON=python"]
    assert "http" not in (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")


def test_the_pythons_are_those_that_pairlens_and_tensorflow_have() -> None:
    (job,) = read("workflows/test.yml")["jobs"].values()
    classifiers = metadata("tensorflow").get_all("Classifier") or []
    of_tensorflow = [name.rpartition(" ")[2] for name in classifiers if re.search(r":: Python :: 3\.\d+$", name)]
    pythons = [version for version in of_tensorflow if version in SpecifierSet(PROJECT["requires-python"])]
    assert pythons == job["strategy"]["matrix"]["python"]
    script = (ROOT / "tests" / "make_environment.sh").read_text(encoding="utf-8")
    assert f"\n    {' | '.join(pythons)}) " in script
    *others, last = pythons
    assert script.count(f"{', '.join(others)} or {last}") == 2


def test_a_report_asks_for_the_selftest() -> None:
    form = read("ISSUE_TEMPLATE/bug.yml")
    (asked,) = [field for field in form["body"] if field["id"] == "selftest"]
    assert "pairlens selftest" in asked["attributes"]["label"]
    assert asked["validations"] == {"required": True}


def test_contributing_names_what_there_is() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 50
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"^ +make ([a-z ]+?)  |`make ([a-z]+)`", text, re.MULTILINE)
    assert {target for words in named for target in " ".join(words).split()} <= targets
    files = re.findall(r"\]\(([^)]+)\)|\s((?:tests|model)/[\w/]+(?:\.\w+)?)", text)
    assert all((ROOT / (link or path)).exists() for link, path in files)
