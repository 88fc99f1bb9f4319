"""What an epoch reads: with word dropout, different texts each time, and overlap features that fit them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.config.schema import Config
from pairlens.runs.run import Run
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.batches import training_batches
from pairlens.training.trainer import Trainer


def make_config(**training: Any) -> Config:
    model = {"embedding": {"input_dim": 7, "output_dim": 3}, "conv": [{"filters": 2}], "dnn": {"units": [3]}}
    return Config.model_validate({"data": {"train": "train"}, "model": model, "training": training})


@pytest.mark.parametrize(("rate", "readings"), [(0.5, 3), (0.0, 1)])
def test_word_dropout_changes_the_texts_and_overlap_features_of_each_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, readings: int
) -> None:
    config = make_config(word_dropout={"rate": rate, "unknown_id": 1}, epochs=3).model_dump()
    config["model"]["overlap"] = True
    config = Config.model_validate(config)
    query = Texts.from_lists([[2, 3], [4, 3], [5, 3], [6, 3]])
    pairs = Pairs(query, query, np.array([0, 1, 0, 1], np.float32))
    epochs: list[tuple[list[int], Any]] = []

    def spy(read: Pairs, *args: Any) -> Any:
        overlap = args[3]
        trainer_idf = trainer.network.encoder.idf.numpy()
        np.testing.assert_array_equal(overlap, overlap_features(read.query, read.value, trainer_idf))
        epochs.append((read.query.ids.tolist(), overlap))
        return training_batches(read, *args)

    monkeypatch.setattr("pairlens.training.epochs.training_batches", spy)
    trainer = Trainer(config, Run.create(tmp_path / "run", config, environment={}))
    trainer.fit(pairs, None, lambda _: None)
    assert len(epochs) == 3
    assert len({tuple(ids) for ids, _ in epochs}) == readings
    for ids, _ in epochs:
        assert ids[1::2] == [3, 3, 3, 3]  # every query contains it
        assert all(found in (1, word) for found, word in zip(ids[::2], [2, 4, 5, 6], strict=True))
    assert pairs.query.ids.tolist() == [2, 3, 4, 3, 5, 3, 6, 3]
