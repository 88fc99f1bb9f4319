"""From which size on a cluster pays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pairlens.jobs.cluster.worth import too_small
from pairlens.kernels.threads import use_processors


@pytest.fixture(autouse=True)
def two_processors() -> Iterator[None]:
    use_processors(2)
    yield
    use_processors(None)


def test_a_small_input_is_scored_faster_here() -> None:
    # 50,000 weights take .6e-12 * 50,000 / 2 = 15 ns for each byte: 3 MB take .045 s, and 10 s are enough for 667 MB.
    assert too_small("ray", 3_000_000, 50_000) == (
        "--cluster ray would take about 10 s to start, and 3 MB take about 0.04 s to score here, so they are scored "
        "here; it pays from about 0.7 GB on"
    )


@pytest.mark.parametrize(("cluster", "least"), [("local", 33_333_334), ("ray", 666_666_667), ("auto", 333_333_334)])
def test_a_cluster_pays_if_it_starts_before_the_pairs_are_scored_here(cluster: str, least: int) -> None:
    assert too_small(cluster, least - 1, 50_000)
    assert too_small(cluster, least, 50_000) is None


def test_with_more_processors_it_pays_later() -> None:
    use_processors(64)
    assert too_small("ray", 20_000_000_000, 50_000)  # 32 times as fast: 10 s are enough for 21 GB
    assert too_small("ray", 22_000_000_000, 50_000) is None
