"""A program that uses exports where there is no pairlens: `python -I consumer.py FOLDER`.

In each directory of the folder it runs the program of the README, then scores the pairs of pairs.json. It prints the
largest difference from the expected scores for each directory.
"""

import json
import os
import re
import sys
from pathlib import Path

sys.modules["pairlens"] = None  # so that an import fails
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402


def pad(texts, garbage):
    length = np.array([len(text) for text in texts], np.int32)
    ids = np.full((len(texts), length.max() + 3), garbage, np.int32)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = text
    return ids, length


def score_savedmodel(made, queries, values):
    tf = made["tf"]
    (query_ids, query_length), (value_ids, value_length) = pad(queries, -7), pad(values, 2**30)
    score = made["signatures"]["serving_default"](
        query_ids=tf.constant(query_ids),
        query_length=tf.constant(query_length),
        value_ids=tf.constant(value_ids),
        value_length=tf.constant(value_length),
    )["score"].numpy()
    query, value = (tf.ragged.constant(texts, tf.int32) for texts in (queries, values))
    ragged = made["signatures"]["ragged"](
        query_ids=query.values,
        query_row_splits=query.row_splits,
        value_ids=value.values,
        value_row_splits=value.row_splits,
    )["score"].numpy()
    assert np.abs(ragged - score).max() < 1e-6
    return score


def score_onnx(made, queries, values):
    (query_ids, query_length), (value_ids, value_length) = pad(queries, -7), pad(values, 2**30)
    inputs = {
        "query_ids": query_ids,
        "query_length": query_length,
        "value_ids": value_ids,
        "value_length": value_length,
    }
    return made["session"].run(["score"], inputs)[0]


def score_keras(made, queries, values):
    pairs = zip(queries, values, strict=True)
    return np.array([made["model"]([np.array([query]), np.array([value])])[0] for query, value in pairs])


def score_pasted(queries, values):
    """With network.py and its weights, instead of loading the model."""
    made = {}
    exec(Path("network.py").read_text(), made)
    made["model"].load_weights("model.keras")
    return score_keras(made, queries, values)


def check(folder):
    os.chdir(folder)
    card = json.loads(Path("card.json").read_text())
    (program,) = re.findall(r"^```python\n(.*?)^```", Path("README.md").read_text(), re.MULTILINE | re.DOTALL)
    made = {}
    exec(program, made)
    pairs = json.loads(Path("../pairs.json").read_text())[folder.name.split("-")[0]]
    if card["format"] == "safetensors":
        assert {name: [*array.shape] for name, array in made["weights"].items()} == pairs["shapes"]
        return 0.0
    example = np.reshape(made["score"], np.shape(card["example"]["score"]))
    found = [(example, card["example"]["score"])]
    used = {"savedmodel": score_savedmodel, "onnx": score_onnx, "keras": score_keras}[card["format"]]
    expected = np.array(pairs["score"])
    found.append((used(made, pairs["query"], pairs["value"]).reshape(expected.shape), expected))
    if card["format"] == "keras":
        found.append((score_pasted(pairs["query"], pairs["value"]).reshape(expected.shape), expected))
    return max(float(np.abs(score - expected).max()) for score, expected in found)


try:
    import pairlens
except ImportError:
    differences = {path.name: check(path) for path in sorted(Path(sys.argv[1]).resolve().iterdir()) if path.is_dir()}
    print(json.dumps(differences))
else:
    raise SystemExit(f"{pairlens} can be imported")
