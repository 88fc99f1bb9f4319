"""The parts of the benchmarks: workloads, the peers' helpers, the table. Nothing is timed here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from running import run_to_end

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import frontier
import kill_scoring
import make_run
import padded
import processes
import run
import workloads
from processes import Cost

from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer

PYTHON = [sys.executable, "-S", "-c"]


# ---- workloads -------------------------------------------------------------------------------------------------------


def test_the_same_seed_writes_the_same_files_and_another_seed_writes_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        workloads.write_pairs(tmp_path / name, (3, 5), 50, vocabulary=97, seed=seed)
    for side in ("query", "value"):
        a, b, c = ((tmp_path / f"{name}.{side}.txt").read_bytes() for name in "abc")
        assert a == b != c
        assert a.count(b"\n") == 50


def test_ids_follow_zipfs_law():
    # The sum of 1 / r for r from 1 to 100 is 5.187: id 0 is one token of 5.187, id 1 one of 10.375, id 9 one of 51.87.
    ids = workloads.zipf_ids(np.random.default_rng(1), 4_000_000, 100)
    shares = np.bincount(ids, minlength=100) / len(ids)
    assert len(shares) == 100
    np.testing.assert_allclose(shares[[0, 1, 9]], [1 / 5.187, 1 / 10.375, 1 / 51.87], rtol=0.02)


@pytest.mark.parametrize("mean", [11, 12, 162])
def test_lengths_have_the_mean_that_was_asked_for(mean):
    lengths = workloads.text_lengths(np.random.default_rng(1), mean, 200_000)
    assert lengths.min() >= 1
    assert lengths.mean() == pytest.approx(mean, rel=0.01)


# ---- shared by the peers ---------------------------------------------------------------------------------------------


def test_peers_read_the_texts_of_a_file(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("7 0 12\n5\n3 3\n")
    texts = padded.read_texts(path)
    assert texts.ids.tolist() == [7, 0, 12, 5, 3, 3]
    assert texts.starts.tolist() == [0, 3, 4]
    assert texts.lengths.tolist() == [3, 1, 2]
    assert padded.pad(texts, np.array([2, 0]), padding=99).tolist() == [[3, 3, 99], [7, 0, 12]]


def test_peers_give_scores_in_the_order_of_the_pairs(tmp_path):
    workloads.write_pairs(tmp_path / "pairs", (3, 5), 101, vocabulary=97)
    query, value = (tmp_path / f"pairs.{side}.txt" for side in ("query", "value"))

    def score(query, value):  # padding is 1000, so an error would show
        return (query % 1000).sum(axis=1) + (value % 1000).sum(axis=1) / 1024

    scores = padded.score_texts(score, *map(padded.read_texts, (query, value)), padding=1000, tokens=60)
    sums = [[sum(map(int, line.split())) for line in path.read_text().splitlines()] for path in (query, value)]
    np.testing.assert_allclose(scores, np.array(sums[0]) + np.array(sums[1]) / 1024, rtol=1e-6)


def test_an_epoch_has_every_pair_once(tmp_path):
    workloads.write_pairs(tmp_path / "pairs", (3, 5), 101, vocabulary=97)
    texts = [padded.read_texts(tmp_path / f"pairs.{side}.txt") for side in ("query", "value")]
    batches = list(padded.shuffled_batches(*texts, size=7, random=np.random.default_rng(1)))
    assert sorted(map(len, batches)) == [3] + [7] * 14
    assert sorted(np.concatenate(batches)) == list(range(101))


@pytest.mark.parametrize("network", sorted(make_run.NETWORKS))
def test_plain_keras_gives_the_scores_of_pairlens(network, tmp_path):
    import peer_keras

    make_run.make_run(network, tmp_path / "run", vocabulary=97)
    workloads.write_pairs(tmp_path / "pairs", (3, 5), 40, vocabulary=97)
    texts = [padded.read_texts(tmp_path / f"pairs.{side}.txt") for side in ("query", "value")]
    score, padding = peer_keras.load(tmp_path / "run")
    theirs = padded.score_texts(score, *texts, padding, tokens=100)

    model = Run.open(tmp_path / "run")
    sides = [[side.ids[i : i + n] for i, n in zip(side.starts, side.lengths, strict=True)] for side in texts]
    ours = Scorer(model.config(), model.weights(model.config()), threads=1).score(*sides)
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    assert ours.std() > 0.01  # they differ between pairs


# ---- kills -----------------------------------------------------------------------------------------------------------


def test_a_scoring_is_killed_at_its_moments_and_resumed_to_its_end(tmp_path):
    # Stands in for a scoring: the first run saves nothing, the second its progress, both take too long; the third ends.
    code = """
        cd "$(dirname "$0")"; echo >> began
        case $(wc -l < began) in 1) exec sleep 60;; 2) echo 1 > out.progress; exec sleep 60;; esac
        exit 3"""
    command = ["sh", "-c", code]
    assert kill_scoring.score_killed(command, tmp_path / "out", [0.5, 0.5, 60.0, 60.0]) == (3, [False, True])
    assert (tmp_path / "began").read_text() == "\n" * 3
    assert kill_scoring.score_killed(command, tmp_path / "out", []) == (3, [])
    leaving = ["sh", "-c", 'echo > "$0"; exec sleep 60']
    assert kill_scoring.score_killed(leaving, tmp_path / "whole", [0.5, 0.5]) == (0, [False])


# ---- the table -------------------------------------------------------------------------------------------------------


def test_the_cost_of_a_command_has_its_memory_and_its_number():
    # Measured from a small process: this one may have TensorFlow loaded, and a parent's memory counts.
    command = [*PYTHON, "x = b'1' * 300_000_000; print(2.5)"]
    folder = str(Path(processes.__file__).parent)
    code = f"import sys; sys.path.insert(0, {folder!r}); import processes; print(*processes.run_once({command}))"
    seconds, memory, printed = map(
        float, run_to_end([*PYTHON, code], stdout=subprocess.PIPE, check=True).stdout.split()
    )
    assert seconds > 0.0
    assert 300e6 < memory < 400e6
    assert printed == 2.5


def test_a_command_that_fails_ends_the_program_with_its_last_words():
    with pytest.raises(SystemExit, match=r"exit code 3\n.*out of luck"):
        processes.run_once([*PYTHON, "import sys; sys.stderr.write('out of luck'); sys.exit(3)"])


def test_medians_are_of_each_number_alone():
    turns = [{"a": Cost(1.0, 30.0, 7.0)}, {"a": Cost(3.0, 10.0, 9.0)}, {"a": Cost(2.0, 20.0, 8.0)}]
    assert processes.medians(turns) == {"a": Cost(2.0, 20.0, 8.0)}


def test_the_advantage_is_over_the_best_of_the_others():
    assert run.advantage("s", [2.0, 9.0, 6.0]) == 3.0  # 6 s instead of 2 s
    assert run.advantage("pairs/s", [60.0, 5.0, 15.0]) == 4.0  # 60 instead of 15


def test_a_row_of_the_table():
    costs = {"pairlens": Cost(0.5, 2e8, 1234.0), "torch": Cost(2.0, 1e9, 100.0)}
    seconds, rates = (" ".join(run.row("work", unit, costs).split()) for unit in ("s", "pairs/s"))
    assert seconds == "work 0.50 s 200 MB 2.00 s 1,000 MB 4.0 ×"
    assert rates == "work 1,230 pairs/s 200 MB 100 pairs/s 1,000 MB 12.3 ×"


def test_answers_that_differ_end_the_program(tmp_path):
    answers = {engine: tmp_path / engine for engine in ("pairlens", "torch")}
    answers["pairlens"].write_text("0.5\n0.25\n")
    answers["torch"].write_text("0.5\n0.25009\n")
    run.compare(answers)
    for wrong, message in (
        ("0.5\n0.2502\n", "torch differs by 0.0002 from"),
        ("0.5\n", "1 answers"),
        ("0.5\nnan\n", "nan"),
    ):
        answers["torch"].write_text(wrong)
        with pytest.raises(SystemExit, match=message):
            run.compare(answers)


# ---- the frontier ----------------------------------------------------------------------------------------------------


def test_the_least_time_of_several_turns_counts_for_each_pair():
    calls = []
    times = frontier.least_microseconds({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, pairs=10)
    assert calls == ["a", "b"] * 5  # in turns
    assert all(0 <= time < 1e6 for time in times.values())


def test_the_picture_shows_every_network(tmp_path):
    points = {"fast": frontier.Point(0.5, 0.0, 1.0), "exact": frontier.Point(0.8, 0.01, 9.0)}
    frontier.draw("pearson", points, {"published": 0.7}, tmp_path / "frontier.svg")
    assert (tmp_path / "frontier.svg").read_text().count("<svg") == 1
