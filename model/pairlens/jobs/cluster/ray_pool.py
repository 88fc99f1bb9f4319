"""Does tasks by Ray Core, in a process of its own that `RemotePool` starts. Nothing else imports Ray."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from importlib.metadata import version
from mmap import mmap
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from socket import create_connection
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import PairlensError, UsageError
from pairlens.jobs.cluster.child import receive
from pairlens.jobs.cluster.work import Died, Do, Outcome, Work, failed, lost_cluster, outcome_of
from pairlens.kernels.threads import processors as processors_here

_IDLE = 2.0  # seconds without an outcome after which the cluster is looked at
_LONGEST = 400  # characters of an error's message
_prepared: dict[str, Do] = {}  # in a worker: what `Work.prepare` returned, by the digest of the pickled work


def serve(connection: Connection[Any, Any], pickled: mmap, cluster: str, workers: int | None, processors: int) -> None:
    """Join a cluster and send the number of its workers, then do the tasks whose numbers come and send their outcomes.

    SIGTERM ends this process, as Ray sets its handler to, and with it its tasks and a Ray that was started here.
    """
    try:
        count = _join(cluster, workers, processors)
        tasks = _Tasks(pickled, processors)
    except Exception as error:
        connection.send(failed(error))
        return
    connection.send(count)
    receive(connection, tasks.submit, end=lambda: os.kill(os.getpid(), signal.SIGTERM))
    while True:
        connection.send(tasks.next_outcome(partial(_refuse_lost, cluster)))


def _join(cluster: str, workers: int | None, processors: int) -> int:
    """Start or join a cluster; return the number of workers."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        if cluster == "ray":
            count = workers or max(processors_here() // processors, 1)
            ray.init("local", num_cpus=count * processors, include_dashboard=False, configure_logging=False, **quiet)
            return count
        _connect(_address(cluster))
        ray.init(cluster, **quiet)
        sizes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    except Exception as error:
        unanswered = cluster.startswith("ray://") and "timeout" in str(error)
        hint = "; if the cluster has tokens, set RAY_AUTH_MODE=token" if unanswered else ""
        raise PairlensError(f"--cluster {cluster}: {one_line(error)}{hint}") from error
    if max(sizes, default=0) < processors:
        raise UsageError(f"--cluster {cluster}: a task uses {processors} processors, which no machine there has")
    return workers or sum(size // processors for size in sizes)


def _address(cluster: str) -> str:
    """The address that Ray will join, as HOST:PORT; empty if it will find none."""
    current = Path("/tmp/ray/ray_current_cluster")  # noqa: S108  (written by `ray start`)
    found = os.environ.get("RAY_ADDRESS") or (current.read_text() if current.is_file() else "")
    return (found if cluster == "auto" else cluster).removeprefix("ray://")


def _connect(address: str) -> None:
    """Raises OSError if nobody answers at HOST:PORT, which Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        create_connection((host.strip("[]"), int(port)), timeout=10).close()


class _Tasks:
    """The tasks in the cluster, and the queue of their outcomes."""

    def __init__(self, pickled: mmap, processors: int) -> None:
        import ray
        from ray import exceptions

        ours = version("pairlens")
        digest = hashlib.sha256(pickled).hexdigest()
        work = ray.put(np.frombuffer(pickled, np.uint8))  # an array, so that a node's workers share it
        do = ray.remote(num_cpus=processors, max_retries=0)(_do)
        self._start: Callable[[int], Any] = partial(do.remote, work, digest, ours)
        self._deaths = {
            exceptions.WorkerCrashedError: "died, as it does when it is killed or memory runs out",
            exceptions.OutOfMemoryError: "was ended by Ray, as its machine was about to run out of memory",
            exceptions.NodeDiedError: "was on a machine that was lost",
            exceptions.LocalRayletDiedError: "was on a machine whose Ray died",
            exceptions.ObjectLostError: "was on a machine that was lost",
        }
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()

    def submit(self, task: int) -> None:
        try:
            self._start(task).future().add_done_callback(partial(self._take, task))
        except Exception as error:
            self._fail(error)

    def next_outcome(self, refuse_lost: Callable[[], None]) -> Outcome:
        """Wait for the next outcome; `refuse_lost` is called if a worker died, or if nothing happens for a while."""
        while True:
            try:
                outcome = self._outcomes.get(timeout=_IDLE)
            except Empty:
                outcome = None
            if outcome is None or isinstance(outcome, Died):
                try:
                    refuse_lost()
                except PairlensError as error:
                    return failed(error)
            if outcome:
                return outcome

    def _take(self, task: int, future: Future[Outcome]) -> None:
        """Queue what became of a task. Ray calls this in a thread."""
        error = future.exception()
        reasons = [reason for kind, reason in self._deaths.items() if isinstance(error, kind)]
        if error is None:
            self._outcomes.put(future.result())
        elif reasons:
            self._outcomes.put(Died(task, reasons[0]))
        else:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._outcomes.put(failed(PairlensError(f"Ray could not do a task: {one_line(error)}")))


def _do(pickled: NDArray[np.uint8], digest: str, ours: str, task: int) -> Outcome:
    """In a worker: do a task."""

    def prepared() -> Do:
        if digest not in _prepared:
            theirs = version("pairlens")
            if theirs != ours:
                raise UsageError(f"the cluster has pairlens {theirs} and this machine {ours}; install the same version")
            work: Work = pickle.loads(pickled.data)  # noqa: S301  (pickled by the process that submitted the task)
            _prepared[digest] = work.prepare()
        return _prepared[digest]

    return outcome_of(prepared, task)


def _refuse_lost(cluster: str) -> None:
    """Raises PairlensError if the cluster no longer answers: Ray would wait for it for minutes, or for ever."""
    import ray

    try:
        if not cluster.startswith("ray://"):  # a client has no connection of its own to the head's GCS
            context = ray.get_runtime_context()
            _connect(context.gcs_address)
            if not any(node["NodeID"] == context.get_node_id() and node["Alive"] for node in ray.nodes()):
                raise ConnectionError("the node of this machine has died")
        ray.nodes()
    except Exception as error:
        raise lost_cluster(cluster, one_line(error)) from error


def one_line(error: BaseException) -> str:
    """An error's message as one line; of a traceback in a worker the last line, which names the error."""
    words = str(error).strip() or type(error).__name__
    if type(error).__name__.startswith("RayTaskError"):
        return words.splitlines()[-1]
    return shorten(words, _LONGEST)
