"""Small models for tests: configs, weights and pairs, made by hand or drawn by hypothesis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.scoring.reference import ACTIVATIONS

if TYPE_CHECKING:
    from pairlens.network.network import Network

Floats = NDArray[np.float32]
Weights = dict[str, Floats]
Texts = list[NDArray[np.int32]]

SMALL: dict[str, Any] = {
    "embedding": {"input_dim": 23, "output_dim": 5},
    "conv": [{"filters": 7, "kernel_size": 3}],
    "dnn": {"units": [11]},
}


def make_config(
    task: str = "binary", empty: str = "error", batch_size: int = 256, seed: int = 1, **model: Any
) -> Config:
    """A config whose `model` section is SMALL with these keys replaced; keys of `embedding` are merged."""
    embedding = {**SMALL["embedding"], **model.pop("embedding", {})}
    sections = {
        "task": task,
        "data": {"train": "train", "empty": empty},
        "model": {**SMALL, **model, "embedding": embedding},
        "training": {"batch_size": batch_size, "seed": seed},
    }
    return Config.model_validate(sections)


def random_weights(config: Config, seed: int = 0) -> Weights:
    """Weights that keep every activation near 1, where float32 is accurate to 1e-5: kernels scale by fan-in."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in weight_shapes(config.model).items():
        match name.split("/")[-1]:
            case "kernel":
                weights[name] = random.normal(0, np.prod(shape[:-1]) ** -0.5, shape)
            case "idf" | "deviation":
                weights[name] = random.uniform(0.1, 1.0, shape)
            case "scale" | "concat_score_weight":
                weights[name] = random.normal(0, 1.0, shape)
            case _:
                weights[name] = random.normal(0, 0.5, shape)
    return {name: np.array(weight, np.float32) for name, weight in weights.items()}


def network_with(config: Config, weights: Weights) -> Network:
    """The network of a config with these weights."""
    from pairlens.network.network import build_network  # here, so that tests of the scorer do not import TensorFlow

    network = build_network(config)
    network.assign(weights)
    return network


def random_texts(count: int, longest: int, input_dim: int, seed: int = 0, shortest: int = 1) -> Texts:
    """Texts of any length from `shortest` to `longest`, of any ids."""
    random = np.random.default_rng(seed)
    lengths = random.integers(shortest, longest, count, endpoint=True)
    return [random.integers(0, input_dim, length, dtype=np.int32) for length in lengths]


class Case(NamedTuple):
    """A model and pairs for it."""

    config: Config
    weights: Weights
    queries: Texts
    values: Texts


_convs = st.fixed_dictionaries(
    {
        "filters": st.sampled_from([1, 3, 7, 8, 11, 17, 70]),
        "kernel_size": st.integers(1, 5),
        "dilation_rate": st.integers(1, 3),
        "padding": st.sampled_from(["same", "causal"]),
        "activation": st.sampled_from(list(ACTIVATIONS)),
        "use_bias": st.booleans(),
    }
)
_attentions = st.fixed_dictionaries(
    {
        "score_mode": st.sampled_from(["dot", "concat"]),
        "use_scale": st.booleans(),
        "temperature": st.sampled_from([1.0, 0.5, 2.0]),
        "use_causal_mask": st.booleans(),
        "key": st.sampled_from(["value", "convolution"]),
        "direction": st.sampled_from(["query_to_value", "both"]),
    }
)
_compares = st.fixed_dictionaries(
    {
        "units": st.sampled_from([1, 7, 8, 66]),
        "activation": st.sampled_from(list(ACTIVATIONS)),
    }
)
_dnns = st.fixed_dictionaries(
    {
        "units": st.lists(st.sampled_from([1, 5, 13, 34]), max_size=2),
        "activation": st.sampled_from(list(ACTIVATIONS)),
    }
)


def _subsets(*names: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Any config, in the keys that affect what the network computes, with exact masking."""
    task = draw(st.sampled_from(["binary", "regression", "multiclass", "ranking"]))
    conv, attention, dnn = draw(st.lists(_convs, max_size=2)), draw(_attentions), draw(_dnns)
    views = draw(st.sampled_from([["convolution"], ["embedding", "convolution"]]))  # only the embedding: no conv
    mask_zero, overlap = draw(st.booleans()), draw(st.booleans())
    if not conv:
        attention["key"], views = "value", ["convolution"]
    if not dnn["units"]:
        dnn["activation"] = "relu"
    return make_config(
        task=task,
        empty="score" if mask_zero else draw(st.sampled_from(["error", "score"])),  # a text of only id 0 is empty
        embedding={
            "input_dim": draw(st.sampled_from([1, 2, 23, 1009])),
            "output_dim": draw(st.sampled_from([2, 5, 13, 37])),
            "mask_zero": mask_zero,
            "match_channels": draw(st.booleans()),
        },
        conv=conv,
        attention=attention,
        views=views,
        features=draw(_subsets("encoding", "attention", "absolute_difference", "product")),
        compare=draw(st.none() | _compares),
        pooling=draw(_subsets("average", "max")),
        overlap=overlap,
        wide=overlap and bool(dnn["units"]) and draw(st.booleans()),
        dnn=dnn,
        symmetric=draw(st.booleans()),
        classes=draw(st.sampled_from([2, 5])) if task == "multiclass" else None,
    )


@st.composite
def split_configs(draw: st.DrawFn) -> Config:
    """Any config that `EncodedPairs` scores."""
    conv = draw(st.lists(_convs, max_size=2))
    attention = {
        "use_scale": draw(st.booleans()),
        "temperature": draw(st.sampled_from([1.0, 0.5])),
        "key": draw(st.sampled_from(["value", "convolution"])) if conv else "value",
    }
    units = draw(st.sampled_from([[], [1], [5], [34]]))
    return make_config(
        task=draw(st.sampled_from(["binary", "regression", "ranking"])),
        empty=draw(st.sampled_from(["error", "score"])),
        embedding={"input_dim": draw(st.sampled_from([1, 23, 1009])), "output_dim": draw(st.sampled_from([2, 13, 37]))},
        conv=conv,
        attention=attention,
        views=draw(st.sampled_from([["convolution"], ["embedding", "convolution"]])) if conv else ["convolution"],
        features=draw(st.sampled_from([["attention"], ["encoding", "attention"]])),
        dnn={"units": units, "activation": draw(st.sampled_from(["relu", "linear"])) if units else "relu"},
        symmetric=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn, configs: st.SearchStrategy[Config] = configs()) -> Case:  # noqa: B008  (a strategy)
    """Any config, weights for it, and 1, 7 or 64 ragged pairs."""
    config, seed = draw(configs), draw(st.integers(0, 2**32 - 1))
    count, longest = draw(st.sampled_from([1, 7, 64])), draw(st.sampled_from([1, 3, 40]))
    shortest = 0 if config.data.empty == "score" else 1
    queries, values = (
        random_texts(count, longest, config.model.embedding.input_dim, seed + side, shortest) for side in (0, 1)
    )
    return Case(config, random_weights(config, seed), queries, values)
