"""The arguments of every kernel.

"Filled" arguments are its results. A "buffer" is working memory whose content means nothing before or after the call.
`zero_row` is [filters] zeros.
"""

from __future__ import annotations

import numpy as np

from pairlens.kernels.arguments import Signature, floats, ids, integers, of
from pairlens.kernels.plan import PLAN

# ---- reading and writing -------------------------------------------------------------------------------------------

TOKENIZE = Signature(
    "tokenize",
    text=of(np.uint8, "[bytes]: a multiple of 64"),
    rules=integers("[4]: index in its line of the text at the start, texts per line, limit of ids, longest token"),
    ids=ids("[tokens or more], filled"),
    ends=integers("[text ends], filled: the number of tokens before each"),
    counts=integers("[3], filled: tokens, text ends, the largest id; tokens are -1 if there is a wrong byte"),
)
DECIMALS = Signature(
    "decimals",
    numbers=floats("[rows, columns]"),
    bits=ids("[rows, columns]: sign and exponent at a float32's positions, and the fraction"),
    powers=of(np.float64, "[54, 2]: powers of ten from 1 on, and the rounding error of each"),
    halves=of(np.float64, "[255]: for each exponent, half the distance from a number to the next"),
    out=of(np.uint8, "[bytes], filled; 16 for each number"),
    count=integers("[1], filled: bytes; -1 if a number is too large"),
)

# ---- texts of pairs ------------------------------------------------------------------------------------------------

_TEXTS = {
    "query_ids": ids("[query tokens]"),
    "query_offsets": integers("[B + 1]"),
    "value_ids": ids("[value tokens]"),
    "value_offsets": integers("[B + 1]"),
}
OVERLAP = Signature(
    "overlap", **_TEXTS, idf=floats("[input_dim]"), out=floats("[B, 15], filled: the features of overlap.py")
)

# ---- encodings -----------------------------------------------------------------------------------------------------

_CONVOLUTION = {  # of the first layer; see `sum_taps` and `_add_matches` in encode.py
    "table": floats("[entries * kernel size, filters]"),
    "bias": floats("[filters]"),
    "match_taps": floats("[2 * kernel size, filters], or empty"),
}
_ENCODE = {
    "plan": of(PLAN, "[1]"),
    **_TEXTS,
    "query_indices": ids("[query tokens]: the index of each in the tables"),
    "value_indices": ids("[value tokens]: the same"),
    **_CONVOLUTION,
    "idf": floats("[input_dim], or empty"),
    "embeddings": floats("[input_dim, dim]"),
    "zero_row": floats("[filters]"),
    "query_matched": floats("[longest query], buffer: 1 for tokens that also occur in the other text"),
    "value_matched": floats("[longest value], buffer"),
}
ENCODE = Signature(
    "encode",
    **_ENCODE,
    query_encoding=floats("[query tokens, width], filled"),
    value_encoding=floats("[value tokens, width], filled"),
)
CONVOLVE = Signature(
    "convolve",
    shape=integers("[3]: kernel size, dilation, distance of the first tap before the output"),
    indices=ids("[tokens]"),
    offsets=integers("[texts + 1]"),
    table=_CONVOLUTION["table"],
    bias=_CONVOLUTION["bias"],
    zero_row=floats("[filters]"),
    out=floats("[tokens, filters], filled"),
)

# ---- pairs, from ids to scores or features -------------------------------------------------------------------------

