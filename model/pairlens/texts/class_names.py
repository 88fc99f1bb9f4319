"""The names of classes: a JSON list whose item N, from 0, is the name of label N."""

from __future__ import annotations

import json

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.regular import read_regular

_MAX_BYTES = 2**24


def read_class_names(path: Location) -> list[str]:
    """Read the name of each label.

    Raises:
        DataError: the file cannot be read, or is not a JSON list of distinct names that are not blank.
    """
    try:
        names = json.loads(read_regular(path, _MAX_BYTES))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); must be a JSON list of class names") from None
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise DataError(f'{path}: must be a JSON list of class names, such as ["no", "yes"]')
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: {twice!r} is listed twice; give each class its own name")
    return names
