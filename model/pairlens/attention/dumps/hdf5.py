"""Dumps as `.h5`; see dump.py for the content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pairlens.attention.stream import ScoredMaps

_CHUNK_BYTES = 2**16  # of a chunk in the file


def write_hdf5(file: IO[bytes], chunks: Iterable[ScoredMaps], metadata: str, dtype: DTypeLike) -> int:
    """Write a dump; `file` must also be readable. Return the number of pairs."""
    import h5py

    count, cells = 0, 0
    with h5py.File(file, "w") as archive:
        archive.attrs["metadata"] = metadata
        sides = ("query", "value")
        for side in sides:
            _append(archive, f"{side}_ids", np.empty(0, np.int32))
            _append(archive, f"{side}_offsets", np.zeros(1, np.int64))
        _append(archive, "offsets", np.zeros(1, np.int64))
        _append(archive, "pair", np.empty(0, np.int64))
        _append(archive, "scores", np.empty(0, dtype))
        for chunk in chunks:
            maps = chunk.maps
            for side, texts in zip(sides, (maps.query, maps.value), strict=True):
                _append(archive, f"{side}_offsets", texts.offsets[1:] + len(archive[f"{side}_ids"]))
                _append(archive, f"{side}_ids", texts.ids)
            _append(archive, "offsets", maps.offsets[1:] + cells)
            _append(archive, "pair", chunk.pair)
            _append(archive, "score", chunk.score)
            _append(archive, "scores", maps.scores)
            if maps.value_scores is not None:
                _append(archive, "value_scores", maps.value_scores)
            count, cells = count + len(chunk), cells + len(maps.scores)
        if not count:
            _append(archive, "score", np.empty(0, np.float32))
    return count


def _append(archive: Any, name: str, array: NDArray[Any]) -> None:
    """Append the array to a dataset, which is created if it does not exist."""
    if name not in archive:
        row = array.dtype.itemsize * int(np.prod(array.shape[1:]))
        chunks = (max(_CHUNK_BYTES // row, 1), *array.shape[1:])
        archive.create_dataset(name, data=array, maxshape=(None, *array.shape[1:]), chunks=chunks)
        return
    dataset = archive[name]
    dataset.resize(len(dataset) + len(array), axis=0)
    dataset[len(dataset) - len(array) :] = array
