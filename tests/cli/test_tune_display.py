"""What `tune` says of a search: a line for each trial, a table of what was best, and what that is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tune_works import CONFIG, SPACE, make_search, refuse

from pairlens.jobs.tune.outcome import Outcome, settle
from pairlens.jobs.tune.run_search import run_search
from pairlens_cli.display.tune import TuneDisplay, show_outcome, show_test

OWN = SPACE.replace("[[32], [32, 32]]", "[64, 32]")


def searched(tmp_path: Path) -> Outcome:
    """Twenty trials; large batches and high learning rates are refused. Trial 1 is the config itself."""
    search = make_search(tmp_path, OWN, CONFIG.replace("epochs: 6", "epochs: 6, batch_size: 64"), train=refuse)
    run_search(search, 20, None, TuneDisplay("accuracy", search.space, 20, 0), lambda: False)
    return settle(search)


def test_a_line_for_each_trial_and_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = searched(tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert [int(line.split()[1]) for line in lines] == list(range(1, 21))
    assert lines[0] == "trial   1  accuracy 0.9500  best  learning_rate 0.001  batch_size 64  dnn.units 64"
    assert any("  not possible: training takes about 900 GB of memory  learning_rate" in line for line in lines)
    assert any("  not possible: the loss became nan  " in line for line in lines)
    assert any("  given up after epoch 2  " in line for line in lines)
    assert outcome.best is not None
    (last,) = [line for line in lines if line.startswith(f"trial {outcome.best.number:>3}")]
    assert "  best  " in last
    show_outcome(outcome)
    shown = capsys.readouterr().err
    assert max(map(len, shown.splitlines())) <= 80
    assert "training.optimizer.learning_rate │ 0.0001–0.01 log │" in shown
    assert " given up early, " in shown
    assert " not possible" in shown
    assert shown.endswith(f"with dev accuracy {outcome.best.value:.4f}; the config as it was: 0.9500\n")


def result(after: list[int]) -> dict[str, Any]:
    return {
        "pairs": 500,
        "metrics": {"accuracy": 0.9},
        "intervals": {"accuracy": [0.85, 0.95]},
        "measured_after": after,
    }


@pytest.mark.parametrize(
    ("after", "seen"),
    [
        ([20], "did not measure test before"),
        ([20, 20], "measured test 1 time before, after 20 trials"),
        ([5, 9, 20], "measured test 2 times before, after 5, 9 trials"),
    ],
)
def test_what_the_best_is_worth(
    tmp_path: Path, after: list[int], seen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_test(searched(tmp_path), result(after))
    *_, first, second = capsys.readouterr().err.splitlines()
    assert first == "Test accuracy 0.9000 (95 % interval 0.8500 to 0.9500, 500 pairs)"
    assert second.startswith("Dev was searched 20 times, so its accuracy of ")
    assert second.endswith(f" is likely too good; this search {seen}")


def test_without_a_test_split_nothing_says_what_it_is_worth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_test(searched(tmp_path), None)
    assert capsys.readouterr().err.endswith(" is likely too good; without a test split nothing says by how much\n")
