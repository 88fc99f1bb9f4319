"""What `rank` is asked to write for each query."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.jobs.input_files import InputFiles
from pairlens.jobs.ranking.lines import RankingWriter
from pairlens.jobs.ranking.sides import Side, read_side
from pairlens.jobs.score_request import ScoreRequest
from pairlens.scoring.ranker import Ranker, places_of
from pairlens.texts.splits import text_rules


@dataclass(frozen=True)
class RankRequest:
    """How candidates are ranked and written.

    Attributes:
        score: the run, and how scores are computed and written.
        candidates: the files of candidates.
        count: the number of places that are asked for.
        exclude_same: whether to leave out the candidate in the same line as the query.
    """

    score: ScoreRequest
    candidates: InputFiles
    count: int = 10
    exclude_same: bool = False

    @cached_property
    def config(self) -> Config:
        """The run's config. Raises UsageError if its scores cannot be ranked."""
        config, run = self.score.config, self.score.run_directory
        if config.task == "multiclass":
            raise UsageError(
                f"{run}: was trained for multiclass, whose scores are one for each class; none ranks pairs"
            )
        if config.model.masking == "none":
            raise UsageError(f"{run}: with masking: none a score depends on the pairs beside it; train with exact")
        return config

    @cached_property
    def side(self) -> Side:
        """The candidates. Raises DataError for the first fault in their files."""
        run, keep = self.score.run, self.score.format != "text"
        return read_side(self.candidates, run.tokenizer, text_rules(self.config), keep)

    @property
    def places(self) -> int:
        """The number of places of each query. Raises as `side` does."""
        return places_of(self.count, len(self.side.texts))

    def ranker(self, threads: int | None) -> Ranker:
        weights = self.score.run.weights(self.config)
        return Ranker(self.config, weights, self.side.texts, self.count, self.exclude_same, threads)

    def writer(self) -> RankingWriter:
        score = self.score
        return RankingWriter(score.format or "text", self.config.task, self.side, score.vocabulary, score.logits)
