"""Reads weights.npz, and checks it against the config."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import ModelConfig
from pairlens.config.weights import weight_shapes
from pairlens.errors import RunError
from pairlens.locations.location import Location
from pairlens.runs import names
from pairlens.runs.npz import Header, read_arrays, read_headers


def read_weights(path: Location, model: ModelConfig) -> dict[str, NDArray[np.float32]]:
    """Read every weight of a model, by name.

    Raises:
        RunError: the file is damaged, its arrays do not fit the config, or a number is not finite.
    """
    shapes = weight_shapes(model)
    headers = read_headers(path)  # checked first, so that no more is read than the config describes
    if wrong := sorted(shapes.keys() ^ headers.keys()):
        raise RunError(f"{path}: the arrays do not fit {names.CONFIG}; missing or unknown: {', '.join(wrong)}")
    for name, shape in shapes.items():
        if headers[name] != Header(shape, np.dtype(np.float32)):
            found = f"{headers[name].dtype} {list(headers[name].shape)}"
            raise RunError(f"{path}: {name} is {found}, but {names.CONFIG} needs float32 {list(shape)}")
    arrays = read_arrays(path)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise RunError(f"{path}: {name} contains numbers that are not finite; train again")
    return arrays
