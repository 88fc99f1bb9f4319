"""A file of this machine with the content of a remote one, for libraries that map files into memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairlens.files import full_disk_reported
from pairlens.locations.location import Location


@contextmanager
def local_copy(path: Location) -> Iterator[Path]:
    """Yield the path of a copy if a file is remote, else the path itself. A mapping of the copy outlives its name.

    Raises:
        DataError: the remote file cannot be read. PairlensError: the disk is full.
    """
    if isinstance(path, Path):
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=path.suffix) as copy, path.open("rb") as file:
        with full_disk_reported(Path(copy.name)):
            shutil.copyfileobj(file, copy, 2**20)
            copy.flush()
        yield Path(copy.name)
