"""Dumps as `.npz`; see dump.py for the content."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.dumps.stored_zip import StoredZip
from pairlens.attention.stream import ScoredMaps


def write_npz(file: IO[bytes], chunks: Iterable[ScoredMaps], metadata: str, folder: Path | None) -> int:
    """Write a dump; return the number of pairs. The archive's index grows in a temporary file in `folder`."""
    numbers, scores = [np.empty(0, np.int64)], []
    # Not compressed: deflate takes three times as long and saves a seventh.
    with TemporaryFile(dir=folder) as scratch:
        archive = StoredZip(file, scratch)
        archive.add("metadata.npy", npy(np.array(metadata)))
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
        archive.add("pair.npy", npy(pairs))
        archive.add("score.npy", npy(np.concatenate(scores) if scores else np.empty(0, np.float32)))
        archive.close()
    return len(pairs)


def npy(array: NDArray[Any]) -> tuple[bytes, bytes]:
    """The content of an array's `.npy` file: header and data."""
    return _header(array.dtype, array.shape), array.tobytes()


@lru_cache(maxsize=4096)
def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    fields = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, fields)
    return header.getvalue()
