"""pairlens evaluate: intervals, confusion, groups, worst pairs and comparisons, for every task, in real processes."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import trained_project
from forked import pairlens
from made_runs import make_run, write_split
from numpy.typing import NDArray

from pairlens.evaluation.bootstrap import bootstrap_intervals, paired_differences
from pairlens.metrics import evaluate_scores, worst_pairs
from pairlens.runs.run import Run


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def evaluate(project: Path, run: str | Path, *options: str | Path) -> tuple[dict[str, Any], str]:
    """Return the JSON on stdout and the text on stderr."""
    result = pairlens(project, "evaluate", run, *options)
    assert result.code == 0, result.stderr
    return json.loads(result.stdout), result.stderr


def read_predictions(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Labels [N] and scores, [N] or [N, C]."""
    columns = np.loadtxt(path, np.float32, skiprows=1, ndmin=2)
    return columns[:, 0], columns[:, 1:].squeeze(axis=1) if columns.shape[1] == 2 else columns[:, 1:]


def test_binary(project: Path, tmp_path: Path) -> None:
    found, stderr = evaluate(project, "run", "--predictions", tmp_path / "p.tsv", "--errors", "3")
    label, score = read_predictions(tmp_path / "p.tsv")
    assert found["metrics"] == evaluate_scores("binary", label, score, found["threshold"])
    intervals = bootstrap_intervals("binary", label, score, found["threshold"])
    assert found["intervals"] == {name: list(interval) for name, interval in intervals.items()}
    for low, high in intervals.values():
        assert f"{low:.4f} to {high:.4f}" in stderr

    positive = score >= found["threshold"]
    counts = [[int(np.sum((label == row) & (positive == column))) for column in (0, 1)] for row in (0, 1)]
    assert found["confusion"] == counts
    for row, count in enumerate(counts):
        assert f"│ label {row}   │ {count[0]:2} │ {count[1]:2} │" in stderr

    pair, loss = worst_pairs("binary", label, score, count=3)
    assert [error["pair"] for error in found["errors"]] == pair.tolist()
    assert [error["loss"] for error in found["errors"]] == loss.tolist()
    for error in found["errors"]:
        number = error["pair"]
        assert (error["label"], error["score"]) == (label[number], pytest.approx(score[number]))
        for side in ("query", "value"):
            ids = (project / "data" / f"test.{side}.txt").read_text().splitlines()[number].split()
            assert error[side] == " ".join(f"word{i}" for i in ids)
            assert f"  {side}  {error[side]}" in stderr
        assert f"pair {number}  label {label[number]:g}  score {score[number]:.4f}  loss {error['loss']:.4f}" in stderr


def test_threshold(project: Path) -> None:
    found, stderr = evaluate(project, "run", "--threshold", "0")
    assert found["threshold"] == 0
    assert found["metrics"]["recall"] == 1
    assert [row[0] for row in found["confusion"]] == [0, 0]
    assert "positive from score 0.000" in stderr


