"""Reads and writes a run directory file by file; names.py describes the files.

Reading executes and unpickles nothing. Every file appears whole, by rename. Links in a run are read, but never written
through.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pairlens.config.file import CONFIG_END, dump_config, load_config
from pairlens.config.schema import Config
from pairlens.directories import remove_file
from pairlens.errors import RunError, UsageError
from pairlens.files import partial_files, whole_file
from pairlens.locations.location import Location
from pairlens.locations.remote import Remote
from pairlens.runs import names
from pairlens.runs.carried import carried_file, is_there, vocabulary_file, why_no_words
from pairlens.runs.checkpoint import Checkpoint, drop_last_checkpoint, read_checkpoint, write_checkpoint
from pairlens.runs.json_files import Json, read_environment, read_evaluation, read_metrics, without_nan
from pairlens.runs.npz import write_npz
from pairlens.runs.progress import Progress
from pairlens.runs.remote import read_remote
from pairlens.runs.threshold import as_float32, fitted
from pairlens.runs.weights import read_weights
from pairlens.texts.class_names import read_class_names
from pairlens.texts.lines import read_vocabulary
from pairlens.texts.regular import open_regular, refuse_irregular

if TYPE_CHECKING:
    from pairlens.tokenizer.tokenizer import Tokenizer

Floats = NDArray[np.float32]


class Run:
    """A run directory.

    Args:
        changes: `KEY=VALUE` changes to its config when it is read, such as the new path of a split.
    """

    def __init__(self, path: Location, changes: Sequence[str] = ()) -> None:
        self.path, self._changes = path, changes
        self._tokenizer: Tokenizer | None = None

    # ---- writing -------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The path of a run that is written; remote runs are only read."""
        assert isinstance(self.path, Path)
        return self.path

    @classmethod
    def create(
        cls,
        path: Path,
        config: Config,
        environment: Json,
        force: bool = False,
        carried: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Run:
        """Create a run directory with its config, carried files and environment; `force` replaces an existing run.

        Raises:
            UsageError: something is there already (with `force`: something that is not a run).
        """
        run = cls(path)
        cls.refuse_existing(path, force)
        path.mkdir(parents=True, exist_ok=True)
        run.remove_partial_files()
        for name in {*names.FILES} - {names.CONFIG, names.ENVIRONMENT}:
            remove_file(path / name, inside=path)
        run._write_text(names.CONFIG, dump_config(config))
        for name, content in carried.items():
            run._write_bytes(name, content)
        run._write_json(names.ENVIRONMENT, environment)
        return run

    @staticmethod
    def refuse_existing(path: Path, force: bool) -> None:
        """Raises UsageError unless `create` may create a run at `path`."""
        of_a_killed_train = {path / names.LOCK, path / names.REPLACES, *partial_files(path / names.CONFIG)}
        if path.is_dir() and set(path.iterdir()) - of_a_killed_train:
            if not (path / names.CONFIG).is_file():
                raise UsageError(f"{path}: contains files that are not a run's; choose another directory")
            if not force:
                raise UsageError(f"{path}: contains a run; choose another directory, or add --resume or --force")
        elif path.exists() and not path.is_dir():
            raise UsageError(f"{path}: is a file, but a run is a directory; choose another name")

    def write_weights(self, arrays: Mapping[str, Floats]) -> None:
        with whole_file(self.folder / names.WEIGHTS, "wb", inside=self.folder) as file:
            write_npz(file, arrays)

    def write_metrics(self, lines: Sequence[Json]) -> None:
        self._write_text(names.METRICS, "".join(json.dumps(without_nan(line)) + "\n" for line in lines))

    def write_evaluation(self, evaluation: Json) -> None:
        self._write_json(names.EVALUATION, evaluation)

    def write_curves(self, png: bytes) -> None:
        self._write_bytes(names.CURVES, png)

    def write_checkpoint(self, arrays: Mapping[str, NDArray[Any]], progress: Progress) -> None:
        write_checkpoint(self.folder, arrays, progress)

    def remove_partial_files(self) -> None:
        """Remove half-written files of a killed training. The caller must hold the run's lock."""
        for path in (path for name in names.FILES for path in partial_files(self.folder / name)):
            remove_file(path, inside=self.folder)

    def _write_text(self, name: str, text: str) -> None:
        with whole_file(self.folder / name, inside=self.folder) as file:
            file.write(text)

    def _write_bytes(self, name: str, content: bytes) -> None:
        with whole_file(self.folder / name, "wb", inside=self.folder) as file:
            file.write(content)

    def _write_json(self, name: str, value: Json) -> None:
        self._write_text(name, json.dumps(without_nan(value), indent=2) + "\n")

    # ---- reading -------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Location, changes: Sequence[str] = ()) -> Run:
        """Open an existing run; of a remote one, all files are read at once. Raises RunError if there is none."""
        if isinstance(path, Remote):
            return cls(read_remote(path), changes)
        if not path.is_dir():
            if (old := names.staging(path) / names.REPLACED).is_dir():
                raise RunError(
                    f"{path}: a training was killed while it replaced this run; finish with `pairlens train CONFIG "
                    f"--output {path} --resume`. Until then, the new run is {old.parent} and the old one {old}"
                )
            raise RunError(f"{path}: no such run directory; create it with `pairlens train CONFIG --output {path}`")
        if not (path / names.CONFIG).is_file():
            raise RunError(f"{path / names.CONFIG}: missing; {path} is not a run directory")
        return cls(path, changes)

    def config(self) -> Config:
        """Read the run's config. Raises ConfigError, or RunError if the file is cut off, which defaults would hide."""
        path = self.path / names.CONFIG
        refuse_irregular(path, "a run's config is one")
        config = load_config(path, self._changes, of_run=True)
        if not path.read_bytes().endswith(CONFIG_END.encode()):
            raise RunError(f'{path}: cut off (its last line is not "{CONFIG_END.strip()}"); copy the run again')
        return config

    def exists(self) -> bool:
        """Whether there is a run; a config alone, left by a killed training, is none."""
        begun = (names.ENVIRONMENT, names.WEIGHTS, names.CHECKPOINT, names.PREVIOUS)
        return (self.path / names.CONFIG).is_file() and any((self.path / name).exists() for name in begun)

    def weights(self, config: Config) -> dict[str, Floats]:
        """Read the weights. Raises RunError if the file is missing, damaged, or does not fit the config."""
        path = self.path / names.WEIGHTS
        if not path.exists():
            raise RunError(f"{path}: missing; the run has no weights yet, continue it with `pairlens train --resume`")
        return read_weights(path, config.model)

    def checksum(self) -> str:
        """16 digits of the SHA-256 of config, weights, vocabulary and tokenizer; it identifies the model."""
        digest = hashlib.sha256()
        words = [name for name in (names.VOCAB, names.TOKENIZER) if is_there(self.path / name)]
        for name in (names.CONFIG, names.WEIGHTS, *words):
            with open_regular(self.path / name) as file:
                hashlib.file_digest(file, lambda: digest)
        return digest.hexdigest()[:16]

    def vocabulary(self, given: Location | None = None) -> list[str] | None:
        """Read the word of each id; None if there are none (see `why_no_words`).

        Args:
            given: a vocabulary file, for a run from before 0.3.0, which carries none. Without it, such a run reads the
                file that its config names, if it still exists.

        Raises:
            RunError: they are not the words that the run was trained with.
            DataError: the file cannot be read.
        """
        path = vocabulary_file(self.path, self.config(), self.environment(), given)
        return read_vocabulary(path) if path else None

    def why_no_words(self) -> str | None:
        """Why `vocabulary` returns None, for a message; None if the run was trained without a vocabulary."""
        return why_no_words(self.path, self.config())

    def classes(self) -> list[str] | None:
        """Read the name of each label; None if the run carries none. Raises as `vocabulary` does."""
        path = carried_file(self.path, names.CLASSES, self.environment())
        return read_class_names(path) if path else None

    def tokenizer(self) -> Tokenizer:
        """Read the tokenizer. Raises as `vocabulary` does, and UsageError if the run was trained without one."""
        from pairlens.tokenizer.tokenizer import Tokenizer  # not needed to score ids

        if self._tokenizer:
            return self._tokenizer
        path = carried_file(self.path, names.TOKENIZER, self.environment())
        if path is None:
            missing = f"{self.path / names.TOKENIZER}: missing, so the run takes only ids"
            raise UsageError(f"{missing}; to score texts, train with data.tokenizer, as pairlens init writes it")
        self._tokenizer = Tokenizer.read(path)
        return self._tokenizer

    def threshold(self) -> float:
        """The score from which a pair counts as positive, fitted on dev; 0.5 without a dev split.

        It is just above 1 if calling no pair positive, not even one that scores 1, is best on dev.
        """
        return as_float32(fitted(self.path / names.EVALUATION, "threshold", 0.5))

    def logit_threshold(self) -> float | None:
        """The logit that a pair with exactly the threshold's score must reach; None if all such pairs are positive."""
        return fitted(self.path / names.EVALUATION, "logit_threshold", None)

    def metrics(self) -> list[Json]:
        """Read the evaluations during training, oldest first; nan where a metric was undefined."""
        return read_metrics(self.path / names.METRICS)

    def environment(self) -> Json:
        """Read what `describe_environment` returned when the run was created; empty without the file."""
        return read_environment(self.path / names.ENVIRONMENT)

    def evaluation(self) -> Json | None:
        """Read what `write_evaluation` wrote, with None for NaN; None if there is no file."""
        return read_evaluation(self.path / names.EVALUATION)

    def checkpoint(self) -> Checkpoint | None:
        """Read the last intact checkpoint; None if none was written. Raises RunError if all are damaged."""
        return read_checkpoint(self.folder)

    def has_checkpoint(self) -> bool:
        """Whether a checkpoint was written, even if it is damaged."""
        return any((self.path / name).exists() for name in (names.CHECKPOINT, names.PREVIOUS))

    def drop_last_checkpoint(self) -> None:
        drop_last_checkpoint(self.folder)
