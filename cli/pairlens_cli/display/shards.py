"""What commands show while they write an output in parts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from pairlens.locations.location import Location
from pairlens_cli import output
from pairlens_cli.display.scoring import ScoringDisplay

if TYPE_CHECKING:
    from pairlens.jobs.shards.merge import Merge
    from pairlens.jobs.shards.shards import Shards
    from pairlens_cli.shard_options import Sharding


def write_shards(shards: Shards, sharding: Sharding, force: bool) -> None:
    """Write one part, or all of them on a cluster; then merge them if they are not to stay parts."""
    if sharding.shard is not None:
        _write_one(shards, sharding.shard, sharding.shards or 1)
        return
    write_all(shards, sharding)
    if sharding.merged:
        from pairlens.jobs.shards.merge import Merge

        merged = Merge(shards.directory)
        write_merged(merged, sharding.merged, force)
        merged.remove_parts()


def _write_one(shards: Shards, shard: int, count: int) -> None:
    with output.notice_after(1.5, "finding where the parts begin"):
        manifest = shards.begin(count)
    pairs = shards.write(manifest, shard, ScoringDisplay(hide=False))
    output.detail(f"part {shard} of {count}: {pairs:,} {manifest.counted}, in {shards.directory}")


def write_all(shards: Shards, sharding: Sharding) -> None:
    """Write all parts on a cluster, or here if it would not pay. After an interruption, finished parts are kept."""
    from pairlens.jobs.cluster.run import refuse_cluster
    from pairlens.jobs.shards.directory import ShardDirectory
    from pairlens.jobs.shards.shards import choose_count
    from pairlens.kernels.threads import processors

    refuse_cluster(sharding.cluster)
    chosen = sharding.shards or sharding.workers or ShardDirectory(shards.directory).begun()
    reason = None if chosen else shards.too_small_for(sharding.cluster)
    count = 1 if reason else choose_count(shards, sharding.shards, sharding.workers or processors())
    with output.notice_after(1.5, "finding where the parts begin"):
        manifest = shards.begin(count)
    tasks = shards.unfinished(manifest)
    if reason:
        output.say(reason)
        for number in tasks:
            shards.write(manifest, number, ScoringDisplay(hide=False))
        return
    try:
        if tasks:
            _run(shards, tasks, sharding)
    except (KeyboardInterrupt, SystemExit):
        output.warn("the finished parts are kept; run the same command again to continue")
        raise


def _run(shards: Shards, tasks: Sequence[int], sharding: Sharding) -> None:
    from pairlens.jobs.cluster.run import run_work
    from pairlens.jobs.shards.carried_run import carry
    from pairlens_cli.display.cluster import ClusterDisplay

    threads = shards.maker.threads or 1
    work = shards.with_threads(threads)
    run_work(
        work if sharding.cluster == "local" else carry(work),
        tasks,
        sharding.cluster,
        sharding.workers,
        sharding.retries,
        ClusterDisplay(),
        "part",
        threads,
    )


def write_merged(merged: Merge, output_file: Location | None, replace: bool) -> None:
    """Write the merged output to a file, which appears whole, or to stdout."""
    from pairlens.files import whole_file
    from pairlens.streams import is_stream

    with output.progress("{task.completed:,} parts merged") as live:
        bar = live.add_task("", total=None) if live else None

        def report(done: int) -> None:
            if live and bar is not None:
                live.update(bar, completed=done)

        if output_file:
            with whole_file(output_file, "wb", replace, compress=False) as file:
                folder = output_file.parent if isinstance(output_file, Path) and not is_stream(output_file) else None
                merged.write(file, folder, report)
        else:
            with output.stdout() as stdout:
                merged.write(cast(IO[bytes], cast(io.TextIOWrapper, stdout).buffer), None, report)
    if merged.skipped:
        output.warn(f"{merged.skipped:,} pairs have a fault")
    if output_file:
        output.say(f"Wrote {output_file}: {merged.pairs:,} {merged.counted} from {len(merged.parts):,} parts")


def show_status(path: Location) -> bool:
    """Write which parts of a directory are there; return whether all are."""
    from pairlens.jobs.shards.merge import ranges, read_status

    status = read_status(path)
    count = status.manifest.shards
    with output.results(None) as file:
        file.write(f"{len(status.done)} of {count} parts, {status.pairs:,} {status.manifest.counted}\n")
        for what, parts in (("begun", status.begun), ("missing", status.missing)):
            if parts:
                file.write(f"{what}: {ranges(part.shard + 1 for part in parts)}\n")
    return len(status.done) == count
