"""The run directory: what is written is read back, and nothing else is accepted."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pairlens.config import Config
from pairlens.errors import ConfigError, RunError, UsageError
from pairlens.runs import Run
from pairlens.weights import weight_shapes


def make_config(**changes: Any) -> Config:
    """Network of distinct primes: 11 ids, 2 dimensions, 3 filters of 5 tokens, 7 hidden units."""
    model = {
        "embedding": {"input_dim": 11, "output_dim": 2},
        "conv": [{"filters": 3, "kernel_size": 5}],
        "dnn": {"units": [7]},
    }
    return Config.model_validate({"data": {"train": "train"}, "model": model, **changes})


def make_weights(config: Config) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        name: random.standard_normal(shape).astype(np.float32) for name, shape in weight_shapes(config.model).items()
    }


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with all its files."""
    config = make_config()
    run = Run.create(tmp_path / "run", config, {"python": "3.11"})
    run.write_weights(make_weights(config))
    run.write_metrics([{"epoch": 1}])
    run.write_evaluation({"threshold": 0.25})
    run.write_checkpoint({"a": np.arange(3)}, {"epoch": 1})
    return run


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# ---- making one ------------------------------------------------------------------------------------------------------


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


def test_an_empty_directory_may_become_a_run(tmp_path: Path) -> None:
    Run.create(tmp_path, make_config(), {})
    assert Run.open(tmp_path).config().model == make_config().model


def test_nothing_is_replaced_without_force(run: Run) -> None:
    with pytest.raises(UsageError, match="holds a run already"):
        Run.create(run.path, make_config(), {})
    assert len(names(run.path)) == 6


def test_with_force_nothing_of_the_old_run_stays(run: Run) -> None:
    (run.path / "notes.txt").write_text("mine")
    Run.create(run.path, make_config(), {}, force=True)
    assert names(run.path) == {"config.yaml", "environment.json", "notes.txt"}


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_run_is_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(UsageError, match="holds files that are not a run's"):
        Run.create(tmp_path, make_config(), {}, force)
    with pytest.raises(UsageError, match="is a file; a run is a directory"):
        Run.create(tmp_path / "thesis.txt", make_config(), {}, force)
    assert names(tmp_path) == {"thesis.txt"}


# ---- reading one -----------------------------------------------------------------------------------------------------


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
    # Just above 1: on dev it was best to call no pair positive, not even one that scored 1.
    run.write_evaluation({"threshold": math.nextafter(1.0, 2.0)})
    assert run.threshold() > 1.0
    (run.path / "evaluation.json").unlink()
    assert run.threshold() == 0.5


@pytest.mark.parametrize("text", ["", "{", "[]", '{"threshold": "0.5"}', '{"threshold": NaN}', '{"threshold": null}'])
def test_a_damaged_evaluation(run: Run, text: str) -> None:
    (run.path / "evaluation.json").write_text(text)
    with pytest.raises(RunError, match=r"evaluation\.json: "):
        run.threshold()


def test_a_checkpoint_comes_back(run: Run) -> None:
    arrays = {"head/bias": np.array([1.5], np.float32), "optimizer/0": np.array(7, np.int64)}
    run.write_checkpoint(arrays, {"epoch": 2, "best": 0.1 + 0.2, "evaluations": [{"mse": math.nan}]})
    checkpoint = run.checkpoint()
    assert checkpoint is not None
    read, progress = checkpoint
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)
    assert progress["best"] == 0.1 + 0.2  # to the last bit
    assert math.isnan(progress["evaluations"][0]["mse"])


