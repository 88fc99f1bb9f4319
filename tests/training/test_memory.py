"""The memory that a config needs is estimated within a factor of 2, and refused if it is not available."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import files_below, make_project
from forked import pairlens
from models import make_config

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.memory import available_memory, refuse_too_large
from pairlens.scoring.memory import scoring_memory
from pairlens.training.memory import training_memory

SMALL = {"filters": 100, "kernel_size": 4}


# Peaks of a process that trained one epoch of two batches, or scored them, in MB.
@pytest.mark.parametrize(
    ("batch_size", "tokens", "trained", "scored", "model"),
    [
        (256, 12, 764, 200, {"embedding": {"input_dim": 1000, "output_dim": 64}, "conv": [SMALL]}),
        (64, 12, 2890, 837, {"embedding": {"input_dim": 500_000, "output_dim": 128}, "conv": [{"filters": 16}]}),
        (
            64,
            1000,
            2399,
            202,
            {
                "embedding": {"input_dim": 1000, "output_dim": 16},
                "conv": [{"filters": 16}],
                "attention": {"direction": "both"},
            },
        ),
        (
            256,
            200,
            1157,
            203,
            {
                "embedding": {"input_dim": 1000, "output_dim": 64},
                "conv": [SMALL],
                "features": ["encoding", "attention", "absolute_difference", "product"],
            },
        ),
        (32, 512, 1019, 200, {"conv": [{"filters": 100}], "attention": {"score_mode": "concat"}}),
    ],
    ids=["the page", "embedding", "attention", "layers", "concat"],
)
def test_measured_peaks(batch_size: int, tokens: int, trained: int, scored: int, model: dict[str, object]) -> None:
    config = make_config(batch_size=batch_size, **model)
    estimate = sum(training_memory(config, tokens, tokens, 4 * batch_size * tokens).values()) / 1e6
    assert trained / 2 < estimate < trained * 2
    estimate = sum(scoring_memory(config, tokens, tokens).values()) / 1e6
    assert scored / 2 < estimate < scored * 2


def largest(config: Config, tokens: int) -> str:
    """The error message, which names the largest part."""
    with pytest.raises(UsageError) as error:
        refuse_too_large("training", training_memory(config, tokens, tokens), 10**8)
    return str(error.value)


def test_the_largest_part_is_named() -> None:
    assert "GB are the attention scores [B, Tq, Tv]" in largest(make_config(), 2000)
    assert "GB are the embedding with its gradient" in largest(make_config(embedding={"input_dim": 10**8}), 10)
    concat = make_config(conv=[{"filters": 2000}], attention={"score_mode": "concat"}, batch_size=64)
    assert "the layers' outputs for a batch" in largest(concat, 2000)
    one_row = make_config(conv=[{"filters": 7}], attention={"score_mode": "concat"}, batch_size=2)
    assert training_memory(one_row, 50, 50)["the slices of [B, Tq, Tv, filters] for score_mode: concat"] == (
        4 * 4 * 2 * 50 * 50 * 7  # four copies of 2 x 50 x 50 x 7 floats: less than a slice
    )
    refuse_too_large("training", training_memory(make_config(), 10, 10), None)
    refuse_too_large("training", {"x": 200}, 100)  # the estimate may be twice too high


def test_available_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as unknown:
        unknown.setattr("os.sysconf", lambda _: -1)
        assert available_memory(tmp_path) is None
    group = tmp_path / "sys/fs/cgroup/user/mine"
    group.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 99 kB\nMemAvailable:   2000 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("0::/user/mine\n")
    assert available_memory(tmp_path) == 2000 * 1024
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("500\n")
    assert available_memory(tmp_path) == 2000 * 1024
    (group / "memory.max").write_text("1500\n")
    assert available_memory(tmp_path) == 1000


@pytest.mark.parametrize("command", ["check", "train"])
def test_a_config_that_cannot_fit(tmp_path: Path, command: str) -> None:
    """Before TensorFlow is loaded, and before anything is written."""
    make_project(tmp_path)
    before = files_below(tmp_path)
    sizes = ["--set", "model.embedding.input_dim=2000000000", "--set", "model.embedding.output_dim=1000"]
    result = pairlens(tmp_path, command, "config.yaml", *sizes)
    assert result.code == 2
    fault = result.stderr.splitlines()[-1]
    assert fault.startswith("error: training takes about 64,00")
    assert "GB are the embedding with its gradient and moments (model.embedding.input_dim, output_dim)" in fault
    assert files_below(tmp_path) == before
