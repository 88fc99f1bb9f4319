"""pairlens: learn how similar two texts are, score pairs in bulk, and see which words looked at which.

import pairlens
run = pairlens.train("mine.yaml", "runs/mine")          # the only function that imports TensorFlow
pairlens.evaluate(run)["metrics"]
scorer = pairlens.load("runs/mine")
scorer.score([[4, 8, 15], [16]], [[4, 8], [23, 42]])    # float32 [2]
scorer.attend([[4, 8, 15]], [[4, 8]])[0].scores         # float32 [3, 2]
scorer.score(["how do I learn it"], ["how to learn"])   # texts, if the run was trained from texts
scorer.attend("how do I learn it", "how to learn").texts[0].words
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if sys.platform == "win32":
    raise ImportError("pairlens runs on Linux and macOS; on Windows, install it in WSL")

from pairlens import errors
from pairlens.api import encode, evaluate, load, load_config, load_pairs, make_pairs, train

if TYPE_CHECKING:
    from pairlens.api.run import Run
    from pairlens.api.scorer import Attention, Scorer
    from pairlens.config.schema import Config
    from pairlens.jobs.encode_job import Encoded
    from pairlens.jobs.tensorboard import TensorBoard
    from pairlens.texts.pairs import Pairs
    from pairlens.tokenizer.tokenizer import Tokenizer
    from pairlens.training.events import Began, Callback, Evaluation, Event, Finished, Step

__all__ = [
    "Attention",
    "Began",
    "Callback",
    "Config",
    "Encoded",
    "Evaluation",
    "Event",
    "Finished",
    "Pairs",
    "Run",
    "Scorer",
    "Step",
    "TensorBoard",
    "Tokenizer",
    "encode",
    "errors",
    "evaluate",
    "load",
    "load_config",
    "load_pairs",
    "make_pairs",
    "train",
]

_CLASSES = {  # imported when they are first used
    "pairlens.api.run": ("Run",),
    "pairlens.api.scorer": ("Attention", "Scorer"),
    "pairlens.config.schema": ("Config",),
    "pairlens.jobs.encode_job": ("Encoded",),
    "pairlens.jobs.tensorboard": ("TensorBoard",),
    "pairlens.texts.pairs": ("Pairs",),
    "pairlens.tokenizer.tokenizer": ("Tokenizer",),
    "pairlens.training.events": ("Began", "Callback", "Evaluation", "Event", "Finished", "Step"),
}


def __getattr__(name: str) -> object:
    for module, names in _CLASSES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """For completion: the public names, also those that are not imported yet."""
    return __all__
