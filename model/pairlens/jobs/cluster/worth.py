"""Whether a cluster is worth its start, by times that were measured on two cores of a shared AMD EPYC."""

from __future__ import annotations

from pairlens.kernels.threads import processors
from pairlens.memory import in_words

# Seconds until the first worker scores: of a process, of Ray when it is started, of Ray when it is joined.
_START = {"local": 0.5, "ray": 10.0}
_JOIN = 5.0
# Seconds to score a byte of a file of ids with one weight on one processor. A million short pairs, 100 MB, take 2.2 s
# with the 38,600 weights of the documented network: .6e-12. Others take from half to twice as long as this says.
_PER_BYTE_AND_WEIGHT = 0.6e-12


def too_small(cluster: str, size: int, weights: int) -> str | None:
    """Why pairs are scored faster without a cluster: scoring them here takes less time than the cluster's start.

    Args:
        size: bytes of the input, uncompressed.
        weights: their number without those of the embedding.

    Returns:
        a sentence that says from which size on a cluster pays; None if it pays.
    """
    start = _START.get(cluster, _JOIN)
    per_byte = _PER_BYTE_AND_WEIGHT * weights / processors()
    if size * per_byte >= start:
        return None
    return (
        f"--cluster {cluster} would take about {start:g} s to start, and {in_words(size)} take about "
        f"{size * per_byte:.1g} s to score here, so they are scored here; it pays from about "
        f"{in_words(round(start / per_byte))} on"
    )
