"""What a user's code may look like; test_types.py has mypy and pyright check it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import pairlens


class Losses:
    """A callback with a state."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.best: dict[str, float] = {}

    def __call__(self, event: pairlens.Event) -> None:
        match event:
            case pairlens.Began():
                epochs: int = event.config.training.epochs
                print(epochs, event.settings["training.seed"], len(event.train), event.run / "config.yaml")
            case pairlens.Step():
                self.losses.append(event.loss * event.learning_rate * event.global_step)
            case pairlens.Evaluation():
                kernel: NDArray[np.float32] = event.weights["head/kernel"]
                print(event.epoch, event.dev.get("accuracy"), kernel.shape)
            case pairlens.Finished(metrics=metrics):
                self.best = metrics


def quietly(_: pairlens.Event) -> None:
    pass


def train(folder: Path) -> pairlens.Run:
    encoded = pairlens.encode({"train": "train.csv", "dev": ["a.csv", folder / "b.csv"]}, folder, vectors="glove.txt")
    config = pairlens.load_config("mine.yaml", set={"model.embedding.input_dim": len(encoded.tokenizer.vocabulary)})
    callbacks: list[pairlens.Callback] = [Losses(), quietly, pairlens.TensorBoard()]
    built = {"data": {"train": folder / "train"}, "model": {"embedding": {"input_dim": 9}}}
    pairlens.train(built, folder / "other", seed=3, force=True, callbacks=callbacks)
    return pairlens.train(config, folder / "run", resume=True, threads=2, callbacks=[quietly])


def use(run: pairlens.Run) -> float:
    pairs: pairlens.Pairs = pairlens.load_pairs(query="q.txt", value="v.txt", label=Path("l.txt"), config=run)
    measured = pairlens.evaluate(run, pairs=pairs)
    scorer: pairlens.Scorer = pairlens.load(run)
    scores: NDArray[np.float32] = scorer.score(pairs.query, pairs.value)
    scorer.score("one text", np.array(["another"], object))
    scorer.score([[1, 2], np.array([3])], iter([[4], [5]]))
    pair: pairlens.Attention = run.load().attend(["a"], ["b"])[0]
    first: str = (run.vocabulary or [""])[0]
    try:
        pairlens.Run(run.path)
    except pairlens.errors.RunError as error:
        print(error, first, pair.scores.shape, run.metrics[0]["loss"], pairlens.Tokenizer.read("tokenizer.json"))
    return float(scores[0]) + float(measured["metrics"]["accuracy"])
