"""pairlens: learn how similar two texts are, score pairs in bulk, and see which words looked at which.

    import pairlens
    scorer = pairlens.load("RUN")
    scorer.score([[4, 8, 15], [16]], [[4, 8], [23, 42]])    # float32 [2]
    scorer.attend([[4, 8, 15]], [[4, 8]])[0].scores         # float32 [3, 2]
    scorer.score(["how do I learn it"], ["how to learn"])   # texts, if the run was trained from texts
    scorer.attend("how do I learn it", "how to learn").texts[0].words

Nothing here imports TensorFlow; only training does (`pairlens.training.trainer`).
"""

import sys

if sys.platform == "win32":
    raise ImportError("pairlens runs on Linux and macOS; on Windows, install it in WSL")

from pairlens.api import encode, load

__all__ = ["Tokenizer", "encode", "load"]


def __getattr__(name: str) -> object:
    """Import `Tokenizer` on first use."""
    if name == "Tokenizer":
        from pairlens.tokenizer.tokenizer import Tokenizer

        return Tokenizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
