"""ARCHITECTURE.md describes the current code: its folders, the stages of the network, and the size limits."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAPER = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
LIBRARY = ROOT / "model" / "pairlens"
SOURCES = [*LIBRARY.rglob("*.py"), *(ROOT / "cli").rglob("*.py")]
STAGES = [row.split(" | ") for row in re.findall(r"^\| (.*) \|$", PAPER.split("## Exactness")[0], re.MULTILINE)][2:]


def defined_in(*folders: str) -> set[str]:
    """Every function, method and attribute that the files in these folders define."""
    paths = [path for folder in folders for path in (LIBRARY / folder).parent.rglob("*.py")]
    return {
        name for path in paths for name in re.findall(r"def (\w+)|self\.(\w+) =", path.read_text()) for name in name
    }


def test_it_is_short() -> None:
    assert len(PAPER.splitlines()) <= 150


def test_every_folder_is_described() -> None:
    folders = [path.parent.name for path in LIBRARY.glob("*/__init__.py")]
    assert len(folders) > 10
    assert [folder for folder in folders if f"  {folder}/" not in PAPER] == []


def test_every_stage_is_where_it_says() -> None:
    assert len(STAGES) > 9
    reference, network = defined_in("scoring/reference.py"), defined_in("network/network.py")
    fast = defined_in("scoring/x", "kernels/x")
    for _, of_reference, of_network, of_kernels, test in STAGES:
        assert set(re.findall(r"`(\w+)`", of_reference)) <= reference
        assert set(re.findall(r"`(\w+)`", of_network)) <= network | {"overlap"}
        assert set(re.findall(r"`(\w+)`", of_kernels)) <= fast
        assert (ROOT / "tests" / f"{test}.py").is_file()


def test_modules_and_functions_are_short() -> None:
    """A module has at most 250 lines; a function at most 50, not counting the options of a command."""
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        assert source.count("\n") <= 250, path
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1
                assert lines <= 50, f"{path}: {node.name}"
