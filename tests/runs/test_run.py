"""The run directory is read back as written, and anything else is refused."""

from __future__ import annotations

import json
import math
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from command_line import files_below
from small_runs import make_config, make_weights

from pairlens.errors import ConfigError, RunError, UsageError
from pairlens.runs.json_files import flat, without_nan
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# ---- creating a run---------------------------------------------------------------------------------------------------


def test_a_new_run_has_a_config_and_an_environment(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "deep" / "run"
    run = Run.create(path, make_config(), {"python": "3.11"})
    assert names(path) == {"config.yaml", "environment.json"}
    assert json.loads((path / "environment.json").read_text()) == {"python": "3.11"}
    assert run.checkpoint() is None
    with pytest.raises(RunError, match=r"weights\.npz: missing; the run has no weights yet"):
        run.weights(make_config())


def test_the_config_comes_back(tmp_path: Path) -> None:
    config = make_config(data={"train": tmp_path / "train"}, task="regression")
    assert Run.create(tmp_path / "run", config, {}).config() == config


def test_curves_are_a_file_of_the_run(run: Run) -> None:
    run.write_curves(b"a picture")
    assert (run.path / "curves.png").read_bytes() == b"a picture"


def test_a_checksum_tells_models_apart(run: Run) -> None:
    """Other weights or another config are another model; the run's other files do not count."""
    first = run.checksum()
    run.write_evaluation({"threshold": 0.75})
    assert run.checksum() == first
    run.write_weights({name: array + 1 for name, array in make_weights(make_config()).items()})
    other_weights = run.checksum()
    with (run.path / "config.yaml").open("a") as file:
        file.write("\n")
    assert len({first, other_weights, run.checksum()}) == 3


def test_a_config_as_dotted_keys() -> None:
    assert flat({"model": {"conv": [{"filters": 3}, {"filters": 5}]}, "task": "binary"}) == {
        "model.conv.0.filters": 3,
        "model.conv.1.filters": 5,
        "task": "binary",
    }


def test_an_undefined_metric_is_null_wherever_it_stands() -> None:
    assert without_nan({"ci": [0.25, math.nan], "dev": ({"f1": math.nan}, 1)}) == {
        "ci": [0.25, None],
        "dev": [{"f1": None}, 1],
    }


def test_an_empty_directory_may_become_a_run(tmp_path: Path) -> None:
    Run.create(tmp_path, make_config(), {})
    assert Run.open(tmp_path).config().model == make_config().model


def test_nothing_is_replaced_without_force(run: Run) -> None:
    with pytest.raises(UsageError, match="contains a run;"):
        Run.create(run.path, make_config(), {})
    assert len(names(run.path)) == 6


def test_with_force_nothing_of_the_old_run_stays(run: Run) -> None:
    (run.path / "notes.txt").write_text("mine")
    Run.create(run.path, make_config(), {}, force=True)
    assert names(run.path) == {"config.yaml", "environment.json", "notes.txt"}


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_run_is_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(UsageError, match="contains files that are not a run's"):
        Run.create(tmp_path, make_config(), {}, force)
    with pytest.raises(UsageError, match="is a file, but a run is a directory"):
        Run.create(tmp_path / "thesis.txt", make_config(), {}, force)
    assert names(tmp_path) == {"thesis.txt"}


# ---- reading a run ---------------------------------------------------------------------------------------------------


def test_weights_come_back(run: Run) -> None:
    config = make_config()
    written, read = make_weights(config), run.weights(config)
    assert read.keys() == written.keys()
    for name, array in written.items():
        np.testing.assert_array_equal(read[name], array)


def test_metrics_are_a_json_object_a_line_and_undefined_ones_null(run: Run) -> None:
    run.write_metrics([{"epoch": 1, "dev": {"roc_auc": math.nan, "f1": 0.5}}, {"epoch": 2}])
    assert (run.path / "metrics.jsonl").read_text() == (
        '{"epoch": 1, "dev": {"roc_auc": null, "f1": 0.5}}\n{"epoch": 2}\n'
    )
    run.write_evaluation({"threshold": 0.25, "dev": {"roc_auc": math.nan}})
    assert json.loads((run.path / "evaluation.json").read_text())["dev"] == {"roc_auc": None}


def test_the_threshold_comes_back(run: Run) -> None:
    assert run.threshold() == 0.25
    # Just above 1: on dev it was best to predict no positive, not even a pair that scores 1.
    run.write_evaluation({"threshold": math.nextafter(1.0, 2.0)})
    assert run.threshold() > 1.0
    (run.path / "evaluation.json").unlink()
    assert run.threshold() == 0.5


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"threshold": "0.5"}', '{"threshold": NaN}', '{"threshold": null}', '{"threshold": 3.5e38}'],
)
def test_a_damaged_evaluation(run: Run, text: str) -> None:
    (run.path / "evaluation.json").write_text(text)
    with pytest.raises(RunError, match=r"evaluation\.json: "):
        run.threshold()


