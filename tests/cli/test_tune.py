"""`pairlens tune`: a search is killed and continued, and test stays unread until its end; faults are told at once."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from command_line import make_project
from forked import pairlens

from pairlens.config.file import load_config
from pairlens.jobs.tune.folder import Folder
from pairlens.runs.run import Run

SPACE = """\
training.optimizer.learning_rate: {low: 0.005, high: 0.05, log: true}
model.dnn.units: [2, 3]
"""
SHORT = ("--set", "training.epochs=2", "--trials", "3")
COMMAND = ("tune", "config.yaml", "--space", "space.yaml", *SHORT, "--output", "t")

# To be executed in the command's process: from the first trial until the best config is written, test is not to be
# opened (before, its files are checked for faults), and nothing but train and dev is to be measured. With {kill}, the
# process is killed when the second trial has weights.
WATCH = """
import os, signal, sys
import pairlens.jobs.tune.outcome as outcome
searching = False
measure = outcome.measure

def measure_at_the_end(scored):
    if not os.path.exists("t/best.yaml"):
        os._exit(98)
    return measure(scored)

outcome.measure = measure_at_the_end

def watch(event, arguments):
    global searching
    if event != "open":
        return
    path = os.fsdecode(arguments[0]) if isinstance(arguments[0], (str, bytes, os.PathLike)) else ""
    searching = searching or "t/trials/" in path
    if "data/test." in path and searching and not os.path.exists("t/best.yaml"):
        os._exit(99)
    if {kill} and "metrics.jsonl" in path and os.path.exists("t/trials/1/weights.npz"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path)
    (tmp_path / "space.yaml").write_text(SPACE)
    return tmp_path


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_search_killed_and_continued_measures_test_only_at_its_end(project: Path) -> None:
    killed = pairlens(project, *COMMAND, before=WATCH.format(kill=True))
    assert killed.code == -signal.SIGKILL, killed.stderr
    assert killed.stderr.count("trial   1  accuracy ") == 1
    began = (project / "t" / "journal.log").read_text()
    done = pairlens(project, *COMMAND, "--resume", before=WATCH.format(kill=False))
    assert done.code == 0, done.stderr
    assert (project / "t" / "journal.log").read_text().startswith(began)
    assert [done.stderr.count(f"trial   {number}  ") for number in (1, 2, 3)] == [0, 1, 1]  # the first is not repeated
    assert "accuracy" in done.stderr.splitlines()[-1]
    assert "Dev was searched 3 times" in done.stderr
    assert done.stderr.endswith("; this search did not measure test before\n")

    tuned, summary = Folder(project / "t"), json.loads(done.stdout)
    trials = lines_of(tuned.trials)
    assert sorted(trial["trial"] for trial in trials) == [1, 2, 3]
    assert trials[0]["values"] == summary["values"]
    assert summary["test"]["pairs"] == 80
    assert summary["test"]["intervals"]["accuracy"][0] <= summary["test"]["metrics"]["accuracy"]
    best = load_config(tuned.best_config)
    assert best.training.optimizer.learning_rate == summary["values"]["training.optimizer.learning_rate"]
    assert best == Run(tuned.best).config()
    assert Run(tuned.best).evaluation()["dev"] == trials[0]["dev"]
    assert list(tuned.runs.iterdir()) == []
    text = tuned.best_config.read_text()
    assert "#   training.optimizer.learning_rate: 0.005–0.05 log; best: 0." in text
    assert "#   model.dnn.units: 2, 3; best: " in text

    again = pairlens(project, *COMMAND, "--resume")  # nothing is left to train
    assert again.stderr.endswith("; this search measured test 1 time before, after 3 trials\n")
    assert json.loads(again.stdout)["test"].pop("measured_after") == [3, 3]
    assert json.loads(again.stdout)["values"] == summary["values"]

    tuned.best.rename(project / "moved")
    gone = pairlens(project, *COMMAND, "--resume")
    assert (gone.code, gone.stdout) == (1, "")
    assert "Wrote" not in gone.stderr
    assert gone.stderr.endswith("put it back, or train it with `pairlens train t/best.yaml --output t/best`\n")
    tuned.journal.unlink()
    lost = pairlens(project, *COMMAND, "--resume")
    assert (lost.code, tuned.journal.exists()) == (2, False)
    assert lost.stderr.startswith(
        "error: t/journal.log: missing or empty, so the trials that led to t/best.yaml are lost"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--set", "data.dev=null"],
            "config.yaml: data.dev: not set, but a search compares trials on dev; add a dev split",
        ),
        (["--resume", "--force"], "--resume continues a search and --force replaces it; give one of them"),
        (
            ["--jobs", "2", "--cluster", "local"],
            "--jobs starts processes here and --cluster chooses them; give --cluster with --workers",
        ),
        (["--workers", "2"], "--workers and --retries are for --cluster; add --cluster local, or give --jobs"),
        (["--cluster", "no"], "--cluster no: choose local, ray, auto or ray://HOST:PORT"),
        (["--seed", "1", "--set", "training.seed=2"], "--seed is short for --set training.seed; give one of the two"),
        (
            ["--output", "s3://bucket/t"],
            "s3://bucket/t: a search needs a folder of this machine, or one that all its machines share",
        ),
        (["--output", "config.yaml"], "config.yaml: is a file, but a search is a directory; choose another name"),
        (["--output", "link"], "link: is a link to nothing; remove it, or make the directory that it names"),
        (["--output", "data"], "data: contains files that are not a search's; choose another directory"),
        (["--set", "data.test=/nowhere"], "/nowhere.query.txt: no such file, nor one with .gz, .bz2 or .xz"),
        (
            ["--set", "data.test=data/long"],
            "{folder}/data/long.label.txt:2:1: not a number: 'x'; a label is one finite number",
        ),
        (
            ["--set", "data.dev=data/ones", "--set", "training.early_stopping.metric=roc_auc"],
            "{folder}/data/ones: no pair has label 0, so roc_auc is undefined and compares no trials; choose another "
            "training.early_stopping.metric, or another dev split",
        ),
        (
            ["--space", "wrong.yaml"],
            'wrong.yaml:1: training.optimizer.learning_rat: unknown key; did you mean "learning_rate"?',
        ),
    ],
)
def test_a_fault_is_one_line_before_anything_is_made(project: Path, options: list[str], message: str) -> None:
    (project / "link").symlink_to("nothing")
    (project / "wrong.yaml").write_text("training.optimizer.learning_rat: {low: 1e-4, high: 1e-2}\n")
    for side in ("query", "value"):
        for name in ("ones", "long"):
            (project / "data" / f"{name}.{side}.txt").write_text("1 2\n3\n")
    (project / "data" / "ones.label.txt").write_text("1\n1\n")
    (project / "data" / "long.label.txt").write_text("1\nx\n")
    result = pairlens(project, "tune", "config.yaml", *options)
    assert (result.code, result.stdout, result.stderr) == (
        2,
        "",
        f"error: {message}\n".replace("{folder}", str(project)),
    )
    assert not (project / "tuned").exists()


