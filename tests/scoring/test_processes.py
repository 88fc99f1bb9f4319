"""A scorer that has been used works in forked processes, and in processes that it is sent to."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from models import make_config, random_texts, random_weights
from running import run_to_end

from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer

TEXTS = random_texts(300, 9, 11)


@pytest.fixture
def used() -> Scorer:
    """A scorer that has made its threads and tables."""
    config = make_config()
    scorer = Scorer(config, random_weights(config), threads=2)
    scorer.score(TEXTS, TEXTS[::-1])
    return scorer


FORK = """
import multiprocessing, os, signal, sys, threading
import pairlens
texts = [[i % 7, i % 5, 3] for i in range(5000)]
scorer = pairlens.load(sys.argv[1], threads=2)
expected = scorer.score(texts, texts[::-1]).tobytes()
at_work = threading.Event()
others = threading.Thread(target=lambda: [scorer.score(texts, texts) for _ in range(20)] + [at_work.set()])
others.start()  # so that threads are working whenever the process forks
for _ in range(5):
    child = os.fork()
    if not child:
        signal.alarm(30)  # kills a child that hangs
        same = scorer.score(texts, texts[::-1]).tobytes() == expected
        same &= scorer.attend(texts[:3], texts[:3])[0].scores.shape == (3, 3)
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
others.join()
with multiprocessing.get_context("fork").Pool(2) as pool:
    scores = pool.starmap_async(scorer.score, [(texts, texts[::-1])] * 2).get(30)
assert [score.tobytes() for score in scores] == [expected] * 2
assert scorer.score(texts, texts[::-1]).tobytes() == expected
"""


def test_a_forked_process_scores_the_same_and_so_does_its_parent(tmp_path: Path) -> None:
    config = make_config()
    Run.create(tmp_path / "run", config, {}).write_weights(random_weights(config))
    run_to_end([sys.executable, "-c", FORK, tmp_path / "run"], check=True)


FORK_WHILE_LOADING = """
import os, signal, threading
import numpy as np
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
loading = threading.Thread(target=lambda: call(signatures.GELU, x=np.ones(3, np.float32)))
loading.start()
x = np.array([2.0], np.float32)
child = os.fork()
if not child:
    signal.alarm(60)
    call(signatures.GELU, x=x)
    os._exit(0 if abs(x[0] - 1.9545) < 1e-4 else 1)  # 2 * Phi(2)
assert os.waitpid(child, 0)[1] == 0
loading.join()
"""


def test_a_process_that_forks_while_a_thread_loads_a_kernel() -> None:
    for _ in range(3):
        run_to_end([sys.executable, "-c", FORK_WHILE_LOADING], check=True)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pool_of_processes(used: Scorer, method: str) -> None:
    """`fork` is tested above, in a process without a test session's threads."""
    with multiprocessing.get_context(method).Pool(1) as pool:
        [score] = pool.starmap_async(used.score, [(TEXTS, TEXTS[::-1])]).get(120)
    np.testing.assert_array_equal(score, used.score(TEXTS, TEXTS[::-1]))


def test_a_used_scorer_is_pickled_without_its_tables(used: Scorer) -> None:
    sent = pickle.dumps(used)
    assert len(sent) == len(pickle.dumps(Scorer(used.config, used._weights, threads=2)))
    again = pickle.loads(sent)
    for x, y in ((used, again), (again, used)):
        np.testing.assert_array_equal(x.score(TEXTS, TEXTS[::-1]), y.score(TEXTS, TEXTS[::-1]))
    assert again.threads == 2
    np.testing.assert_array_equal(
        again.attend(TEXTS[:1], TEXTS[1:2])[0].scores, used.attend(TEXTS[:1], TEXTS[1:2])[0].scores
    )
