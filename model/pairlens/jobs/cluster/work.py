"""What workers do: numbered tasks. How a worker does one, and what may become of it."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from typing import NamedTuple, NoReturn, Protocol

from pairlens.errors import PairlensError

Do = Callable[[int], int]  # does a task, returns the number of pairs done


class Work(Protocol):
    """What the workers do. It is pickled once and sent to each worker."""

    def prepare(self) -> Do:
        """Called once in each worker process, to load what every task needs.

        Returns:
            a function that does the task of this number and returns the number of pairs done.
        """


class Done(NamedTuple):
    """A task was done."""

    task: int
    pairs: int


class Failed(NamedTuple):
    """A task raised an exception, so it would do so again; `traceback` is the worker's."""

    error: Exception
    traceback: str

    def reraise(self) -> NoReturn:
        raise self.error from WorkerTraceback(self.traceback)


class Died(NamedTuple):
    """The worker of a task died before the task was done; `reason` completes "its worker ..."."""

    task: int
    reason: str


Outcome = Done | Failed | Died


def lost_cluster(cluster: str, reason: str) -> PairlensError:
    """The error for a cluster that is gone, whether Ray says so or ends the process that uses it."""
    return PairlensError(
        f"--cluster {cluster}: the cluster was lost ({reason}). What is finished is kept; the same command goes on "
        "from there"
    )


def outcome_of(prepared: Callable[[], Do], task: int) -> Done | Failed:
    """Do a task in a worker; `prepared` returns what `Work.prepare` returned."""
    try:
        return Done(task, prepared()(task))
    except Exception as error:
        return failed(error)


def failed(error: Exception) -> Failed:
    """The outcome of a task that raised an exception, as it can be sent to another process."""
    return Failed(_portable(error), "".join(traceback.format_exception(error)))


def _portable(error: Exception) -> Exception:
    """The exception, if it is the same after pickling; otherwise one that says the same."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (pickled here)
        if type(copy) is type(error) and str(copy) == str(error):
            return error
    except Exception:  # noqa: S110  (pickling runs the code of the exception's class)
        pass
    return PairlensError(f"unexpected {type(error).__name__}: {error}; run it again with --debug for a traceback")


class WorkerTraceback(Exception):  # noqa: N818  (shown as the cause of an error, never raised by itself)
    """The traceback of an exception in a worker, as text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"
