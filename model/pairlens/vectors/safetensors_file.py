"""`.safetensors`: eight bytes with the length of the header, the header in JSON, and the tensors' bytes.

https://huggingface.co/docs/safetensors: {"NAME": {"dtype": "F32", "shape": [ROWS, DIM], "data_offsets": [FROM, TO]}}.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import data_errors
from pairlens.texts.local_copy import local_copy

_MAX_HEADER = 2**24  # bytes
_MAX_NAME = 100  # characters of a tensor's name in messages
_BYTES_OF = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8}
_SHARED_NAME = "embeddings"  # the name of the tensor to read if there are several


class _Tensor(NamedTuple):
    name: str
    dtype: str
    shape: list[int]
    start: int
    end: int


class Matrix(NamedTuple):
    """A matrix in a file: `stored` [rows, dim] is memory-mapped."""

    stored: NDArray[Any]
    is_bfloat16: bool = False

    def rows(self, numbers: list[int]) -> NDArray[np.float32]:
        """Some rows as float32; numbers beyond its range become infinite."""
        rows = self.stored[numbers]
        if self.is_bfloat16:  # the upper half of a float32
            return (rows.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(over="ignore"):
            return rows.astype(np.float32)


def open_safetensors(path: Location) -> Matrix:
    """Open the only matrix of a file, or the one named `embeddings` among several tensors.

    Raises:
        DataError: the file cannot be read, its header is damaged, or there is no such matrix.
    """
    with data_errors(str(path)), path.open("rb") as file:
        size = path.stat().st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(_MAX_HEADER, size - 8):
            raise DataError(f"{path}: not a safetensors file, or cut off in its header")
        tensors = _tensors(path, file.read(length), size - 8 - length)
    tensor = _chosen(path, tensors)
    dtype = {"BF16": "<u2"}.get(tensor.dtype, f"<f{_BYTES_OF[tensor.dtype]}")
    with data_errors(str(path)), local_copy(path) as copy:
        stored = np.memmap(copy, dtype, "r", 8 + length + tensor.start, (tensor.shape[0], tensor.shape[1]))
    return Matrix(stored, tensor.dtype == "BF16")


def _tensors(path: Location, header: bytes, size: int) -> list[_Tensor]:
    """The tensors in the header, sorted by position; together they take at most `size` bytes."""
    try:
        entries = json.loads(header)
        tensors = [_tensor(name, one) for name, one in entries.items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DataError(f"{path}: the header is damaged; download the file again") from None
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    before = 0
    for tensor in tensors:
        if not before <= tensor.start <= tensor.end <= size:
            raise DataError(
                f"{path}: {tensor.name!r} lies outside the file or overlaps another tensor; download the file again"
            )
        before = tensor.end
    return tensors


def _tensor(name: str, entry: dict[str, Any]) -> _Tensor:
    """Raises ValueError, TypeError or KeyError if `entry` does not describe a tensor."""
    start, end = entry["data_offsets"]
    numbers = [start, end, *entry["shape"]]
    if not isinstance(entry["dtype"], str) or not all(
        type(number) is int and 0 <= number < 2**63 for number in numbers
    ):
        raise ValueError
    return _Tensor(name[:_MAX_NAME], entry["dtype"], list(entry["shape"]), start, end)


def _chosen(path: Location, tensors: list[_Tensor]) -> _Tensor:
    named = [tensor for tensor in tensors if tensor.name == _SHARED_NAME] if len(tensors) > 1 else tensors
    if not named:
        names = ", ".join(repr(tensor.name) for tensor in tensors[:5]) or "no tensor"
        raise DataError(f"{path}: found {names}; must contain a single matrix, or name it {_SHARED_NAME!r}")
    tensor = named[0]
    if tensor.dtype not in _BYTES_OF or len(tensor.shape) != 2 or 0 in tensor.shape:
        found, allowed = f"{tensor.dtype[:20]} {tensor.shape[:5]}", ", ".join(_BYTES_OF)
        raise DataError(f"{path}: {tensor.name!r} is {found}; must be a matrix of {allowed}")
    rows, dim = tensor.shape
    if rows * dim * _BYTES_OF[tensor.dtype] != tensor.end - tensor.start:
        raise DataError(f"{path}: the size of {tensor.name!r} in bytes does not match its shape {tensor.shape}")
    return tensor