def test_a_closed_stdout_is_told_before_anything_is_read(project: Path) -> None:
    result = pairlens(project, *COMMAND, before="import os; os.close(1)")
    message = "error: tune prints what is best to stdout, which is closed; redirect it to a file\n"
    assert (result.code, result.stderr) == (2, message)


def test_an_existing_search_is_kept(project: Path) -> None:
    tuned = Folder(project / "t")
    tuned.path.mkdir()
    tuned.record.write_text("{}")
    result = pairlens(project, *COMMAND)
    message = "error: t: contains a search; choose another directory, or add --resume or --force\n"
    assert (result.code, result.stderr) == (2, message)


def test_without_optuna_its_extra_is_named(project: Path) -> None:
    hide = "import pairlens.packages as p; find = p.find_spec\n"
    hide += "p.find_spec = lambda name: None if name == 'optuna' else find(name)"
    result = pairlens(project, *COMMAND, before=hide)
    message = "error: tune needs optuna, which is not installed: pip install 'pairlens[tune]'\n"
    assert (result.code, result.stderr) == (2, message)


def test_when_the_time_is_over_before_the_first_trial(project: Path) -> None:
    result = pairlens(project, *COMMAND, "--timeout", "0")
    message = "error: t: the time was over before the first trial; give a longer --timeout\n"
    assert (result.code, result.stdout, result.stderr) == (1, "", message)
    assert (project / "t" / "space.yaml").read_text() == (
        "training.optimizer.learning_rate: {low: 0.005, high: 0.05, log: true}\nmodel.dnn.units: [2, 3]\n"
    )
    changed = pairlens(project, *COMMAND, "--seed", "2", "--resume")
    assert "t: training.seed was 1 when the search began and is 2 now; set it back" in changed.stderr
    assert changed.code == 2
