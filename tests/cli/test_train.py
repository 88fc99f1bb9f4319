"""pairlens train: its files, its messages, and how it stops and resumes. Every test runs real processes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from command_line import PAIRLENS, files_below, make_project, plain_environment, trained_project
from forked import pairlens
from running import running

from pairlens.config.file import dump_config, load_config

EPOCHS = 20
PNG = b"\x89PNG\r\n"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A copy of the project whose run, with `--set training.seed=7`, was interrupted (Ctrl-C) after the first epoch.

    Other interruptions are in test_interrupts.py.
    """
    folder = tmp_path_factory.mktemp("interrupted")
    (folder / "config.yaml").write_text((project / "config.yaml").read_text().replace("data/", f"{project}/data/"))
    command = [PAIRLENS, "train", "config.yaml", "--set", "training.seed=7", "--output", "run"]
    with running(
        command, cwd=folder, env=plain_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        stdout, rest = process.communicate()
    assert first.startswith("epoch   1 ")
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert stdout == ""
    return folder


def read_metrics(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def without_speed(metrics: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{key: value for key, value in line.items() if key != "pairs_per_second"} for line in metrics]


def test_a_run_has_exactly_the_files_of_the_design(project: Path) -> None:
    assert set(files_below(project / "run")) == {
        "config.yaml",
        "weights.npz",
        "metrics.jsonl",
        "evaluation.json",
        "environment.json",
        "vocab.txt",
        "curves.png",
        "checkpoint/state.npz",
    }


def test_the_config_is_resolved(project: Path) -> None:
    text = (project / "run" / "config.yaml").read_text()
    written = yaml.safe_load(text)
    assert written["training"]["seed"] == 7  # from --seed
    assert written["training"]["batch_size"] == 32  # from the file
    assert written["model"]["attention"]["score_mode"] == "dot"  # a default
    for name in ("train", "dev", "test"):
        assert written["data"][name] == str(project / "data" / name)
    assert written["data"]["vocab"] == str(project / "data" / "vocab.txt")
    # Loading and writing it gives the same text in any folder: it has no relative path and names every setting.
    assert dump_config(load_config(project / "run" / "config.yaml")) == text


def test_metrics_have_a_line_for_every_epoch(project: Path) -> None:
    metrics = read_metrics(project / "run")
    assert [line["epoch"] for line in metrics] == list(range(1, EPOCHS + 1))
    for line in metrics:
        assert list(line) == ["epoch", "loss", "pairs_per_second", "dev", "best"]
        assert isinstance(line["dev"], dict)
        assert {"accuracy", "roc_auc", "log_loss"} <= line["dev"].keys()
    accuracy = [line["dev"]["accuracy"] for line in metrics]  # type: ignore[index]
    # An epoch is best if it is better than all before it.
    assert [line["best"] for line in metrics] == [all(a < b for a in accuracy[:i]) for i, b in enumerate(accuracy)]


def test_the_environment_says_what_the_run_was_made_with(project: Path) -> None:
    environment = json.loads((project / "run" / "environment.json").read_text())
    assert environment["command"][1:] == ["train", "config.yaml", "--seed", "7", "--output", "run"]
    assert environment["directory"] == str(project)
    assert environment["packages"].keys() >= {"pairlens", "tensorflow", "numpy"}
    read = {str(project / "data" / f"{s}.{side}.txt") for s in ("train", "dev") for side in ("query", "value", "label")}
    assert environment["data"].keys() == read


def test_it_speaks_on_stderr_alone_a_line_for_every_epoch(project: Path) -> None:
    assert (project / "train.stdout").read_text() == ""
    stderr = (project / "train.stderr").read_text()
    assert "\x1b" not in stderr
    assert "\r" not in stderr
    *epochs, wrote, following = stderr.splitlines()
    assert [int(line.split()[1]) for line in epochs] == list(range(1, EPOCHS + 1))
    assert re.fullmatch(r"Wrote run  dev accuracy 0\.\d{4}", wrote)
    assert following == "Next: pairlens evaluate run"


def test_an_interrupted_run_is_whole_up_to_its_last_epoch(interrupted: Path, project: Path) -> None:
    done = read_metrics(interrupted / "run")
    assert 1 <= len(done) < EPOCHS
    assert without_speed(done) == without_speed(read_metrics(project / "run"))[: len(done)]
    assert not any("partial" in name for name in files_below(interrupted))
    assert (interrupted / "run" / "curves.png").read_bytes().startswith(PNG)


def test_resume_is_refused_with_another_config(interrupted: Path) -> None:
    before = files_below(interrupted)
    result = pairlens(interrupted, "train", "config.yaml", "--output", "run", "--resume", "--seed", "8")
    assert result.code == 2
    assert result.stderr == (
        "error: run: training.seed was 7 when the run began and is 8 now; set it back\n"
        "error: run: --resume continues only with everything unchanged; train again with --force\n"
    )
    assert files_below(interrupted) == before


def test_resume_is_refused_with_another_way_to_compute(interrupted: Path) -> None:
    """oneDNN sums in another order than Eigen, so the weights would differ in their last bits."""
    before = files_below(interrupted)
    command = ("train", "config.yaml", "--output", "run", "--resume", "--seed", "7")
    result = pairlens(interrupted, *command, TF_ENABLE_ONEDNN_OPTS="0")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: run: the environment had TF_ENABLE_ONEDNN_OPTS unset when the run began")
    assert files_below(interrupted) == before


def test_resume_with_force_is_refused(interrupted: Path) -> None:
    result = pairlens(interrupted, "train", "config.yaml", "--output", "run", "--resume", "--force")
    assert result.code == 2
    assert result.stderr == "error: --resume continues a run and --force replaces it; give one of them\n"


def test_a_resumed_run_ends_as_an_uninterrupted_one(interrupted: Path, project: Path) -> None:
    """`--seed 7` here and `--set training.seed=7` when it began are the same config; another would be refused."""
    result = pairlens(interrupted, "train", "config.yaml", "--seed", "7", "--output", "run", "--resume", "--quiet")
    assert result == (0, "", "")
    resumed, straight = interrupted / "run", project / "run"
    for name in ("weights.npz", "checkpoint/state.npz"):
        with np.load(resumed / name) as one, np.load(straight / name) as other:
            assert one.files == other.files
            for array in set(one.files) - {"progress"}:  # JSON, with the speed of every epoch
                np.testing.assert_array_equal(one[array], other[array], err_msg=array)
    assert without_speed(read_metrics(resumed)) == without_speed(read_metrics(straight))
    assert (resumed / "evaluation.json").read_text() == (straight / "evaluation.json").read_text()


def test_without_output_the_run_is_named_after_the_config(tmp_path: Path) -> None:
    """The name is read from the refusal to replace the run, which needs no training."""
    make_project(tmp_path)
    (tmp_path / "runs" / "config").mkdir(parents=True)
    (tmp_path / "runs" / "config" / "config.yaml").write_text("task: binary\n")
    result = pairlens(tmp_path, "train", "config.yaml")
    assert result.code == 2
    assert result.stderr == (
        "error: runs/config: contains a run; choose another directory, or add --resume or --force\n"
    )


def test_data_are_read_before_an_old_run_is_replaced(project: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name, content in files_below(project / "run").items():
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_bytes(content)
    before = files_below(tmp_path)
    result = pairlens(project, "train", "config.yaml", "--set", "data.dev=data/none", "--output", run, "--force")
    assert result.code == 2
    assert result.stderr.startswith(f"error: {project}/data/none.query.txt: no such file")
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("spelling", [0.0, 1.0])
def test_a_missing_vocabulary_is_refused_as_check_refuses_it(project: Path, tmp_path: Path, spelling: float) -> None:
    """Even if training does not need the words, every later command would."""
    initializer = f"model.embedding.embeddings_initializer={{name: ppmi_svd, spelling: {spelling}}}"
    changes = ("--set", "data.vocab=none.txt", "--set", initializer)
    expected = (2, f"error: {project}/none.txt: No such file or directory\n")
    trained = pairlens(project, "train", "config.yaml", *changes, "--output", tmp_path / "run")
    assert (trained.code, trained.stderr) == expected
    checked = pairlens(project, "check", "config.yaml", *changes)
    assert (checked.code, checked.stderr.splitlines(keepends=True)[-1]) == expected


def test_training_does_not_fail_for_a_picture(tmp_path: Path, project: Path) -> None:
    broken = tmp_path / "broken" / "matplotlib"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('built for another machine')")
    path = f"{broken.parent}:{plain_environment().get('PYTHONPATH', '')}"
    command = ("train", "config.yaml", "--set", "training.epochs=1", "--output", tmp_path / "run")
    result = pairlens(project, *command, PYTHONPATH=path)
    assert result.code == 0
    assert "the learning curves could not be drawn (built for another machine)" in result.stderr
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"weights.npz", "evaluation.json"}
    assert not (tmp_path / "run" / "curves.png").exists()


def test_a_training_goes_on_with_as_many_threads_as_it_began(tmp_path: Path) -> None:
    """In large networks TensorFlow's sums, and so the weights, depend on the number of threads."""
    make_project(tmp_path)
    train = ["train", "config.yaml", "--set", "training.epochs=1", "--output", "run"]
    assert pairlens(tmp_path, *train, "--threads", "3").code == 0
    message = "error: run: was trained on 3 processors when the run began and would be on 1 now; add --threads 3\n"
    refused = pairlens(tmp_path, *train, "--resume", "--threads", "1")
    assert refused.code == 2
    assert refused.stderr.startswith(message)
    assert pairlens(tmp_path, *train, "--resume", "--threads", "3").stderr.startswith("run: already finished")
