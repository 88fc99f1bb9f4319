"""A model's fingerprint is the same on every machine and different for every other model."""

from __future__ import annotations

import numpy as np
from models import make_config, random_weights

from pairlens.config.schema import Config
from pairlens.config.weights import fingerprint

CONFIG = make_config()
WEIGHTS = random_weights(CONFIG)


def test_it_is_known_forever() -> None:
    """Dumps that were written with an earlier version must be recognised."""
    weights = {name: np.ones_like(weight) for name, weight in WEIGHTS.items()}
    assert fingerprint(CONFIG, weights) == "9bd27d6e07436bafa705fd49bb48e350cce96abe45e6f954e11f86da054d0faa"


def test_what_does_not_change_it() -> None:
    same = fingerprint(CONFIG, WEIGHTS)
    assert fingerprint(CONFIG, dict(reversed(WEIGHTS.items()))) == same
    assert fingerprint(CONFIG, {name: np.asfortranarray(weight) for name, weight in WEIGHTS.items()}) == same
    assert fingerprint(CONFIG, {name: weight.astype(">f4") for name, weight in WEIGHTS.items()}) == same
    elsewhere = CONFIG.model_dump() | {"data": {"train": "/elsewhere/train"}}
    assert fingerprint(Config.model_validate(elsewhere), WEIGHTS) == same
    assert fingerprint(make_config(embedding={"pretrained": "/some/where.npy"}), WEIGHTS) == same


def test_what_changes_it() -> None:
    other = {**WEIGHTS, "head/bias": WEIGHTS["head/bias"] + np.float32(1e-6)}
    renamed = {name.replace("head", "heads"): weight for name, weight in WEIGHTS.items()}
    found = {
        fingerprint(CONFIG, WEIGHTS),
        fingerprint(CONFIG, other),
        fingerprint(CONFIG, renamed),
        fingerprint(make_config(attention={"use_causal_mask": True}), WEIGHTS),
        fingerprint(make_config(task="regression"), WEIGHTS),
    }
    assert len(found) == 5
