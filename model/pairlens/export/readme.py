"""The README of an export, from its card."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

from pairlens.export.card import Card
from pairlens.export.usage import about, example
from pairlens.runs import names
from pairlens.runs.json_files import without_nan

_FORMATS = {
    "savedmodel": "TensorFlow SavedModel",
    "keras": "tf-keras model",
    "onnx": "ONNX model",
    "safetensors": "safetensors file of weights",
}


def readme_text(card: Card) -> str:
    """The README in Markdown: what the model is, a program that calls it, its inputs, its results on dev, versions."""
    return "\n\n".join(_paragraphs(card)) + "\n"


def _paragraphs(card: Card) -> Iterator[str]:
    yield f"# A pairlens model: {_FORMATS[card['format']]}"
    yield (
        f"It scores pairs of texts, task `{card['task']}`. It was exported from the run {card['run']}; "
        "`card.json` says the same as this page to programs."
    )
    yield "## Use"
    yield example(card)
    yield "\n".join(f"- {line}" for line in about(card))
    yield "## From text to ids"
    yield _tokenizer(card)
    yield "## Results on dev"
    yield from _results(card)
    yield "## What made it"
    yield _table(
        ("", ""),
        [
            ("fingerprint of the model", f"`{card['fingerprint']}`"),
            *((f"SHA-256 of {name}", f"`{digest}`") for name, digest in card["sha256"].items()),
            *card["versions"].items(),
            ("exported", card["created"]),
        ],
    )


def _tokenizer(card: Card) -> str:
    if names.TOKENIZER in card["sha256"]:
        return (
            f"`{names.TOKENIZER}` is the run's tokenizer, a file of the library `tokenizers`: "
            f'`Tokenizer.from_file("{names.TOKENIZER}").encode(text, add_special_tokens=False).ids`.'
        )
    if names.VOCAB in card["sha256"]:
        return (
            f"The run was trained on ids and has no tokenizer; line N of `{names.VOCAB}`, from 0, is the word of id N."
        )
    return "The run was trained on ids and carries no tokenizer and no vocabulary."


def _results(card: Card) -> Iterator[str]:
    dev = card["dev"]
    if dev["metrics"]:
        intervals = dev["intervals"] or {}
        rows = [
            (name, _number(value), " to ".join(map(_number, intervals[name])) if name in intervals else "not known")
            for name, value in dev["metrics"].items()
        ]
        yield _table(("metric", "value", "95 % interval"), rows)
    yield dev["note"]
    if card["threshold"] is not None:
        yield f"A pair counts as positive from a score of {card['threshold']} on."
    if card["logit_threshold"] is not None:
        yield "Of pairs with exactly this score, pairlens decides by their logits, which this model does not give."


def _number(value: Any) -> str:
    return "undefined" if value is None or math.isnan(value) else f"{value:.4f}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def card_text(card: Card) -> str:
    """The card as JSON."""
    return json.dumps(without_nan(card), indent=2) + "\n"
