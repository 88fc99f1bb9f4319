"""Load the kernels of a model before they are needed, or compile them on their first use on this machine."""

from __future__ import annotations

from pairlens.config.schema import Config
from pairlens.kernels import signatures
from pairlens.kernels.arguments import Signature
from pairlens.kernels.loader import prepare
from pairlens.scoring.encoded_pairs import can_be_split


def warm_up(config: Config, maps: bool = False) -> None:
    """Load the kernels for reading, scoring and writing, and with `maps` also those for attention maps.

    Compiling them takes seconds, once per machine.
    """
    prepare(kernels_of(config, maps))


def warm_up_ranking(config: Config) -> None:
    """The same for reading, ranking and writing."""
    prepare(kernels_of_ranking(config))


def kernels_of_ranking(config: Config) -> list[Signature]:
    """The kernels that ranking with a model needs, the slowest to compile first."""
    found = kernels_of(config)
    if can_be_split(config.model):
        found += [signatures.ALL_PAIRS, signatures.POOL]
    if can_be_split(config.model) and config.model.conv:
        found += [signatures.ENCODE, signatures.CONVOLVE]
    return list(dict.fromkeys(found))


def kernels_of(config: Config, maps: bool = False) -> list[Signature]:
    """The kernels of a model, the slowest to compile first."""
    model = config.model
    found = [signatures.COMPARED_POSITIONS if model.compare else signatures.POOLED_FEATURES]
    if maps:
        found.append(signatures.ATTENTION_SCORES)
    found += [signatures.DENSE, signatures.DECIMALS]
    if model.compare:
        found.append(signatures.POOL)
    if model.conv and (len(model.conv) > 1 or model.conv[0].activation not in ("linear", "relu")):
        found += [signatures.ENCODE, signatures.CONVOLVE]
    found.append(signatures.TOKENIZE)
    if model.overlap:
        found.append(signatures.OVERLAP)
    activations = [model.dnn.activation, *(conv.activation for conv in model.conv)]
    if "gelu" in [*activations, model.compare.activation if model.compare else ""]:
        found.append(signatures.GELU)
    return found