@pytest.mark.parametrize(
    "arguments", [("evaluate", "run", "--compare", "other"), ("report", "run", "other", "--output", "page.html")]
)
def test_runs_with_different_vocabularies_are_not_compared_on_ids(
    project: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """For the second run the same ids mean other words, so its metrics would be meaningless."""
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    shutil.copytree(tmp_path / "run", tmp_path / "other")
    words = (tmp_path / "other/vocab.txt").read_text().splitlines()
    (tmp_path / "other/vocab.txt").write_text("\n".join(reversed(words)) + "\n")
    environment = json.loads((tmp_path / "other/environment.json").read_text())
    environment["carried"]["vocab.txt"] = hashlib.sha256((tmp_path / "other/vocab.txt").read_bytes()).hexdigest()
    (tmp_path / "other/environment.json").write_text(json.dumps(environment))
    result = pairlens(tmp_path, *arguments)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == (
        "error: other: its vocab.txt differs from that of run, so the same ids are other words; "
        "compare the runs on texts, with --text or --input\n"
    )


def test_compare(project: Path, tmp_path: Path) -> None:
    # The other run truncates texts and has its own threshold.
    other = make_run(project, tmp_path / "other", data={"max_length": 2, "too_long": "truncate"})
    Run.open(other).write_evaluation({"threshold": 0.625})
    found, stderr = evaluate(project, "run", "--compare", other, "--predictions", tmp_path / "a.tsv")
    alone, _ = evaluate(project, other, "--predictions", tmp_path / "b.tsv")
    compared = found["compare"]
    assert (compared["run"], compared["threshold"]) == (str(other), 0.625)
    assert compared["metrics"] == alone["metrics"]

    label, a = read_predictions(tmp_path / "a.tsv")
    _, b = read_predictions(tmp_path / "b.tsv")
    expected = paired_differences("binary", label, a, b, found["threshold"], 0.625)
    assert compared["differences"] == {name: difference._asdict() for name, difference in expected.items()}
    for name, (difference, low, high, p_value) in expected.items():
        assert difference == pytest.approx(found["metrics"][name] - alone["metrics"][name])
        assert f"{difference:+.4f} │ {low:+.4f} to {high:+.4f} │ {p_value:.3f}" in stderr

    both, _ = evaluate(project, "run", "--compare", other, "--threshold", "0.5")
    assert both["threshold"] == both["compare"]["threshold"] == 0.5


def test_regression(project: Path, tmp_path: Path) -> None:
    run = make_run(project, tmp_path / "run", task="regression", data={"vocab": None})
    found, stderr = evaluate(project, run, "--predictions", tmp_path / "p.tsv", "--errors", "2")
    label, score = read_predictions(tmp_path / "p.tsv")
    assert found["metrics"] == evaluate_scores("regression", label, score)
    assert {"threshold", "confusion", "groups", "compare"}.isdisjoint(found)
    worst = int(np.abs(score - label).argmax())
    assert found["errors"][0]["pair"] == worst
    # Without a vocabulary, ids.
    assert found["errors"][0]["query"] == (project / "data" / "test.query.txt").read_text().splitlines()[worst]
    assert f"pair {worst}  " in stderr


def test_multiclass(project: Path, tmp_path: Path) -> None:
    labels = np.random.default_rng(1).integers(0, 3, 40).tolist()
    prefix = write_split(tmp_path / "test", query=["1 2"] * 40, value=[*range(1, 21)] * 2, label=labels)
    run = make_run(project, tmp_path / "run", task="multiclass", data={"test": prefix}, classes=3)
    found, stderr = evaluate(project, run, "--predictions", tmp_path / "p.tsv", "--errors", "1")
    assert (tmp_path / "p.tsv").read_text().startswith("label\tscore_0\tscore_1\tscore_2\n")
    label, score = read_predictions(tmp_path / "p.tsv")
    assert score.shape == (40, 3)
    assert found["metrics"] == evaluate_scores("multiclass", label, score)
    assert np.sum(found["confusion"], axis=1).tolist() == np.bincount(labels).tolist()
    assert np.trace(found["confusion"]) / 40 == found["metrics"]["accuracy"]
    worst = found["errors"][0]
    assert worst["pair"] == score[np.arange(40), labels].argmin()
    assert "score " + " ".join(f"{probability:.3f}" for probability in worst["score"]) in stderr


def test_ranking(project: Path, tmp_path: Path) -> None:
    # Queries 1, 2 and 3 with three values each; query 3 has no positive.
    query, value = [1, 1, 1, 2, 2, 2, 3, 3, 3], [*range(1, 10)]
    prefix = write_split(tmp_path / "test", query=query, value=value, label=[1, 0, 0, 0, 1, 1, 0, 0, 0])
    run = make_run(project, tmp_path / "run", task="ranking", data={"test": prefix})
    found, stderr = evaluate(project, run, "--predictions", tmp_path / "p.tsv", "--errors", "9")
    label, score = read_predictions(tmp_path / "p.tsv")
    assert found["metrics"] == evaluate_scores("ranking", label, score, group=np.array(query))
    assert found["groups"] == {"counted": 2, "without_positive": 1}
    assert "9 pairs, 2 groups (1 more, without a positive, left out)" in " ".join(
        stderr.split()
    )  # the line may be wrapped, as the run's path is long
    # At most one pair per query: a negative that scores above a positive.
    assert found["errors"]
    for error in found["errors"]:
        rivals = (np.array(query) == query[error["pair"]]) & (label == 1)
        assert error["label"] == 0
        assert error["score"] - score[rivals].max() == pytest.approx(error["loss"], abs=1e-6)

    # With a group file that puts every pair in its own group.
    write_split(prefix, group=range(9))
    alone, said_of_alone = evaluate(project, run)
    assert alone["groups"] == {"counted": 3, "without_positive": 6}
    assert alone["metrics"]["map"] == 1
    assert alone["group_sizes"] == {"smallest": 1, "median": 1, "largest": 1}
    assert alone["groups_with_both_labels"] == 0
    assert found["group_sizes"] == {"smallest": 3, "median": 3, "largest": 3}
    assert found["groups_with_both_labels"] == 2
    warning = "warning: no group has both a positive and a negative pair, so the metrics do not depend on the scores"
    assert warning in " ".join(said_of_alone.split())
    assert "no group has both" not in stderr


def test_the_files_of_a_split_are_the_split(project: Path, tmp_path: Path) -> None:
    """Pairs of four queries in two groups: the group file is found however the split is named."""
    query, label = [1, 2, 1, 2, 3, 4, 3, 4], [1, 0, 0, 0, 0, 0, 1, 0]
    prefix = write_split(tmp_path / "test", query=query, value=range(1, 9), label=label, group=[7] * 4 + [8] * 4)
    run = make_run(project, tmp_path / "run", task="ranking", data={"test": prefix})
    files = [part for side in ("query", "value", "label") for part in (f"--{side}", f"{prefix}.{side}.txt")]
    split, _ = evaluate(project, run)
    named, _ = evaluate(project, run, *files)
    assert split["groups"] == named["groups"]
    assert split["groups"]["counted"] == 2
    assert split["metrics"] == named["metrics"]
    assert named["group"] == f"{prefix}.group.txt"

    # A file with another name has no group file next to it: give one, or equal queries form a group.
    other = tmp_path / "queries"
    other.write_bytes(Path(f"{prefix}.query.txt").read_bytes())
    files[1] = str(other)
    given, _ = evaluate(project, run, *files, "--group", f"{prefix}.group.txt")
    assert given["metrics"] == split["metrics"]
    by_query, _ = evaluate(project, run, *files)
    assert by_query["groups"] == split["groups"] | {"counted": 2, "without_positive": 2}
    assert "group" not in by_query
    page = tmp_path / "page.html"
    result = pairlens(project, "report", run, *files, "--group", f"{prefix}.group.txt", "--output", page)
    assert (result.code, result.stdout) == (0, "")
    assert f"{split['metrics']['map']:.4f}" in page.read_text()


def test_groups_of_queries_that_begin_alike(project: Path, tmp_path: Path) -> None:
    """Different queries are different groups, even if truncation makes them equal for the network."""
    query = ["5 6 7 11", "5 6 7 13"] * 2
    prefix = write_split(tmp_path / "test", query=query, value=range(1, 5), label=[1, 0, 0, 1])
    data = {"test": prefix, "max_length": 3, "too_long": "truncate"}
    found, _ = evaluate(project, make_run(project, tmp_path / "run", task="ranking", data=data))
    assert found["groups"]["counted"] == 2
    write_split(prefix, query=["5 6 7"] * 4)
    found, _ = evaluate(project, tmp_path / "run")
    assert found["groups"]["counted"] == 1


def test_what_does_not_fit(project: Path, tmp_path: Path) -> None:
    run = make_run(project, tmp_path / "run", task="regression")
    for options, message in {
        ("run", "--compare", run): f"--compare {run}: was trained for regression, but run for binary",
        ("run", "--compare", tmp_path / "no"): f"{tmp_path}/no: no such run directory; ",
        ("run", "--threshold", "nan"): "--threshold nan: must be a finite number, such as 0.5",
        (run, "--threshold", "0.5"): f"--threshold is for task binary; {run} was trained for regression",
    }.items():
        result = pairlens(project, "evaluate", *options)
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: {message}")
