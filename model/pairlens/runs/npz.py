"""Reads and writes npz files of named arrays. Reading is safe for untrusted files: nothing is unpickled, and no memory
is allocated beyond the file's real content."""

from __future__ import annotations

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from tokenize import TokenError
from typing import IO, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import RunError
from pairlens.locations.location import Location
from pairlens.texts.blocks import MAX_EXPANSION
from pairlens.texts.regular import open_regular

_T = TypeVar("_T")
_MAX_ARRAYS = 10_000
_MAX_HEADER = 10_000  # bytes before an array's numbers
_DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, RuntimeError, NotImplementedError, OverflowError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error, SyntaxError, TokenError),
)  # the last two come from headers, which NumPy parses as Python literals


def write_npz(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    np.savez(file, **arrays)


class Header(NamedTuple):
    """Shape and dtype of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def read_headers(path: Location) -> dict[str, Header]:
    """Read the header of every array of a file. Raises as `read_arrays` does."""
    return _read(path, _read_header)


def read_arrays(path: Location) -> dict[str, NDArray[Any]]:
    """Read every array of a file.

    Raises:
        RunError: the file is damaged, is not a regular or not an npz file, contains Python objects or a name twice, or
            expands to much more than its size.
    """
    return _read(path, _read_array)


def _read(path: Location, read_entry: Callable[[zipfile.ZipFile, zipfile.ZipInfo], _T]) -> dict[str, _T]:
    # Not numpy.load, which also accepts .npy files, and treats anything else as a pickle.
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = [entry.filename.removesuffix(".npy") for entry in entries]
            expanded = sum(entry.file_size for entry in entries)
            if len(entries) > _MAX_ARRAYS:
                raise ValueError(f"{len(entries)} arrays")
            if len(set(names)) < len(names):
                raise ValueError("it has an array twice")
            if expanded > 2**24 and expanded > MAX_EXPANSION * os.fstat(file.fileno()).st_size:
                raise ValueError(f"it expands to more than {MAX_EXPANSION} times its size")
            return {name: read_entry(archive, entry) for name, entry in zip(names, entries, strict=True)}
    except _DAMAGE as error:
        raise RunError(f"{path}: damaged or not an npz file ({error})") from None


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    _read_header(archive, entry)
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_MAX_HEADER)
    return np.asarray(array, order="C")  # some programs write Fortran order


def _read_header(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Header:
    """Read and check a header: NumPy allocates the size it declares, which must not exceed the entry's."""
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
        raise ValueError(f"{entry.filename}: {list(shape)} is more than the file contains")
    if math.prod(shape) * dtype.itemsize > entry.file_size:
        raise ValueError(f"{entry.filename}: {list(shape)} is more than the file contains")
    return Header(shape, dtype)
