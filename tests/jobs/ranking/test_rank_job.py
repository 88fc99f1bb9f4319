"""Rankings as files: what lines have, metrics by an obvious oracle, and shards that equal one process's output."""

from __future__ import annotations

import gzip
import io
import json
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import lines
from models import make_config, random_texts, random_weights

from pairlens import api
from pairlens.errors import DataError, UsageError
from pairlens.files import whole_file
from pairlens.jobs.ranking.one_side import one_side
from pairlens.jobs.ranking.rank_job import RankJob
from pairlens.jobs.ranking.request import RankRequest
from pairlens.jobs.score_job import Listener
from pairlens.jobs.score_request import ScoreRequest
from pairlens.jobs.shards.merge import Merge
from pairlens.jobs.shards.rank_maker import RankMaker
from pairlens.jobs.shards.shards import Shards
from pairlens.runs.names import TOKENIZER
from pairlens.runs.run import Run
from pairlens.scoring import ranker
from pairlens.scoring.scorer import Scorer

QUERIES, CANDIDATES = 41, 30


@pytest.fixture(autouse=True)
def _small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranker, "_UNIT", 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`run`, and `q.txt` and `c.txt`, ids, with many equal texts."""
    make_run(tmp_path)
    for seed, (name, count) in enumerate((("q.txt", QUERIES), ("c.txt", CANDIDATES))):
        (tmp_path / name).write_text(lines([text.tolist() for text in random_texts(count, 3, 4, seed)]))
    return tmp_path


def make_run(folder: Path, name: str = "run", **settings: Any) -> None:
    config = make_config(**settings)
    Run.create(folder / name, config, {}).write_weights(random_weights(config))


def request(folder: Path, run: str = "run", count: int = 5, exclude: bool = False, **score: Any) -> RankRequest:
    return RankRequest(ScoreRequest(folder / run, **score), one_side(folder / "c.txt", False), count, exclude)


def job_of(folder: Path, made: RankRequest, labels: Path | None = None) -> RankJob:
    source = one_side(folder / "q.txt", False).source(made.score.run.tokenizer)
    return RankJob(made, source, threads=1, labels=labels)


def written(folder: Path, made: RankRequest) -> str:
    file = io.StringIO()
    job = job_of(folder, made)
    job.run(file, Listener())
    assert (job.queries, job.places) == (QUERIES, file.getvalue().count("\n"))
    return file.getvalue()


def ranking(folder: Path, logits: bool = False) -> list[list[tuple[int, float]]]:
    """The candidates of each query, by number from 1, with their scores, best first: each pair is scored."""
    config = make_config()
    sides = (
        [[int(i) for i in line.split()] for line in (folder / name).read_text().splitlines()]
        for name in ("q.txt", "c.txt")
    )
    queries, candidates = sides
    engine = Scorer(config, random_weights(config))
    found = []
    for query in queries:
        scored = engine.logits([query] * len(candidates), candidates)
        shown = (scored.merged() if logits else scored.scores()).tolist()
        keys = scored.merged().round(6)  # equal texts are tied
        found.append([(c + 1, shown[c]) for c in sorted(range(len(candidates)), key=lambda c: -keys[c])])
    return found


def test_a_line_has_query_place_candidate_and_score(folder: Path) -> None:
    rows = [line.split("\t") for line in written(folder, request(folder)).splitlines()]
    expected = [(q, place, *one) for q, best in enumerate(ranking(folder), 1) for place, one in enumerate(best[:5], 1)]
    assert [[int(x) for x in row[:3]] for row in rows] == [[*row[:3]] for row in expected]
    np.testing.assert_allclose([float(row[3]) for row in rows], [row[3] for row in expected], rtol=0, atol=1e-5)


def test_other_formats_show_both_texts(folder: Path) -> None:
    rows = written(folder, request(folder)).splitlines()
    queries, candidates = ((folder / name).read_text().splitlines() for name in ("q.txt", "c.txt"))
    expected = [f"{row}\t{queries[int(row.split()[0]) - 1]}\t{candidates[int(row.split()[2]) - 1]}" for row in rows]
    assert written(folder, request(folder, format="tsv")).splitlines() == expected
    first, *_ = map(json.loads, written(folder, request(folder, format="jsonl", logits=True)).splitlines())
    best = ranking(folder, logits=True)[0][0]
    assert {name: first[name] for name in ("query", "place", "candidate")} == {
        "query": 1,
        "place": 1,
        "candidate": best[0],
    }
    assert first["logits"] == pytest.approx(best[1], abs=1e-5)
    assert " ".join(map(str, first["query_text"])) == queries[0]
    assert " ".join(map(str, first["candidate_text"])) == candidates[best[0] - 1]


def test_texts_in_several_files_are_numbered_through(tmp_path: Path) -> None:
    """They are ranked as their ids are, and shown as they were given."""
    words = ["study", "learn", "French", "apples", "house", "Paris"]
    texts = [" ".join(words[i] for i in text) + "é" for text in random_texts(20, 4, len(words), 3)]
    (tmp_path / "train.csv").write_text("query,value,label\n" + "".join(f"{w} {w},{w} x,1\n" for w in words))
    api.encode({"train": tmp_path / "train.csv"}, tmp_path / "encoded")
    config = make_config()
    tokenizer = (tmp_path / "encoded" / TOKENIZER).read_bytes()
    Run.create(tmp_path / "run", config, {}, carried={TOKENIZER: tokenizer}).write_weights(random_weights(config))
    ids = Run.open(tmp_path / "run").tokenizer().encode(texts)
    for folder, content in (("texts", texts), ("ids", [" ".join(map(str, text)) for text in ids])):
        (tmp_path / folder).mkdir()
        for name, part in (("1.txt", content[:12]), ("2.txt.gz", content[12:])):
            lines_of_part = "".join(f"{line}\r\n" for line in part).encode()
            (tmp_path / folder / name).write_bytes(gzip.compress(lines_of_part) if "gz" in name else lines_of_part)
    shown = []
    for folder in ("texts", "ids"):
        made = RankRequest(ScoreRequest(tmp_path / "run", "tsv"), one_side(tmp_path / folder, folder == "texts"), 3)
        file = io.StringIO()
        RankJob(made, made.candidates.source(made.score.run.tokenizer), threads=1).run(file, Listener())
        shown.append([line.split("\t") for line in file.getvalue().splitlines()])
    assert [row[:4] for row in shown[0]] == [row[:4] for row in shown[1]]
    assert [row[4:] for row in shown[0]] == [[texts[int(row[0]) - 1], texts[int(row[2]) - 1]] for row in shown[0]]
    assert len(shown[0]) == 3 * 20
    (tmp_path / "q.txt").write_text("".join(f"{line}\r\n" for line in texts))
    made = RankRequest(ScoreRequest(tmp_path / "run", "tsv"), one_side(tmp_path / "texts", True), 3)
    shards = Shards(RankMaker(made, ".tsv"), one_side(tmp_path / "q.txt", True), tmp_path / "d")
    rows = [line.split("\t") for line in in_shards(shards, 3).decode().splitlines()]
    assert rows == shown[0]


def test_metrics_are_over_all_candidates(folder: Path) -> None:
    """Graded candidates of three queries, on ranks that are looked up in the whole ranking."""
    labels = {1: {3: 1.0, 17: 2.0}, 8: {30: 1.0}, 41: {1: 1.0, 2: 3.0, 29: 1.0}}
    path = folder / "l.tsv"
    path.write_text("".join(f"{q}\t{c}\t{grade}\n" for q, its in labels.items() for c, grade in its.items()))
    job = job_of(folder, request(folder), path)
    job.run(None, Listener())
    expected: dict[str, list[float]] = {
        name: [] for name in ("map", "mrr", "ndcg_at_10", "precision_at_1", "recall_at_5")
    }
    for query, grades in labels.items():
        order = [candidate for candidate, _ in ranking(folder)[query - 1]]
        ranks = {candidate: order.index(candidate) + 1 for candidate in grades}
        gains = [grades.get(candidate, 0.0) for candidate in order]
        best = sorted(grades.values(), reverse=True)
        expected["map"].append(np.mean([sum(r <= rank for r in ranks.values()) / rank for rank in ranks.values()]))
        expected["mrr"].append(1 / min(ranks.values()))
        dcg, ideal = (sum(gain / log2(i + 2) for i, gain in enumerate(its[:10])) for its in (gains, best))
        expected["ndcg_at_10"].append(dcg / ideal)
        expected["precision_at_1"].append(min(ranks.values()) == 1)
        expected["recall_at_5"].append(np.mean([rank <= 5 for rank in ranks.values()]))
    found = job.measured()
    assert found["metrics"] == pytest.approx({name: np.mean(values) for name, values in expected.items()})
    assert found["groups"] == {"counted": 3, "without_positive": QUERIES - 3}
    assert found["intervals"].keys() == expected.keys()


def in_shards(shards: Shards, count: int) -> bytes:
    """Write all shards, then merge them."""
    manifest = shards.begin(count)
    places = sum(shards.write(manifest, number, Listener()) for number in range(1, count + 1))
    merged, file = Merge(shards.directory), io.BytesIO()
    assert merged.pairs == places
    merged.write(file, None, lambda _: None)
    return file.getvalue()


@pytest.mark.parametrize(("suffix", "places"), [(".txt", 3), (".jsonl.gz", 3), (".txt", 10**9)])
def test_shards_are_byte_for_byte_what_one_process_writes(folder: Path, suffix: str, places: int) -> None:
    made = request(folder, count=places, format="jsonl" if "jsonl" in suffix else "text")
    whole, queries = folder / f"one{suffix}", one_side(folder / "q.txt", False)
    with whole_file(whole) as file:
        job_of(folder, made).run(file, Listener())
    for count in (1, 3, 20):
        shards = Shards(RankMaker(made, suffix), queries, folder / f"{count}.d")
        assert in_shards(shards, count) == whole.read_bytes()


def test_more_places_than_candidates_are_as_many_as_there_are(folder: Path) -> None:
    assert written(folder, request(folder, count=10**9)) == written(folder, request(folder, count=CANDIDATES))


def test_a_shard_of_another_job_is_refused(folder: Path) -> None:
    queries = one_side(folder / "q.txt", False)
    Shards(RankMaker(request(folder), ".txt"), queries, folder / "d").begin(2)
    for other, name in ((request(folder, count=6), "--top"), (request(folder, exclude=True), "--exclude-same")):
        with pytest.raises(UsageError, match=name):
            Shards(RankMaker(other, ".txt"), queries, folder / "d").begin(2)
    with (folder / "c.txt").open("a") as file:
        file.write("1\n")
    with pytest.raises(UsageError, match="the candidates"):
        Shards(RankMaker(request(folder), ".txt"), queries, folder / "d").begin(2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "multiclass", "classes": 2}, "was trained for multiclass, whose scores are one for each class"),
        ({"masking": "none"}, "with masking: none a score depends on the pairs beside it"),
    ],
)
def test_runs_without_one_score_for_each_pair_are_refused(folder: Path, settings: dict[str, Any], message: str) -> None:
    make_run(folder, "other", **settings)
    with pytest.raises(UsageError, match=message):
        job_of(folder, request(folder, "other"))


def test_empty_files(folder: Path) -> None:
    for name in ("c.txt", "q.txt"):
        (folder / name).write_text("")
        file = io.StringIO()
        job_of(folder, request(folder)).run(file, Listener())
        assert file.getvalue() == ""


def test_a_fault_has_its_file_and_line(folder: Path) -> None:
    for name in ("q.txt", "c.txt"):
        (folder / name).write_text("1\n2 x\n")
        with pytest.raises(DataError, match=rf"{name}:2:3: not an integer: 'x'"):
            job_of(folder, request(folder)).run(io.StringIO(), Listener())
