"""The trials of a search: what to try next, what came of it, and when to give one up. Nothing else imports Optuna.

Every process that trains opens the study's journal for itself. Trial N is the N-th attempt that counts, from 1. An
attempt that was cut off counts as none: the next attempt at trial N has the same values.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pairlens.descriptors import lock
from pairlens.errors import RunError
from pairlens.jobs.tune.record import Trial
from pairlens.jobs.tune.space import Choices, Range, Space, Value, as_in_configs, combinations

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import BaseSampler
    from optuna.trial import TrialState

_RANDOM = 8  # trials that are drawn at random, before TPE models which values are good
_COMPARED = 4  # trials that must have finished before one is given up
_TELLING = 10  # finished trials, from which on importances are more than noise
_REDRAWS = 20  # of values that were tried already
_NAME = "pairlens"


class Attempt:
    """A trial that is being trained.

    Attributes:
        number: unique among all attempts.
        values: the value of each key.
        deaths: how many earlier attempts at the trial ended because their process died.
    """

    def __init__(self, study: optuna.Study, trial: optuna.Trial, values: dict[str, Value], deaths: int) -> None:
        self._study, self._trial = study, trial
        self.number, self.values, self.deaths = trial.number, values, deaths

    def report(self, epoch: int, value: float) -> bool:
        """Record the decisive metric on dev after an epoch; return whether the trial is not worth going on with."""
        self._trial.report(value, epoch)
        return self._trial.should_prune()

    def finish(self, value: float, dev: Mapping[str, float | None]) -> None:
        """Record the result of the best weights; `value` may be nan, of an undefined metric."""
        if math.isnan(value):
            self.refuse("the metric is undefined on dev")
            return
        self._trial.set_user_attr("dev", dict(dev))
        self._study.tell(self._trial, value)

    def prune(self) -> None:
        self._end("PRUNED")

    def refuse(self, reason: str) -> None:
        """Record that there is no result, which makes other values more likely."""
        self._trial.set_user_attr("reason", reason)
        self._end("PRUNED")

    def abandon(self) -> None:
        """Record that the attempt was stopped before its end, so that it does not count."""
        self._trial.set_user_attr("stopped", True)
        self._end("FAIL")

    def _end(self, state: str) -> None:
        self._study.tell(self._trial, state=_state(state))


class Study:
    """A search's trials, in a journal on disk.

    Args:
        own: the config's own values of keys of the space, which trial 1 has.
        maximize: whether more of the metric is better.
        epochs: of a trial, the first third of which is always trained.

    Raises:
        RunError: the journal is damaged.
    """

    def __init__(
        self, journal: Path, space: Space, own: Mapping[str, Value], maximize: bool, seed: int, epochs: int
    ) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._journal, self._space, self._own, self._seed, self.maximize = journal, space, own, seed, maximize
        pruner = optuna.pruners.MedianPruner(_COMPARED, max(epochs // 3, 1), n_min_trials=_COMPARED)
        direction: Literal["maximize", "minimize"] = "maximize" if maximize else "minimize"
        try:
            storage = JournalStorage(JournalFileBackend(str(journal)))
            self._study = optuna.create_study(
                storage=storage, pruner=pruner, study_name=_NAME, direction=direction, load_if_exists=True
            )
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise RunError(f"{journal}: damaged ({error}); search again with --force") from None

    def begin(self, number: int) -> Attempt | None:
        """Choose the values of a trial; None if all are tried. An earlier attempt at it, which was cut off, is marked.

        The same values would lead to the same result, so they are not drawn again, unless chance insists. With one
        process, they depend only on the seed, the number and the results of the trials before.
        """
        with self._journal.open("ab") as file:
            with suppress(OSError):  # where there are locks, others wait, so that no two choose the same
                lock(file.fileno(), wait=True)
            return self._begin(number)

    def _begin(self, number: int) -> Attempt | None:
        from optuna.samplers import TPESampler

        sampler = TPESampler(seed=(self._seed * 1_000_003 + number) % 2**32, n_startup_trials=_RANDOM)
        if attempts := self._attempts(number):
            for earlier in attempts:
                self._fail(earlier)
            trial = self._ask(sampler, attempts[-1].params)
        elif self.is_exhausted():
            return None
        else:
            trial = self._ask_new(sampler, self._own if number == 1 else {})
        trial.set_user_attr("number", number)
        deaths = sum("stopped" not in one.user_attrs for one in attempts)
        return Attempt(self._study, trial, self._values(trial.params), deaths)

    def is_exhausted(self) -> bool:
        """Whether every combination of values is tried, or being tried."""
        return combinations(self._space) is not None and self._untried(self._tried()) is None

    def _ask_new(self, sampler: BaseSampler, fixed: Mapping[str, Value]) -> optuna.Trial:
        """A trial with values that are not tried, if they can be found."""
        tried = self._tried()
        trial = self._ask(sampler, fixed)
        for _ in range(_REDRAWS):
            if self._values(trial.params) not in tried:
                return trial
            self._study.tell(trial, state=_state("FAIL"))
            trial = self._ask(sampler, fixed)
        if self._values(trial.params) in tried and (untried := self._untried(tried)):
            self._study.tell(trial, state=_state("FAIL"))
            trial = self._ask(sampler, untried)
        return trial

    def _ask(self, sampler: BaseSampler, fixed: Mapping[str, Value]) -> optuna.Trial:
        from optuna.samplers import PartialFixedSampler

        with _quiet():
            self._study.sampler = PartialFixedSampler(dict(fixed), sampler) if fixed else sampler
            return self._study.ask({key: _distribution(domain) for key, domain, _ in self._space})

    def _tried(self) -> list[dict[str, Value]]:
        """The values of every trial that has ended, is being done, or will be done again."""
        return [self._values(it.params) for it in self._study.get_trials(deepcopy=False) if "number" in it.user_attrs]

    def _untried(self, tried: Sequence[dict[str, Value]]) -> dict[str, Value] | None:
        """The first combination of values that is not tried; None if there is none, or if there are infinitely many."""
        return next((one for one in combinations(self._space) or () if self._values(one) not in tried), None)

    def _values(self, drawn: Mapping[str, Any]) -> dict[str, Value]:
        return as_in_configs(self._space, drawn, self._own)

    def abandon_unfinished(self) -> None:
        """Mark the attempts of a search that was killed as cut off. No process may be training."""
        for trial in self._study.get_trials(deepcopy=False):
            self._fail(trial)

    def trials(self) -> list[Trial]:
        """The trials that count so far, by number."""
        found = dict[int, Trial]()
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state.name in ("COMPLETE", "PRUNED"):
                counted = self._counted(trial)
                found.setdefault(counted.number, counted)
        return [found[number] for number in sorted(found)]

    def best(self) -> Trial | None:
        """The finished trial with the best value, the first of several; None if none is finished."""
        finished = [trial for trial in self.trials() if trial.value is not None]
        sign = -1 if self.maximize else 1
        return min(finished, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)

    def importances(self) -> dict[str, float]:
        """The share of each key in how good trials are, by PED-ANOVA; empty if too few differ to tell."""
        from optuna.importance import get_param_importances

        finished = [trial.value for trial in self.trials() if trial.value is not None]
        if len(finished) < _TELLING or len(set(finished)) == 1:
            return {}
        with _quiet():
            return get_param_importances(self._study)

    def _attempts(self, number: int) -> list[optuna.trial.FrozenTrial]:
        """The attempts at a trial that were cut off, oldest first."""
        every = self._study.get_trials(deepcopy=False)
        return [
            one for one in every if one.user_attrs.get("number") == number and one.state.name in ("RUNNING", "FAIL")
        ]

    def _fail(self, trial: optuna.trial.FrozenTrial) -> None:
        if trial.state.name == "RUNNING":
            self._study.tell(trial.number, state=_state("FAIL"))

    def _counted(self, trial: optuna.trial.FrozenTrial) -> Trial:
        finished, reason = trial.state.name == "COMPLETE", trial.user_attrs.get("reason")
        return Trial(
            trial.user_attrs["number"],
            trial.number,
            "finished" if finished else "refused" if reason else "pruned",
            trial.value if finished else None,
            self._values(trial.params),
            trial.user_attrs.get("dev", {}),
            len(trial.intermediate_values),
            trial.duration.total_seconds() if trial.duration else math.nan,
            reason,
        )


def _state(name: str) -> TrialState:
    from optuna.trial import TrialState

    return TrialState[name]


def _distribution(domain: Range | Choices) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.values)
    last = domain.last  # with `high` instead, Optuna lowers it to the last step with a warning
    if domain.whole:
        return IntDistribution(int(domain.low), int(last), domain.log, int(domain.step or 1))
    return FloatDistribution(domain.low, last, domain.log, domain.step)


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore Optuna's warnings that a class may change in later versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
