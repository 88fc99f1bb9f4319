"""Arrays by name in an npz file, read without trust: nothing is unpickled, and no memory promised is taken."""

from __future__ import annotations

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import RunError
from pairlens.texts.blocks import MAX_EXPANSION
from pairlens.texts.regular import open_regular

_T = TypeVar("_T")
_MAX_ARRAYS = 10_000
_MAX_HEADER = 10_000  # bytes before an array's numbers
_DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, RuntimeError, NotImplementedError, OverflowError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error, SyntaxError, TokenError),
)  # the last are of headers, which NumPy reads as Python literals


def write_npz(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    np.savez(file, **arrays)


class Header(NamedTuple):
    """What an array is, before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def read_headers(path: Path) -> dict[str, Header]:
    """What every array of a file is; raises as `read_arrays` does."""
    return _read(path, _read_header)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of a file.

    Raises:
        RunError: it is damaged, no regular or no npz file, holds Python objects or a name twice, or expands to much
            more than its size.
    """
    return _read(path, _read_array)


def _read(path: Path, read_entry: Callable[[zipfile.ZipFile, zipfile.ZipInfo], _T]) -> dict[str, _T]:
    # Not numpy.load, which takes a .npy file for it and offers to unpickle whatever else it finds.
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = [entry.filename.removesuffix(".npy") for entry in entries]
            expanded = sum(entry.file_size for entry in entries)
            if len(entries) > _MAX_ARRAYS:
                raise ValueError(f"{len(entries)} arrays")
            if len(set(names)) < len(names):
                raise ValueError("an array is in it twice")
            if expanded > 2**24 and expanded > MAX_EXPANSION * os.fstat(file.fileno()).st_size:
                raise ValueError(f"it expands to more than {MAX_EXPANSION} times its size")
            return {name: read_entry(archive, entry) for name, entry in zip(names, entries, strict=True)}
    except _DAMAGE as error:
        raise RunError(f"{path}: damaged or not an npz file ({error})") from None


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    _read_header(archive, entry)
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_MAX_HEADER)
    return np.asarray(array, order="C")  # some programs write columns first


def _read_header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    """It must not promise more than the entry holds, for NumPy makes room for what is promised."""
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
    if any(isinstance(length, bool) or not 0 <= length <= entry.file_size for length in shape):
        raise ValueError(f"{entry.filename}: {list(shape)} is more than the file holds")
    if math.prod(shape) * dtype.itemsize > entry.file_size:
        raise ValueError(f"{entry.filename}: {list(shape)} is more than the file holds")
    return Header(shape, dtype)