def test_where_there_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"none: no such run directory"):
        Run.open(tmp_path / "none")
    with pytest.raises(RunError, match=r"config\.yaml: missing; .* is not a run directory"):
        Run.open(tmp_path)


# ---- damage ----------------------------------------------------------------------------------------------------------


def test_arrays_that_do_not_fit_the_config(run: Run) -> None:
    config = make_config()
    weights = make_weights(config)
    bias = weights.pop("head/bias")
    run.write_weights(weights)
    with pytest.raises(RunError, match=r"missing or unknown: head/bias$"):
        run.weights(config)
    for wrong, message in [
        (np.zeros(2, np.float32), r"head/bias is float32 \[2\], but config\.yaml needs float32 \[1\]"),
        (bias.astype(np.float64), r"head/bias is float64 \[1\]"),
        (np.array([np.inf], np.float32), r"head/bias contains numbers that are not finite"),
    ]:
        run.write_weights({**weights, "head/bias": wrong})
        with pytest.raises(RunError, match=message):
            run.weights(config)


def test_metrics_and_environment_are_read_back(run: Run) -> None:
    lines = [{"epoch": 1, "loss": 0.5, "dev": {"accuracy": 0.75, "roc_auc": math.nan}, "best": True}]
    run.write_metrics(lines)
    (line,) = run.metrics()
    assert math.isnan(line["dev"].pop("roc_auc"))
    assert line == {"epoch": 1, "loss": 0.5, "dev": {"accuracy": 0.75}, "best": True}
    assert run.environment() == {"python": "3.11"}
    for name in ("metrics.jsonl", "environment.json"):
        (run.path / name).unlink()
    assert (run.metrics(), run.environment()) == ([], {})


@pytest.mark.parametrize("content", ["[", "[1]", "7", '{"epoch": 1}', '{"dev": {"accuracy": "high"}}'])
def test_damaged_metrics(run: Run, content: str) -> None:
    (run.path / "metrics.jsonl").write_text(content)
    with pytest.raises(RunError, match=r"metrics\.jsonl: damaged"):
        run.metrics()


@pytest.mark.parametrize("content", ["[", "[1]", ""])
def test_a_damaged_environment(run: Run, content: str) -> None:
    (run.path / "environment.json").write_text(content)
    with pytest.raises(RunError, match=r"environment\.json: damaged"):
        run.environment()


# ---- untrusted runs --------------------------------------------------------------------------------------------------


def test_a_config_that_is_cut_off(run: Run) -> None:
    """Wherever it is truncated, the missing settings do not become defaults."""
    path = run.path / "config.yaml"
    whole = path.read_bytes()
    for size in [*range(0, len(whole), 97), *range(len(whole) - 12, len(whole))]:
        path.write_bytes(whole[:size])
        with pytest.raises((RunError, ConfigError)):
            run.config()
    path.write_bytes(whole)
    run.config()


