"""The training loop: TensorFlow computes the steps, the scorer evaluates on dev, the run directory keeps the best.

All random numbers depend on (seed, epoch, step) only, so a training resumed from a checkpoint ends with the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.errors import PairlensError, RunError
from pairlens.network.devices import use_processors_alone
from pairlens.network.network import build_network
from pairlens.runs.checkpoint import Checkpoint
from pairlens.runs.progress import Pace, Progress
from pairlens.runs.run import Run
from pairlens.runs.warm_start import warm_start
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Pairs
from pairlens.training.batches import Batch
from pairlens.training.dev import measure_dev
from pairlens.training.divergence import diverged
from pairlens.training.epochs import Epochs
from pairlens.training.events import Evaluation, Step
from pairlens.training.label_scale import LabelScale, label_scale
from pairlens.training.schedule import learning_rate
from pairlens.training.start import start_from_data
from pairlens.training.step import TrainingStep, batches_to_apply
from pairlens.vectors.wanted import Vectors

Floats = NDArray[np.float32]
Listener = Callable[[Step | Evaluation], object]


class Trainer:
    """Trains the network of a config into a run directory.

    Args:
        run: the directory for weights, metrics and checkpoints; training continues from its checkpoint if it has one.
        pretrained: float32 [input_dim, output_dim], the embedding's initial values instead of the initializer's.
        vocabulary: the words, whose spelling the embedding's initializer may use.
        vectors: word vectors, for the initial embedding; see `start_from_data`.

    Raises:
        RunError: the checkpoint is damaged, or belongs to another network.
    """

    def __init__(
        self,
        config: Config,
        run: Run,
        pretrained: Floats | None = None,
        vocabulary: Sequence[str] | None = None,
        vectors: Vectors | None = None,
    ) -> None:
        use_processors_alone()
        tf.config.experimental.enable_op_determinism()
        tf.random.set_seed(config.training.seed)
        self.config = config
        self.run = run
        self._vocabulary, self._vectors = vocabulary, vectors
        self.network = build_network(config)
        if pretrained is not None:
            self.network.encoder.embedding.embeddings.assign(pretrained)
        self._step = TrainingStep(config, self.network)
        self.progress = Progress()
        self.warning: str | None = None  # of a damaged checkpoint
        self._pace = Pace(config)
        self._begins = True
        self._scale = LabelScale()
        if checkpoint := run.checkpoint():
            self._restore(checkpoint)
            self._begins = False

    @property
    def metric(self) -> str:
        """The metric for early stopping and for choosing the best weights."""
        return self.config.decisive_metric

    def fit(
        self, train: Pairs, dev: Pairs | None, listen: Listener, stop: Callable[[], bool] = lambda: False
    ) -> dict[str, float] | None:
        """Train until the last epoch or early stopping, and call `listen` with every step and evaluation.

        Returns:
            The dev metrics of the best weights, which are then in the run directory; empty without a dev split. None
            if `stop`, which is called before every step, returned True: then a checkpoint was written.

        Raises:
            PairlensError: a loss, weight or score is no longer finite. The best weights so far stay in the run
                directory, and no checkpoint contains such numbers.
        """
        self._scale = label_scale(self.config, train)
        train = self._scale.standardised(train)
        if self._begins:
            self._set_first_weights(train)
        self._step.start(self.progress.step)
        if self._begins and self.config.training.warm_start:  # this run may replace the one that the weights come from
            self._save()
        self.run.write_metrics(self.progress.evaluations)
        epochs = Epochs(self.config, train, self.network.encoder.idf.numpy())
        while not self.progress.is_done(self.config):
            if not self._train_epoch(epochs.batches(self.progress.epoch + 1), listen, stop):
                return None
            listen(self._end_epoch(dev))
            if self.progress.is_done(self.config) or self._pace.is_due(self.progress.step):
                self._save()
        return self._finish(dev)

    def _set_first_weights(self, train: Pairs) -> None:
        start = warm_start(self.config)
        if start is None or start.rows is not None:  # some words are not in the run to start from
            start_from_data(self.network, self.config, train, self._vocabulary, self._vectors)
        if start:
            self.network.assign(self._scale.unfolded(start.over(self.network.arrays())))

    def _train_epoch(self, batches: Sequence[Batch], listen: Listener, stop: Callable[[], bool]) -> bool:
        """Train on the remaining batches of an epoch; return False if stopped."""
        training, progress, epoch, steps = self.config.training, self.progress, self.progress.epoch + 1, len(batches)
        began = time.perf_counter() - progress.seconds
        for number in range(progress.batch + 1, steps + 1):
            if stop():
                self._save()
                return False
            batch = batches[number - 1]
            rate = learning_rate(training, epoch - 1 + (number - 1) / steps, 1 / steps)
            gathered = batches_to_apply(number, steps, training.accumulate)
            loss = self._step(batch, progress.step, rate, gathered)
            if not math.isfinite(loss):
                raise self._diverged(f"the loss became {loss}", number)
            progress.add_batch(len(batch.label), loss)
            progress.seconds = time.perf_counter() - began
            so_far = progress.loss, rate, progress.pairs_per_second
            listen(Step(epoch, training.epochs, number, steps, progress.step, *so_far))
            if number < steps and self._pace.is_due(progress.step):  # after the last step, the evaluation comes first
                self._save()
        return True

    def _end_epoch(self, dev: Pairs | None) -> Evaluation:
        """Evaluate on dev, and keep the weights if they are the best so far (without dev, always).

        If the process is killed here, the files may be from different moments, but resuming from any checkpoint writes
        the same weights and lines again.
        """
        progress = self.progress
        arrays = self._scale.folded(self._finite_arrays())
        metrics = self._dev_metrics(arrays, dev)
        loss, speed = progress.loss, progress.pairs_per_second
        progress.end_epoch()
        best = progress.evaluated(metrics.get(self.metric), self.config)
        evaluation = Evaluation(progress.epoch, progress.step, loss, speed, metrics, best, arrays)
        if best:
            self.run.write_weights(arrays)
        progress.evaluations.append(evaluation.line())
        self.run.write_metrics(progress.evaluations)
        return evaluation

    def _finish(self, dev: Pairs | None) -> dict[str, float]:
        """Write evaluation.json: the best weights' metrics on dev, and the threshold fitted on dev."""
        if dev is None:
            return {}
        logits = Scorer(self.config, self.run.weights(self.config)).logits(dev.query, dev.value)
        metrics, threshold = measure_dev(self.config, logits, dev)
        self.run.write_evaluation({**(threshold.as_json() if threshold else {}), "dev": metrics})
        return metrics

    def _dev_metrics(self, arrays: dict[str, Floats], dev: Pairs | None) -> dict[str, float]:
        if dev is None:
            return {}
        logits = Scorer(self.config, arrays).logits(dev.query, dev.value)
        if not logits.finite().all():
            raise self._diverged("scores of dev pairs are not finite", self.progress.batch)
        return measure_dev(self.config, logits, dev).metrics

    def _finite_arrays(self) -> dict[str, Floats]:
        """Return the network's weights; raise PairlensError if they are not finite."""
        self._step.collect()
        arrays = self.network.arrays()
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise self._diverged(f"{name} contains numbers that are not finite", self.progress.batch)
        return arrays

    def _diverged(self, what: str, step: int) -> PairlensError:
        return diverged(what, self.run, self.progress, step, float(self._step.optimizer.learning_rate))

    # ---- checkpoints ---------------------------------------------------------------------------------------------

    def _save(self) -> None:
        began = time.perf_counter()
        arrays: dict[str, NDArray[Any]] = {**self._finite_arrays()}
        arrays |= {name: variable.numpy() for name, variable in self._step.state().items()}
        self.run.write_checkpoint(arrays, self.progress)
        self._pace.saved(time.perf_counter() - began)

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.progress, self.warning = checkpoint.progress, checkpoint.warning
        variables = self.network.named_variables() | self._step.state()
        shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
        if shapes != {name: array.shape for name, array in checkpoint.arrays.items()}:
            raise RunError(f"{self.run.path}: its checkpoint belongs to another network; start over with --force")
        for name, variable in variables.items():
            variable.assign(checkpoint.arrays[name])
        if checkpoint.warning:
            self.run.drop_last_checkpoint()
        if self.progress.best_epoch:
            self.run.weights(self.config)  # raises if the best weights are lost
