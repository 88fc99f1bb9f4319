"""The data that a training reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.texts.pairs import Pairs
from pairlens.texts.splits import LATER_SPLITS, find_split
from pairlens.vectors.pretrained import Coverage
from pairlens.vectors.wanted import Vectors


class Data(NamedTuple):
    """The data that a training reads; what the config does not ask for is None.

    Attributes:
        coverage: how many words and tokens have a pretrained vector.
        carried: the contents of the files to copy into the runs, by name.
    """

    train: Pairs
    dev: Pairs | None
    pretrained: NDArray[np.float32] | None
    vocabulary: list[str] | None
    vectors: Vectors | None
    coverage: Coverage | None
    carried: dict[str, bytes]


def refuse_missing_splits(config: Config) -> None:
    """Raises DataError if a split is missing; the message explains how to give its new path."""
    for name in ("train", *LATER_SPLITS):
        if config.data.prefixes(name):
            try:
                find_split(config, name)
            except DataError as error:
                prefix = "PREFIX" if len(config.data.prefixes(name)) == 1 else "[PREFIX,PREFIX,...]"
                raise DataError(f"{error}; if it has moved, add --set data.{name}={prefix}") from None
