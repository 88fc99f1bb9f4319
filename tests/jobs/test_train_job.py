"""Training from Python, without the command: its reports, what it resumes, and what it refuses."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from command_line import files_below, make_project
from command_line import write_split as write_pairs
from made_runs import write_split
from small_runs import make_config

from pairlens.check import examine
from pairlens.config.file import load_config
from pairlens.config.schema import Config
from pairlens.errors import DataError, RunError, UsageError
from pairlens.jobs.seed_runs import Existing
from pairlens.jobs.train_job import TrainJob
from pairlens.jobs.training import Listener, Metrics
from pairlens.runs.environment import describe_environment
from pairlens.runs.locks import locked
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run
from pairlens.tokenizer.learn import learn_tokenizer
from pairlens.training.events import Callback, Evaluation, Event, Step

STEPS = 10  # in an epoch of 300 pairs in batches of 32


class Record(Listener):
    """All reports of a training, in order."""

    def __init__(self) -> None:
        self.reports: list[str] = []

    def begins(self, run: Run) -> None:
        self.reports.append(f"begins {run.path.name}")

    def finished_before(self, run: Run) -> None:
        self.reports.append(f"finished before: {run.path.name}")

    @contextmanager
    def loading(self, library: str) -> Iterator[None]:
        self.reports.append(f"loading {library}")
        yield

    @contextmanager
    def fitting(self, config: Config) -> Iterator[Callback]:
        events: list[Event] = []
        yield events.append
        self.reports.append(f"{sum(isinstance(event, Step) for event in events)} steps of seed {config.training.seed}")

    def warns(self, message: str) -> None:
        self.reports.append(message)

    def stopped(self, progress: Progress) -> None:
        self.reports.append(f"stopped in epoch {progress.epoch + 1} after step {progress.batch}")

    def wrote(self, run: Run, metrics: Metrics) -> None:
        self.reports.append(f"wrote {run.path.name}: {', '.join(metrics)[:8]}")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("train_job")
    make_project(folder)
    return load_config(folder / "config.yaml", ["training.epochs=1"])


@pytest.fixture(scope="module")
def straight(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose training was never stopped."""
    path = tmp_path_factory.mktemp("straight") / "run"
    assert TrainJob(config, path).read().train() is not None
    return Run(path)


def train(
    config: Config, path: Path, existing: Existing = "refuse", seeds: int = 1, stop_after: int | None = None
) -> tuple[list[Metrics] | None, list[str]]:
    """The metrics of a training, stopped after so many steps, and what it reports."""
    steps, record = count(), Record()
    return TrainJob(config, path, existing, seeds).read().train(
        record, lambda: next(steps) == stop_after
    ), record.reports


def test_a_training_and_what_it_tells(config: Config, straight: Run, tmp_path: Path) -> None:
    metrics, reports = train(config, tmp_path / "run")
    assert reports == ["loading TensorFlow", f"{STEPS} steps of seed 1", "loading matplotlib", "wrote run: accuracy"]
    assert metrics == [straight.evaluation()["dev"]]  # type: ignore[index]
    run = Run(tmp_path / "run")
    assert run.checksum() == straight.checksum()


def test_a_stopped_training_goes_on_to_the_same_end(config: Config, straight: Run, tmp_path: Path) -> None:
    stopped, reports = train(config, tmp_path / "run", stop_after=4)
    assert stopped is None
    assert reports[-1] == "stopped in epoch 1 after step 4"
    metrics, reports = train(config, tmp_path / "run", "resume")
    assert reports[1] == f"{STEPS - 4} steps of seed 1"
    assert metrics == [straight.evaluation()["dev"]]  # type: ignore[index]
    assert Run(tmp_path / "run").checksum() == straight.checksum()


