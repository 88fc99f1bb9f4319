"""Write the token files of the benchmarks from a seed: Zipf ids, log-normal lengths.

python tests/benchmarks/workloads.py short 100000 FOLDER     # writes FOLDER/short-100000.query.txt and .value.txt
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 30_000
MEAN_LENGTHS = {"short": (11, 11), "long": (12, 162)}  # tokens of query and value
_SPREAD = 0.5  # standard deviation of a length's logarithm
_BLOCK = 100_000


def write_pairs(
    prefix: Path, lengths: tuple[int, int], pairs: int, vocabulary: int = VOCABULARY, seed: int = 1
) -> None:
    """Write PREFIX.query.txt and PREFIX.value.txt with `pairs` lines each, block by block."""
    random = np.random.default_rng(seed)
    words = np.array([str(i) for i in range(vocabulary)], object)
    for side, mean in zip(("query", "value"), lengths, strict=True):
        with Path(f"{prefix}.{side}.txt").open("w", encoding="ascii") as file:
            for start in range(0, pairs, _BLOCK):
                count = min(_BLOCK, pairs - start)
                tokens = text_lengths(random, mean, count)
                row = words[zipf_ids(random, int(tokens.sum()), vocabulary)].tolist()
                ends = np.cumsum(tokens).tolist()
                file.writelines(
                    " ".join(row[first:last]) + "\n" for first, last in zip([0, *ends[:-1]], ends, strict=True)
                )


def text_lengths(random: np.random.Generator, mean: int, count: int) -> NDArray[np.int64]:
    """Log-normal lengths [count] of the given mean, at least 1."""
    lengths = random.lognormal(np.log(mean) - _SPREAD**2 / 2, _SPREAD, count)
    return np.maximum(np.rint(lengths), 1).astype(np.int64)


def zipf_ids(random: np.random.Generator, count: int, vocabulary: int) -> NDArray[np.int64]:
    """Ids [count] from 0, id r with a probability proportional to 1 / (r + 1)."""
    cumulative = np.cumsum(1.0 / np.arange(1, vocabulary + 1))
    return np.searchsorted(cumulative / cumulative[-1], random.random(count), side="right").clip(max=vocabulary - 1)


if __name__ == "__main__":
    kind, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    write_pairs(folder / f"{kind}-{count}", MEAN_LENGTHS[kind], count)
