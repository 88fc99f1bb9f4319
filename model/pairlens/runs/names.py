"""The names of a run's files, which no other folder spells.

RUN/config.yaml        resolved config: its format, every default written out, absolute data paths, seed
RUN/weights.npz        best weights by name
RUN/metrics.jsonl      one line per evaluation during training
RUN/evaluation.json    threshold fitted on dev, dev metrics
RUN/environment.json   versions, command, git commit, hardware, checksums of the data and of the next three
RUN/vocab.txt          data.vocab, RUN/tokenizer.json data.tokenizer and RUN/classes.json data.classes, as they were
RUN/curves.png         loss and the decisive dev metric, epoch by epoch
RUN/checkpoint/        what --resume needs: the last state, and the one before it
RUN/.lock              while a process trains there
RUN/.replaces          while it takes the place of another run; see staging.py
"""

from __future__ import annotations

from pathlib import Path

CONFIG, WEIGHTS, METRICS = "config.yaml", "weights.npz", "metrics.jsonl"
EVALUATION, ENVIRONMENT, CURVES = "evaluation.json", "environment.json", "curves.png"
VOCAB, TOKENIZER, CLASSES = "vocab.txt", "tokenizer.json", "classes.json"
CHECKPOINT, PREVIOUS = "checkpoint/state.npz", "checkpoint/previous.npz"
CARRIED = {VOCAB: "vocab", TOKENIZER: "tokenizer", CLASSES: "classes"}  # and the key of `data` that each is copied from
FILES = (CONFIG, WEIGHTS, METRICS, EVALUATION, ENVIRONMENT, CURVES, *CARRIED, CHECKPOINT, PREVIOUS)
LOCK = ".lock"
REPLACES, REPLACED = ".replaces", ".replaced"


def staging(place: Path) -> Path:
    """RUN.new, where a run grows that is to replace the one at RUN; of a link, beside the directory itself."""
    place = place.resolve() if place.is_symlink() or place.name in ("", "..") else place
    return place.with_name(place.name + ".new")
