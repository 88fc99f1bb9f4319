"""The public door: the functions of `pairlens`, and what they return, which shows itself in notebooks."""

from pairlens.api.data import encode, load_config, load_pairs, make_pairs
from pairlens.api.models import evaluate, load, train

__all__ = ["encode", "evaluate", "load", "load_config", "load_pairs", "make_pairs", "train"]
