"""Makes what `rank` writes, in shards by queries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pairlens.files import whole_file
from pairlens.jobs.input_files import InputFiles
from pairlens.jobs.ranking.rank_job import RankJob
from pairlens.jobs.ranking.request import RankRequest
from pairlens.jobs.score_job import Listener
from pairlens.jobs.shards.manifest import describe_input
from pairlens.jobs.shards.shards import WritePart, Written
from pairlens.locations.location import Location
from pairlens.scoring.ranker import unit_of
from pairlens.texts.sources import PairSource

if TYPE_CHECKING:
    from pairlens.tokenizer.tokenizer import Tokenizer


@dataclass(frozen=True)
class RankMaker:
    """See `Maker`."""

    request: RankRequest
    suffix: str
    threads: int | None = None
    is_numbered: bool = True

    @property
    def run_directory(self) -> Location:
        return self.request.score.run_directory

    def with_run(self, path: Location) -> RankMaker:
        return replace(self, request=replace(self.request, score=replace(self.request.score, run_directory=path)))

    def with_threads(self, threads: int) -> RankMaker:
        return replace(self, threads=threads)

    def identity(self) -> dict[str, Any]:
        request = self.request
        return {
            **request.score.identity(),
            "the candidates": [describe_input(path) for path, _ in request.candidates.parts],
            "--text": request.candidates.kind == "texts",
            "--top": request.places,
            "--exclude-same": request.exclude_same,
        }

    def unit(self) -> int:
        return unit_of(self.request.places)

    def tokenizer(self) -> Tokenizer:
        return self.request.score.run.tokenizer()

    def refuse_count(self, files: InputFiles, pairs: int) -> None:
        """Any number of queries will do."""

    def prepare(self) -> WritePart:
        return self._write

    def _write(
        self,
        path: Location,
        source: PairSource,
        identity: dict[str, Any],  # noqa: ARG002
        listener: Listener,
    ) -> Written:
        job = RankJob(self.request, source, self.threads)
        with whole_file(path, replace=True) as file:
            job.run(file, listener)
        return Written(job.places, 0, 0)
