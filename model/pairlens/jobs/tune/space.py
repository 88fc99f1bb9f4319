"""What a search tries: a range or a list of choices for each of several keys of a config."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from pairlens.config.located import Place

Value = int | float | str  # a number of a range, or the JSON of a choice
_SHORT = 5  # letters of a name that alone says little
_DIGITS = 4  # of a sampled float, so that configs stay readable


class Range(NamedTuple):
    """Numbers from `low` to `high`, both included: integers if both are, else floats.

    With `log` they are drawn evenly by their logarithm; with `step` only low, low + step, … are drawn.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def whole(self) -> bool:
        return all(isinstance(number, int) for number in (self.low, self.high, self.step or 0))

    @property
    def last(self) -> float:
        """The largest number that is drawn: `high`, or the last step up to it."""
        if not self.step:
            return self.high
        return self.low + math.floor((self.high - self.low) / self.step + 1e-9) * self.step

    @property
    def probes(self) -> tuple[Value, ...]:
        """The values to check a config with, as they are drawn: both ends, after a float that may be no integer."""
        if self.whole:
            return self.low, self.last
        between = self.low + (self.step or (self.high - self.low) / math.e)
        return tuple(self.rounded(float(number)) for number in (between, self.low, self.last))

    def every(self) -> Iterable[Value] | None:
        """Every number that may be drawn; None if they are as good as infinitely many."""
        step = self.step or (1 if self.whole and not self.log else None)
        if step is None:
            return None
        return (self.low + i * step for i in range(round((self.last - self.low) / step) + 1))

    def rounded(self, value: float) -> float:
        """A sampled number as configs have it: floats with four digits."""
        return value if self.whole else min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)

    def contains(self, value: Any) -> bool:
        """Whether a config's value is one of the range's numbers."""
        if not isinstance(value, int if self.whole else (int, float)) or isinstance(value, bool):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return self.low <= value <= self.high and math.isclose(steps, round(steps), abs_tol=1e-9)

    def __str__(self) -> str:
        more = ", log: true" if self.log else f", step: {self.step}" if self.step else ""
        return f"{{low: {self.low}, high: {self.high}{more}}}"

    def in_words(self) -> str:
        return f"{self.low:g}–{self.high:g}" + (" log" if self.log else f" by {self.step:g}" if self.step else "")


class Choices(NamedTuple):
    """Values of any kind, each as JSON."""

    values: tuple[str, ...]

    @property
    def probes(self) -> tuple[Value, ...]:
        return self.values

    def every(self) -> Iterable[Value]:
        return self.values

    def rounded(self, value: str) -> str:
        return value

    def __str__(self) -> str:
        return f"[{', '.join(self.values)}]"

    def in_words(self) -> str:
        return ", ".join(self.values)


class Parameter(NamedTuple):
    """A key of the config, what is tried for it, and where that was written."""

    key: str
    domain: Range | Choices
    place: Place

    def change(self, value: Value) -> str:
        """The value as a change of the config, as after `--set`."""
        return f"{self.key}={value}"


Space = tuple[Parameter, ...]


def combinations(space: Space) -> Iterator[dict[str, Value]] | None:
    """Every combination of the values of a space; None if they are as good as infinitely many."""
    every = [parameter.domain.every() for parameter in space]
    if None in every:
        return None
    keys = [parameter.key for parameter in space]
    return (dict(zip(keys, values, strict=True)) for values in product(*(one for one in every if one is not None)))


def as_in_configs(space: Space, drawn: Mapping[str, Any], own: Mapping[str, Value]) -> dict[str, Value]:
    """Drawn values as configs have them; the config's `own` are left as they are."""
    return {key: drawn[key] if drawn[key] == own.get(key) else domain.rounded(drawn[key]) for key, domain, _ in space}


def short_names(space: Space) -> dict[str, str]:
    """The last parts of each key, as many as tell it from the others; of a short last part, such as `rate`, two."""
    parts = {parameter.key: parameter.key.split(".") for parameter in space}
    ends = Counter(end for its in parts.values() for end in _ends(its))
    return {
        key: next((end for end in _ends(its) if ends[end] == 1 and len(end) > _SHORT), key)
        for key, its in parts.items()
    }


def _ends(parts: Sequence[str]) -> list[str]:
    """The ends of a dotted key, shortest first."""
    return [".".join(parts[-count:]) for count in range(1, len(parts) + 1)]


def space_text(space: Space) -> str:
    """The space as `space_file.read_space` reads it, with a line for each key."""
    return "".join(f"{parameter.key}: {parameter.domain}\n" for parameter in space)
