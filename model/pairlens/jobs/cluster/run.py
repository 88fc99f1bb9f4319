"""Does tasks on a cluster, which is named as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext

from pairlens.errors import UsageError
from pairlens.jobs.cluster.scheduler import Pool, Progress, Scheduler
from pairlens.jobs.cluster.work import Work
from pairlens.kernels.threads import processors

LOCAL = "local"


class Listener:
    """Callbacks of tasks on a cluster. These methods do nothing; override the ones you need."""

    def starting(self, cluster: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Return a context within which the cluster is started or joined, which may take 10 seconds."""
        return nullcontext()

    def running(self, progress: Progress, noun: str) -> AbstractContextManager[Callable[[Progress], object]]:  # noqa: ARG002
        """Return a context within which tasks, each called a `noun`, are done; its value is called with the progress
        several times a second."""
        return nullcontext(lambda _: None)


def refuse_cluster(cluster: str) -> None:
    """Raises UsageError if there is no such kind of cluster, or its package is not installed."""
    if cluster != LOCAL:
        raise UsageError(f"--cluster {cluster}: choose local")


def run_work(
    work: Work,
    tasks: Sequence[int],
    cluster: str,
    workers: int | None,
    retries: int,
    listener: Listener,
    noun: str = "task",
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Do tasks on several workers.

    Args:
        tasks: their numbers, each once.
        cluster: `local` for processes of this machine.
        workers: how many tasks run at the same time; None for one on each processor.
        retries: how often a task is tried again because its worker died.
        noun: what a task is called in messages.
        stop: called several times a second; the workers are ended when it returns True.

    Returns:
        whether all tasks are done; False if `stop` returned True before.

    Raises:
        UsageError: there is no such cluster.
        PairlensError: the cluster is lost, or the worker of one task died more often than `retries` allows.
        Exception: what a task raised.
    """
    refuse_cluster(cluster)
    with listener.starting(cluster):
        pool = _open(cluster, work, min(workers or processors(), len(tasks)))
    with closing(pool):
        scheduler = Scheduler(pool, tasks, retries, noun)
        with listener.running(scheduler.progress, noun) as report:
            return scheduler.run(report, stop)


def _open(_cluster: str, work: Work, workers: int) -> Pool:
    from pairlens.jobs.cluster.local_pool import LocalPool

    return LocalPool(work, workers)
