"""The kernels of a model, loaded before they are needed, or compiled if this machine never did."""

from __future__ import annotations

from pairlens.config.schema import Config
from pairlens.kernels import signatures
from pairlens.kernels.arguments import Signature
from pairlens.kernels.loader import prepare


def warm_up(config: Config, maps: bool = False) -> None:
    """Load the kernels that reading, scoring and writing need, and with `maps` those for maps of attention.

    Compiling them takes seconds, once a machine.
    """
    prepare(kernels_of(config, maps))


def kernels_of(config: Config, maps: bool = False) -> list[Signature]:
    """The kernels of a model, those first that take longest to compile."""
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