def test_a_run_goes_on_after_it_and_its_data_have_moved(straight: Run, tmp_path: Path) -> None:
    """The weights are equal to the bit. The vocabulary is not needed, as the run contains it."""
    make_project(tmp_path / "old")
    config = load_config(tmp_path / "old" / "config.yaml", ["training.epochs=1"])
    assert train(config, tmp_path / "old" / "run", stop_after=4)[0] is None
    (tmp_path / "old" / "data").rename(tmp_path / "data")
    (tmp_path / "old" / "run").rename(tmp_path / "run")
    (tmp_path / "data" / "vocab.txt").unlink()
    config = load_config(
        tmp_path / "old" / "config.yaml",
        ["training.epochs=1", *(f"data.{name}={tmp_path}/data/{name}" for name in ("train", "dev", "test"))],
    )
    metrics, reports = train(config, tmp_path / "run", "resume")
    assert reports[1] == f"{STEPS - 4} steps of seed 1"
    assert metrics == [straight.evaluation()["dev"]]  # type: ignore[index]
    ours, theirs = (run.weights(run.config()) for run in (Run(tmp_path / "run"), straight))
    assert {name: array.tobytes() for name, array in ours.items()} == {
        name: array.tobytes() for name, array in theirs.items()
    }
    assert Run(tmp_path / "run").vocabulary() == straight.vocabulary()


def test_a_split_that_has_moved_since_is_asked_for(tmp_path: Path) -> None:
    make_project(tmp_path)
    config = load_config(tmp_path / "config.yaml", ["training.epochs=1"])
    assert train(config, tmp_path / "run", stop_after=4)[0] is None
    (tmp_path / "data" / "dev.value.txt").unlink()
    with pytest.raises(DataError, match=r"dev\.value\.txt: no such file.*; if it has moved, add --set data\.dev="):
        TrainJob(config, tmp_path / "run", "resume").read()


@pytest.mark.parametrize("existing", ["refuse", "replace"])
def test_a_run_carries_what_its_config_names(tmp_path: Path, existing: Existing) -> None:
    """The files are copied whole and decompressed; a replaced run leaves no other words."""
    make_project(tmp_path)
    (tmp_path / "vocab.txt.gz").write_bytes(gzip.compress(b"[PAD]\n[UNK]\nword\n"))
    (tmp_path / "t.json").write_text(learn_tokenizer(["word word"]).to_json())
    if existing == "replace":
        Run.create(tmp_path / "run", make_config(), {"begun": True}, carried={"classes.json": b'["no", "yes"]'})
    changes = ["training.epochs=1", f"data.vocab={tmp_path}/vocab.txt.gz", f"data.tokenizer={tmp_path}/t.json"]
    train(load_config(tmp_path / "config.yaml", changes), tmp_path / "run", existing)
    run = Run.open(tmp_path / "run")
    assert (run.path / "vocab.txt").read_bytes() == b"[PAD]\n[UNK]\nword\n"
    assert run.vocabulary() == ["[PAD]", "[UNK]", "word"]
    assert run.tokenizer().to_json() == (run.path / "tokenizer.json").read_text()
    assert run.classes() is None
    assert run.environment()["carried"].keys() == {"vocab.txt", "tokenizer.json"}


def test_seeds_of_which_one_is_finished(config: Config, tmp_path: Path) -> None:
    first, _ = train(config, tmp_path / "runs" / "seed-1")
    assert first is not None
    training, record = TrainJob(config, tmp_path / "runs", "resume", seeds=2).read(), Record()
    metrics = training.train(record)
    assert record.reports[:2] == ["finished before: seed-1", "begins seed-2"]
    assert record.reports[3] == f"{STEPS} steps of seed 2"
    assert metrics is not None
    assert metrics[0] == first[0]
    summary = training.summary(metrics)
    assert summary["runs"] == [str(tmp_path / "runs" / f"seed-{seed}") for seed in (1, 2)]
    one, other = (its["accuracy"] for its in metrics)
    assert summary["dev"]["accuracy"]["mean"] == pytest.approx((one + other) / 2)
    assert summary["dev"]["accuracy"]["deviation"] == pytest.approx(abs(one - other) / 2**0.5)


def test_a_run_that_stands_there(config: Config, straight: Run) -> None:
    """It is neither replaced by default nor resumed with another config, and a finished run stays unchanged."""
    before = straight.checksum()
    with pytest.raises(UsageError, match="contains a run;"):
        TrainJob(config, straight.path)
    job = TrainJob(config.with_seed(2), straight.path, "resume")
    with pytest.raises(RunError, match=r"training\.seed was 1 when the run began and is 2 now"):
        job.read()
    metrics, reports = train(config, straight.path, "resume")
    assert (metrics, reports) == ([straight.evaluation()["dev"]], ["finished before: run"])  # type: ignore[index]
    assert straight.checksum() == before


