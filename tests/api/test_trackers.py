"""The callbacks for MLflow and Weights & Biases in model/README.md, run with stand-ins that have the same signatures.

The stand-ins refuse what the services refuse: more than 100 parameters at once, keys of other characters, values that
are not numbers, and steps that go back.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from written_configs import DOCUMENTED

import pairlens
from pairlens import Began, Evaluation, Event, Finished, Step
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts

PAGE = Path(__file__).parents[2] / "model" / "README.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
PAIRS = Pairs(Texts.from_lists([[1]]), Texts.from_lists([[2]]), np.ones(1, np.float32))
EVENTS: list[Event] = [
    Began(Path("run"), pairlens.load_config(DOCUMENTED), 0, PAIRS, PAIRS),
    Step(1, 2, 1, 1, 1, 0.7, 0.01, 9.0),
    Evaluation(1, 1, 0.7, 9.0, {"accuracy": 0.5}, True, {}),
    Step(2, 2, 1, 1, 2, 0.4, 0.01, 9.0),
    Evaluation(2, 2, 0.4, 9.0, {"accuracy": 0.75}, True, {}),
    Finished(Path("run"), {"accuracy": 0.75}),
]


def run_snippet(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = [snippet for snippet in SNIPPETS if f"import {library.__name__}\n" in snippet]

    def train(config: str, output: str, *, callbacks: list[pairlens.Callback]) -> None:
        for event in EVENTS:
            for callback in callbacks:
                callback(event)

    monkeypatch.setitem(sys.modules, library.__name__, library)
    monkeypatch.setattr(pairlens, "train", train)
    exec(snippet, {"pairlens": pairlens})


def test_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters: dict[str, Any] = {}
    metrics: list[tuple[str, float, int | None]] = []
    active = False

    @contextmanager
    def start_run() -> Iterator[None]:
        nonlocal active
        active = True
        yield
        active = False

    def log_params(params: dict[str, Any]) -> None:
        assert active
        assert 0 < len(params) <= 100
        assert all(re.fullmatch(r"[\w./ -]+", key) and len(str(value)) <= 500 for key, value in params.items())
        assert not params.keys() & parameters.keys()
        parameters.update(params)

    def log_metrics(metrics_: Mapping[str, float], step: int | None = None) -> None:
        assert active
        metrics.extend((name, float(value), step) for name, value in metrics_.items())

    library: Any = ModuleType("mlflow")
    library.start_run, library.log_params, library.log_metrics = start_run, log_params, log_metrics
    run_snippet(library, monkeypatch)
    assert (parameters["training.epochs"], parameters["model.conv.0.filters"]) == (10, 100)
    assert metrics == [
        ("loss", 0.7, 1),
        ("accuracy", 0.5, 1),
        ("loss", 0.4, 2),
        ("accuracy", 0.75, 2),
        ("best_accuracy", 0.75, None),
    ]


def test_weights_and_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    config: dict[str, Any] = {}
    summary: dict[str, float] = {}
    history: dict[int, dict[str, float]] = {}

    def log(data: dict[str, Any], step: int | None = None) -> None:
        assert step is not None
        assert step >= max(history, default=0)  # an earlier step would be dropped
        history.setdefault(step, {}).update(data)

    @contextmanager
    def init(project: str) -> Iterator[Any]:
        yield SimpleNamespace(config=config, summary=summary, log=log)

    library: Any = ModuleType("wandb")
    library.init = init
    run_snippet(library, monkeypatch)
    assert config["training.epochs"] == 10
    assert history == {
        1: {"loss": 0.7, "learning_rate": 0.01, "dev/accuracy": 0.5},
        2: {"loss": 0.4, "learning_rate": 0.01, "dev/accuracy": 0.75},
    }
    assert summary == {"accuracy": 0.75}


def test_they_are_short() -> None:
    assert len(SNIPPETS) == 2
    for snippet in SNIPPETS:
        function = re.search(r"^def log.*?(?=\n\n)", snippet, re.MULTILINE | re.DOTALL)
        assert function is not None
        assert function[0].count("\n") < 12
