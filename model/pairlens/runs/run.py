"""The run directory, file by file; names.py tells what each holds.

Nothing in it is executed or unpickled when it is read. Every file appears whole, by rename. Links in it
are read, never written through.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.config.file import CONFIG_END, dump_config, load_config
from pairlens.config.schema import Config
from pairlens.directories import remove_file
from pairlens.errors import RunError, UsageError
from pairlens.files import partial_files, whole_file
from pairlens.runs import names
from pairlens.runs.checkpoint import Checkpoint, drop_last_checkpoint, read_checkpoint, write_checkpoint
from pairlens.runs.npz import write_npz
from pairlens.runs.progress import Progress
from pairlens.runs.weights import read_weights
from pairlens.texts.regular import open_regular, read_regular, refuse_irregular

Floats = NDArray[np.float32]
Json = dict[str, Any]

_MAX_EVALUATION = 2**20  # bytes
_MAX_TEXT = 2**26  # of another JSON file; a line of metrics for each of 100,000 epochs is less


class Run:
    """A run directory, read and written file by file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # ---- making one ----------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, config: Config, environment: Json, force: bool = False) -> Run:
        """A new run directory with its config and environment; with `force`, in place of a run that stands there.

        Raises:
            UsageError: something stands there already (with `force`: something that is not a run).
        """
        run = cls(path)
        cls.refuse_existing(path, force)
        path.mkdir(parents=True, exist_ok=True)
        run.remove_partial_files()
        for name in (names.CHECKPOINT, names.PREVIOUS, names.WEIGHTS, names.METRICS, names.EVALUATION, names.CURVES):
            remove_file(path / name, inside=path)
        run._write_text(names.CONFIG, dump_config(config))
        run._write_json(names.ENVIRONMENT, environment)
        return run

    @staticmethod
    def refuse_existing(path: Path, force: bool) -> None:
        """Raises UsageError unless `create` may make a run at `path`."""
        of_a_killed_train = {path / names.LOCK, path / names.REPLACES, *partial_files(path / names.CONFIG)}
        if path.is_dir() and set(path.iterdir()) - of_a_killed_train:
            if not (path / names.CONFIG).is_file():
                raise UsageError(f"{path}: holds files that are not a run's; choose another directory")
            if not force:
                raise UsageError(f"{path}: holds a run already; choose another directory, or --resume it, or --force")
        elif path.exists() and not path.is_dir():
            raise UsageError(f"{path}: is a file; a run is a directory")

    def write_weights(self, arrays: Mapping[str, Floats]) -> None:
        with whole_file(self.path / names.WEIGHTS, "wb", inside=self.path) as file:
            write_npz(file, arrays)

    def write_metrics(self, lines: Sequence[Json]) -> None:
        self._write_text(names.METRICS, "".join(json.dumps(without_nan(line)) + "\n" for line in lines))

    def write_evaluation(self, evaluation: Json) -> None:
        self._write_json(names.EVALUATION, evaluation)

    def write_curves(self, png: bytes) -> None:
        with whole_file(self.path / names.CURVES, "wb", inside=self.path) as file:
            file.write(png)

    def write_checkpoint(self, arrays: Mapping[str, NDArray[Any]], progress: Progress) -> None:
        write_checkpoint(self.path, arrays, progress)

    def remove_partial_files(self) -> None:
        """Remove what a killed training left half-written; for the process that holds the run's lock."""
        for name in names.FILES:
            for path in partial_files(self.path / name):
                remove_file(path, inside=self.path)

    def _write_text(self, name: str, text: str) -> None:
        with whole_file(self.path / name, inside=self.path) as file:
            file.write(text)

    def _write_json(self, name: str, value: Json) -> None:
        self._write_text(name, json.dumps(without_nan(value), indent=2) + "\n")

    # ---- reading one ---------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path) -> Run:
        """A run that `train` left behind. Raises RunError if there is none."""
        if not path.is_dir():
            if (old := names.staging(path) / names.REPLACED).is_dir():
                raise RunError(
                    f"{path}: a training was killed while it replaced this run; `pairlens train CONFIG --output {path} "
                    f"--resume` finishes that. Until then the new run is {old.parent}, and the old one {old}"
                )
            raise RunError(f"{path}: no such run directory; `pairlens train CONFIG --output {path}` makes one")
        if not (path / names.CONFIG).is_file():
            raise RunError(f"{path / names.CONFIG}: missing; {path} is not a run directory")
        return cls(path)

    def config(self) -> Config:
        """The run's config. Raises ConfigError, or RunError if the file is cut off, which defaults would hide."""
        path = self.path / names.CONFIG
        refuse_irregular(path, "a run's config is one")
        config = load_config(path, of_run=True)
        if not path.read_bytes().endswith(CONFIG_END.encode()):
            raise RunError(f'{path}: cut off, its last line is not "{CONFIG_END.strip()}"; copy the run again')
        return config

    def exists(self) -> bool:
        """Whether there is a run; one that was killed before more than its config was written is none."""
        begun = (names.ENVIRONMENT, names.WEIGHTS, names.CHECKPOINT, names.PREVIOUS)
        return (self.path / names.CONFIG).is_file() and any((self.path / name).exists() for name in begun)

    def weights(self, config: Config) -> dict[str, Floats]:
        """The weights of the run's model. Raises RunError if the file is missing, damaged, or not of this config."""
        path = self.path / names.WEIGHTS
        if not path.exists():
            raise RunError(f"{path}: missing; the run has no weights yet. `pairlens train --resume` continues it")
        return read_weights(path, config.model)

    def checksum(self) -> str:
        """16 digits of the SHA-256 of config and weights as they lie there: another one, and it is another model."""
        digest = hashlib.sha256()
        for name in (names.CONFIG, names.WEIGHTS):
            with open_regular(self.path / name) as file:
                hashlib.file_digest(file, lambda: digest)
        return digest.hexdigest()[:16]

    def threshold(self) -> float:
        """The score from which a pair counts as positive, fitted on dev; 0.5 where there was no dev split.

        It is just above 1 if on dev it is best to call no pair positive, not even one that scores 1.
        """
        return _as_float32(self._fitted("threshold", 0.5))

    def logit_threshold(self) -> float | None:
        """The logit that a pair of just this score must reach; None if all of them are positive."""
        return None if "logit_threshold" not in (self.evaluation() or {}) else self._fitted("logit_threshold", 0.0)

    def _fitted(self, name: str, default: float) -> float:
        threshold = (self.evaluation() or {}).get(name, default)
        if not isinstance(threshold, float) or not abs(threshold) <= float(np.finfo(np.float32).max):
            raise RunError(
                f"{self.path / names.EVALUATION}: {name} is {threshold!r}; must be a finite 32-bit number such as 0.5"
            )
        return threshold

    def metrics(self) -> list[Json]:
        """A line for every evaluation during training, oldest first; nan where a metric was undefined."""
        path = self.path / names.METRICS
        try:
            lines = [json.loads(line) for line in read_regular(path, _MAX_TEXT).decode().splitlines()]
            return [line | {"dev": _with_nan(line["dev"])} for line in lines]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise RunError(f"{path}: damaged ({error}); train again") from None

    def environment(self) -> Json:
        """What `describe_environment` said when the run was made; empty if nothing is known."""
        path = self.path / names.ENVIRONMENT
        try:
            environment = json.loads(read_regular(path, _MAX_TEXT))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{path}: damaged ({error})") from None
        if not isinstance(environment, dict):
            raise RunError(f"{path}: damaged; must be a JSON object")
        return environment

    def evaluation(self) -> Json | None:
        """What `write_evaluation` wrote, if anything; NaN is null."""
        path = self.path / names.EVALUATION
        try:
            evaluation: Json = json.loads(read_regular(path, _MAX_EVALUATION))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{path}: damaged ({error}); train again") from None
        if not isinstance(evaluation, dict):
            raise RunError(f"{path}: damaged (not a JSON object); train again")
        return evaluation

    def checkpoint(self) -> Checkpoint | None:
        """The last checkpoint that is whole, if any was written. Raises RunError if all are damaged."""
        return read_checkpoint(self.path)

    def has_checkpoint(self) -> bool:
        """Whether one was written, be it damaged."""
        return any((self.path / name).exists() for name in (names.CHECKPOINT, names.PREVIOUS))

    def drop_last_checkpoint(self) -> None:
        drop_last_checkpoint(self.path)


def flat(tree: Any, path: str = "") -> Json:
    """A nested config as one mapping of dotted keys."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else None
    if items is None:
        return {path: tree}
    return {key: value for name, child in items for key, value in flat(child, f"{path}.{name}".strip(".")).items()}


def _as_float32(threshold: float) -> float:
    """A threshold in the digits of a float32, as scores are.

    One from before 0.3.0 has more digits. It is rounded up, and so decides among float32 scores as it did.
    """
    nearest = np.float32(threshold)
    if float(nearest) < threshold != float(str(nearest)):
        nearest = np.nextafter(nearest, np.float32(np.inf))
    return float(str(nearest))


def _with_nan(metrics: Json) -> Json:
    return {name: math.nan if value is None else float(value) for name, value in metrics.items()}


def without_nan(tree: Any) -> Any:
    """The tree with null for NaN, an undefined metric, which JSON cannot say."""
    if isinstance(tree, dict):
        return {key: without_nan(child) for key, child in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [without_nan(child) for child in tree]
    return None if isinstance(tree, float) and math.isnan(tree) else tree
