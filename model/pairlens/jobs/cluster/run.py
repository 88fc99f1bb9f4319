"""Does tasks on a cluster, which is named as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext

from pairlens.errors import UsageError
from pairlens.jobs.cluster.scheduler import Pool, Progress, Scheduler
from pairlens.jobs.cluster.work import Work
from pairlens.kernels.threads import processors
from pairlens.packages import need

_KINDS = ("local", "ray", "auto")


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
    if cluster not in _KINDS and not cluster.startswith("ray://"):
        raise UsageError(f"--cluster {cluster}: choose {', '.join(_KINDS)} or ray://HOST:PORT")
    if cluster != "local":
        need(f"--cluster {cluster}", "ray", extra="ray")


def run_work(
    work: Work,
    tasks: Sequence[int],
    cluster: str,
    workers: int | None,
    retries: int,
    listener: Listener,
    noun: str = "task",
    processors_each: int = 1,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Do tasks on several workers.

    Args:
        tasks: their numbers, each once.
        cluster: `local` for processes of this machine; `ray` for a Ray that is started here; `auto`, or
            `ray://HOST:PORT`, for the Ray cluster that this machine belongs to, or that is there.
        workers: how many tasks run at the same time; None for as many as there are processors for.
        retries: how often a task is tried again because its worker died.
        noun: what a task is called in messages.
        processors_each: how many processors a task uses.
        stop: called several times a second; the workers are ended when it returns True.

    Returns:
        whether all tasks are done; False if `stop` returned True before.

    Raises:
        UsageError: there is no such kind of cluster, or the package `ray` is not installed.
        PairlensError: the cluster is lost, or the worker of one task died more often than `retries` allows.
        Exception: what a task raised.
    """
    refuse_cluster(cluster)
    if not tasks:
        return True
    with listener.starting(cluster):
        pool = _open(work, cluster, workers, len(tasks), processors_each)
    with closing(pool):
        scheduler = Scheduler(pool, tasks, retries, noun)
        with listener.running(scheduler.progress, noun) as report:
            return scheduler.run(report, stop)


def _open(work: Work, cluster: str, workers: int | None, tasks: int, processors_each: int) -> Pool:
    if cluster == "local":
        from pairlens.jobs.cluster.local_pool import LocalPool

        return LocalPool(work, min(workers or max(processors() // processors_each, 1), tasks))
    from pairlens.jobs.cluster.remote_pool import RemotePool

    return RemotePool(work, cluster, workers, processors_each)
