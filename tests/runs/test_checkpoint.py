"""Checkpoints are read back as written; if the last one is damaged, the one before it is used."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pairlens.errors import RunError
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run


def test_a_checkpoint_comes_back(run: Run) -> None:
    arrays = {"head/bias": np.array([1.5], np.float32), "optimizer/0": np.array(7, np.int64)}
    written = Progress(epoch=2, loss_sum=0.1 + 0.2, best=1 / 3, evaluations=[{"mse": math.nan}])
    run.write_checkpoint(arrays, written)
    checkpoint = run.checkpoint()
    assert checkpoint is not None
    assert checkpoint.warning is None
    assert checkpoint.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert checkpoint.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(checkpoint.arrays[name], array)
    read = checkpoint.progress
    assert math.isnan(read.evaluations[0]["mse"])
    assert replace(read, evaluations=[]) == replace(written, evaluations=[])  # to the last bit


def write_two_checkpoints(run: Run) -> tuple[Path, Path]:
    """Write the checkpoints of steps 1 and 2; return their files, the newer one first."""
    for step in (1, 2):
        run.write_checkpoint({"a": np.arange(step)}, Progress(step=step))
    return run.path / "checkpoint" / "state.npz", run.path / "checkpoint" / "previous.npz"


def step_of(run: Run) -> int:
    checkpoint = run.checkpoint()
    assert checkpoint is not None
    assert checkpoint.arrays["a"].tolist() == list(range(checkpoint.progress.step))
    return checkpoint.progress.step


def test_the_checkpoint_before_the_last_is_kept(run: Run) -> None:
    state, previous = write_two_checkpoints(run)
    assert step_of(run) == 2
    state.unlink()  # as if killed between the two renames
    assert step_of(run) == 1
    assert run.checkpoint().warning is None  # type: ignore[union-attr]
    run.write_checkpoint({"a": np.arange(3)}, Progress(step=3))
    assert step_of(run) == 3
    assert previous.exists()


def test_a_damaged_checkpoint_is_reported_and_the_one_before_it_used(run: Run) -> None:
    state, _ = write_two_checkpoints(run)
    state.write_bytes(state.read_bytes()[:-30])
    checkpoint = run.checkpoint()
    assert checkpoint is not None
    assert checkpoint.progress.step == 1
    assert checkpoint.warning is not None
    assert checkpoint.warning.startswith(f"{state}: damaged")
    # The next checkpoint must not replace the good one by the damaged one.
    run.drop_last_checkpoint()
    run.write_checkpoint({"a": np.arange(3)}, Progress(step=3))
    state.unlink()
    assert step_of(run) == 1


def test_all_checkpoints_damaged(run: Run) -> None:
    state, previous = write_two_checkpoints(run)
    for path in (state, previous):
        path.write_bytes(b"PK")
    with pytest.raises(RunError) as error:
        run.checkpoint()
    assert str(error.value).count("damaged or not an npz file") == 2
    assert str(error.value).endswith("no intact checkpoint remains, so train again with --force")
    assert state.exists()  # no file is removed without a replacement


def test_no_damage_of_a_checkpoint_goes_unnoticed(run: Run) -> None:
    """Flip a bit in each byte, and truncate anywhere: the arrays are as written, or the previous checkpoint is used."""
    state, _ = write_two_checkpoints(run)
    whole, random = state.read_bytes(), np.random.default_rng(1)
    bits = random.integers(0, 8, len(whole))
    damaged = [whole[:at] + bytes([whole[at] ^ (1 << bits[at])]) + whole[at + 1 :] for at in range(len(whole))]
    damaged += [whole[:at] for at in range(len(whole))]
    noticed = 0
    for content in damaged:
        state.write_bytes(content)
        checkpoint = run.checkpoint()
        assert checkpoint is not None
        assert (checkpoint.warning is None) == (checkpoint.progress.step == 2)
        assert checkpoint.arrays["a"].tolist() == list(range(checkpoint.progress.step))
        noticed += checkpoint.progress.step == 1
    assert noticed > 0.8 * len(damaged)  # the rest are dates and permissions in the archive's headers


@pytest.mark.parametrize("progress", [b"", b"[]", b"{", b'{"epoch": "x"}'])
def test_a_checkpoint_without_progress(run: Run, progress: bytes) -> None:
    np.savez(run.path / "checkpoint" / "state.npz", a=np.zeros(1), progress=np.frombuffer(progress, np.uint8))
    with pytest.raises(RunError, match=r"state\.npz: damaged \(no valid training progress\)"):
        run.checkpoint()
