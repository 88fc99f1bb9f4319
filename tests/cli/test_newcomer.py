"""The whole way of a newcomer: a table of texts, a tuned model, another program that scores with it, and a ranking."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tokenizers
from command_line import PAIRLENS, plain_environment
from raw_texts import ENGLISH, pairs_of
from running import run_to_end

THE_WAY = """
pairlens encode pairs.csv --split 80,10,10 --output data/mine
pairlens init data/mine --output mine.yaml
pairlens tune mine.yaml --space space.yaml --trials 5 --output tuned > tuned.json
pairlens report tuned/best --output report.html
pairlens export tuned/best --format onnx --output served
pairlens score tuned/best --input asked.csv > scored.csv
pairlens rank tuned/best queries.txt candidates.txt --text --top 3 > ranked.tsv
"""
SPACE = """\
training: {optimizer: {learning_rate: {low: 1e-3, high: 1e-2, log: true}}, epochs: [1, 2]}
model: {embedding: {output_dim: [8]}, dnn: {units: [[8]]}}
"""


def write_texts(folder: Path) -> None:
    def table(name: str, seed: int, count: int) -> list[list[str]]:
        rows = [
            [" ".join(one.query.split()), " ".join(one.value.split()), str(int(one.same))]
            for one in pairs_of(ENGLISH, count, seed)
        ]
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["question1", "question2", "is_duplicate"], *rows])
        return rows

    table("pairs.csv", 1, 300)
    rows = table("asked.csv", 2, 12)
    (folder / "space.yaml").write_text(SPACE)
    (folder / "queries.txt").write_text("".join(f"{query}\n" for query, *_ in rows))
    (folder / "candidates.txt").write_text("".join(f"{value}\n" for _, value, _ in rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newcomer")
    write_texts(folder)
    environment = plain_environment() | {"PATH": f"{Path(PAIRLENS).parent}:{os.environ['PATH']}"}
    way = run_to_end(["bash", "-e", "-c", THE_WAY], cwd=folder, env=environment, capture_output=True, encoding="utf-8")
    (folder / "stderr").write_text(way.stderr)
    assert way.returncode == 0, way.stderr
    return folder


def served_scores(folder: Path, queries: list[str], values: list[str]) -> list[float]:
    """The scores that the exported model gives, with nothing of pairlens."""
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "served" / "tokenizer.json"))
    session = onnxruntime.InferenceSession(folder / "served" / "model.onnx")

    def inputs(side: str, texts: list[str]) -> dict[str, np.ndarray]:
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
        padded = np.zeros((len(ids), max(map(len, ids))), np.int32)
        for row, text in zip(padded, ids, strict=True):
            row[: len(text)] = text
        return {f"{side}_ids": padded, f"{side}_length": np.array([len(text) for text in ids], np.int32)}

    return session.run(["score"], inputs("query", queries) | inputs("value", values))[0].tolist()  # type: ignore[no-any-return]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_the_exported_model_gives_the_scores_of_the_command(folder: Path) -> None:
    with (folder / "scored.csv").open(newline="", encoding="utf-8") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    assert len(scores) == 12
    assert len(set(scores)) > 6
    served = served_scores(folder, lines(folder / "queries.txt"), lines(folder / "candidates.txt"))
    np.testing.assert_allclose(served, scores, atol=1e-5)


def test_the_ranking_is_that_of_every_pair(folder: Path) -> None:
    queries, candidates = lines(folder / "queries.txt"), lines(folder / "candidates.txt")
    ranked = np.array([line.split("\t") for line in lines(folder / "ranked.tsv")], np.float64)
    assert ranked.shape == (12 * 3, 4)
    for number, query in enumerate(queries, 1):
        scores = np.array(served_scores(folder, [query] * len(candidates), candidates))
        found = ranked[ranked[:, 0] == number]
        np.testing.assert_allclose(found[:, 3], np.sort(scores)[::-1][:3], atol=1e-5)
        np.testing.assert_allclose(scores[found[:, 2].astype(int) - 1], found[:, 3], atol=1e-5)


def test_the_search_tells_what_test_says_of_its_best(folder: Path) -> None:
    told = json.loads((folder / "tuned.json").read_text())
    assert told
    stderr = (folder / "stderr").read_text()
    assert len(re.findall(r"^trial +\d+  ", stderr, re.MULTILINE)) == 5
    assert "Dev was searched 5 times" in stderr
    assert "<svg" in (folder / "report.html").read_text(encoding="utf-8")
