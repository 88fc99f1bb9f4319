"""pairlens attend --output maps.html: the file, its labels, and wrong usage."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import trained_project
from forked import pairlens

FILES = ["data/test.query.txt", "data/test.value.txt"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def block(page: Path, name: str) -> Any:
    (text,) = re.findall(f'<script type="application/json" id="{name}">(.*)</script>', page.read_text(encoding="utf-8"))
    return json.loads(text)


def test_the_page_holds_the_float32_numbers_of_the_dump(project: Path, tmp_path: Path) -> None:
    maps, dump = tmp_path / "maps.html", tmp_path / "maps.npz"
    wanted = ["attend", "run", *FILES, "--pairs", "2,5", "--output"]
    result = pairlens(project, *wanted, maps, "--label", "data/test.label.txt")
    assert result == (0, "", f"Wrote {maps}: the attention of 2 pairs\n")
    assert pairlens(project, *wanted, dump).code == 0
    labels = (project / "data/test.label.txt").read_text().split()
    with np.load(dump) as file:
        assert block(maps, "metadata") | {"dtype": "float32"} == json.loads(file["metadata"].item()) | {"classes": None}
        for place, pair in enumerate([2, 5]):
            shown = block(maps, f"pair-{place}")
            assert (shown["pair"], shown["label"]) == (pair, float(labels[pair]))
            assert np.float32(shown["score"]) == file["score"][place]
            assert shown["query"] == [f"word{i}" for i in file[f"{pair}/query"]]
            assert shown["value"] == [f"word{i}" for i in file[f"{pair}/value"]]
            (weights,) = block(maps, f"weights-{place}")
            scores = np.frombuffer(base64.b64decode(weights), "<f4")
            assert scores.tobytes() == file[f"{pair}/scores"].astype("<f4").tobytes()


def test_all_pairs_without_labels(project: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps.html"
    assert pairlens(project, "attend", "run", *FILES, "--output", maps, "--quiet") == (0, "", "")
    assert block(maps, "pair-79")["label"] is None
    result = pairlens(project, "attend", "run", *FILES, "--output", maps)
    assert (result.code, result.stderr) == (
        2,
        f"error: {maps}: exists already; choose another name, or replace it with --force\n",
    )


@pytest.mark.parametrize(("lines", "fault"), [(79, " has more"), (81, ": 80 lines")])
def test_labels_of_other_pairs(project: Path, tmp_path: Path, lines: int, fault: str) -> None:
    label = tmp_path / "label.txt"
    label.write_text("1\n" * lines)
    result = pairlens(project, "attend", "run", *FILES, "--output", tmp_path / "maps.html", "--label", label)
    message = f"{label}: {lines} lines, but data/test.query.txt{fault}; line N of each belongs to pair N"
    assert result == (2, "", f"error: {message}\n")
    assert list(tmp_path.iterdir()) == [label]


@pytest.mark.parametrize("output", [[], ["--output", "maps.npz"]])
def test_labels_are_for_the_page(project: Path, output: list[str]) -> None:
    result = pairlens(project, "attend", "run", *FILES, *output, "--label", "data/test.label.txt")
    assert result == (2, "", "error: --label: only a page shows labels; add --output maps.html\n")
