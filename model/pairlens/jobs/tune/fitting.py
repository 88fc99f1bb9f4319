"""Whether a space fits a config: every end of a range and every choice is checked as the config's own values are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pairlens.config.located import Fault
from pairlens.config.schema import Config
from pairlens.errors import ConfigError, UsageError
from pairlens.jobs.tune.space import Choices, Parameter, Space, Value
from pairlens.runs.json_files import settings

Load = Callable[[Sequence[str]], Config]  # the config with further changes, `KEY=VALUE`


def refuse_unfit(space: Space, load: Load) -> None:
    """Raises ConfigError, with a line for each parameter that has a value which the config does not take."""
    faults = [fault for parameter in space if (fault := unfit(parameter, load))]
    if faults:
        raise ConfigError([str(fault) for fault in faults])


def unfit(parameter: Parameter, load: Load) -> Fault | None:
    """The fault of the first value that the config does not take; None if it takes all."""
    base = load([])
    for value in parameter.domain.probes:
        change = parameter.change(value)
        try:
            changed = load([change])
        except ConfigError as error:
            return Fault(parameter.place, reason(error, [change]))
        if _compared_by(changed) != _compared_by(base):
            what = "trials are compared on the same data, task, seed and metric"
            return Fault(parameter.place, f"{parameter.key}: cannot be searched, because {what}; remove it")
    return None


def reason(error: UsageError, changes: Sequence[str]) -> str:
    """The first line of an error, without the `--set` that no user gave: a value of the space stands for it."""
    line = str(error).splitlines()[0]
    return next((rest for one in changes if (rest := line.removeprefix(f"--set {one}: ")) != line), line)


def own_values(space: Space, load: Load) -> dict[str, Value]:
    """The config's own values of the space's keys, where the space has them."""
    base = load([])
    flat, found = settings(base), dict[str, Value]()
    for key, domain, _ in space:
        if isinstance(domain, Choices):
            same = next((value for value in domain.values if load([f"{key}={value}"]) == base), None)
            found |= {} if same is None else {key: same}
        elif domain.contains(flat.get(_dotted(key))):
            found[key] = flat[_dotted(key)]
    return found


def _dotted(key: str) -> str:
    """A key as `settings` spells it: model.conv[0].filters is model.conv.0.filters."""
    return key.replace("[", ".").replace("]", "")


def _compared_by(config: Config) -> tuple[Any, ...]:
    return config.task, config.data, config.training.seed, config.decisive_metric
