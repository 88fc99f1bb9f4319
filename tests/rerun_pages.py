"""Rerun the examples of the Markdown pages and write what they print into them: python tests/rerun_pages.py

A block `console` has commands behind `$ ` and a block `pycon` has statements behind `>>> `, each with its output. The
pages are run in order in one copy of the sample data, so that each may use the files that earlier ones made. Where the
output that a page shows has a line `…`, a new output is shortened to as many lines before and after it. The option
tables of cli/README.md stand between comments and are made from the Typer app.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from command_line import plain_environment
from command_options import command_table, commands, option_table, shared_option_table
from running import run_to_end

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "cli/README.md", "configs/README.md", "model/README.md")
ELLIPSIS = "…"


class Example(NamedTuple):
    """A command or a Python statement with its prompts, and the output that the page shows."""

    prompted: str
    output: str
    is_python: bool

    @property
    def source(self) -> str:
        prompt = r"^(?:>>>|\.\.\.) ?" if self.is_python else r"\A\$ "
        return re.sub(prompt, "", self.prompted, flags=re.MULTILINE).rstrip("\n")


def examples_of(page: str) -> list[Example]:
    """The examples of a page, in order."""
    blocks = re.findall(r"^```(console|pycon)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [example for kind, block in blocks for example in _examples_of_block(block, kind == "pycon")]


def _examples_of_block(block: str, is_python: bool) -> list[Example]:
    pattern = r"^(>>> .*\n(?:^\.\.\..*\n)*)" if is_python else r"^(\$ (?:.*\\\n)*.*\n)"
    before, *parts = re.split(pattern, block, flags=re.MULTILINE)
    assert not before, f"output without a command: {before}"
    return [Example(*parts[i : i + 2], is_python) for i in range(0, len(parts), 2)]


def make_folder(folder: Path) -> None:
    """A copy of what the examples read."""
    shutil.copytree(ROOT / "configs", folder / "configs")
    shutil.copytree(ROOT / "data", folder / "data")


def rerun(page: str, folder: Path, hurry: Callable[[str], str] = str) -> list[Example]:
    """The examples of a page with their new outputs. `hurry` may change a command before it is run."""
    scope: dict[str, Any] = {}
    return [
        example._replace(output=shortened(_run(example, folder, scope, hurry), example.output))
        for example in examples_of(page)
    ]


def _run(example: Example, folder: Path, scope: dict[str, Any], hurry: Callable[[str], str]) -> str:
    if example.is_python:
        return _run_python(example.source, folder, scope)
    program = Path(sys.executable).parent
    done = run_to_end(
        ["bash", "-c", hurry(example.source)],
        cwd=folder,
        env=plain_environment() | {"PATH": f"{program}:{os.environ['PATH']}", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    text = done.stdout.replace(str(folder), "/home/you/pairlens")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _run_python(source: str, folder: Path, scope: dict[str, Any]) -> str:
    """What a statement prints, and the value of an expression, as an interactive Python shows them."""
    with chdir(folder), redirect_stdout(StringIO()) as printed:
        exec(compile(ast.Interactive(ast.parse(source).body), "<page>", "single"), scope)
    return printed.getvalue()


def shortened(output: str, shown: str) -> str:
    """An output with as many lines before and after `…` as the page shows, if it shows that."""
    lines, pattern = output.splitlines(keepends=True), shown.splitlines()
    if ELLIPSIS not in pattern:
        return output
    head = pattern.index(ELLIPSIS)
    tail = len(pattern) - head - 1
    if len(lines) <= head + tail:
        return output
    return "".join([*lines[:head], f"{ELLIPSIS}\n", *lines[len(lines) - tail :]])


def with_outputs(page: str, examples: list[Example]) -> str:
    """The page with these outputs in place of those that it shows."""
    start = 0
    for old, new in zip(examples_of(page), examples, strict=True):
        start = page.index(old.prompted + old.output, start) + len(old.prompted)
        page = page[:start] + new.output + page[start + len(old.output) :]
        start += len(new.output)
    return page


def with_tables(page: str) -> str:
    """The page with the tables that its comments `<!-- commands -->`, `<!-- options: score -->` ask for."""
    tables = {"commands": command_table, "options of tables": shared_option_table}
    tables |= {f"options: {name}": partial(option_table, name) for name in commands()}
    return re.sub(
        r"^<!-- ([^/\n]+) -->\n.*?^<!-- / -->$",
        lambda found: f"<!-- {found[1]} -->\n{tables[found[1]]()}<!-- / -->",
        page,
        flags=re.MULTILINE | re.DOTALL,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        make_folder(folder)
        for path in map(ROOT.joinpath, PAGES):
            page = with_tables(path.read_text(encoding="utf-8"))
            path.write_text(with_outputs(page, rerun(page, folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
