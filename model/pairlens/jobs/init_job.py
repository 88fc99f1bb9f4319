"""Writes a first config for a folder of encoded splits: the strong default, adapted to the size of the data."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import NamedTuple

from pairlens.config.file import path_text
from pairlens.jobs.find_data import DataFound
from pairlens.locations.location import Location
from pairlens.texts.splits import LATER_SPLITS
from pairlens.texts.words import printable

_OWN_WIDTH = 64  # numbers per word besides those of word vectors
_LONGEST = 512  # tokens; the memory of attention grows with the square of the length


class Recipe(NamedTuple):
    """What depends on the size of the data; the numbers are those of the configs for public data sets."""

    epochs: int
    batch_size: int
    dropout: float


def recipe(found: DataFound) -> Recipe:
    """Return larger batches and fewer epochs for larger sets.

    Classes are learned sooner than grades, and rankings, whose pairs are similar, overfit soonest.
    """
    pairs, task = found.splits["train"].pairs, found.task.task
    if pairs > 30_000:
        return Recipe(epochs=4, batch_size=128, dropout=0.2)
    if task == "ranking":
        return Recipe(epochs=4 if pairs > 3_000 else 8, batch_size=64, dropout=0.1)
    if task == "binary":
        return Recipe(epochs=6, batch_size=128 if pairs > 10_000 else 32, dropout=0.1)
    return Recipe(epochs=10, batch_size=128 if pairs > 10_000 else 32, dropout=0.1)


def train_command(config: Location | None) -> str:
    """The command that trains with the written config."""
    path = config or Path("CONFIG.yaml")
    return f"pairlens train {shlex.quote(str(path))} --output {shlex.quote(f'runs/{path.stem}')}"


def config_text(found: DataFound, config: Location | None, schema: Location | None) -> str:
    """Return the text of a commented config; its paths are relative to its folder.

    Args:
        config: where it will be written; None makes paths relative to the working folder.
        schema: the JSON schema next to it.
    """
    base = Path.cwd() if config is None else config.absolute().parent if isinstance(config, Path) else config.parent
    parts = [_head(found, config, schema), _data(found, base), _model(found, base), _training(found)]
    return "\n".join("\n".join(line.rstrip() for line in part) + "\n" for part in parts)


def _head(found: DataFound, config: Location | None, schema: Location | None) -> list[str]:
    editor = f"# yaml-language-server: $schema={schema.name}" if schema else ""
    task = found.task
    return [
        *([printable(editor)] if editor else []),
        "# Written by `pairlens init`. Keys that are left out have their defaults. To train with it:",
        "#",
        f"#   {printable(train_command(config))}",
        "",
        f"# {printable(task.why)[:1].upper()}{printable(task.why)[1:]}.",
        f"# Alternative: {task.otherwise}.",
        f"task: {task.task}",
    ]


def _data(found: DataFound, base: Location) -> list[str]:
    train = found.splits["train"]
    lines = ["data:", f"  train: {_relative(train.prefix, base)}  # {train.pairs:,} pairs"]
    for name in LATER_SPLITS:
        split = found.splits.get(name)
        if split is None:
            lines.append(f"  {name}: null  # not found")
        elif name in found.unlabelled:
            lines.append(f"  {name}: null  # {printable(split.prefix.name)} has no labels; it can be scored")
        else:
            lines.append(f"  {name}: {_relative(split.prefix, base)}  # {split.pairs:,} pairs")
    for key in ("vocab", "tokenizer", "classes"):
        if path := getattr(found, key):
            lines.append(f"  {key}: {_relative(path, base)}")
    if found.longest > _LONGEST:
        lines += [
            f"  # The longest text has {found.longest:,} tokens, 99 % have at most {found.usual:,}.",
            f"  max_length: {_LONGEST}",
            "  too_long: truncate",
        ]
    if found.empty:
        lines.append(f"  empty: score  # {found.empty:,} texts have no tokens")
    return lines


def _relative(path: Location, base: Location) -> str:
    if isinstance(path, Path):
        path = path.absolute()
        return path_text(os.path.relpath(path, base) if isinstance(base, Path) else str(path))
    return path_text(str(path))


def _model(found: DataFound, base: Location) -> list[str]:
    """The model section of configs/aligned.yaml, with word vectors if there are any."""
    dropout = recipe(found).dropout
    reason = "the words of the vocabulary" if found.input_dim == found.words else "the largest id + 1"
    spelling = "" if not found.vocab else ", spelling: 1.0"
    vectors = f", vectors: {_relative(found.vectors, base)}" if found.vectors else ""
    width = f"  # {_OWN_WIDTH} learned from train and {found.vector_dim} of the word vectors" if found.vectors else ""
    classes = found.task.classes
    return [
        "model:  # the strong default: what a model of this size can learn from pairs alone",
        "  embedding:",
        f"    input_dim: {found.input_dim}  # {reason}",
        f"    output_dim: {_OWN_WIDTH + found.vector_dim}{width}",
        "    # Words with similar contexts" + (" or spelling" if found.vocab else "") + " start with similar vectors.",
        f"    embeddings_initializer: {{name: ppmi_svd, stddev: 1.0, window: 10{spelling}{vectors}}}",
        f"    dropout: {dropout}",
        "    match_channels: true",
        "  conv: {filters: 32, kernel_size: 3, activation: relu}",
        "  views: [embedding, convolution]  # words by themselves, and words in their context",
        "  attention: {direction: both, temperature: 10.0}",
        "  features: [encoding, attention, absolute_difference, product]",
        "  compare: {units: 48}",
        "  pooling: [average, max]",
        "  overlap: true",
        "  wide: true",
        f"  dnn: {{units: 64, dropout: {dropout}}}",
        *([f"  classes: {classes}  # set it to null for another task"] if classes else []),
    ]


def _training(found: DataFound) -> list[str]:
    chosen = recipe(found)
    unknown = [f"  word_dropout: {{rate: 0.5, unknown_id: {found.unknown}}}  # prepares for unknown words in new texts"]
    return [
        f"training:  # for {found.splits['train'].pairs:,} pairs; with more, use larger batches and fewer epochs",
        f"  epochs: {chosen.epochs}",
        f"  batch_size: {chosen.batch_size}",
        "  optimizer: {name: adam, learning_rate: 2e-3}",
        "  schedule: {name: linear, warmup: 0.05}",
        *([] if found.unknown is None else unknown),
        f"  early_stopping: {{patience: {chosen.epochs}}}  # never stops early; the best epoch's weights are kept",
    ]