_PAIRS = {
    **_ENCODE,
    "key_table": floats("[entries * kernel size, filters], of the keys' convolution"),
    "key_bias": floats("[filters]"),
    "key_match_taps": floats("[2 * kernel size, filters], or empty"),
    # With `plan.encoded`, the encodings and keys of all texts; otherwise empty.
    "encoded_query": floats("[query tokens, width]"),
    "encoded_value": floats("[value tokens, width]"),
    "encoded_query_key": floats("[query tokens, width]"),
    "encoded_value_key": floats("[value tokens, width]"),
    # Otherwise, buffers for those of one pair.
    "query": floats("[longest query, width], buffer"),
    "value": floats("[longest value, width], buffer"),
    "query_key": floats("[longest query, width], buffer; empty without `plan.own_key`"),
    "value_key": floats("[longest value, width], buffer; empty without `plan.own_key`"),
    "word_projections": floats("[entries, P] for the layer `compare`, see compare_layer.py; or empty"),
    "scores": floats("[numbers], buffer for the scores of a pair, or for some rows of them"),
}
ATTENTION_SCORES = Signature(
    "attention_scores",
    **_PAIRS,
    offsets=integers("[B + 1]: the index of each pair's first score"),
    query_out=floats("[scores], filled: the scores of all pairs, row by row"),
    value_out=floats("[scores], filled with `plan.both`: the scores of the other direction"),
)
POOLED_FEATURES = Signature(
    "pooled_features",
    **_PAIRS,
    attended=floats("[longest text, width], buffer"),
    shares=floats("[longest query + longest value], buffer"),
    out=floats("[B, directions * pooled or more], filled; the value's after the query's"),
)
COMPARED_POSITIONS = Signature(
    "compared_positions",
    **_PAIRS,
    token_weights=floats("[other columns of an encoding, P]"),
    position_weights=floats("[columns of the other features, units]"),
    compare_bias=floats("[units]"),
    attended=floats("[longest text, width], buffer"),
    feature=floats("[longest text, width], buffer"),
    query_projection=floats("[longest query, P], buffer"),
    value_projection=floats("[longest value, P], buffer"),
    query_out=floats("[query tokens, units], filled: the layer of every position, before its activation"),
    value_out=floats("[value tokens, units], filled with `plan.both`"),
)
GROUP = 16  # candidates that are side by side, as many as the largest vector has lanes
ALL_PAIRS = Signature(
    "all_pairs",
    query=floats("[query tokens, width]: the queries' encodings, scaled as attention scores are"),
    query_offsets=integers("[queries + 1]"),
    own=floats("[queries, units]: the part of the hidden layer that is the query's, units a multiple of 4"),
    candidates=floats("[numbers]: for each group of 16 the keys [width, longest * 16], then the layer [units, same]"),
    longest=integers("[groups]: the tokens of the longest candidate of each"),
    lengths=floats("[groups, 16]: the tokens of each candidate"),
    head=floats("[units + 1]: the head's kernel, then its bias"),
    least=floats("[1]: the lower bound of the hidden layer"),
    scores=floats("[numbers], buffer for some rows of scores, at least one"),
    weights=floats("[longest of all * 16], buffer"),
    out=floats("[queries, groups * 16], filled: the logits"),
)
POOL = Signature(
    "pool",
    plan=of(PLAN, "[1]"),
    ids=ids("[tokens]"),
    offsets=integers("[texts + 1]"),
    rows=floats("[tokens, F]"),
    column=integers("[1]: the first column of `out` to fill"),
    shares=floats("[longest text], buffer"),
    out=floats("[texts, ...], filled from `column` on"),
)

# ---- layers --------------------------------------------------------------------------------------------------------

DENSE = Signature(
    "dense",
    x=floats("[B, inputs]"),
    kernel=floats("[inputs, units]"),
    bias=floats("[units]"),
    out=floats("[B, units], filled"),
)
GELU = Signature("gelu", x=floats("[n], changed in place"))

# ---- training ------------------------------------------------------------------------------------------------------

_PADDED = {
    "shape": integers("[3]: kernel size, dilation, distance of the first tap before the output"),
    "indices": ids("[B, T]: the index of each token in the table"),
    "lengths": ids("[B]"),
    "least": floats("[1]: the lower bound of the output"),
}
SUM_PADDED = Signature(
    "sum_padded",
    **_PADDED,
    table=_CONVOLUTION["table"],
    bias=_CONVOLUTION["bias"],
    zero_row=floats("[filters]"),
    out=floats("[B * T, filters], filled; zero after a text"),
)
SUM_PADDED_GRADIENT = Signature(
    "sum_padded_gradient",
    **_PADDED,
    upstream=floats("[B * T, filters]: the gradient of `out`"),
    out=floats("[B * T, filters]: the output of sum_padded"),
    table=floats("[entries * kernel size, filters]: its gradient, added to"),
    bias=floats("[filters]: its gradient, added to with the first tap"),
    row=floats("[filters], buffer"),
    taps=integers("[2]: the first tap and the one after the last"),
)
_ROWS = {
    "rows": integers("[n]: the embedding's rows to work on"),
    "weights": floats("[V, dim], changed"),
    "means": floats("[V, dim]: Adam's mean gradient, as of each row's last gradient"),
    "squares": floats("[V, dim]: the mean squared gradient, likewise"),
    "touched": integers("[V]: the step of each row's last gradient"),
    "current": integers("[V], changed: the step that each row has reached"),
    "mean_decay": floats("[steps]: the factor of the mean gradient after that many steps without a gradient"),
    "root_decay": floats("[steps]: the same for the root of the mean squared gradient"),
}
CATCH_UP_ROWS = Signature(
    "catch_up_rows",
    **_ROWS,
    rates=floats("[steps]: the learning rate of each step, bias correction included"),
    epsilon=floats("[1]"),
    limits=integers("[2]: the step to reach, and the number of steps after which a row no longer moves"),
    out=floats("[n, dim], filled: the rows"),
)
MOVE_ROWS = Signature(
    "move_rows",
    **_ROWS,
    gradient=floats("[n, dim]"),
    numbers=floats("[4]: 1 - beta_1, 1 - beta_2, rate, epsilon"),
    step=integers("[2]: the step, and 1 if moments decay in the steps between two gradients"),
)

ALL = {signature.name: signature for signature in list(globals().values()) if isinstance(signature, Signature)}
