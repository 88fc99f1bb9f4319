"""The training loop: TensorFlow computes the steps, the scorer evaluates on dev, the run directory keeps the best.

Everything random follows from (seed, epoch, step), so that a run continued from a checkpoint ends with the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.config.keras import Adam
from pairlens.config.schema import TASK_LOSSES, Config
from pairlens.errors import PairlensError, RunError
from pairlens.metrics import best_threshold, evaluate_scores
from pairlens.network.dropout import Dropout
from pairlens.network.encoder import Rows
from pairlens.network.network import build_network
from pairlens.runs.progress import Pace, Progress
from pairlens.runs.run import Checkpoint, Run
from pairlens.scoring.scorer import Scorer
from pairlens.texts.overlap import overlap_features
from pairlens.texts.pairs import Pairs
from pairlens.training.batches import Batch, training_batches, words_of_batch
from pairlens.training.losses import batch_loss, pair_weights
from pairlens.training.optimizers import make_optimizer, moves_by_rows, rows_once
from pairlens.training.row_adam import RowAdam
from pairlens.training.start import start_from_data
from pairlens.training.word_dropout import changed_pairs, drop_words, words_of_one_query


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


Floats = NDArray[np.float32]
Listener = Callable[[Step | Evaluation], None]


class Trainer:
    """Trains the network of a config into a run directory.

    Args:
        run: where weights, metrics and checkpoints go; if it has a checkpoint, training continues from there.
        pretrained: float32 [input_dim, output_dim], the embedding's initial values instead of the initializer's.
        vocabulary: the words, whose spelling the embedding's initializer may look at.
    """

    def __init__(
        self,
        config: Config,
        run: Run,
        pretrained: NDArray[np.float32] | None = None,
        vocabulary: Sequence[str] | None = None,
    ) -> None:
        tf.config.experimental.enable_op_determinism()
        tf.random.set_seed(config.training.seed)
        self.config = config
        self.run = run
        self._vocabulary = vocabulary
        self.network = build_network(config)
        if pretrained is not None:
            self.network.encoder.embedding.embeddings.assign(pretrained)
        self.optimizer = make_optimizer(config.training.optimizer)
        self.optimizer.build(self.network.trainable_variables)
        gathers = config.training.accumulate > 1
        self._gradients = [tf.Variable(tf.zeros_like(v)) for v in self.network.trainable_variables if gathers]
        embedding = config.model.embedding
        # The step of each row's last gradient, if row_adam.py moves the embedding, and not TensorFlow.
        self._touched = tf.Variable(tf.zeros([embedding.input_dim], tf.int64)) if moves_by_rows(config) else None
        self._rows: RowAdam | None = None
        self.progress = Progress()
        self.warning: str | None = None  # of a damaged checkpoint
        self._pace = Pace(config)
        if checkpoint := run.checkpoint():
            self._restore(checkpoint)
        ids, length, number = (tf.TensorSpec(shape, tf.int32) for shape in ([None, None], [None], [None]))
        matrix, vector = tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None], tf.float32)
        batch = Batch(ids, length, ids, length, matrix, vector, vector, number)
        signature = [batch, tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)]
        if self._touched is not None:
            rows = tf.TensorSpec([None, embedding.output_dim], tf.float32)
            signature.append(Rows(tf.TensorSpec([None], tf.int64), rows, ids, ids))
        self._step = tf.function(self._train_step, input_signature=signature, autograph=False)

    def fit(
        self, train: Pairs, dev: Pairs | None, listen: Listener, stop: Callable[[], bool] = lambda: False
    ) -> dict[str, float] | None:
        """Train to the last epoch or until early stopping, telling `listen` of every step and evaluation.

        Returns:
            The dev metrics of the best weights, which the run directory then holds; nothing without a dev split. None
            if `stop`, which is asked after every step, said so: then a checkpoint was written.

        Raises:
            PairlensError: a loss, weight or score is no longer finite. The best weights so far stay in the run
                directory, and no checkpoint holds such numbers.
        """
        if self.progress.step == 0 and self.config.training.warm_start:
            self.network.assign(Run.open(self.config.training.warm_start).weights(self.config))
        elif self.progress.step == 0:
            start_from_data(self.network, self.config, train, self._vocabulary)
        if self._touched is not None:
            self._rows = self._start_rows(self._touched)
        self.run.write_metrics(self.progress.evaluations)
        train = replace(train, weight=pair_weights(self.config, train))
        overlap = self._overlap(train) if self.config.model.overlap else None
        words = words_of_one_query(train) if self.config.training.word_dropout.rate else None
        while not self.progress.is_done(self.config):
            if not self._train_epoch(*self._read(train, overlap, words), listen, stop):
                return None
            listen(self._end_epoch(dev))
        return self._finish(dev)

    def _overlap(self, pairs: Pairs) -> Floats:
        return overlap_features(pairs.query, pairs.value, self.network.encoder.idf.numpy())

    def _read(
        self, train: Pairs, overlap: Floats | None, words: NDArray[np.int32] | None
    ) -> tuple[Pairs, Floats | None]:
        """The pairs as the epoch reads them, and their overlap, which is another only where a word was dropped."""
        if words is None:
            return train, overlap
        training = self.config.training
        read = drop_words(train, words, training.word_dropout, training.seed, self.progress.epoch + 1)
        if overlap is not None:
            overlap, changed = overlap.copy(), changed_pairs(train, read)
            overlap[changed] = self._overlap(read.take(changed))
        return read, overlap

    def _train_epoch(self, train: Pairs, overlap: Floats | None, listen: Listener, stop: Callable[[], bool]) -> bool:
        """The rest of an epoch's pass over the data; False if it was stopped."""
        training, progress, epoch = self.config.training, self.progress, self.progress.epoch + 1
        by_group = self._loss == "pairwise"
        batches = training_batches(train, training.batch_size, training.seed, epoch, overlap, by_group)
        began = time.perf_counter() - progress.seconds
        for number in range(progress.batch + 1, len(batches) + 1):
            if stop():
                self._save()
                return False
            batch = batches[number - 1]
            learning_rate = self._learning_rate(epoch - 1 + (number - 1) / len(batches), 1 / len(batches))
            gathered = training.accumulate if number % training.accumulate == 0 else 0
            if number == len(batches):
                gathered = (number - 1) % training.accumulate + 1
            loss = self._do_step(batch, learning_rate, gathered)
            if not math.isfinite(loss):
                raise self._diverged(f"the loss became {loss}", number)
            progress.add_batch(len(batch.label), loss)
            progress.seconds = time.perf_counter() - began
            listen(Step(epoch, training.epochs, number, len(batches), progress.loss, progress.pairs_per_second))
            if number < len(batches) and self._pace.is_due(progress.step):  # else behind the evaluation
                self._save()
        return True

    def _do_step(self, batch: Batch, learning_rate: float, gathered: int) -> float:
        """Train on a batch; returns its loss."""
        if self._rows is None:
            return float(self._step(batch, self.progress.step, learning_rate, gathered)[0])
        words = words_of_batch(batch, self.config.model.embedding.input_dim)
        rows = Rows(words.ids, self._rows.rows(words.ids), words.query, words.value)
        loss, gradient = self._step(batch, self.progress.step, learning_rate, gathered, rows)
        self._rows.move(words.ids, gradient.numpy(), learning_rate)
        return float(loss)

    def _learning_rate(self, epochs_done: float, step: float) -> float:
        """The rate of a step that is so long, in epochs, and begins after so many."""
        training = self.config.training
        done = epochs_done / training.epochs
        decay = {"constant": 1.0, "linear": 1.0 - done, "cosine": 0.5 + 0.5 * math.cos(math.pi * done)}
        warmup = training.schedule.warmup * training.epochs
        rise = min(1.0, (epochs_done + step) / warmup) if warmup else 1.0
        return training.optimizer.learning_rate * rise * decay[training.schedule.name]

    def _train_step(
        self,
        batch: Batch,
        step: tf.Tensor,
        learning_rate: tf.Tensor,
        gathered: tf.Tensor,
        rows: Rows | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The loss of a batch; with `gathered` > 0 the mean of so many batches' gradients is applied.

        If the embedding's rows are given, their gradient is returned instead.
        """
        dropout = Dropout(self.config.training.seed, step)
        self.optimizer.learning_rate.assign(learning_rate)
        with tf.GradientTape() as tape:
            if rows:
                tape.watch(rows.embeddings)
            _, parts = self.network(*batch[:5], dropout=dropout, rows=rows)
            loss = batch_loss(self._loss, self.config.training.label_smoothing, batch, parts["logits"])
            total = tf.add_n([loss, *self.network.losses])  # with the regularizers
        variables = [v for v in self.network.trainable_variables if rows is None or v is not self._embeddings]
        # Dense unless lazy: Keras's steps for gradients of rows touch every row of the moments as well, in many passes.
        lazy = isinstance(self.config.training.optimizer, Adam) and self.config.training.optimizer.lazy
        prepare = rows_once if lazy else tf.convert_to_tensor
        by_rows, gradients = tape.gradient(total, (rows.embeddings if rows else [], variables))
        gradients = [prepare(gradient) for gradient in gradients]
        if self.config.training.accumulate == 1:
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss, tf.convert_to_tensor(by_rows) if rows else None
        for sum_, gradient in zip(self._gradients, gradients, strict=True):
            sum_.assign_add(gradient)
        tf.cond(gathered > 0, lambda: self._apply_gathered(tf.cast(gathered, tf.float32)), lambda: None)
        return loss, None

    def _apply_gathered(self, count: tf.Tensor) -> None:
        means = [gradient / count for gradient in self._gradients]
        self.optimizer.apply_gradients(zip(means, self.network.trainable_variables, strict=True))
        for gradient in self._gradients:
            gradient.assign(tf.zeros_like(gradient))

    def _end_epoch(self, dev: Pairs | None) -> Evaluation:
        """Evaluate on dev, and keep the weights if they are the best so far (always without dev).

        The files may come from different moments if the process is killed here, but never from different trainings:
        going on from any checkpoint writes the same weights and lines again.
        """
        progress = self.progress
        arrays = self._finite_arrays()
        metrics = self._dev_metrics(arrays, dev)
        best = dev is None or progress.improves(metrics[self.metric], self.config)
        evaluation = Evaluation(progress.epoch + 1, progress.loss, progress.pairs_per_second, metrics, best)
        progress.end_epoch()
        if best:
            progress.best, progress.best_epoch = metrics.get(self.metric), progress.epoch
            self.run.write_weights(arrays)
        progress.evaluations.append(asdict(evaluation))
        self.run.write_metrics(progress.evaluations)
        if progress.is_done(self.config) or self._pace.is_due(progress.step):
            self._save()
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

    @property
    def metric(self) -> str:
        """What early stopping watches, and by which the best weights are chosen."""
        return self.config.decisive_metric

    def _dev_metrics(self, arrays: dict[str, Floats], dev: Pairs | None) -> dict[str, float]:
        if dev is None:
            return {}
        assert dev.label is not None
        score = Scorer(self.config, arrays).score(dev.query, dev.value)
        if not np.isfinite(score).all():
            raise self._diverged("scores of dev pairs are not finite", self.progress.batch)
        return evaluate_scores(self.config.task, dev.label, score, group=dev.group)

    # ---- checkpoints ---------------------------------------------------------------------------------------------

    def _save(self) -> None:
        began = time.perf_counter()
        arrays: dict[str, NDArray[Any]] = {**self._finite_arrays()}
        self.run.write_checkpoint(arrays | {name: v.numpy() for name, v in self._state().items()}, self.progress)
        self._pace.saved(time.perf_counter() - began)

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.progress, self.warning = checkpoint.progress, checkpoint.warning
        variables = self.network.named_variables() | self._state()
        shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
        if shapes != {name: array.shape for name, array in checkpoint.arrays.items()}:
            raise RunError(f"{self.run.path}: its checkpoint is of another network; --force starts anew")
        for name, variable in variables.items():
            variable.assign(checkpoint.arrays[name])
        if checkpoint.warning:
            self.run.drop_last_checkpoint()
        if self.progress.best_epoch:
            self.run.weights(self.config)  # raises if the best weights are lost

    def _state(self) -> dict[str, tf.Variable]:
        """What training changes beside the weights."""
        optimizer = {f"optimizer/{i}": variable for i, variable in enumerate(self.optimizer.variables)}
        touched = {} if self._touched is None else {"touched": self._touched}
        return optimizer | touched | {f"gradients/{i}": variable for i, variable in enumerate(self._gradients)}

    # ---- the embedding's rows, where row_adam.py moves them ----------------------------------------------------------

    @property
    def _embeddings(self) -> tf.Variable:
        return self.network.encoder.embedding.embeddings

    def _start_rows(self, touched: tf.Variable) -> RowAdam:
        adam = self.config.training.optimizer
        assert isinstance(adam, Adam)
        variables = self._embeddings, *self.optimizer.moments(self._embeddings), touched
        weights, means, squares, steps = (variable.numpy().copy() for variable in variables)
        return RowAdam(adam, weights, means, squares, steps, self.progress.step)

    def _collect_rows(self) -> None:
        """Bring what TensorFlow holds of the embedding up to date."""
        if self._rows is None or self._touched is None:
            return
        self._embeddings.assign(self._rows.all_rows())
        means, squares = self.optimizer.moments(self._embeddings)
        means.assign(self._rows.means)
        squares.assign(self._rows.squares)
        self._touched.assign(self._rows.touched)

    # ---- divergence ----------------------------------------------------------------------------------------------

    def _finite_arrays(self) -> dict[str, Floats]:
        """The weights; raises PairlensError if they are not finite."""
        self._collect_rows()
        arrays = self.network.arrays()
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise self._diverged(f"{name} holds numbers that are not finite", self.progress.batch)
        return arrays

    def _diverged(self, what: str, step: int) -> PairlensError:
        progress = self.progress
        rate = float(self.optimizer.learning_rate)
        kept = (
            f"keeps the best weights, of epoch {progress.best_epoch}" if progress.best_epoch else "has no weights yet"
        )
        return PairlensError(
            f"{what} in epoch {progress.epoch + 1}, step {step}, at learning rate {rate:g}; "
            f"{self.run.path} {kept}. Going on would end here again: begin anew with --force and a lower "
            "training.optimizer.learning_rate, or training.optimizer.clipnorm=1.0, or training.schedule.warmup=0.1"
        )
