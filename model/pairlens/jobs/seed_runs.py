"""The runs that a training writes: one, or one for each of several seeds; new, resumed or replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pairlens.errors import UsageError
from pairlens.runs.run import Run
from pairlens.runs.staging import StagedRun, is_being_replaced

Existing = Literal["refuse", "resume", "replace"]  # what to do with an existing run


class SeedRuns:
    """A run at `path` for one seed, at `path`/seed-N for several.

    Attributes:
        seeds: consecutive ones.
        runs: the run of each.
    """

    def __init__(self, path: Path, seeds: Sequence[int], existing: Existing) -> None:
        self.seeds, self._path, self._existing = seeds, path, existing
        self.resumes, self.replaces = existing == "resume", existing != "refuse"
        self.runs = [self._run(path if len(seeds) == 1 else path / f"seed-{seed}") for seed in seeds]

    def refuse(self) -> None:
        """Raises UsageError if something exists that may be neither replaced nor resumed."""
        for run in self.runs:
            if isinstance(run, StagedRun):
                run.refuse()
            if not self.is_resumed(run):
                Run.refuse_existing(run.place if isinstance(run, StagedRun) else run.folder, self.replaces)
            if self._existing == "refuse" and is_being_replaced(run.folder):
                raise UsageError(
                    f"{run.path}: a training that replaces it was interrupted; add --resume to continue that, or "
                    "--force to start again"
                )

    def of(self, seed: int) -> Run:
        return self.runs[self.seeds.index(seed)]

    def is_resumed(self, run: Run) -> bool:
        return self.resumes and run.exists()

    def resuming(self) -> SeedRuns:
        """The same runs, to continue what is there now."""
        return SeedRuns(self._path, self.seeds, "resume")

    def _run(self, path: Path) -> Run:
        """The run to train at `path`; a StagedRun next to it if it replaces an existing run, or has begun to."""
        if self.resumes:
            return StagedRun(path) if is_being_replaced(path) else Run(path)
        return StagedRun(path) if self.replaces and (Run(path).exists() or is_being_replaced(path)) else Run(path)
