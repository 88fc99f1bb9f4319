"""Scalars are read as in YAML 1.2."""

from __future__ import annotations

import pytest
from written_configs import MINIMAL, Write, faults_of

from pairlens.config.file import load_config


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1e-4", 1e-4),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+2.5E+1", 25.0),
        ("3", 3.0),
        ("0x10", 16.0),
        ("010", 10.0),
    ],
)
def test_numbers_are_those_of_yaml_1_2(write: Write, written: str, number: float) -> None:
    config = load_config(write(MINIMAL), [f"training.optimizer.learning_rate={written}"])
    assert config.training.optimizer.learning_rate == number


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "1_000", "1:30", "0b1", "2024-01-01", "<<", "="])
def test_what_only_yaml_1_1_converts_stays_a_word(write: Write, word: str) -> None:
    (fault,) = faults_of(write(MINIMAL), f"model.symmetric={word}")
    assert fault.endswith(f'found "{word}"; must be true or false')


def test_a_number_of_any_length_is_reported_as_a_fault(write: Write) -> None:
    # Python refuses to convert more than 4300 digits.
    (fault,) = faults_of(write(MINIMAL + f"training: {{seed: {'9' * 5000}}}\n"))
    assert fault == "c.yaml:5: training.seed: found Infinity; must be an integer from 0 to 4294967295"
