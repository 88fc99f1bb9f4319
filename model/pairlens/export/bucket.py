"""The directory of an export in a bucket: uploaded file by file, its card last, so that no half of it has a card."""

from __future__ import annotations

import shutil
from pathlib import Path

from pairlens.errors import UsageError
from pairlens.export.names import CARD, files_below, files_of
from pairlens.files import whole_file
from pairlens.locations.remote import Remote
from pairlens.locations.writer import refuse_unwritable


def refuse_remote(place: Remote, force: bool) -> None:
    """Raise UsageError unless an export may be uploaded to an address; `force` allows another export there."""
    refuse_unwritable(place / CARD, replace=True)
    if files_of(place) is not None:
        if not force:
            raise UsageError(f"{place}: contains an export; choose another name, or replace it with --force")
    elif found := next(iter(place.glob("*")), None):
        raise UsageError(f"{place}: contains files that are not an export's, such as {found.name}; choose another name")


def upload(folder: Path, place: Remote) -> None:
    """Upload an export. The files of one that it replaces are removed, its card first.

    Raises:
        DataError: a file cannot be written.
    """
    for name in (CARD, *sorted((files_of(place) or set()) - {CARD})):
        (place / name).unlink(missing_ok=True)
    for name in (*sorted({*files_below(folder)} - {CARD}), CARD):
        with (folder / name).open("rb") as file, whole_file(place / name, "wb", compress=False) as uploaded:
            shutil.copyfileobj(file, uploaded, 2**20)
