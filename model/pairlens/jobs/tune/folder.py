"""The directory of a search, and what a search that is resumed must have in common with the one that began.

DIR/search.json    the config and the space at the beginning, and checksums of the data
DIR/base.yaml      the config that is searched
DIR/space.yaml     what is tried
DIR/journal.log    every trial, as Optuna writes it
DIR/trials/N/      the run of attempt N, while it is trained, and while it is the best
DIR/trials.jsonl   a line for each trial, best first
DIR/best.yaml      the config with the best values
DIR/best/          its run
DIR/test.json      its metrics on test, and after how many trials test was measured, each time
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from pairlens.config.schema import Config
from pairlens.errors import RunError, UsageError
from pairlens.files import partial_files, whole_file
from pairlens.jobs.seed_runs import Existing
from pairlens.jobs.tune.space import Space, space_text
from pairlens.runs.json_files import settings
from pairlens.runs.names import LOCK

_FILES = ("search.json", "base.yaml", "space.yaml", "journal.log", "trials.jsonl", "best.yaml", "test.json")
_FOLDERS = ("trials", "best")


class Folder:
    """The directory of a search."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record, self.base, self.space, self.journal, self.trials, self.best_config, self.test = (
            path / name for name in _FILES
        )
        self.runs, self.best = (path / name for name in _FOLDERS)

    def refuse_existing(self, existing: Existing) -> None:
        """Raises UsageError if something is there that may be neither replaced nor resumed."""
        if self.path.is_symlink() and not self.path.exists():
            raise UsageError(f"{self.path}: is a link to nothing; remove it, or make the directory that it names")
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path}: is a file, but a search is a directory; choose another name")
        of_a_killed_search = {self.path / LOCK, *partial_files(self.record)}
        if not self.path.is_dir() or not set(self.path.iterdir()) - of_a_killed_search:
            return
        if not self.record.is_file():
            raise UsageError(f"{self.path}: contains files that are not a search's; choose another directory")
        if existing == "refuse":
            raise UsageError(f"{self.path}: contains a search; choose another directory, or add --resume or --force")

    def begin(self, config: Config, text: str, space: Space, data: dict[str, str], existing: Existing) -> None:
        """Begin a search, or continue one. The caller holds the directory's lock.

        Args:
            text: the config as YAML, with absolute paths.
            data: the checksum of each file that training reads.

        Raises:
            RunError: a search to continue began with something else.
        """
        record = {"config": settings(config), "space": space_text(space).splitlines(), "data": data}
        if existing == "resume" and self.record.is_file():
            self._refuse_changes(record)
            self._refuse_losses()
        else:
            self._empty()
            self.write(self.record, json.dumps(record, indent=2) + "\n")
        self._mend_journal()
        self.write(self.base, text)
        self.write(self.space, space_text(space))
        self.runs.mkdir(exist_ok=True)

    def attempts(self) -> set[int]:
        """The attempts that have left a run among the trials."""
        return {int(run.name) for run in self.runs.iterdir() if run.name.isdecimal()}

    def remove_runs(self, attempts: set[int]) -> None:
        for attempt in attempts:
            shutil.rmtree(self.runs / str(attempt), ignore_errors=True)

    def settle(self, attempt: int) -> None:
        """Give the run of the best trial its place as the best."""
        if (run := self.runs / str(attempt)).exists():
            if self.best.exists():
                shutil.rmtree(self.best)
            run.rename(self.best)

    def _mend_journal(self) -> None:
        """Remove what a killed process left: the journal's lock, and a last line that is cut off."""
        for lock in self.path.glob(f"{self.journal.name}.*"):  # Optuna names it
            lock.unlink()
        if self.journal.exists() and not (content := self.journal.read_bytes()).endswith(b"\n"):
            os.truncate(self.journal, content.rfind(b"\n") + 1)

    def _empty(self) -> None:
        """Remove the search; its record goes last, so that what a killed process leaves is still known as a search."""
        for folder in (self.runs, self.best):
            shutil.rmtree(folder, ignore_errors=True)
        for name in reversed(_FILES):
            (self.path / name).unlink(missing_ok=True)

    def measured_after(self) -> list[int]:
        """After how many trials test was measured, each time. Raises RunError if the file that says so is damaged."""
        try:
            return list(map(int, json.loads(self.test.read_bytes())["measured_after"]))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self.test}: damaged ({error}); remove it to begin to count again") from None

    def _refuse_losses(self) -> None:
        """Raises RunError if the search has results, but its trials are lost, or if a file is damaged."""
        self.measured_after()
        results = [path for path in (self.best, self.best_config, self.trials, self.test) if path.exists()]
        if results and not (self.journal.is_file() and self.journal.stat().st_size):
            raise RunError(
                f"{self.journal}: missing or empty, so the trials that led to {results[0]} are lost; put it back, or "
                "search again with --force, which removes what is there"
            )

    def _refuse_changes(self, record: dict[str, Any]) -> None:
        try:
            began = json.loads(self.record.read_bytes())
            config, space, data = dict(began["config"]), began["space"], dict(began["data"])
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self.record}: damaged ({error}); search again with --force") from None
        now = record["config"]
        faults = [
            f"{key} was {config.get(key)!r} when the search began and is {now.get(key)!r} now; set it back"
            for key in config | now
            if config.get(key) != now.get(key)
        ]
        if space != record["space"]:
            faults.append(f"the space differs from {self.space}; leave --space out to continue with that one")
        faults += [
            f"{path} has changed since the search began; put the old file back"
            for path in data | record["data"]
            if data.get(path) != record["data"].get(path)
        ]
        if faults:
            faults.append("--resume continues only with everything unchanged; search again with --force")
            raise RunError("\n".join(f"{self.path}: {fault}" for fault in faults))

    def write(self, path: Path, text: str) -> None:
        with whole_file(path, inside=self.path) as file:
            file.write(text)
