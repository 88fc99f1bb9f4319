"""The table of environment variables in cli/README.md has every variable that the sources name, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from forked import pairlens

ROOT = Path(__file__).parent.parent
SOURCES = [path for folder in ("cli", "model") for path in (ROOT / folder).rglob("*.py")]
OF_SHELLS = {"_PAIRLENS_COMPLETE", "COMP_WORDS", "COMP_CWORD"}  # with which they ask for completions
FOR_CHILDREN = {"PYTHONPATH"}
OF_LIBRARIES = {"TMPDIR", "NO_COLOR"}  # of Python and rich, which are documented though no line of ours names them


def named(path: Path) -> Iterator[str]:
    """Variables that a module names: strings and constants next to `os.environ`, and constants PAIRLENS_…."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.Call, ast.Subscript, ast.Compare, ast.BinOp, ast.AugAssign)):
            parts = list(ast.walk(node))
            if not any(isinstance(part, ast.Attribute) and part.attr == "environ" for part in parts):
                continue
            for part in parts:
                value = part.value if isinstance(part, ast.Constant) else constants.get(getattr(part, "id", ""))
                if isinstance(value, str) and re.fullmatch(r"_?[A-Z][A-Z_]{5,}", value):
                    yield value
    yield from (value for value in constants.values() if isinstance(value, str) and value.startswith("PAIRLENS_"))


def documented() -> set[str]:
    page = (ROOT / "cli" / "README.md").read_text(encoding="utf-8")
    table = page.split("\n## Environment variables\n")[1].split("\n## ")[0]
    return {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }


def test_the_table_has_every_variable_and_no_other() -> None:
    found = {name for path in SOURCES for name in named(path)}
    assert {"PAIRLENS_THREADS", "PAIRLENS_CACHE", "XDG_CACHE_HOME", "AWS_MAX_ATTEMPTS", "RAY_ADDRESS"} <= found
    assert documented() == (found - OF_SHELLS - FOR_CHILDREN) | OF_LIBRARIES | {"COLUMNS", "LINES"}


def test_the_readme_links_to_it() -> None:
    assert "(cli/README.md#environment-variables)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "٣"])
@pytest.mark.parametrize("command", ["train x", "score x", "attend x", "evaluate x", "report x -o y", "tune x"])
def test_a_number_of_threads_that_is_none(tmp_path: Path, command: str, value: str) -> None:
    result = pairlens(tmp_path, *command.split(), PAIRLENS_THREADS=value)
    message = f"PAIRLENS_THREADS: {value!r} must be an integer ≥ 1, the default of --threads; or unset it"
    assert (result.code, result.stderr) == (2, f"error: {message}\n")


def test_a_number_of_threads_that_is_none_matters_only_where_it_counts(tmp_path: Path) -> None:
    assert "--threads" in pairlens(tmp_path, "train", "--help", PAIRLENS_THREADS="abc").stdout
    given = pairlens(tmp_path, "train", "x.yaml", "--threads", "1", PAIRLENS_THREADS="abc")
    assert given.stderr == "error: x.yaml: cannot be read: No such file or directory\n"
    shown = (
        "import pairlens_cli.commands.tune, pairlens.jobs.tune.tune_job as job, pairlens.kernels.threads as threads\n"
    )
    shown += "job.TuneJob = lambda *_: print(threads.processors()) or exit()"
    for options in (("--jobs", "2"), ("--jobs", "2", "--threads", "4")):
        found = pairlens(tmp_path, "tune", "x.yaml", *options, before=shown, PAIRLENS_THREADS="8")
        assert found.stdout == "4\n"
