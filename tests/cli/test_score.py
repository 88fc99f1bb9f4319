"""pairlens score: one line per pair, in input order, and a score that does not depend on the other pairs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from command_line import PAIRLENS, VOCABULARY, Result, lines, pairlens, plain_environment, random_texts, trained_project
from numpy.typing import NDArray
from running import running

NOT_AN_ID = "a text is base-10 ids separated by blanks; for words use --text or encode"

QUERIES, VALUES = random_texts(40, 3), random_texts(40, 4)
WORDS = [f"word{i}" for i in range(VOCABULARY)]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def score(project: Path, folder: Path, queries: list[list[int]], values: list[list[int]], *options: str) -> Result:
    """Score these pairs from two files."""
    (folder / "query.txt").write_text(lines(queries))
    (folder / "value.txt").write_text(lines(values))
    return pairlens(project, "score", "run", folder / "query.txt", folder / "value.txt", *options)


def numbers(result: Result) -> NDArray[np.float64]:
    assert result.code == 0
    assert result.stderr == ""
    return np.array(result.stdout.splitlines(), float)


@pytest.fixture(scope="module")
def both(project: Path, tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.float64]:
    """Scores of the pairs [40], followed by those of the same pairs with query and value exchanged [40]."""
    return numbers(score(project, tmp_path_factory.mktemp("pairs"), QUERIES + VALUES, VALUES + QUERIES))


@pytest.fixture(scope="module")
def scores(both: NDArray[np.float64]) -> NDArray[np.float64]:
    return both[:40]


def test_a_score_a_line(both: NDArray[np.float64]) -> None:
    assert len(both) == 80
    assert len(set(both.tolist())) > 60  # the pairs differ, and so do their scores
    assert ((both > 0) & (both < 1)).all()  # probabilities


def test_scores_do_not_depend_on_order_or_company_or_threads(
    project: Path, tmp_path: Path, scores: NDArray[np.float64]
) -> None:
    long_pair = random_texts(1, 5, longest=1)[0] * 300
    mixed = score(project, tmp_path, [*QUERIES[::-1], long_pair], [*VALUES[::-1], long_pair[:299]], "--threads", "1")
    np.testing.assert_allclose(numbers(mixed)[:-1], scores[::-1], atol=1e-5)


def test_a_pair_alone_from_stdin(project: Path, scores: NDArray[np.float64]) -> None:
    """With `--format tsv` an output line is the input line and the score."""
    line = f"{lines(QUERIES[17:18]).strip()}\t{lines(VALUES[17:18]).strip()}"
    result = pairlens(project, "score", "run", "-", "--threads", "2", "--format", "tsv", stdin=f"{line}\n")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{line}\t")
    assert float(result.stdout.split("\t")[2]) == pytest.approx(scores[17], abs=1e-5)


def test_jsonl(project: Path, tmp_path: Path, scores: NDArray[np.float64]) -> None:
    result = score(project, tmp_path, QUERIES, VALUES, "--format", "jsonl")
    assert result.code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["pair"] for row in rows] == list(range(40))
    assert [row["query"] for row in rows] == QUERIES
    assert [row["value"] for row in rows] == VALUES
    np.testing.assert_allclose([row["score"] for row in rows], scores, atol=1e-7)


def test_tsv_with_words_to_a_file(project: Path, tmp_path: Path, scores: NDArray[np.float64]) -> None:
    out = tmp_path / "scores.tsv"
    result = score(project, tmp_path, QUERIES, VALUES, "--format", "tsv", "--words", "--output", str(out))
    assert result == (0, "", "")
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert [row[0] for row in rows] == [" ".join(WORDS[i] for i in query) for query in QUERIES]
    assert [row[1] for row in rows] == [" ".join(WORDS[i] for i in value) for value in VALUES]
    np.testing.assert_allclose([float(row[2]) for row in rows], scores, atol=1e-7)


def test_no_pairs_give_no_lines(project: Path, tmp_path: Path) -> None:
    assert score(project, tmp_path, [], []) == (0, "", "")


def test_symmetric(project: Path, tmp_path: Path, both: NDArray[np.float64]) -> None:
    symmetric = numbers(score(project, tmp_path, QUERIES + VALUES, VALUES + QUERIES, "--symmetric"))
    np.testing.assert_array_equal(symmetric[:40], symmetric[40:])
    # Without the option the two orders score differently; with it the score is their mean.
    assert np.abs(both[:40] - both[40:]).max() > 1e-3
    np.testing.assert_allclose(symmetric[:40], (both[:40] + both[40:]) / 2, atol=1e-6)


def test_a_fault_in_a_late_line(project: Path, tmp_path: Path) -> None:
    """The scores before it have been printed by then, chunk by chunk; no output file appears."""
    many = [[1]] * 140_000
    (tmp_path / "query.txt").write_text(lines(many))
    (tmp_path / "value.txt").write_text(lines(many[:-1]) + "x\n")
    files = tmp_path / "query.txt", tmp_path / "value.txt"
    fault = f"error: {files[1]}:140000:1: not an integer: 'x'; {NOT_AN_ID}\n"

    printed = pairlens(project, "score", "run", *files)
    assert (printed.code, printed.stderr) == (2, fault)
    assert len(set(printed.stdout.splitlines(keepends=True))) == 1  # the same pair over and over: no line is cut
    assert printed.stdout.count("\n") < 140_000

    written = pairlens(project, "score", "run", *files, "--output", tmp_path / "scores.txt")
    assert written == (2, "", fault)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["query.txt", "value.txt"]


def test_a_reader_who_leaves_early(project: Path, tmp_path: Path) -> None:
    """As in `pairlens score … | head -1`, with more output than fits into a pipe."""
    many = [[1, 2, 3]] * 200_000
    (tmp_path / "query.txt").write_text(lines(many))
    command = [PAIRLENS, "score", "run", str(tmp_path / "query.txt"), str(tmp_path / "query.txt")]
    with running(
        command, cwd=project, env=plain_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert float(process.stdout.readline()) > 0
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["data/test.query.txt"],
            "VALUE is missing: give a file of queries and one of values, or - for stdin; --input takes a table",
        ),
        (
            ["-", "data/test.value.txt"],
            "- reads both texts of a pair from stdin, separated by a tab; leave VALUE out",
        ),
        (
            ["data/test.query.txt", "data/test.value.txt", "--words"],
            "--words is for lines that show the texts; add --format tsv or --format jsonl",
        ),
    ],
)
def test_contradicting_arguments(project: Path, arguments: list[str], message: str) -> None:
    assert pairlens(project, "score", "run", *arguments) == (2, "", f"error: {message}\n")
