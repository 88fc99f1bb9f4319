"""How an export is called: a program to copy, and what there is to know about its inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pairlens.export.card import Card
from pairlens.export.names import Format
from pairlens.runs import names

OPSET = 15  # of ONNX, from 2021: ONNX Runtime since 1.10

_LAYOUTS: dict[Format, tuple[str, ...]] = {
    "savedmodel": (
        "The signature `serving_default` takes `query_ids` int32 [B, Tq], `query_length` int32 [B], `value_ids` int32 "
        "[B, Tv] and `value_length` int32 [B].",
        "The signature `ragged` takes the ids of all texts one after another and where each text begins and ends, as "
        "`tf.RaggedTensor` has them: `query_ids` int32 [tokens], `query_row_splits` int64 [B + 1], and the same of the "
        "values.",
    ),
    "keras": (
        "The model takes `[query_ids, value_ids]`, int32 [B, Tq] and [B, Tv].",
        "`network.py` builds the same model without its weights, to be read, pasted and changed; "
        '`model.load_weights("model.keras")` then loads them. Dropout and regularizers, which only training uses, are '
        "left out.",
    ),
    "onnx": (
        "The inputs are `query_ids` int32 [B, Tq], `query_length` int32 [B], `value_ids` int32 [B, Tv] and "
        "`value_length` int32 [B]; B, Tq and Tv may be any numbers.",
        f"The file has opset {OPSET} and no operations of its own.",
    ),
}
_GPU = "on a processor; on a GPU, TensorFlow reads zeros for it."
_LENGTH = "as is a length below 0 or above the width of the ids"
_OUT_OF_RANGE: dict[Format, str] = {
    "savedmodel": f"Another id of a token is an error, {_LENGTH}, {_GPU}",
    "keras": f"Another id is an error {_GPU}",
    "onnx": f"Another id of a token is an error in ONNX Runtime, {_LENGTH}.",
}
_SCORES = {
    "binary": "the probability that the pair is positive",
    "ranking": "the probability that the value is relevant to the query, to order the values of a query by",
    "regression": "the grade",
    "multiclass": "the probabilities of the classes",
}


def about(card: Card) -> Iterator[str]:
    """What there is to know, one sentence or two at a time."""
    to: Format = card["format"]
    if to == "safetensors":
        yield "`model.safetensors` has the weights by name, and `config.json` the task and the network of the run."
        yield "What the weights mean is in scoring/reference.py of pairlens, which computes a score in plain loops."
        return
    yield from _LAYOUTS[to]
    yield f"Ids are from 0 to {card['input_dim'] - 1}. {_OUT_OF_RANGE[to]}"
    yield _padding(card)
    yield _empty(card)
    if limit := card["max_length"]:
        does = "cuts off longer texts after" if card["too_long"] == "truncate" else "refuses texts of more than"
        yield f"`pairlens score` {does} {limit} tokens. The model has no limit, so do the same before you call it."
    shape = f"[B, {card['classes']}]" if card["classes"] else "[B, 1]" if to == "keras" else "[B]"
    named = f", in the order of `{names.CLASSES}`" if names.CLASSES in card["sha256"] else ""
    yield f"The score, float32 {shape}, is {_SCORES[card['task']]}{named}."


def _padding(card: Card) -> str:
    if card["format"] == "keras":
        return (
            "Padding counts as tokens. One pair at a time, or texts of the same length, score as `pairlens score` does"
            + (", and so does a batch that is padded with id 0." if card["masking"] == "none" else ".")
        )
    if card["masking"] == "none":
        return (
            "The run has `masking: none`: the ids of padding change nothing, but its width does. `pairlens score` pads "
            "each batch to its longest text."
        )
    return "Shorter texts are padded with any ids to any width; padding changes no score."


def _empty(card: Card) -> str:
    if card["format"] == "keras":
        return "A text needs at least one token; without any, its average is not a number."
    if card["empty"] == "score":
        return "A text may be empty: its length is 0."
    return "`pairlens score` refuses texts without tokens; the model gives them a score that means nothing."


def example(card: Card) -> str:
    """A program in Markdown that scores the card's example, to be run in the export's directory."""
    return f"```python\n{_PROGRAMS[card['format']](card)}```"


def _saved_model(card: Card) -> str:
    of_example = card["example"]
    inputs = "".join(f"    {name}=tf.constant({ids}),\n" for name, ids in _padded(of_example))
    ragged = "".join(
        f"{side} = tf.ragged.constant({of_example[f'{side}_ids']}, tf.int32)\n" for side in ("query", "value")
    )
    return f"""\
import tensorflow as tf

signatures = tf.saved_model.load(".").signatures
score = signatures["serving_default"](
{inputs})["score"]
print(score.numpy())  # {of_example["score"]}

# The same with ragged texts
{ragged}score = signatures["ragged"](
    query_ids=query.values,
    query_row_splits=query.row_splits,
    value_ids=value.values,
    value_row_splits=value.row_splits,
)["score"]
print(score.numpy())
"""


def _keras(card: Card) -> str:
    of_example = card["example"]
    return f"""\
import numpy as np
import tf_keras

model = tf_keras.models.load_model("model.keras")
query_ids = np.array({of_example["query_ids"]})
value_ids = np.array({of_example["value_ids"]})
score = model([query_ids, value_ids])
print(score.numpy())  # {of_example["score"]}
"""


def _onnx(card: Card) -> str:
    inputs = "".join(f'    "{name}": np.array({ids}, np.int32),\n' for name, ids in _padded(card["example"]))
    return f"""\
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
inputs = {{
{inputs}}}
(score,) = session.run(["score"], inputs)
print(score)  # {card["example"]["score"]}
"""


_SAFETENSORS = """\
import json
from pathlib import Path

from safetensors.numpy import load_file

config = json.loads(Path("config.json").read_text())
weights = load_file("model.safetensors")
for name, array in weights.items():
    print(name, array.dtype, array.shape)
"""


_PROGRAMS: dict[Format, Callable[[Card], str]] = {
    "savedmodel": _saved_model,
    "keras": _keras,
    "onnx": _onnx,
    "safetensors": lambda _: _SAFETENSORS,
}


def _padded(of_example: Card) -> Iterator[tuple[str, Sequence[object]]]:
    """The name and value of each input: ids padded with 0, and lengths."""
    for side in ("query", "value"):
        texts = of_example[f"{side}_ids"]
        width = max(map(len, texts))
        yield f"{side}_ids", [text + [0] * (width - len(text)) for text in texts]
        yield f"{side}_length", [len(text) for text in texts]