def test_an_evaluation_without_end(run: Run) -> None:
    """At most a mebibyte is read, and a longer file is refused as damaged."""
    run.write_evaluation({"threshold": 0.25, "more": "x" * 2**21})
    with pytest.raises(RunError, match=r"evaluation\.json: damaged"):
        run.threshold()


def test_a_threshold_nested_without_end(run: Run) -> None:
    (run.path / "evaluation.json").write_text("[" * 100_000)
    with pytest.raises(RunError, match=r"evaluation\.json: damaged"):
        run.threshold()


# ---- files of a killed process ---------------------------------------------------------------------------------------


def test_a_run_that_was_killed_while_it_was_made_is_none(run: Run) -> None:
    for name in ("environment.json", "weights.npz", "checkpoint/state.npz"):
        assert run.exists()
        (run.path / name).unlink()
    assert not run.exists()


def test_what_a_killed_process_left_is_no_ones_file(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / ".lock").write_text("process 1")
    (run / ".config.yaml.0123abcd.partial").write_text("task: bin")
    Run.create(run, make_config(), {})  # as if the directory were empty
    (run / ".weights.npz.0123abcd.partial").write_text("")
    (run / ".scores.txt.0123abcd.partial").write_text("")  # `score` may still be writing it
    Run(run).remove_partial_files()
    assert names(run) == {"config.yaml", "environment.json", ".lock", ".scores.txt.0123abcd.partial"}


def test_a_threshold_of_a_run_before_0_3_decides_as_it_did(tmp_path: Path) -> None:
    """It was a float64 midway between two neighbouring float32; rounding it would give the lower one."""
    low = np.float32(0.5)
    high = np.nextafter(low, np.float32(1))
    run = Run.create(tmp_path / "run", make_config(), {})
    run.write_evaluation({"threshold": (float(low) + float(high)) / 2})
    assert np.float32(run.threshold()) == high
    run.write_evaluation({"threshold": 0.7})  # the shortest decimal of a float32, .69999999
    assert run.threshold() == 0.7


@pytest.mark.parametrize("name", ["config.yaml", "environment.json", "metrics.jsonl", "weights.npz", "curves.png"])
def test_no_link_in_a_run_is_written_through(tmp_path: Path, name: str) -> None:
    """Links that somebody else made before or during the training are not followed, not even in an old run."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    for laid_before in (True, False):
        path = tmp_path / f"run{laid_before}"
        path.mkdir()
        if laid_before:
            (path / "config.yaml").write_text("task: binary\n")
            (path / name).unlink(missing_ok=True)
            (path / name).symlink_to(precious)
        config = make_config()
        run = Run.create(path, config, {}, force=True)
        if not laid_before:
            (path / name).unlink(missing_ok=True)
            (path / name).symlink_to(precious)
        run._write_text("config.yaml", "")
        run._write_json("environment.json", {})
        run.write_metrics([])
        run.write_weights(make_weights(config))
        run.write_curves(b"")
        assert not (path / name).is_symlink()
        assert precious.read_text() == "mine"


@pytest.mark.parametrize("target", ["a directory", "nothing"])
def test_a_checkpoint_directory_that_is_a_link(run: Run, tmp_path: Path, target: str) -> None:
    shutil.rmtree(run.path / "checkpoint")
    elsewhere = tmp_path / "elsewhere"
    if target == "a directory":
        elsewhere.mkdir()
        (elsewhere / "state.npz").write_text("mine")
        (elsewhere / ".state.npz.0123abcd.partial").write_text("mine")
    (run.path / "checkpoint").symlink_to(elsewhere)
    before = files_below(tmp_path)
    with pytest.raises((UsageError, FileExistsError), match="checkpoint"):
        run.write_checkpoint({}, Progress())
    for change in (run.remove_partial_files, run.drop_last_checkpoint):
        with suppress(UsageError):
            change()
    with suppress(UsageError):
        Run.create(run.path, make_config(), {}, force=True)
    assert {n: c for n, c in files_below(tmp_path).items() if "elsewhere" in n} == {
        n: c for n, c in before.items() if "elsewhere" in n
    }
