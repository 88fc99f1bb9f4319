"""Writes what a training tells for TensorBoard: curves, an attention map for each epoch, and the hyper-parameters."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pairlens.attention.pictures import PairMap, draw
from pairlens.attention.selection import one_score
from pairlens.config.tasks import TASK_METRICS
from pairlens.packages import need
from pairlens.runs.event_files import EventFile
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer
from pairlens.texts.pairs import Pairs
from pairlens.training.events import Began, Evaluation, Event, Finished, Step

_MOST_TOKENS = 40  # of the texts in the map
_RESULT, _SESSION_END = "result/", "_hparams_/session_end_info"  # tags of what a finished training writes


class TensorBoard:
    """A callback for `train`, which writes into the run directory: `tensorboard --logdir RUN` shows it.

    A training that goes on from a checkpoint continues the curves, without a gap and without a step twice, however it
    ended before. One that is resumed when it is finished has its result once.

    Raises:
        UsageError: the package tensorboardX is not installed.
    """

    def __init__(self) -> None:
        need("writing for TensorBoard", "tensorboardX", extra="tensorboard")

    def __call__(self, event: Event) -> None:
        match event:
            case Began():
                self._begin(event)
            case Step(loss=loss, learning_rate=rate, pairs_per_second=speed):
                numbers = {"train/loss": loss, "train/learning_rate": rate, "train/pairs_per_second": speed}
                self._add(event.global_step, numbers)
            case Evaluation():
                self._add(event.global_step, {f"dev/{name}": value for name, value in event.dev.items()})
                self._add_map(event)
            case Finished(metrics=metrics):
                self._add(self._step, {_result(name): value for name, value in metrics.items()})
                self._file.add(self._step, self._ended)

    def _begin(self, event: Began) -> None:
        self._config, self._vocabulary = event.config, Run(event.run).vocabulary()
        self._number, self._pair = _shown_pair(event.train if event.dev is None else event.dev)
        self._step = event.global_step
        self._file = EventFile(event.run, event.global_step, of_end=(_RESULT, _SESSION_END))
        names = TASK_METRICS[event.config.task] if event.dev else ()
        *started, self._ended = _hyper_parameters(event.settings, names)
        if not self._file.continues:
            for summary in started:
                self._file.add(event.global_step, summary)

    def _add(self, step: int, numbers: Mapping[str, float]) -> None:
        from tensorboardX.proto.summary_pb2 import Summary

        self._step = step
        values = [Summary.Value(tag=tag, simple_value=x) for tag, x in numbers.items() if math.isfinite(x)]
        if values:
            self._file.add(step, Summary(value=values))

    def _add_map(self, event: Evaluation) -> None:
        from tensorboardX.proto.summary_pb2 import Summary

        scorer, (query, value) = Scorer(self._config, event.weights), (self._pair.query, self._pair.value)
        (attention,) = scorer.attend(query, value)
        png = io.BytesIO()
        score = float(one_score(scorer.score(query, value))[0])
        draw(png, "png", [PairMap(self._number, attention, score)], self._vocabulary)
        width, height = struct.unpack(">II", png.getvalue()[16:24])  # of the first chunk of a PNG
        image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png.getvalue())
        self._file.add(event.global_step, Summary(value=[Summary.Value(tag="attention", image=image)]))


def _shown_pair(pairs: Pairs) -> tuple[int, Pairs]:
    """The number of the first pair with the highest label, and the pair, cut to what a picture can show."""
    assert pairs.label is not None
    labels = pairs.label if pairs.label.ndim == 1 else pairs.label[:, -1]
    number = int(np.argmax(labels))
    pair = pairs.take(np.array([number]))
    return number, Pairs(pair.query.truncated(_MOST_TOKENS), pair.value.truncated(_MOST_TOKENS))


def _result(metric: str) -> str:
    return f"{_RESULT}{metric}"


def _hyper_parameters(settings: Mapping[str, Any], metrics: Sequence[str]) -> list[Any]:
    """Summaries of the hyper-parameters, of the metrics to compare them by, and of the end of the training."""
    from tensorboardX.summary import hparams

    chosen = {name: value for name, value in settings.items() if not name.startswith("data.")}
    return list(hparams(chosen, dict.fromkeys(map(_result, metrics))))
