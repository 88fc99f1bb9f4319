"""A run that is trained in a temporary folder of this machine, and uploaded to a bucket when it is finished."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pairlens.locations.remote import Remote
from pairlens.runs import names
from pairlens.runs.remote import refuse_remote, upload_run


class BucketRun:
    """Where to train a run, or one for each seed, whose place is an address.

    Attributes:
        place: the address.
        folder: the path to train at.

    Raises:
        UsageError: the address cannot be written, or has something that may not be replaced.
    """

    def __init__(self, place: Remote, replaces: bool, seeds: Sequence[int]) -> None:
        for target in [place / f"seed-{seed}" for seed in seeds] if len(seeds) > 1 else [place]:
            refuse_remote(target, replaces)
        self.place = place
        self._parent = Path(tempfile.mkdtemp(prefix="pairlens-"))
        self.folder = self._parent / (place.name or "run")

    def upload(self, run: Path) -> Remote:
        """Upload a finished run at, or in, the folder; return its address."""
        target = self.place
        for part in run.relative_to(self.folder).parts:
            target = target / part
        upload_run(run, target)
        shutil.rmtree(run)
        return target

    def close(self) -> Path | None:
        """Remove the folder, unless it has a run that was begun, but not uploaded: then return the folder."""
        begun = {Path(name).name for name in (names.WEIGHTS, names.CHECKPOINT, names.PREVIOUS)}
        if any(path.name in begun for path in self.folder.rglob("*.npz")):
            return self.folder
        shutil.rmtree(self._parent)
        return None
