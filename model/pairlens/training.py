"""The training loop: TensorFlow computes the steps, the scorer evaluates on dev, the run directory keeps the best.

Everything random follows from (seed, epoch, step), so that a run continued from a checkpoint ends with the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.batches import Batch, training_batches
from pairlens.config import TASK_LOSSES, Config
from pairlens.config_keras import Adam
from pairlens.errors import PairlensError
from pairlens.initial_state import start_from_data
from pairlens.losses import batch_loss, pair_weights
from pairlens.metrics import best_threshold, evaluate_scores, higher_is_better
from pairlens.network import Dropout, build_network
from pairlens.optimizers import make_optimizer, rows_once
from pairlens.overlap import overlap_features
from pairlens.pairs import Pairs
from pairlens.runs import Json, Run
from pairlens.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Step:
    """One batch done: `step` of `steps` in `epoch` of `epochs`, all from 1; the epoch's mean loss and speed so far."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    pairs_per_second: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One epoch done and evaluated; a line of metrics.jsonl. `dev` is empty without a dev split."""

    epoch: int
    loss: float
    pairs_per_second: float
    dev: dict[str, float]
    best: bool


@dataclass(slots=True)
class _Progress:
    """Where training stands; together with the weights and the optimizer's state, all that continuing needs."""

    epoch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int = 0
    evaluations: list[Json] = field(default_factory=list)


Floats = NDArray[np.float32]
Listener = Callable[[Step | Evaluation], None]


