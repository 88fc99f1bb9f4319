"""Adam for an embedding, fast when each batch contains only a few of its words.

Adam moves every row in every step; without a new gradient, by its decaying moments. Those steps depend only on the
state after the row's last gradient. So they are postponed until a batch contains the word, or all rows are requested,
and are then done one after the other: the results equal `tf_keras.optimizers.Adam` up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pairlens.config.keras import Adam
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.kernels.threads import each_in, processors

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

_NEGLIGIBLE = 1e-12  # a mean gradient that has decayed by this factor changes no float32 weight
_FEW = 500  # rows that are updated in less time than a thread takes to start


class RowAdam:
    """Adam and its state for each row.

    Args:
        weights: float32 [V, dim], changed in place.
        means, squares: Adam's moments as of each row's last gradient, float32 [V, dim], changed in place.
        touched: the step of that gradient, int64 [V], changed in place; 0 if there was none.
        step: the number of steps done so far, which the weights include.
    """

    def __init__(
        self, adam: Adam, weights: Floats, means: Floats, squares: Floats, touched: Indices, step: int
    ) -> None:
        self.weights, self.means, self.squares, self.touched = weights, means, squares, touched
        self._current = np.full(len(weights), step)
        self._adam = adam
        self._step = step
        self._horizon = math.ceil(math.log(_NEGLIGIBLE) / math.log(max(adam.beta_1, 1e-3)))
        self._rates = np.zeros(0, np.float32)  # by step
        self._decay = np.zeros((2, 0), np.float32)  # of mean and root mean square, by steps since the last gradient
        self._grow_tables()

    def rows(self, words: Indices) -> Floats:
        """The current rows of distinct words [n]: float32 [n, dim]."""
        if self._adam.lazy:
            return self.weights[words]
        out = np.empty((len(words), self.weights.shape[1]), np.float32)
        self._catch_up(words, out)
        return out

    def all_rows(self) -> Floats:
        """Bring every row up to date and return `weights`."""
        if not self._adam.lazy:
            self._catch_up(np.arange(len(self.weights)), self.weights)
        return self.weights

    def move(self, words: Indices, gradient: Floats, learning_rate: float) -> None:
        """Do the next step, with a gradient float32 [n, dim] of the words that were last passed to `rows`."""
        adam = self._adam
        self._step += 1
        self._grow_tables()
        rate = learning_rate * math.sqrt(1.0 - adam.beta_2**self._step) / (1.0 - adam.beta_1**self._step)
        self._rates[self._step] = rate
        numbers = np.array([1.0 - adam.beta_1, 1.0 - adam.beta_2, rate, adam.epsilon], np.float32)
        step = np.array([self._step, not adam.lazy])

        def work(part: slice) -> None:
            arrays = self._arrays(words[part])
            call(signatures.MOVE_ROWS, **arrays, gradient=gradient[part], numbers=numbers, step=step)

        _in_halves(len(words), work)

    def _catch_up(self, words: Indices, out: Floats) -> None:
        epsilon, limits = np.array([self._adam.epsilon], np.float32), np.array([self._step, self._horizon])

        def work(part: slice) -> None:
            arrays = self._arrays(words[part])
            call(signatures.CATCH_UP_ROWS, **arrays, rates=self._rates, epsilon=epsilon, limits=limits, out=out[part])

        _in_halves(len(words), work)

    def _arrays(self, rows: Indices) -> dict[str, NDArray[np.generic]]:
        """The arguments that both kernels need for these rows."""
        return {
            "rows": rows,
            "weights": self.weights,
            "means": self.means,
            "squares": self.squares,
            "touched": self.touched,
            "current": self._current,
            "mean_decay": self._decay[0],
            "root_decay": self._decay[1],
        }

    def _grow_tables(self) -> None:
        """Extend the tables beyond the current step."""
        if self._step < len(self._rates):
            return
        ages = np.arange(2 * self._step + 1000)
        self._rates = np.append(self._rates, np.zeros(len(ages) - len(self._rates), np.float32))
        self._decay = np.stack([self._adam.beta_1**ages, self._adam.beta_2 ** (ages / 2)]).astype(np.float32)


def _in_halves(count: int, work: Callable[[slice], None]) -> None:
    """Do work on `count` rows, in two threads if that is faster."""
    if count < _FEW:
        work(slice(0, count))
    else:
        list(each_in(processors())(work, [slice(0, count // 2), slice(count // 2, count)]))
