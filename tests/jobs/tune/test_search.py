"""What a search tries and keeps, whatever happens to it; its trainings are a formula (tune_works.py)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tune_works import CONFIG, dies_in_large_batches, essence, make_search, refuse, signalled, stops_after, train

from pairlens.config.file import load_config
from pairlens.config.schema import Config
from pairlens.errors import DataError, PairlensError, RunError
from pairlens.jobs.training import Listener as TrainingListener
from pairlens.jobs.tune.folder import Folder
from pairlens.jobs.tune.outcome import refuse_failure, settle
from pairlens.jobs.tune.record import Trial
from pairlens.jobs.tune.run_search import Cluster, Listener, TrialWork, run_search
from pairlens.jobs.tune.trial import Report, Stop, Trained
from pairlens.kernels.threads import use_processors
from pairlens.runs.names import WEIGHTS


def never() -> bool:
    return False


class Told(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.best: list[int] = []

    def trained(self, trial: Trial, best: Trial | None) -> None:
        self.numbers.append(trial.number)
        self.best += [] if best is None else [best.number]


def kept_runs(folder: Folder) -> list[str]:
    return sorted(run.name for run in folder.runs.iterdir())


def test_a_search_finds_better_values_and_keeps_only_their_run(tmp_path: Path) -> None:
    search, told = make_search(tmp_path), Told()
    assert run_search(search, 25, None, told, never)
    assert told.numbers == list(range(1, 26))
    trials = search.study().trials()
    best = search.study().best()
    assert best is not None
    assert best.value == max(trial.value for trial in trials if trial.value is not None)
    assert abs(float(best.values["training.optimizer.learning_rate"]) - 0.002) < 0.0005
    assert told.best[-1] == best.number
    assert kept_runs(search.folder) == [str(best.attempt)]
    states = [trial.state for trial in trials]
    assert states[:4] == ["finished"] * 4  # with which later ones are compared
    assert "pruned" in states
    assert all(trial.epochs == 6 for trial in trials if trial.state == "finished")
    assert all(2 <= trial.epochs < 6 for trial in trials if trial.state == "pruned")


def test_the_first_trial_is_the_config_as_it_is(tmp_path: Path) -> None:
    """dnn.units [64] is not in the space, and is drawn."""
    search = make_search(tmp_path, config=CONFIG.replace("0.001", "0.0012345"))
    run_search(search, 1, None, Listener(), never)
    (first,) = search.study().trials()
    assert first.values["training.optimizer.learning_rate"] == 0.0012345  # a drawn one has four digits
    assert first.values["training.batch_size"] == "256"
    assert settle(search).own is None
    (tmp_path / "whole").mkdir()
    whole = make_search(tmp_path / "whole", space="training.batch_size: [16, 256]\n")
    run_search(whole, 1, None, Listener(), never)
    own = settle(whole).own
    assert own is not None
    assert own.value == pytest.approx(1 - 0.001 * 50)


def test_the_same_seed_tries_the_same_and_another_seed_other_values(tmp_path: Path) -> None:
    tried = {}
    for name, config in (
        ("one", CONFIG),
        ("same", CONFIG),
        ("other", CONFIG.replace("epochs: 6", "epochs: 6, seed: 2")),
    ):
        (tmp_path / name).mkdir()
        search = make_search(tmp_path / name, config=config)
        run_search(search, 12, None, Listener(), never)
        tried[name] = essence(search.study().trials())
    assert tried["one"] == tried["same"]
    assert tried["one"][1:] != tried["other"][1:]


@pytest.mark.parametrize("calls", [0, 1, 9, 24, 40])
def test_stopped_anywhere_and_continued_it_ends_the_same(tmp_path: Path, calls: int) -> None:
    for name in ("straight", "stopped"):
        (tmp_path / name).mkdir()
    straight, told = make_search(tmp_path / "straight"), Told()
    run_search(straight, 12, None, Listener(), never)
    assert not run_search(make_search(tmp_path / "stopped"), 12, None, told, stops_after(calls))
    again = make_search(tmp_path / "stopped")
    done = len(again.study().trials())
    assert done == len(told.numbers) < 12
    assert run_search(again, 12, None, rest := Told(), never)
    assert rest.numbers == list(range(done + 1, 13))  # none is repeated
    assert essence(again.study().trials()) == essence(straight.study().trials())


def test_killed_in_a_trial_it_is_done_again_with_the_same_values(tmp_path: Path) -> None:
    """A process that dies in trial 10 leaves it running, its run half-written, a lock, and half a line."""

    def dies(
        config: Config, run: Path, command: Sequence[str], shown: TrainingListener, report: Report, stop: Stop
    ) -> Trained:
        if run.name == "9":
            run.mkdir()
            report(1, 0.5)
            raise KeyboardInterrupt
        return train(config, run, command, shown, report, stop)

    search = make_search(tmp_path, train=dies)
    with pytest.raises(KeyboardInterrupt):
        run_search(search, 12, None, Listener(), never)
    study = search.study()
    assert [trial.number for trial in study.trials()] == list(range(1, 10))
    with search.folder.journal.open("a") as journal:
        journal.write('{"op_code": 4, "wor')
    Path(f"{search.folder.journal}.lock").symlink_to(search.folder.journal)
    again = make_search(tmp_path)
    assert run_search(again, 12, None, Listener(), never)
    (tmp_path / "straight").mkdir()
    straight = make_search(tmp_path / "straight")
    run_search(straight, 12, None, Listener(), never)
    assert essence(again.study().trials()) == essence(straight.study().trials())
    assert len(kept_runs(again.folder)) == 1


def test_more_trials_go_on_from_the_best(tmp_path: Path) -> None:
    """The best run has its place after the first part; a better one takes it."""
    search = make_search(tmp_path)
    run_search(search, 1, None, Listener(), never)
    first = settle(search).best
    assert first is not None
    again = make_search(tmp_path)
    run_search(again, 30, None, Listener(), never)
    outcome = settle(again)
    assert outcome.best is not None
    assert outcome.best.number > 1
    rate = outcome.best.values["training.optimizer.learning_rate"]
    assert (again.folder.best / WEIGHTS).read_text() == f"{rate:g}"
    assert kept_runs(again.folder) == []
    assert load_config(again.folder.best_config).training.optimizer.learning_rate == rate
    assert len(again.folder.trials.read_text().splitlines()) == 30
    assert len(outcome.importances) == 3
    assert sum(outcome.importances.values()) == pytest.approx(1.0)


def test_trials_that_cannot_be_trained_are_told_and_the_search_goes_on(tmp_path: Path) -> None:
    search = make_search(tmp_path, train=refuse)
    assert run_search(search, 15, None, Listener(), never)
    trials = search.study().trials()
    reasons = {trial.reason for trial in trials if trial.state == "refused"}
    assert reasons == {"training takes about 900 GB of memory", "the loss became nan"}
    assert search.study().best() is not None
    refuse_failure(settle(search))


def test_a_trial_whose_process_dies_again_and_again_does_not_end_the_search(tmp_path: Path) -> None:
    """As one that takes more memory than there is: its worker is killed three times, then other trials go on."""
    search, told = make_search(tmp_path, train=dies_in_large_batches), Told()
    assert run_search(search, 4, Cluster("local", 1, 3), told, never)
    trials = search.study().trials()
    reasons = [(trial.reason or "").startswith("its process died 3 times") for trial in trials]
    assert reasons == [trial.values["training.batch_size"] == "256" for trial in trials]
    assert reasons[0]


def test_data_that_are_lost_end_the_search_and_cost_no_trial(tmp_path: Path) -> None:
    search = make_search(tmp_path, train=refuse)
    (tmp_path / "dev.label.txt").unlink()
    with pytest.raises(DataError, match=r"dev.label.txt: no such file"):
        run_search(search, 15, None, Listener(), never)
    done = len(search.study().trials())
    again = make_search(tmp_path, train=refuse)
    assert run_search(again, 15, None, rest := Told(), never)
    assert rest.numbers == list(range(done + 1, 16))


def test_a_damaged_journal_is_one_error(tmp_path: Path) -> None:
    search = make_search(tmp_path)
    search.folder.journal.write_text('{"op_code": 99}\n{"op\n{}\n')
    with pytest.raises(RunError, match=r"journal.log: damaged .*; search again with --force"):
        search.study()


def test_values_that_contradict_each_other_are_refused_in_their_trial(tmp_path: Path) -> None:
    space = "training.optimizer.name: [adam]\ntraining.optimizer.lazy: [true]\ntraining.accumulate: [2, 3]\n"
    search = make_search(tmp_path, space=space)
    assert run_search(search, 2, None, Listener(), never)
    outcome = settle(search)
    assert outcome.best is None
    with pytest.raises(PairlensError, match=r"tuned: no trial of 2 was finished; the last one: training.*lazy: true"):
        refuse_failure(outcome)
    assert not search.folder.best_config.exists()


def test_the_same_values_are_never_trained_twice(tmp_path: Path) -> None:
    """Six combinations: a search for twenty trials ends with them, however it is cut, here or in two processes."""
    space = (
        "training.batch_size: [16, 64, 256]\ntraining.optimizer.learning_rate: {low: 0.001, high: 0.002, step: 0.001}\n"
    )
    for name, chosen in (("here", None), ("processes", Cluster("local", 2, 0))):
        (tmp_path / name).mkdir()
        run_search(make_search(tmp_path / name, space=space), 20, None, Listener(), stops_after(9))
        search = make_search(tmp_path / name, space=space)
        assert run_search(search, 20, chosen, Listener(), never)
        tried = [tuple(trial.values.values()) for trial in search.study().trials()]
        assert sorted(tried) == [(size, rate) for size in ("16", "256", "64") for rate in (0.001, 0.002)]
        assert search.study().is_exhausted()


def test_after_the_deadline_no_trial_begins(tmp_path: Path) -> None:
    search = replace(make_search(tmp_path), deadline=time.time() - 1)
    assert run_search(search, 5, None, Listener(), never)
    assert search.study().trials() == []
    assert settle(search).best is None


def test_processes_share_the_trials(tmp_path: Path) -> None:
    search, told = make_search(tmp_path), Told()
    assert run_search(search, 6, Cluster("local", 2, 0), told, never)
    assert sorted(told.numbers) == [1, 2, 3, 4, 5, 6]
    assert sorted(trial.attempt for trial in search.study().trials()) == [0, 1, 2, 3, 4, 5]
    best = search.study().best()
    assert best is not None
    assert kept_runs(search.folder) == [str(best.attempt)]


def test_a_search_continues_only_with_everything_unchanged(tmp_path: Path) -> None:
    search = make_search(tmp_path)
    with pytest.raises(RunError) as refused:
        make_search(tmp_path, space="training.batch_size: [16]\n", config=CONFIG.replace("epochs: 6", "epochs: 7"))
    tuned = tmp_path / "tuned"
    assert str(refused.value).splitlines() == [
        f"{tuned}: training.epochs was 6 when the search began and is 7 now; set it back",
        f"{tuned}: the space differs from {search.folder.space}; leave --space out to continue with that one",
        f"{tuned}: --resume continues only with everything unchanged; search again with --force",
    ]
    search.folder.record.write_text("{")
    with pytest.raises(RunError, match=r"search.json: damaged .*; search again with --force"):
        make_search(tmp_path)


def test_a_search_that_is_replaced_and_killed_meanwhile_is_still_a_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each file that is removed, it may be replaced again; its record goes last."""
    folder = make_search(tmp_path).folder
    unlink, left = Path.unlink, 0

    def killed(path: Path, missing_ok: bool = False) -> None:
        if path.parent == folder.path and path.suffix != ".lock":
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    for kill in range(7):
        left = kill
        with pytest.raises(KeyboardInterrupt):
            folder.begin(load_config(tmp_path / "config.yaml"), CONFIG, (), {}, "replace")
        folder.refuse_existing("replace")
        assert folder.record.is_file()


def test_a_worker_that_is_told_to_end_leaves_its_trial_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = make_search(tmp_path, train=signalled)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        TrialWork(search, tmp_path).prepare()(1)
    use_processors(None)
    assert ended.value.code == 143
    assert search.study().trials() == []
    assert kept_runs(search.folder) == []
    again = make_search(tmp_path)
    assert run_search(again, 1, None, Listener(), never)
    assert [trial.attempt for trial in again.study().trials()] == [1]
