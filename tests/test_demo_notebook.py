"""The demo notebook runs from its first cell to its last in a copy of its folder, and holds no output."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

DEMO = Path(__file__).parents[1] / "data" / "sample" / "demo.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Every output of the executed notebook, in order."""
    folder = tmp_path_factory.mktemp("demo") / "sample"
    shutil.copytree(DEMO.parent, folder)
    notebook = nbformat.read(folder / DEMO.name, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=150, resources={"metadata": {"path": str(folder)}}).execute()
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {
        path.name for path in DEMO.parent.iterdir()
    } - {"__pycache__"}
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def shown(outputs: list[Any], part: str) -> str:
    """The only HTML output that contains a string."""
    (found,) = [output.data["text/html"] for output in outputs if part in output.get("data", {}).get("text/html", "")]
    return str(found)


def test_nothing_is_left_in_it() -> None:
    notebook = json.loads(DEMO.read_text(encoding="utf-8"))
    nbformat.validate(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_it_trains_and_shows_what_it_says(outputs: list[Any]) -> None:
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "304 words; 4000 pairs; 50% of them have label 1" in printed
    assert printed.count("dev accuracy") == 2
    assert {output.get("name") for output in outputs if output.output_type == "stream"} == {"stdout"}, printed
    assert "train loss" in shown(outputs, "pairlens-run")
    assert ">instructor</text>" in shown(outputs, "attends to")
    assert "<td>0.9" in shown(outputs, "score")
