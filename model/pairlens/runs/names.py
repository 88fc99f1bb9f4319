"""The names of a run's files; no other folder spells them out.

RUN/config.yaml        resolved config: its format, every default written out, absolute data paths, seed
RUN/weights.npz        best weights by name
RUN/metrics.jsonl      one line per evaluation during training
RUN/evaluation.json    threshold fitted on dev, dev metrics
RUN/environment.json   versions, command, git commit, hardware, checksums of the data and of the next three
RUN/vocab.txt          a copy of data.vocab
RUN/tokenizer.json     a copy of data.tokenizer
RUN/classes.json       a copy of data.classes
RUN/curves.png         loss and the decisive dev metric, epoch by epoch
RUN/tensorboard/       what `train --tensorboard` writes: a file of events for each time that training began or went on
RUN/checkpoint/        what --resume needs: the last state, and the one before it
RUN/.lock              exists while a process trains there
RUN/.replaces          exists while the run replaces another one; see staging.py
"""

from __future__ import annotations

from pathlib import Path

CONFIG, WEIGHTS, METRICS = "config.yaml", "weights.npz", "metrics.jsonl"
EVALUATION, ENVIRONMENT, CURVES = "evaluation.json", "environment.json", "curves.png"
VOCAB, TOKENIZER, CLASSES = "vocab.txt", "tokenizer.json", "classes.json"
CHECKPOINT, PREVIOUS = "checkpoint/state.npz", "checkpoint/previous.npz"
CARRIED = {VOCAB: "vocab", TOKENIZER: "tokenizer", CLASSES: "classes"}  # copies, with the key of `data` of each
FILES = (CONFIG, WEIGHTS, METRICS, EVALUATION, ENVIRONMENT, CURVES, *CARRIED, CHECKPOINT, PREVIOUS)
FOR_SCORING = (CONFIG, WEIGHTS, EVALUATION, ENVIRONMENT, *CARRIED)
LOCK = ".lock"
TENSORBOARD, EVENTS = "tensorboard", "events.out.tfevents."  # the folder, and how names of its files begin
REPLACES, REPLACED = ".replaces", ".replaced"


def staging(place: Path) -> Path:
    """Return RUN.new, where the replacement of the run at RUN is trained; if RUN is a link, next to its target."""
    place = place.resolve() if place.is_symlink() or place.name in ("", "..") else place
    return place.with_name(place.name + ".new")
