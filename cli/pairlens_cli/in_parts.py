"""What `score`, `attend` and `evaluate --predictions` do with --shard and --cluster: their output in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pairlens.errors import UsageError
from pairlens.locations.location import Location
from pairlens_cli import output, shard_options
from pairlens_cli.attention_kinds import kind_of, refuse_whole

if TYPE_CHECKING:
    from pairlens.attention.selection import Selection
    from pairlens.evaluation.evaluation import Files
    from pairlens.jobs.input_files import InputFiles
    from pairlens.jobs.score_request import ScoreRequest
    from pairlens.runs.run import Run


def score_in_parts(
    sharding: shard_options.Sharding,
    request: ScoreRequest,
    files: InputFiles,
    skip_bad: bool,
    threads: int | None,
    force: bool,
) -> None:
    """Write scores in parts."""
    from dataclasses import replace

    from pairlens.jobs.shards.makers import ScoreMaker
    from pairlens.jobs.shards.shards import Shards
    from pairlens_cli.display.shards import write_shards

    output.compile_kernels(request.config)
    suffix = f".{request.layout(files)}" + shard_options.compression(sharding.name)
    fresh = replace(request)  # without what it has read, as it is pickled
    maker = ScoreMaker(fresh, files, suffix, skip_bad, threads)
    write_shards(Shards(maker, files, sharding.directory), sharding, force)


def attend_in_parts(
    run: Run,
    sharding: shard_options.Sharding,
    files: InputFiles | None,
    dtype: Literal["float32", "float16"],
    selection: Selection,
    vocab: Location | None,
    skip_bad: bool,
    threads: int | None,
    force: bool,
) -> None:
    """Write matrices in parts. Raises UsageError for another kind of output, or for pairs chosen by number."""
    from pairlens.attention.dumps.dump import dump_format
    from pairlens.jobs.shards.makers import AttendMaker
    from pairlens.jobs.shards.shards import Shards
    from pairlens.runs.outputs import refuse_outputs, run_files
    from pairlens_cli.display.shards import write_shards

    refuse_whole(kind_of(sharding.name, summary=False), sharding.name)
    chosen = {"--pairs": selection.pairs, "--limit": selection.limit, "--sample": selection.sample}
    shard_options.refuse_without_effect(chosen)
    files = shard_options.files_of(files)
    refuse_outputs({"--output": sharding.merged}, [*files.paths, vocab, *run_files(run.path)], force)
    output.compile_kernels(run.config(), maps=True)
    bounds = selection.min_score, selection.max_score
    maker = AttendMaker(run.path, dump_format(sharding.name), dtype, *bounds, vocab, skip_bad, threads)
    write_shards(Shards(maker, files, sharding.directory), sharding, force)


def predict_in_parts(
    run: Run,
    files: Files,
    sharding: shard_options.Sharding,
    threads: int | None,
    changes: list[str],
    force: bool,
    idle: dict[str, Any],
) -> None:
    """Write predictions in parts. Metrics are those of all pairs, so that none are computed."""
    from pairlens.evaluation.evaluation import paths_of
    from pairlens.jobs.input_files import InputFiles
    from pairlens.jobs.shards.makers import PredictionMaker
    from pairlens.jobs.shards.shards import Shards
    from pairlens.runs.outputs import refuse_outputs, run_files
    from pairlens.texts.split_paths import SplitPaths
    from pairlens_cli.display.shards import write_shards

    shard_options.refuse_without_effect(idle)
    if not isinstance(files, SplitPaths):
        raise UsageError("--shard and --cluster divide files of ids; make them with pairlens encode --like RUN")
    refuse_outputs({"--predictions": sharding.merged}, [*paths_of(files), *run_files(run.path)], force)
    output.compile_kernels(run.config())
    suffix = ".tsv" + shard_options.compression(sharding.name)
    assert files.label
    maker = PredictionMaker(run.path, files.label, suffix, tuple(changes), threads)
    pairs = InputFiles("ids", ((files.query, files.value),), (str(files.query), str(files.value)))
    write_shards(Shards(maker, pairs, sharding.directory), sharding, force)
