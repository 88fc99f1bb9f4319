"""What every kernel takes. "Filled" arguments are its results, "room" is memory to work in, without meaning before or
after; `zero_row` is float32 zeros, as many as the convolution has filters.
"""

from __future__ import annotations

import numpy as np

from pairlens.kernels.arguments import Signature, floats, ids, integers, of
from pairlens.kernels.plan import PLAN

# ---- reading and writing -------------------------------------------------------------------------------------------

TOKENIZE = Signature(
    "tokenize",
    text=of(np.uint8, "[bytes]: a multiple of 64"),
    rules=integers("[4]: which text of a line the bytes begin in, texts a line, limit of ids, longest token"),
    ids=ids("[tokens or more], filled"),
    ends=integers("[text ends], filled: how many tokens lie before each"),
    counts=integers("[3], filled: tokens, text ends, the largest id; tokens are -1 where a byte stands that may not"),
)
DECIMALS = Signature(
    "decimals",
    numbers=floats("[rows, columns]"),
    bits=ids("[rows, columns]: sign and exponent at a float32's places, and the fraction"),
    powers=of(np.float64, "[54, 2]: powers of ten, from 1 on, and what float64 leaves of them"),
    halves=of(np.float64, "[255]: of a number with this exponent, half the distance to the next"),
    out=of(np.uint8, "[bytes], filled; room for 16 a number"),
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
    "table": floats("[places * kernel size, filters]"),
    "bias": floats("[filters]"),
    "match_taps": floats("[2 * kernel size, filters], or empty"),
}
_ENCODE = {
    "plan": of(PLAN, "[1]"),
    **_TEXTS,
    "query_places": ids("[query tokens], of each in the tables"),
    "value_places": ids("[value tokens]"),
    **_CONVOLUTION,
    "idf": floats("[input_dim], or empty"),
    "embeddings": floats("[input_dim, dim]"),
    "zero_row": floats("[filters]"),
    "query_matched": floats("[longest query], room: 1 for tokens that stand in the other text too"),
    "value_matched": floats("[longest value], room"),
}
ENCODE = Signature(
    "encode",
    **_ENCODE,
    query_encoding=floats("[query tokens, width], filled"),
    value_encoding=floats("[value tokens, width], filled"),
)
CONVOLVE = Signature(
    "convolve",
    shape=integers("[3]: kernel size, dilation, positions before the output's"),
    places=ids("[tokens]"),
    offsets=integers("[texts + 1]"),
    table=_CONVOLUTION["table"],
    bias=_CONVOLUTION["bias"],
    zero_row=floats("[filters]"),
    out=floats("[tokens, filters], filled"),
)

# ---- pairs, from ids to what is wanted of them ---------------------------------------------------------------------

_PAIRS = {
    **_ENCODE,
    "key_table": floats("[places * kernel size, filters], of the keys' convolution"),
    "key_bias": floats("[filters]"),
    "key_match_taps": floats("[2 * kernel size, filters], or empty"),
    # With `plan.encoded`: the encodings and keys of all texts, and else empty.
    "encoded_query": floats("[query tokens, width]"),
    "encoded_value": floats("[value tokens, width]"),
    "encoded_query_key": floats("[query tokens, width]"),
    "encoded_value_key": floats("[value tokens, width]"),
    # Else: where those of a pair are made.
    "query": floats("[longest query, width], room"),
    "value": floats("[longest value, width], room"),
    "query_key": floats("[longest query, width], room, with `plan.own_key`"),
    "value_key": floats("[longest value, width], room, with `plan.own_key`"),
    "word_projections": floats("[places, P] of the layer `compare`, see compare_layer.py; or empty"),
    "scores": floats("[numbers], room: for those of a pair, or for some rows of them"),
}
ATTENTION_SCORES = Signature(
    "attention_scores",
    **_PAIRS,
    offsets=integers("[B + 1]: where the scores of a pair begin"),
    query_out=floats("[scores], filled: those of all pairs, row by row"),
    value_out=floats("[scores], filled with `plan.both`: those of the other direction"),
)
POOLED_FEATURES = Signature(
    "pooled_features",
    **_PAIRS,
    attended=floats("[longest text, width], room"),
    shares=floats("[longest query + longest value], room"),
    out=floats("[B, directions * pooled or more], filled; the value's behind the query's"),
)
COMPARED_POSITIONS = Signature(
    "compared_positions",
    **_PAIRS,
    token_weights=floats("[other columns of an encoding, P]"),
    position_weights=floats("[columns of the other features, units]"),
    compare_bias=floats("[units]"),
    attended=floats("[longest text, width], room"),
    feature=floats("[longest text, width], room"),
    query_projection=floats("[longest query, P], room"),
    value_projection=floats("[longest value, P], room"),
    query_out=floats("[query tokens, units], filled: the layer of every position, before its activation"),
    value_out=floats("[value tokens, units], filled with `plan.both`"),
)
POOL = Signature(
    "pool",
    plan=of(PLAN, "[1]"),
    ids=ids("[tokens]"),
    offsets=integers("[texts + 1]"),
    rows=floats("[tokens, F]"),
    column=integers("[1]: where the pooled rows begin in `out`"),
    shares=floats("[longest text], room"),
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
    "shape": integers("[3]: kernel size, dilation, positions before the output's"),
    "places": ids("[B, T], of the tokens in the table"),
    "lengths": ids("[B]"),
    "least": floats("[1]: no output is below it"),
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
    out=floats("[B * T, filters]: what sum_padded filled"),
    table=floats("[places * kernel size, filters]: its gradient, added to"),
    bias=floats("[filters]: its gradient, added to with the first tap"),
    row=floats("[filters], room"),
    taps=integers("[2]: the first one and the one behind the last"),
)
_ROWS = {
    "rows": integers("[n]: the embedding's rows to work on"),
    "weights": floats("[V, dim], changed"),
    "means": floats("[V, dim]: Adam's mean gradient, as the last gradient of a row left it"),
    "squares": floats("[V, dim]: the mean squared gradient, likewise"),
    "touched": integers("[V]: the step of a row's last gradient"),
    "current": integers("[V], changed: the step that a row has reached"),
    "mean_left": floats("[steps]: what is left of the mean gradient after so many steps"),
    "root_left": floats("[steps]: and of the root of the squared one"),
}
REST_ROWS = Signature(
    "rest_rows",
    **_ROWS,
    rates=floats("[steps]: the rate of each step"),
    epsilon=floats("[1]"),
    limits=integers("[2]: the step to reach, and after how many nothing moves any more"),
    out=floats("[n, dim], filled with the rows"),
)
MOVE_ROWS = Signature(
    "move_rows",
    **_ROWS,
    gradient=floats("[n, dim]"),
    numbers=floats("[4]: 1 - beta_1, 1 - beta_2, rate, epsilon"),
    step=integers("[2]: the step, and whether the steps between two gradients count"),
)

ALL = {signature.name: signature for signature in list(globals().values()) if isinstance(signature, Signature)}
