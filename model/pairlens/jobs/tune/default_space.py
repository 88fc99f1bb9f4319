"""The space that is searched if none is given: few keys that matter for most data, by task and size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pairlens.config.keras import PpmiSvd
from pairlens.config.schema import Config
from pairlens.jobs.tune.fitting import Load, own_values, unfit
from pairlens.jobs.tune.space import Choices, Parameter, Range, Space
from pairlens.jobs.tune.space_file import parse_space

_LARGE = 30_000  # pairs, from which on `init` writes larger batches and fewer epochs
_SMALL = 10_000


def default_space(config: Config, pairs: int, load: Load) -> Space:
    """Return the keys that fit the config, for a train split of this many pairs.

    The learning rate lies around the config's own. Small sets and rankings overfit soonest, so more dropout is tried
    for them; large ones need larger batches. The config's own value of each key is always among those tried.
    """
    lines = "".join(f"{key}: {domain}\n" for key, domain in _candidates(config, pairs))
    space = tuple(one for one in parse_space(lines, "the default space") if unfit(one, load) is None)
    found = own_values(space, load)
    return tuple(one if one.key in found else _with_own(one, config) for one in space)


def _with_own(parameter: Parameter, config: Config) -> Parameter:
    """The parameter with the config's own value among its values."""
    own: Any = config.model_dump(mode="json")
    for name in parameter.key.split("."):
        own = own[name]
    domain = parameter.domain
    if isinstance(domain, Choices):
        return parameter._replace(domain=Choices((*domain.values, json.dumps(own))))
    return parameter._replace(domain=Range(min(domain.low, own), max(domain.high, own), domain.log))


def _candidates(config: Config, pairs: int) -> Iterator[tuple[str, str]]:
    rate = config.training.optimizer.learning_rate
    yield "training.optimizer.learning_rate", f"{{low: {rate / 5:.2e}, high: {rate * 5:.2e}, log: true}}"
    yield "training.batch_size", "[64, 128, 256]" if pairs > _SMALL else "[16, 32, 64, 128]"
    dropout = "{low: 0.0, high: 0.4, step: 0.05}" if pairs > _LARGE else "{low: 0.0, high: 0.5, step: 0.05}"
    yield "model.embedding.dropout", dropout
    yield "model.dnn.dropout", dropout
    if config.training.warm_start is None:  # which fixes the network
        yield "model.dnn.units", "[32, 64, 128]"
        if not _has_fixed_width(config):
            yield "model.embedding.output_dim", "[64, 128, 200]" if pairs > _LARGE else "[32, 64, 128]"
    if config.training.word_dropout.rate:
        yield "training.word_dropout.rate", "{low: 0.0, high: 0.8, step: 0.1}"
    if config.task == "ranking":
        default = "auto" if config.training.loss == "auto" else "cross_entropy"  # two words for the same
        yield "training.loss", f"[{default}, pairwise, listwise]"


def _has_fixed_width(config: Config) -> bool:
    """Whether the embedding is as wide as a file of vectors says."""
    initializer = config.model.embedding.embeddings_initializer
    return config.model.embedding.pretrained is not None or (
        isinstance(initializer, PpmiSvd) and initializer.vectors is not None
    )