def test_what_is_refused_leaves_nothing(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageError, match="is a file, but a run is a directory"):
        TrainJob(config, file)
    without = config.model_copy(update={"data": config.data.model_copy(update={"train": tmp_path / "none"})})
    with pytest.raises(DataError, match=r"none\.query\.txt: no such file"):
        TrainJob(without, tmp_path / "run").read()
    training = config.training.model_copy(update={"batch_size": 10**9})
    with pytest.raises(UsageError, match="training takes about"):
        TrainJob(config.model_copy(update={"training": training}), tmp_path / "run").read()
    assert list(tmp_path.iterdir()) == [file]


def test_the_last_of_several_seeds_is_a_seed(config: Config, tmp_path: Path) -> None:
    last = config.with_seed(2**32 - 1)
    TrainJob(last, tmp_path / "run")
    with pytest.raises(UsageError, match="--seeds 2: the last would be 4294967296; a seed is at most 4294967295"):
        TrainJob(last, tmp_path / "run", seeds=2)


def test_one_trains_at_a_time(config: Config, tmp_path: Path) -> None:
    training = TrainJob(config, tmp_path / "run").read()
    with locked(tmp_path / "run"), pytest.raises(UsageError, match="is training there"):
        training.train()


class KilledError(Exception):
    pass


class KilledAfterAnEpoch(Record):
    @contextmanager
    def fitting(self, config: Config) -> Iterator[Callback]:  # noqa: ARG002
        def kill(event: Event) -> None:
            if isinstance(event, Evaluation):
                raise KilledError

        yield kill


def copied(run: Run, path: Path) -> Path:
    shutil.copytree(run.path, path)
    return path


