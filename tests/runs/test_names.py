"""The names of a run's files are spelled only in runs, so that there is one place to change them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pairlens
import pairlens_cli
from pairlens.runs import names

FOLDERS = [Path(package.__file__).parent for package in (pairlens, pairlens_cli) if package.__file__]
SOURCES = [path for folder in FOLDERS for path in sorted(folder.rglob("*.py")) if path.parent.name != "runs"]
# Carried files have the names of encoded files, which help texts mention.
SPELLINGS = {Path(name).name for name in (*names.FILES, names.LOCK) if name not in names.CARRIED} | {"checkpoint/"}


def spelled(source: str) -> set[str]:
    """Return the file names in a module's strings, without its docstrings."""
    return {name for text in texts(ast.parse(source)) for name in SPELLINGS if name in text}


def texts(tree: ast.AST) -> Iterator[str]:
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_what_counts_as_spelled() -> None:
    assert spelled('"""config.yaml"""\n\ndef f(run):\n    """weights.npz"""\n    return run / "metrics"') == set()
    assert spelled('path = run / "weights.npz"') == {"weights.npz"}
    assert spelled('raise E(f"{run}/checkpoint/state.npz is missing")') == {"state.npz", "checkpoint/"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_other_folder_spells_the_name_of_a_runs_file(path: Path) -> None:
    assert spelled(path.read_text(encoding="utf-8")) == set()


def test_every_folder_is_looked_at() -> None:
    assert len(SOURCES) > 100
