"""The idf of tokens, and the overlap features of a pair: what its texts have in common, from their ids alone.

With Q and V the sets of the texts' tokens, w(S) the sum of a set's idf, and Q2 and V2 the sets of their bigrams:

    |Q∩V| / |Q|,  |Q∩V| / |V|,  |Q∩V| / |Q∪V|,  and the same three with w for | |,
    ln(1 + w(Q∩V)),  ln(1 + w(Q\\V)),  ln(1 + w(V\\Q)),
    |Q2∩V2| / |Q2|,  |Q2∩V2| / |V2|,  ln Tq,  ln Tv,  ln(Tq / Tv),  and 1 if the texts are equal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pairlens.config.model import OVERLAP_FEATURES
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
from pairlens.texts.texts import Texts

Floats = NDArray[np.float32]

# Swapping query and value permutes the features and flips the sign of ln(Tq / Tv).
SWAPPED = [1, 0, 2, 4, 3, 5, 6, 8, 7, 10, 9, 12, 11, 13, 14]
SWAPPED_SIGN = [-1.0 if i == 13 else 1.0 for i in range(OVERLAP_FEATURES)]


def inverse_document_frequencies(texts: Texts, input_dim: int) -> Floats:
    """ln((n + 1) / (df + 1)) / ln(n + 1) of every id, float32 [input_dim], from 0 to 1; n counts distinct texts."""
    distinct = {text.tobytes(): np.unique(text) for text in texts}
    frequency = np.zeros(input_dim, np.int64)
    for ids in distinct.values():
        frequency[ids] += 1
    n = len(distinct)
    idf: NDArray[np.float64] = np.log((n + 1) / (frequency + 1)) / np.log(n + 1)
    return idf.astype(np.float32)


def overlap_features(query: Texts, value: Texts, idf: Floats) -> Floats:
    """The features above of every pair, float32 [B, OVERLAP_FEATURES]; a ratio whose denominator is 0 is 0."""
    out = np.empty((len(query), OVERLAP_FEATURES), np.float32)
    call(
        signatures.OVERLAP,
        query_ids=query.ids,
        query_offsets=query.offsets,
        value_ids=value.ids,
        value_offsets=value.offsets,
        idf=idf,
        out=out,
    )
    return out
