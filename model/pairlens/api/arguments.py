"""Checks of arguments that the command line makes for the commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING

from pairlens.errors import UsageError

if TYPE_CHECKING:
    from pairlens.training.events import Callback

_LARGEST_SCORE = 2.0**128 - 2.0**104  # the largest float32


def refuse_threads(threads: object) -> None:
    """Raises UsageError unless it is None or a number of processors."""
    if threads is not None and (not isinstance(threads, Integral) or isinstance(threads, bool) or threads < 1):
        raise UsageError(f"threads: found {threads!r}; must be an integer ≥ 1, or None for all processors")


def refuse_threshold(threshold: object) -> None:
    """Raises UsageError unless it is None or a finite number of 32 bits."""
    if threshold is None or (isinstance(threshold, Real) and abs(float(threshold)) <= _LARGEST_SCORE):
        return
    raise UsageError(f"threshold: found {threshold!r}; must be a finite number, such as 0.5")


def given_callbacks(callbacks: Iterable[Callback]) -> Sequence[Callback]:
    """The callbacks as a list. Raises UsageError unless they are a list of functions."""
    try:
        listed = list(callbacks)
    except TypeError:
        name = getattr(callbacks, "__name__", "f")
        raise UsageError(f"callbacks: found {callbacks!r}; must be a list of functions, such as [{name}]") from None
    for number, callback in enumerate(listed):
        if not callable(callback):
            raise UsageError(f"callbacks[{number}]: found {callback!r}; must be a function that takes an event")
    return listed
