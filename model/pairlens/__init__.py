"""pairlens: learn how similar two texts are, score pairs in bulk, and see which words looked at which.

    import pairlens
    scorer = pairlens.load("RUN")
    scorer.score([[4, 8, 15], [16]], [[4, 8], [23, 42]])    # float32 [2]
    scorer.attend([[4, 8, 15]], [[4, 8]])[0].scores         # float32 [3, 2]

Nothing here imports TensorFlow; only training does (`pairlens.training.trainer`).
"""

from pairlens.api import load

__all__ = ["load"]
