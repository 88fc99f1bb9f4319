"""Arrays that grow with the product of the text lengths are never kept whole in memory.

Concat scores are computed from [B, Tq, Tv, filters], here 32 x 512 x 512 x 100 floats, 3.4 GB; the attention scores of
a pair of 30,000 x 30,000 tokens are 7.2 GB in both directions.

Each is measured in its own process, since a peak never falls. The processes run this file.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from running import run_to_end

sys.path.insert(0, str(Path(__file__).parent))

from models import make_config, random_texts, random_weights

PAIRS, TOKENS, FILTERS = 32, 512, 100
CONFIG = make_config(batch_size=PAIRS, conv=[{"filters": FILTERS}], attention={"score_mode": "concat"})


def train(folder: Path) -> None:
    """One training step."""
    from pairlens.runs.run import Run
    from pairlens.texts.pairs import Pairs
    from pairlens.texts.texts import Texts
    from pairlens.training.trainer import Trainer

    config = CONFIG.model_copy(update={"training": CONFIG.training.model_copy(update={"epochs": 1})})
    texts = Texts.from_lists(random_texts(PAIRS, TOKENS, 23, shortest=TOKENS))
    pairs = Pairs(texts, texts, np.zeros(PAIRS, np.float32))
    Trainer(config, Run.create(folder, config, {})).fit(pairs, None, lambda _: None)


def score(_: Path) -> None:
    from pairlens.scoring.scorer import Scorer

    texts = random_texts(PAIRS, TOKENS, 23, shortest=TOKENS)
    Scorer(CONFIG, random_weights(CONFIG)).score(texts, texts)


def score_long(_: Path) -> None:
    from pairlens.scoring.scorer import Scorer

    config = make_config(conv=[{"filters": 4}], attention={"direction": "both"}, features=["encoding", "product"])
    query, value = random_texts(2, 30_000, 23, shortest=30_000)
    Scorer(config, random_weights(config)).score([query], [value])


def rank(_: Path) -> None:
    """0.4 GB of logits, if all were kept."""
    from pairlens.scoring.ranker import Ranker
    from pairlens.texts.texts import Texts

    config = make_config(conv=[{"filters": 8}], dnn={"units": [8]})
    texts = Texts.from_lists(random_texts(10_000, 2, 23))
    ranker = Ranker(config, random_weights(config), texts, 10)
    for start in range(0, len(texts), ranker.chunk):
        list(ranker.rank(texts.take(np.arange(start, min(start + ranker.chunk, len(texts)))), start))


@pytest.mark.parametrize(("what", "gigabytes"), [("train", 2.0), ("score", 0.5), ("score_long", 0.3), ("rank", 0.25)])
def test_peak_memory_is_bounded(what: str, gigabytes: float, tmp_path: Path) -> None:
    command = [sys.executable, __file__, what, str(tmp_path / "run")]
    peak = run_to_end(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert float(peak) < gigabytes


if __name__ == "__main__":
    {"train": train, "score": score, "score_long": score_long, "rank": rank}[sys.argv[1]](Path(sys.argv[2]))
    # The peak of this program alone: ru_maxrss would start at the parent's.
    status = Path("/proc/self/status").read_text()
    print(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 2**20)