class Trainer:
    """Trains the network of a config into a run directory.

    Args:
        run: where weights, metrics and checkpoints go; if it has a checkpoint, training continues from there.
        pretrained: float32 [input_dim, output_dim], the embedding's initial values instead of the initializer's.
    """

    def __init__(self, config: Config, run: Run, pretrained: NDArray[np.float32] | None = None) -> None:
        tf.config.experimental.enable_op_determinism()
        tf.random.set_seed(config.training.seed)
        self.config = config
        self.run = run
        self.network = build_network(config)
        if pretrained is not None:
            self.network.embedding.embeddings.assign(pretrained)
        self.optimizer = make_optimizer(config.training.optimizer)
        self.optimizer.build(self.network.trainable_variables)
        gathers = config.training.accumulate > 1
        self._gradients = [tf.Variable(tf.zeros_like(v)) for v in self.network.trainable_variables if gathers]
        self.progress = _Progress()
        if checkpoint := run.checkpoint():
            self._restore(*checkpoint)
        ids, length, number = (tf.TensorSpec(shape, tf.int32) for shape in ([None, None], [None], [None]))
        matrix, vector = tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None], tf.float32)
        batch = Batch(ids, length, ids, length, matrix, vector, vector, number)
        signature = [batch, tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)]
        self._step = tf.function(self._train_step, input_signature=signature, autograph=False)

    def fit(self, train: Pairs, dev: Pairs | None, listen: Listener) -> dict[str, float]:
        """Train to the last epoch or until early stopping, telling `listen` of every step and evaluation.

        Returns:
            The dev metrics of the best weights, which the run directory then holds; nothing without a dev split.

        Raises:
            PairlensError: the loss is no longer finite. The best weights so far stay in the run directory.
        """
        if self.progress.epoch == 0 and self.config.training.warm_start:
            self.network.assign(Run.open(self.config.training.warm_start).weights(self.config))
        elif self.progress.epoch == 0:
            start_from_data(self.network, self.config, train)
        overlap = None
        if self.config.model.overlap:
            overlap = overlap_features(train.query, train.value, self.network.idf.numpy())
        train = replace(train, weight=pair_weights(self.config, train))
        while self.progress.epoch < self.config.training.epochs and not self._out_of_patience():
            loss, rate = self._train_epoch(train, overlap, listen)
            listen(self._end_epoch(loss, rate, dev))
        return self._finish(dev)

    def _train_epoch(self, train: Pairs, overlap: Floats | None, listen: Listener) -> tuple[float, float]:
        """One pass over the data; its mean loss and its pairs per second."""
        training, epoch = self.config.training, self.progress.epoch + 1
        by_group = self._loss == "pairwise"
        batches = training_batches(train, training.batch_size, training.seed, epoch, overlap, by_group)
        total, seen, mean, rate, began = 0.0, 0, 0.0, 0.0, time.perf_counter()
        for number, batch in enumerate(batches, 1):
            learning_rate = self._learning_rate(epoch - 1 + (number - 1) / len(batches), 1 / len(batches))
            gathered = training.accumulate if number % training.accumulate == 0 else 0
            if number == len(batches):
                gathered = (number - 1) % training.accumulate + 1
            loss = float(self._step(batch, self.progress.step, learning_rate, gathered))
            if not math.isfinite(loss):
                raise PairlensError(
                    f"the loss became {loss} in epoch {epoch}, step {number}, at learning rate {learning_rate:g}; "
                    f"{self.run.path} keeps the best weights so far. "
                    "Try a lower training.optimizer.learning_rate, or training.optimizer.clipnorm=1.0"
                )
            self.progress.step += 1
            total, seen = total + loss * len(batch.label), seen + len(batch.label)
            mean, rate = total / seen, seen / (time.perf_counter() - began)
            listen(Step(epoch, training.epochs, number, len(batches), mean, rate))
        return mean, rate

    def _learning_rate(self, epochs_done: float, step: float) -> float:
        """The rate of a step that is so long, in epochs, and begins after so many."""
        training = self.config.training
        done = epochs_done / training.epochs
        decay = {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 + 0.5 * math.cos(math.pi * done)}
        warmup = training.schedule.warmup * training.epochs
        rise = min(1.0, (epochs_done + step) / warmup) if warmup else 1.0
        return training.optimizer.learning_rate * rise * decay[training.schedule.name]

    def _train_step(self, batch: Batch, step: tf.Tensor, learning_rate: tf.Tensor, gathered: tf.Tensor) -> tf.Tensor:
        """The loss of a batch; with `gathered` > 0 the mean of so many batches' gradients is applied."""
        dropout = Dropout(self.config.training.seed, step)
        self.optimizer.learning_rate.assign(learning_rate)
        with tf.GradientTape() as tape:
            _, parts = self.network(*batch[:5], dropout=dropout)
            loss = batch_loss(self._loss, self.config.training.label_smoothing, batch, parts["logits"])
            total = tf.add_n([loss, *self.network.losses])  # with the regularizers
        variables = self.network.trainable_variables
        # Dense unless lazy: Keras's steps for gradients of rows touch every row of the moments as well, in many passes.
        lazy = isinstance(self.config.training.optimizer, Adam) and self.config.training.optimizer.lazy
        prepare = rows_once if lazy else tf.convert_to_tensor
        gradients = [prepare(gradient) for gradient in tape.gradient(total, variables)]
        if self.config.training.accumulate == 1:
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss
        for sum_, gradient in zip(self._gradients, gradients, strict=True):
            sum_.assign_add(gradient)
        tf.cond(gathered > 0, lambda: self._apply_gathered(tf.cast(gathered, tf.float32)), lambda: None)
        return loss

    def _apply_gathered(self, count: tf.Tensor) -> None:
        means = [gradient / count for gradient in self._gradients]
        self.optimizer.apply_gradients(zip(means, self.network.trainable_variables, strict=True))
        for gradient in self._gradients:
            gradient.assign(tf.zeros_like(gradient))

    def _end_epoch(self, loss: float, rate: float, dev: Pairs | None) -> Evaluation:
        """Evaluate on dev, keep the weights if they are the best so far (always without dev), write a checkpoint."""
        progress = self.progress
        progress.epoch += 1
        arrays = self.network.arrays()
        metrics = self._dev_metrics(arrays, dev)
        best = dev is None or self._improves(metrics[self.metric])
        if best:
            progress.best, progress.best_epoch = metrics.get(self.metric), progress.epoch
            self.run.write_weights(arrays)
        evaluation = Evaluation(progress.epoch, loss, rate, metrics, best)
        progress.evaluations.append(asdict(evaluation))
        optimizer = {f"optimizer/{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        self.run.write_checkpoint(arrays | optimizer, asdict(progress))
        self.run.write_metrics(progress.evaluations)
        return evaluation

    def _finish(self, dev: Pairs | None) -> dict[str, float]:
        """Fit the threshold on dev with the best weights, and write evaluation.json."""
        if dev is None:
            return {}
        assert dev.label is not None
        score = Scorer(self.config, self.run.weights(self.config)).score(dev.query, dev.value)
        if self.config.task != "binary":
            metrics = evaluate_scores(self.config.task, dev.label, score, group=dev.group)
            self.run.write_evaluation({"dev": metrics})
            return metrics
        threshold = best_threshold(dev.label, score, "f1" if self.metric == "f1" else "accuracy")
        metrics = evaluate_scores(self.config.task, dev.label, score, threshold)
        self.run.write_evaluation({"threshold": threshold, "dev": metrics})
        return metrics

    @property
    def _loss(self) -> str:
        chosen = self.config.training.loss
        return TASK_LOSSES[self.config.task][0] if chosen == "auto" else chosen

    # ---- early stopping ------------------------------------------------------------------------------------------

    @property
    def metric(self) -> str:
        """What early stopping watches, and by which the best weights are chosen."""
        return self.config.decisive_metric

    def _improves(self, value: float) -> bool:
        best = self.progress.best
        stopping = self.config.training.early_stopping
        if best is None or math.isnan(best):
            return True
        gain = value - best if higher_is_better(self.metric) else best - value
        return gain > (stopping.min_delta if stopping else 0.0)

    def _out_of_patience(self) -> bool:
        stopping = self.config.training.early_stopping
        waited = self.progress.epoch - self.progress.best_epoch
        return stopping is not None and waited >= max(stopping.patience, 1)  # as Keras counts

    def _dev_metrics(self, arrays: dict[str, NDArray[np.float32]], dev: Pairs | None) -> dict[str, float]:
        if dev is None:
            return {}
        assert dev.label is not None
        score = Scorer(self.config, arrays).score(dev.query, dev.value)
        return evaluate_scores(self.config.task, dev.label, score, group=dev.group)

    # ---- checkpoints ---------------------------------------------------------------------------------------------

    def _restore(self, arrays: dict[str, NDArray[Any]], progress: Json) -> None:
        self.progress = _Progress(**progress)
        self.network.assign(arrays)
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(arrays[f"optimizer/{i}"])
        self.run.write_metrics(self.progress.evaluations)
