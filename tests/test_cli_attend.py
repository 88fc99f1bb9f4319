"""pairlens attend: matrices in files, and heat maps in the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli import pairlens, trained_project

FILES = ["data/test.query.txt", "data/test.value.txt"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def text(project: Path, side: str, pair: int) -> list[int]:
    return [int(token) for token in (project / f"data/test.{side}.txt").read_text().splitlines()[pair].split()]


def test_npz(project: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps.npz"
    result = pairlens(project, "attend", "run", *FILES, "--pairs", "0,2-3", "--output", maps)
    assert (result.code, result.stdout) == (0, "")
    assert result.stderr == f"Wrote {maps}: the attention of 3 pairs\n"
    with np.load(maps, allow_pickle=False) as file:
        assert file["pair"].tolist() == [0, 2, 3]
        for pair in (0, 2, 3):
            query, value = text(project, "query", pair), text(project, "value", pair)
            assert file[f"{pair}/query"].tolist() == query
            assert file[f"{pair}/value"].tolist() == value
            scores = file[f"{pair}/scores"]
            assert scores.shape == (len(query), len(value))
            np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)  # a softmax over the value


def test_jsonl_of_all_pairs(project: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps.jsonl"
    assert pairlens(project, "attend", "run", *FILES, "--output", maps, "--quiet") == (0, "", "")
    _, *rows = maps.read_text().splitlines()  # first the metadata
    found: list[dict[str, Any]] = [json.loads(row) for row in rows]
    assert [row["pair"] for row in found] == list(range(80))
    scored = pairlens(project, "score", "run", *FILES).stdout.split()
    np.testing.assert_allclose([row["score"] for row in found], np.array(scored, float), atol=1e-6)


def test_the_terminal(project: Path) -> None:
    first = pairlens(project, "attend", "run", *FILES)
    assert first.code == 0
    assert first.stdout.startswith("pair 0  score 0.")
    assert first.stdout.count("pair ") == 1
    assert "\x1b" not in first.stdout  # stdout is no terminal
    assert first.stderr == "The first pair; --pairs 1,5-9 shows others, --output FILE writes all.\n"
    for word in text(project, "query", 0):
        assert f"word{word}" in first.stdout

    chosen = pairlens(project, "attend", "run", *FILES, "--pairs", "5,1-2")
    assert (chosen.code, chosen.stderr) == (0, "")
    shown = [line.split()[1] for line in chosen.stdout.splitlines() if line.startswith("pair ")]
    assert shown == ["1", "2", "5"]  # in file order


@pytest.mark.parametrize("pairs", ["x", "3-1", "1,,2", ""])
def test_pairs_that_are_none(project: Path, pairs: str) -> None:
    result = pairlens(project, "attend", "run", *FILES, f"--pairs={pairs}")
    message = f"--pairs {pairs}: must be numbers and ranges, counted from 0, such as 0,5-9"
    assert result == (2, "", f"error: {message}\n")


def test_pairs_beyond_the_end(project: Path, tmp_path: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, "--pairs", "79-81", "--output", tmp_path / "maps.npz")
    assert result == (2, "", "error: --pairs: there is no pair 80; data/test.query.txt has 80, from 0\n")
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_is_none(project: Path, tmp_path: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, "--output", tmp_path / "maps.csv")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {tmp_path}/maps.csv: unknown format")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