def test_a_run_is_replaced_when_the_new_one_has_weights(config: Config, straight: Run, tmp_path: Path) -> None:
    path, other = copied(straight, tmp_path / "run"), config.with_seed(2)
    before = files_below(path)
    stopped, _ = train(other, path, "replace", stop_after=4)
    assert stopped is None
    assert files_below(path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.new"]
    metrics, reports = train(other, path, "resume")
    assert metrics is not None
    assert reports[1] == f"{STEPS - 4} steps of seed 2"
    assert reports[-1] == "wrote run: accuracy"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    train(other, tmp_path / "apart")
    assert Run(path).checksum() == Run(tmp_path / "apart").checksum()


def test_a_run_is_replaced_by_one_that_begins_with_its_weights(config: Config, straight: Run, tmp_path: Path) -> None:
    """Killed after the old weights were replaced and before a checkpoint, the training still resumes from them."""

    def warm(path: Path) -> Config:
        training = config.training.model_copy(update={"warm_start": path, "epochs": 2})
        return config.model_copy(update={"training": training})

    apart, path = warm(straight.path), copied(straight, tmp_path / "run")
    train(apart, tmp_path / "apart")
    training = TrainJob(warm(path), path, "replace").read()
    with pytest.raises(KilledError):
        training.train(KilledAfterAnEpoch())
    assert [path.name for path in tmp_path.iterdir() if "new" in path.name] == []
    train(warm(path), path, "resume")
    assert weights_of(path) == weights_of(tmp_path / "apart")


def weights_of(path: Path) -> bytes:
    return (path / "weights.npz").read_bytes()


@pytest.mark.parametrize("existing", ["refuse", "replace"])
def test_a_warm_start_is_read_before_anything_is_written(
    config: Config, straight: Run, tmp_path: Path, existing: Existing
) -> None:
    def problem(**changes: object) -> str:
        training = config.training.model_copy(update={"warm_start": tmp_path / str(changes.pop("warm_start", "run"))})
        model = config.model.model_copy(update=changes)
        wrong = config.model_copy(update={"training": training, "model": model})
        with pytest.raises(RunError) as caught:
            TrainJob(wrong, tmp_path / ("run" if existing == "replace" else "other"), existing).read()
        assert examine(wrong).problems == [str(caught.value)]
        return str(caught.value)

    copied(straight, tmp_path / "run")
    before = files_below(tmp_path)
    assert "no such run directory" in problem(warm_start="rnu")
    assert "the arrays do not fit" in problem(overlap=True)
    assert files_below(tmp_path) == before


def test_a_warm_start_that_has_changed_before_the_first_step(config: Config, straight: Run, tmp_path: Path) -> None:
    path = copied(straight, tmp_path / "start")
    training = config.training.model_copy(update={"warm_start": path})
    warm = config.model_copy(update={"training": training})
    Run.create(tmp_path / "run", warm, describe_environment(warm, []))  # killed here
    TrainJob(warm, tmp_path / "run", "resume").read()
    Run(path).write_weights({name: 2 * array for name, array in straight.weights(config).items()})
    with pytest.raises(RunError, match="start has changed since the run began; put the old run back"):
        TrainJob(warm, tmp_path / "run", "resume").read()


def test_two_stages_with_a_teachers_scores_first(tmp_path: Path) -> None:
    """First on probabilities of three classes next to labels, stopped and resumed to the same bits; then on labels."""
    make_project(tmp_path)
    data = tmp_path / "data"
    write_pairs(data / "scored", 100, seed=7)
    rows = np.random.default_rng(7).dirichlet([1, 1, 1], 100).round(4)
    write_split(data / "scored", label=[" ".join(map(str, row)) for row in rows], weight=[0.5] * 100)
    changes = ["task=multiclass", "training.epochs=1", "training.class_weight=balanced"]
    both = load_config(tmp_path / "config.yaml", [*changes, f"data.train=[{data}/scored, {data}/train]"])
    straight, _ = train(both, tmp_path / "straight")
    stopped, _ = train(both, tmp_path / "run", stop_after=5)
    assert (straight is None, stopped) == (False, None)
    assert train(both, tmp_path / "run", "resume")[0] == straight
    assert Run(tmp_path / "run").checksum() == Run(tmp_path / "straight").checksum()

    warm = [*changes, "model.classes=3", f"training.warm_start={tmp_path}/run"]
    metrics, reports = train(load_config(tmp_path / "config.yaml", warm), tmp_path / "second")
    assert metrics is not None
    assert reports[1] == f"{STEPS} steps of seed 1"
    assert Run(tmp_path / "second").checksum() != Run(tmp_path / "run").checksum()


def test_curves_that_cannot_be_drawn(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Run) -> None:
        raise OSError("no fonts")

    monkeypatch.setattr("pairlens.jobs.training.write_curves", fail)
    metrics, reports = train(config, tmp_path / "run")
    assert metrics is not None
    assert reports[-2] == f"{tmp_path / 'run'}: the learning curves could not be drawn (no fonts)"


def test_a_vocabulary_is_that_of_the_tokenizer(tmp_path: Path) -> None:
    """Without a vocabulary it is taken from the tokenizer; one that differs from the tokenizer's is refused."""
    make_project(tmp_path)
    (tmp_path / "t.json").write_text(learn_tokenizer(["word word"]).to_json())
    (tmp_path / "other.txt").write_text("[PAD]\n[UNK]\nother\n")
    changes = ["training.epochs=1", f"data.tokenizer={tmp_path}/t.json"]
    train(load_config(tmp_path / "config.yaml", [*changes, "data.vocab=null"]), tmp_path / "run")
    assert Run.open(tmp_path / "run").vocabulary() == ["[PAD]", "[UNK]", "word"]
    other = load_config(tmp_path / "config.yaml", [*changes, f"data.vocab={tmp_path}/other.txt"])
    with pytest.raises(
        DataError, match=r"other.txt:3: differs from the vocabulary of .*t.json; give files that belong"
    ):
        train(other, tmp_path / "run2")
    words = " ".join(f"word{i}" for i in range(40))
    (tmp_path / "t.json").write_text(learn_tokenizer([words], min_count=1).to_json())
    large = load_config(tmp_path / "config.yaml", [*changes, "data.vocab=null"])
    with pytest.raises(DataError, match=r"t.json: 42 tokens, but model.embedding.input_dim is \d+; set it to 42"):
        train(large, tmp_path / "run2")
    assert not (tmp_path / "run2").exists()
