"""What a training reads."""

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
    """All that a training reads; those that the config does not ask for are None.

    Attributes:
        coverage: how much of it has a vector.
        carried: the files that its runs will carry, by their names.
    """

    train: Pairs
    dev: Pairs | None
    pretrained: NDArray[np.float32] | None
    vocabulary: list[str] | None
    vectors: Vectors | None
    coverage: Coverage | None
    carried: dict[str, bytes]


def refuse_missing_splits(config: Config) -> None:
    """Raises DataError, which tells how to say where the data are now, unless every split is there."""
    for name in ("train", *LATER_SPLITS):
        if getattr(config.data, name):
            try:
                find_split(config, name)
            except DataError as error:
                raise DataError(f"{error}; where it lies now is said by --set data.{name}=PREFIX") from None
