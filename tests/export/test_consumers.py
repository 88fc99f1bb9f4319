"""Every format of an aligned and of the documented network, used by a program that has no pairlens."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from models import make_config, random_texts, random_weights
from running import run_to_end

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.jobs.export_job import ExportJob
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer

CONFIGS = {
    "documented": make_config(embedding={"input_dim": 1000, "output_dim": 64}, conv=[{}], dnn={}),
    "aligned": make_config(
        embedding={"match_channels": True},
        conv=[{"filters": 8, "kernel_size": 3, "activation": "relu"}],
        views=["embedding", "convolution"],
        attention={"direction": "both", "temperature": 10.0},
        features=["encoding", "attention", "absolute_difference", "product"],
        compare={"units": 12},
        pooling=["average", "max"],
        overlap=True,
        wide=True,
    ),
    "classes": make_config(task="multiclass", classes=3, symmetric=True),
}
TABLE = [  # all but what plain layers cannot express
    ("documented", "savedmodel"),
    ("documented", "keras"),
    ("documented", "onnx"),
    ("documented", "safetensors"),
    ("aligned", "savedmodel"),
    ("aligned", "onnx"),
    ("aligned", "safetensors"),
    ("classes", "keras"),
]


def pairs_of(config: Config) -> dict[str, object]:
    """Pairs with their scores, and the shapes of the weights."""
    queries, values = (random_texts(40, 9, config.model.embedding.input_dim, seed) for seed in (1, 2))
    values[::4] = queries[::4]
    score = Scorer(config, random_weights(config)).score(queries, values)
    texts = {
        side: [text.tolist() for text in texts]
        for side, texts in zip(("query", "value"), (queries, values), strict=True)
    }
    shapes = {name: [*shape] for name, shape in weight_shapes(config.model).items()}
    return {**texts, "score": np.asarray(score, np.float64).tolist(), "shapes": shapes}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an export for each row of the table, named NETWORK-FORMAT."""
    runs, folder = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("exports")
    for name, config in CONFIGS.items():
        Run.create(runs / name, config, {}).write_weights(random_weights(config))
    for name, to in TABLE:
        ExportJob(Run.open(runs / name), to, folder / f"{name}-{to}").write()
    (folder / "pairs.json").write_text(json.dumps({name: pairs_of(config) for name, config in CONFIGS.items()}))
    return folder


def test_each_scores_as_the_run_where_there_is_no_pairlens(exports: Path) -> None:
    command = [sys.executable, "-I", Path(__file__).with_name("consumer.py"), exports]
    result = run_to_end(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    differences = json.loads(result.stdout.splitlines()[-1])
    assert differences.keys() == {f"{name}-{to}" for name, to in TABLE}
    assert max(differences.values()) < 1e-5, differences
