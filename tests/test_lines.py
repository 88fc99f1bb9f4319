"""Labels and vocabularies: one thing a line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.lines import LabelKind, read_labels, read_vocabulary


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines") / "file.txt"


def labels(path: Path, data: bytes, task: LabelKind) -> list[float]:
    path.write_bytes(data)
    return list(read_labels(path, task))


def label_fault(path: Path, data: bytes, task: LabelKind) -> str:
    with pytest.raises(DataError) as error:
        labels(path, data, task)
    return str(error.value).removeprefix(f"{path}:")


def test_labels(path: Path) -> None:
    assert labels(path, b"0\n1\r\n 1.0\t\n0", "binary") == [0, 1, 1, 0]
    assert labels(path, b"4.5\n-1\n+2.\n.5\n1e-1\n", "regression") == [4.5, -1, 2, 0.5, np.float32(0.1)]
    assert labels(path, b"", "binary") == []
    assert read_labels(path, "binary").dtype == np.float32


@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_every_finite_number_is_a_label_for_regression(path: Path, values: list[float]) -> None:
    assert labels(path, b"".join(b"%r\n" % value for value in values), "regression") == values


@pytest.mark.parametrize(
    ("text", "task", "message"),
    [
        (b"2", "binary", "not a binary label: '2'; it is 0 or 1"),
        (b"-1", "binary", "not a binary label: '-1'; it is 0 or 1"),
        (b"0.5", "binary", "not a binary label: '0.5'; it is 0 or 1"),
        (b"yes", "binary", "not a number: 'yes'; a label is one finite number"),
        (b"1 0", "binary", "not a number: '1 0'; a label is one finite number"),
        (b"nan", "regression", "not a number: 'nan'; a label is one finite number"),
        (b"inf", "regression", "not a number: 'inf'; a label is one finite number"),
        (b"1_0", "regression", "not a number: '1_0'; a label is one finite number"),
        (b".", "regression", "not a number: '.'; a label is one finite number"),
        ("٣".encode(), "regression", "not a number: '٣'; a label is one finite number"),
        (b"\xff", "regression", r"not a number: '\xff' (not UTF-8); a label is one finite number"),
        # More than the largest float32, 3.4e38; more than the largest float64, 1.8e308.
        (b"-4e38", "regression", "too large: '-4e38'; a label is a 32-bit number"),
        (b"1e999", "regression", "too large: '1e999'; a label is a 32-bit number"),
    ],
)
def test_what_is_not_a_label(path: Path, text: bytes, task: LabelKind, message: str) -> None:
    # The same fault again on line 4, and another one on line 5: the first counts.
    assert label_fault(path, b"1\n0\n  " + text + b"\n  " + text + b"\n\t!\n", task) == f"3:3: {message}"


def test_empty_label(path: Path) -> None:
    assert label_fault(path, b"1\n\n0\n", "binary") == "2:1: an empty line; every pair needs a label"


@given(words=st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))))
def test_words_come_back(path: Path, words: list[str]) -> None:
    """Unicode has more line ends than LF, such as U+2028: they are part of a word."""
    for end in ("\n", "\r\n"):
        path.write_bytes("".join(word + end for word in words).encode())
        assert read_vocabulary(path) == words


def test_vocabulary(path: Path, tmp_path: Path) -> None:
    path.write_bytes("<pad>\n\nça\r\nlast".encode())
    assert read_vocabulary(path) == ["<pad>", "", "ça", "last"]
    compressed = tmp_path / "vocab.txt.gz"
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_vocabulary(compressed) == read_vocabulary(path)


def test_vocabulary_that_is_not_utf8(path: Path) -> None:
    path.write_bytes("<pad>\nça".encode() + b"\xe9t\n")
    with pytest.raises(DataError) as error:
        read_vocabulary(path)
    # The third character of the line, though its fourth byte.
    assert str(error.value) == rf"{path}:2:3: '\xe9t' (not UTF-8); words are UTF-8"
