"""Seeds that are trained by workers: one that dies costs no step but those since its last checkpoint, and no bit."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from command_line import make_project

from pairlens.config.file import load_config
from pairlens.config.schema import Config
from pairlens.errors import RunError, UsageError
from pairlens.jobs.seed_runs import Existing
from pairlens.jobs.train_job import TrainJob
from pairlens.jobs.train_seeds import SeedWork
from pairlens.jobs.training import Listener, Training
from pairlens.kernels.threads import processors, use_processors
from pairlens.runs.run import Run

PAIRS = 300


@pytest.fixture(autouse=True)
def all_processors() -> Iterator[None]:
    """After each test, all processors are used again."""
    yield
    use_processors(None)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("train_seeds")
    make_project(folder)
    return load_config(folder / "config.yaml", ["training.epochs=2"])


@pytest.fixture(scope="module")
def straight(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose training was never stopped."""
    path = tmp_path_factory.mktemp("straight") / "run"
    assert TrainJob(config, path).read().train() is not None
    return Run(path)


def change_environment(run: Path, **values: object) -> None:
    """Change entries of a run's environment.json."""
    path = run / "environment.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def dies(training: Training, steps: int) -> None:
    """Train seed 1 for some steps, as a worker that is told to end does."""
    done = count()
    assert training.in_worker(1).train_seed(1, Listener(), lambda: next(done) == steps) is None


def worker(training: Training) -> SeedWork:
    """The work as a new process receives it."""
    work: SeedWork = pickle.loads(pickle.dumps(SeedWork(training, processors(), Path.cwd())))
    return work


@pytest.mark.parametrize("existing", ["refuse", "replace", "resume"])
def test_another_worker_goes_on_to_the_same_end(
    config: Config, straight: Run, tmp_path: Path, existing: Existing
) -> None:
    """An epoch has 10 steps, so after 13 the second one is trained to its end."""
    run = tmp_path / "many" / "seed-1"
    if existing == "replace":  # an old run, which is finished
        shutil.copytree(straight.path, run)
        change_environment(run, created="2000-01-01T00:00:00+00:00")
    elif existing == "resume":
        dies(TrainJob(config, tmp_path / "many", seeds=2).read(), 5)
    training = TrainJob(config, tmp_path / "many", existing, seeds=2).read()
    dies(training, 8 if existing == "resume" else 13)
    assert worker(training).prepare()(1) == PAIRS  # of one epoch
    assert Run(run).checksum() == straight.checksum()
    assert worker(training).prepare()(1) == 0  # it is finished
    assert not (tmp_path / "many" / "seed-1.new").exists()
    assert training.summary([{}, {}])["runs"] == [str(run), str(tmp_path / "many" / "seed-2")]


def test_a_worker_on_another_kind_of_machine_does_not_go_on(config: Config, tmp_path: Path) -> None:
    training = TrainJob(config, tmp_path / "many", seeds=2).read()
    dies(training, 3)
    change_environment(tmp_path / "many" / "seed-1", processor="Z80")
    with pytest.raises(RunError, match="the processor was Z80 when the run began"):
        worker(training).prepare()(1)


def test_sigterm_ends_a_worker_with_everything_saved(
    config: Config, straight: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(self: Training, _seed: int) -> Training:
        os.kill(os.getpid(), signal.SIGTERM)
        return self

    training = TrainJob(config, tmp_path / "many", seeds=2).read()
    with monkeypatch.context() as patch:
        patch.setattr(Training, "in_worker", signalled)
        with pytest.raises(SystemExit) as ended:
            SeedWork(training, processors(), Path.cwd()).prepare()(1)
    assert ended.value.code == 143
    assert Run(tmp_path / "many" / "seed-1").has_checkpoint()
    assert worker(training).prepare()(1) == 2 * PAIRS
    assert Run(tmp_path / "many" / "seed-1").checksum() == straight.checksum()


def test_memory_is_needed_for_all_that_are_trained_at_once(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow takes 0.7 GB; what takes more than twice what is available is refused."""
    monkeypatch.setattr("pairlens.jobs.train_job.available_memory", lambda: 500_000_000)
    job = TrainJob(config, tmp_path / "many", seeds=4)
    job.read(at_once=1)
    with pytest.raises(UsageError, match=r"^training 2 seeds at once takes about 1\.. GB of memory"):
        job.read(at_once=2)
