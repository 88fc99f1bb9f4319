"""What `score` is asked to write for each pair; jobs and the workers of a cluster are made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from zlib import crc32

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.jobs.prior import CorrectingWriter, Prior
from pairlens.jobs.score_lines import Format, LineWriter, Writer
from pairlens.locations.location import Location
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer

if TYPE_CHECKING:
    from pairlens.jobs.input_files import InputFiles
    from pairlens.tables.pairs import TablePairs
    from pairlens.texts.sources import PairSource


@dataclass(frozen=True)
class ScoreRequest:
    """How pairs are scored and written. It can be pickled.

    Attributes:
        run_directory: the run.
        format: of a line; None for the rows of a table.
        words: whether to show words instead of ids.
        vocab: a vocabulary file, for a run that carries none.
        symmetric: whether to average over both orders.
        logits: whether to write logits instead of scores.
        labels: whether to add a column with the decision to the rows of a table.
        output: the output's name, whose suffix selects the format of a table; None for stdout.
        prior: the share of positives that scores are corrected for; None leaves them as they are.

    Raises:
        UsageError: the run cannot do that. RunError, ConfigError: it is damaged.
    """

    run_directory: Location
    format: Format | None = "text"
    words: bool = False
    vocab: Location | None = None
    symmetric: bool = False
    logits: bool = False
    labels: bool = False
    output: Location | None = None
    prior: Prior | None = None

    @cached_property
    def run(self) -> Run:
        return Run.open(self.run_directory)

    @cached_property
    def config(self) -> Config:
        config = self.run.config()
        if self.logits and config.task == "regression":
            raise UsageError(
                f"--logits: {self.run_directory} was trained for regression, whose scores have no activation"
            )
        if not self.symmetric:
            return config
        return config.model_copy(update={"model": config.model.model_copy(update={"symmetric": True})})

    @cached_property
    def vocabulary(self) -> Sequence[str] | None:
        """The words to show; None if ids are shown, or if the run has lost its words."""
        if not self.words:
            return None
        vocabulary = self.run.vocabulary(self.vocab)
        if vocabulary is None and not self.run.why_no_words():
            raise UsageError("--words needs a vocabulary, and the run was trained without data.vocab; add --vocab FILE")
        return vocabulary

    def scorer(self, threads: int | None = None) -> Scorer:
        return Scorer(self.config, self.run.weights(self.config), threads)

    def writer(self, pairs: PairSource | TablePairs) -> Writer:
        """Return what formats the scores of pairs: from a source, or from tables like one."""
        writer = self._writer(pairs)
        return CorrectingWriter(writer, self.prior) if self.prior else writer

    def _writer(self, pairs: PairSource | TablePairs) -> Writer:
        if self.format is None:
            from pairlens.jobs.score_table import table_of, table_writer

            return table_writer(self.run, self.config, table_of(pairs), self.output, self.logits, self.labels)
        return LineWriter(self.format, self.vocabulary, self.logits)

    def layout(self, files: InputFiles) -> str:
        """How lines are written, as a suffix without its dot."""
        if self.format is None:
            from pairlens.jobs.score_table import output_layout

            return output_layout(files.first_table.layout, self.output).format
        return "txt" if self.format == "text" else self.format

    def identity(self) -> dict[str, Any]:
        """What must be equal for a scoring to continue another, apart from the pairs."""
        return {
            "pairlens": version("pairlens"),
            "the run": self.run.checksum(),
            "--format": self.format,
            "--words": None if self.vocabulary is None else crc32("\n".join(self.vocabulary).encode()),
            "--symmetric": self.symmetric,
            "--logits": self.logits,
            "--labels": self.labels,
            "--prior": None if self.prior is None else "{} (train has {})".format(*self.prior),
        }
