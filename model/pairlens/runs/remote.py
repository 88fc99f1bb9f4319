"""Runs in buckets: all files of one are read at once; a finished run is uploaded file by file."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pairlens.errors import RunError, UsageError
from pairlens.files import whole_file
from pairlens.locations.remote import Remote, Snapshot
from pairlens.locations.writer import refuse_unwritable
from pairlens.runs import names

_READ = tuple(name for name in (*names.FOR_SCORING, names.METRICS) if name != names.CONFIG)

_NAMES = {PurePosixPath(name).parts[0] for name in names.FILES}


def read_remote(place: Remote) -> Snapshot:
    """Read the files of a run that scoring and measuring need.

    Raises:
        RunError: there is no run, or it is replaced meanwhile. DataError: a file cannot be read.
    """
    config = place / names.CONFIG
    try:
        version, contents = config.version(), {names.CONFIG: config.read_bytes()}
    except FileNotFoundError:
        raise RunError(f"{config}: missing; {place} is not a run, or is being uploaded") from None
    for name in _READ:
        with suppress(FileNotFoundError):
            contents[name] = (place / name).read_bytes()
    if not config.exists() or config.version() != version:  # removed first, uploaded last: another one if any file is
        raise RunError(f"{place}: changed while it was read; try again")
    return Snapshot(place, contents)


def refuse_remote(place: Remote, replace: bool) -> None:
    """Raise UsageError unless a run may be uploaded to an address; `replace` allows another run there.

    Files that an interrupted upload left are no obstacle.
    """
    refuse_unwritable(place / names.CONFIG, replace=True)
    if (place / names.CONFIG).exists():
        if not replace:
            raise UsageError(f"{place}: contains a run; choose another name, or add --force")
    elif {path.name for path in place.glob("*")} - _NAMES:
        raise UsageError(f"{place}: contains files that are not a run's; choose another name")


def upload_run(run: Path, place: Remote) -> None:
    """Upload a finished run, its config last, so that no reader takes half of it for a run.

    The files of a run that it replaces are removed, its config first.

    Raises:
        DataError: a file cannot be written.
    """
    for name in names.FILES:  # begins with the config
        (place / name).unlink(missing_ok=True)
    for name in (*names.FILES[1:], names.CONFIG):
        if (run / name).is_file():
            with (run / name).open("rb") as file, whole_file(place / name, "wb") as uploaded:
                shutil.copyfileobj(file, uploaded, 2**20)
