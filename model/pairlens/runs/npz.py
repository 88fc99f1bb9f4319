"""Arrays by name in an npz file, read without trust: nothing is unpickled, and no memory promised is taken."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import RunError
from pairlens.texts.blocks import MAX_EXPANSION

_MAX_ARRAYS = 10_000
_MAX_HEADER = 10_000  # bytes before an array's numbers


def write_npz(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    np.savez(file, **arrays)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of a file.

    Raises:
        RunError: it is damaged, no npz file, holds Python objects, or expands to much more than its size.
    """
    # Not numpy.load, which takes a .npy file for it and offers to unpickle whatever else it finds.
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            expanded = sum(entry.file_size for entry in entries)
            if len(entries) > _MAX_ARRAYS:
                raise ValueError(f"{len(entries)} arrays")
            if expanded > 2**24 and expanded > MAX_EXPANSION * path.stat().st_size:
                raise ValueError(f"it expands to more than {MAX_EXPANSION} times its size")
            return {entry.filename.removesuffix(".npy"): _read_array(archive, entry) for entry in entries}
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(f"{path}: damaged or not an npz file ({error})") from None


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """One array; its header must not promise more than the entry holds, for NumPy makes room for what is promised."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise ValueError(f"{entry.filename}: version {version} of the npy format")
        shape, _, dtype = read_header(file, max_header_size=_MAX_HEADER)
        if dtype.hasobject:
            raise ValueError("Object arrays cannot be loaded")
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > entry.file_size:
            raise ValueError(f"{entry.filename}: {list(shape)} is more than the file holds")
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_MAX_HEADER)
    return np.asarray(array, order="C")  # some programs write columns first
