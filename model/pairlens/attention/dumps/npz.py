"""Dumps as `.npz`; see dump.py for the content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.dumps.stored_zip import StoredZip
from pairlens.attention.stream import ScoredMaps
from pairlens.locations.location import Location
from pairlens.texts.local_copy import local_copy

_METADATA, _ARRAYS = "metadata.npy", ("pair.npy", "score.npy")


def write_npz(file: IO[bytes], chunks: Iterable[ScoredMaps], metadata: str, folder: Path | None) -> int:
    """Write a dump; return the number of pairs. The archive's index grows in a temporary file in `folder`."""
    numbers, scores = [np.empty(0, np.int64)], []
    # Not compressed: deflate takes three times as long and saves a seventh.
    with TemporaryFile(dir=folder) as scratch:
        archive = StoredZip(file, scratch)
        archive.add(_METADATA, npy(np.array(metadata)))
        for chunk in chunks:
            for number, attention, _ in chunk:
                archive.add(f"{number}/query.npy", npy(attention.query))
                archive.add(f"{number}/value.npy", npy(attention.value))
                archive.add(f"{number}/scores.npy", npy(attention.scores))
                if attention.value_scores is not None:
                    archive.add(f"{number}/value_scores.npy", npy(attention.value_scores))
            numbers.append(chunk.pair)
            scores.append(chunk.score)
        pairs = np.concatenate(numbers)
        archive.add(_ARRAYS[0], npy(pairs))
        archive.add(_ARRAYS[1], npy(np.concatenate(scores) if scores else np.empty(0, np.float32)))
        archive.close()
    return len(pairs)


def join_npz(file: IO[bytes], dumps: Sequence[Location], folder: Path | None) -> None:
    """Write the pairs of several dumps as one, without keeping them in memory; the metadata are those of the first."""
    numbers, scores = list[NDArray[Any]](), list[NDArray[Any]]()
    with TemporaryFile(dir=folder) as scratch:
        archive = StoredZip(file, scratch)
        for dump in dumps:
            with local_copy(dump) as path, zipfile.ZipFile(path) as stored:
                for name in stored.namelist():
                    content = stored.read(name)
                    if name in _ARRAYS:
                        (numbers if name == _ARRAYS[0] else scores).append(_array(content))
                    elif name != _METADATA or dump == dumps[0]:
                        archive.add(name, (content,))
        for name, arrays in zip(_ARRAYS, (numbers, scores), strict=True):
            archive.add(name, npy(np.concatenate(arrays)))
        archive.close()


def _array(content: bytes) -> NDArray[Any]:
    array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def npy(array: NDArray[Any]) -> tuple[bytes, bytes]:
    """The content of an array's `.npy` file: header and data."""
    return _header(array.dtype, array.shape), array.tobytes()


@lru_cache(maxsize=4096)
def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    fields = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()