def test_another_config_is_refused_with_every_difference(run: Run) -> None:
    run.refuse_other_config(run.config())
    config = make_config(training={"epochs": 99, "optimizer": "sgd"})
    with pytest.raises(RunError) as error:
        run.refuse_other_config(config)
    message = str(error.value)
    assert message.startswith(f"{run.path}: was trained with another config; ")
    assert "training.epochs: 10 in the run, 99 now" in message
    assert "training.optimizer.name: 'adam' in the run, 'sgd' now" in message
    assert "training.optimizer.beta_1: 0.9 in the run, None now" in message  # sgd has none
    assert "model." not in message


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
        (np.zeros(2, np.float32), r"head/bias is float32 \[2\]; config\.yaml makes it float32 \[1\]"),
        (bias.astype(np.float64), r"head/bias is float64 \[1\]"),
        (np.array([np.inf], np.float32), r"head/bias holds numbers that are not finite"),
    ]:
        run.write_weights({**weights, "head/bias": wrong})
        with pytest.raises(RunError, match=message):
            run.weights(config)


def test_a_pickle_is_not_loaded(run: Run) -> None:
    path = run.path / "weights.npz"
    np.savez(path, allow_pickle=True, **{**make_weights(make_config()), "head/bias": np.array([print], object)})
    with pytest.raises(RunError, match="Object arrays cannot be loaded"):
        run.weights(make_config())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_whatever_happens_to_a_file_the_error_says_so(run: Run, data: st.DataObject) -> None:
    """Bytes changed, the end cut off, compressed or not: the arrays that were written, or RunError; never else."""
    config = make_config()
    weights = make_weights(config)
    path = run.path / "weights.npz"
    (np.savez_compressed if data.draw(st.booleans()) else np.savez)(path, allow_pickle=False, **weights)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    try:
        read = run.weights(config)
    except RunError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017  (no error is right, too)
    else:
        for name, array in weights.items():
            np.testing.assert_array_equal(read[name], array)


def test_an_array_that_is_named_like_an_archive(run: Run) -> None:
    with (run.path / "weights.npz").open("wb") as file:
        np.save(file, np.zeros(3, np.float32))
    with pytest.raises(RunError, match=r"weights\.npz: damaged or not an npz file"):
        run.weights(make_config())


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


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_a_damaged_checkpoint(run: Run, content: bytes) -> None:
    (run.path / "checkpoint" / "state.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"checkpoint/state\.npz: damaged or not an npz file"):
        run.checkpoint()


def test_a_checkpoint_without_progress(run: Run) -> None:
    np.savez(run.path / "checkpoint" / "state.npz", a=np.zeros(1))
    with pytest.raises(RunError, match=r"state\.npz: damaged; start again with --force"):
        run.checkpoint()


# ---- runs from a stranger --------------------------------------------------------------------------------------------


def test_a_config_that_is_cut_off(run: Run) -> None:
    """Wherever it ends, its rest is not taken for defaults."""
    path = run.path / "config.yaml"
    whole = path.read_bytes()
    for size in [*range(0, len(whole), 97), *range(len(whole) - 12, len(whole))]:
        path.write_bytes(whole[:size])
        with pytest.raises((RunError, ConfigError)):
            run.config()
    path.write_bytes(whole)
    run.config()


def test_an_array_that_promises_more_than_there_is(run: Run) -> None:
    """NumPy would make room for 4 TB before it finds that the numbers are missing."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }"
    entry = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(run.path / "weights.npz", "w") as archive:
        archive.writestr("head/bias.npy", entry)
    with pytest.raises(RunError, match=r"head/bias\.npy: \[1000000000000\] is more than the file holds"):
        run.weights(make_config())


def test_a_small_file_of_many_zeros(run: Run) -> None:
    """A bomb: 40 MB in 40 KB."""
    np.savez_compressed(run.path / "weights.npz", allow_pickle=False, **{"head/bias": np.zeros(10**7, np.float32)})
    assert (run.path / "weights.npz").stat().st_size < 50_000
    with pytest.raises(RunError, match="it expands to more than 100 times its size"):
        run.weights(make_config())


def test_a_threshold_nested_without_end(run: Run) -> None:
    (run.path / "evaluation.json").write_text("[" * 100_000)
    with pytest.raises(RunError, match=r"evaluation\.json: damaged"):
        run.threshold()
