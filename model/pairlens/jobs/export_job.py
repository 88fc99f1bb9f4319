"""Writes a run's model as files for other programs, with a card that says what it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from pairlens.config.schema import Config
from pairlens.errors import PairlensError, UsageError
from pairlens.evaluation.evaluation import measure, score_files, split_files
from pairlens.export.card import Weights, make_card, read_files
from pairlens.export.keras_source import refusals
from pairlens.export.names import CARD, FILES, README, Format, files_below
from pairlens.export.place import refuse_place, whole_directory
from pairlens.export.readme import card_text, readme_text
from pairlens.locations.location import Location
from pairlens.packages import need
from pairlens.runs.names import EVALUATION
from pairlens.runs.run import Run

Write = Callable[[Path, Config, Weights], None]
Loading = Callable[[str], AbstractContextManager[None]]

_NEEDS: dict[Format, tuple[tuple[str, ...], str]] = {  # packages, and the extra that brings them
    "savedmodel": (("tensorflow", "tf-keras"), ""),
    "keras": (("tensorflow", "tf-keras", "h5py"), ""),
    "onnx": (("tensorflow", "tf-keras", "onnx", "tf2onnx"), "onnx"),
    "safetensors": (("safetensors",), "safetensors"),
}
_ONNX_BYTES = 2**31 - 2**24  # what a protocol buffer holds, less some space for the graph
_SAME = 1e-4  # metrics on unchanged files differ by rounding only


class Exported(NamedTuple):
    """What was written: the paths of the files in the directory, their bytes in all, and what the card lacks, if so."""

    files: list[str]
    size: int
    remark: str | None


class ExportJob:
    """One export of a run. All checks are made here, before anything is computed.

    Raises:
        UsageError: a package is missing, the format cannot express the network, or something at `place` must be kept.
        RunError, ConfigError: the run is damaged or has lost a file.
    """

    def __init__(self, run: Run, to: Format, place: Location, force: bool = False) -> None:
        packages, extra = _NEEDS[to]
        need(f"exporting {to}", *packages, extra=extra)
        self.config = run.config()
        if to == "keras":
            _refuse_for_keras(self.config)
        refuse_place(place, run.path, force)
        self._run, self._to, self._place, self._force = run, to, place, force
        self._weights = run.weights(self.config)
        if to == "onnx":
            _refuse_for_onnx(self._weights)
        self._carried = read_files(run, self.config)

    def write(self, loading: Loading = lambda _: nullcontext()) -> Exported:
        """Write the directory.

        Args:
            loading: returns a context for work with a library of this name, which may write to stderr.
        """
        dev, remark = measured_on_dev(self._run, self.config)
        card = make_card(self._run, self.config, self._weights, self._to, dev, self._carried)
        with whole_directory(self._place, self._force) as folder:
            with loading("safetensors" if self._to == "safetensors" else "TensorFlow"):
                _writer(self._to)(folder, self.config, self._weights)
            for name, content in self._carried.items():
                (folder / name).write_bytes(content)
            (folder / README).write_text(readme_text(card), encoding="utf-8", newline="\n")
            files = sorted([*files_below(folder), CARD])
            (folder / CARD).write_text(card_text(card | {FILES: files}), encoding="utf-8", newline="\n")
            return Exported(files, sum((folder / name).stat().st_size for name in files), remark)


def measured_on_dev(run: Run, config: Config) -> tuple[dict[str, Any], str | None]:
    """The run's `metrics` on dev, their 95 % `intervals` (None if unknown), and a `note` that says where both are from.

    Metrics are those that the run records. Intervals need the pairs of dev, whose files may have moved or changed: then
    a remark says why there are none.
    """
    recorded = (run.evaluation() or {}).get("dev")
    if not recorded:
        note, remark = _nothing_recorded(run, config)
        return {"metrics": None, "intervals": None, "note": note}, remark
    try:
        scored = score_files(run, split_files(config, "dev"))
        measured = measure(scored)
    except (PairlensError, OSError) as error:
        why = f"the pairs of dev cannot be read ({error})"
    else:
        if _same(measured["metrics"], recorded):
            measured_on = f"Measured on the {len(scored.pairs):,} pairs of dev, with intervals by the bootstrap."
            note = f"{measured_on} Training made choices on dev, so expect somewhat less on new pairs."
            return {"metrics": recorded, "intervals": measured["intervals"], "note": note}, None
        why = "the pairs of dev are not those of the training any more"
    note = (
        "These are the metrics that training recorded. The pairs of dev, which intervals need, were not there any more."
    )
    return {"metrics": recorded, "intervals": None, "note": note}, f"the card has no intervals: {why}"


def _nothing_recorded(run: Run, config: Config) -> tuple[str, str | None]:
    """The note and the remark of a run without evaluation.json, which training writes at its end if there is dev."""
    if not config.data.dev:
        return "The run was trained without a dev split.", None
    return (
        "The results on dev are not known: the run was unfinished, or had lost them.",
        f"the card has no metrics, nor a threshold fitted on dev: {run.path / EVALUATION} is missing, so the run is "
        "unfinished or has lost it",
    )


def _same(metrics: Mapping[str, float], recorded: Mapping[str, float | None]) -> bool:
    both = [
        (metrics[name], math.nan if value is None else value) for name, value in recorded.items() if name in metrics
    ]
    return all(abs(one - other) <= _SAME or (math.isnan(one) and math.isnan(other)) for one, other in both)


def _refuse_for_keras(config: Config) -> None:
    found = [f"{key} ({reason})" for key, reason in refusals(config.model).items()]
    if found:
        raise UsageError(
            f"--format keras: plain tf-keras layers cannot express {', '.join(found)}; choose savedmodel or onnx, "
            "which have the whole network, or safetensors, the weights alone"
        )


def _refuse_for_onnx(weights: Weights) -> None:
    size = sum(array.nbytes for array in weights.values())
    if size > _ONNX_BYTES:
        raise UsageError(
            f"--format onnx: the weights have {size:,} bytes, and an ONNX file at most 2 GB; choose savedmodel"
        )


def _writer(to: Format) -> Write:
    """The function that writes a format. Its library is imported here."""
    match to:
        case "savedmodel":
            from pairlens.export.saved_model import write_saved_model

            return write_saved_model
        case "keras":
            from pairlens.export.keras_model import write_keras

            return write_keras
        case "onnx":
            from pairlens.export.onnx_model import write_onnx

            return write_onnx
        case "safetensors":
            from pairlens.export.safetensors_model import write_safetensors

            return write_safetensors
