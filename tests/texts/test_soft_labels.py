"""Labels of train pairs, which may be probabilities."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pairlens.errors import DataError
from pairlens.scoring.decimals import decimal_lines
from pairlens.texts.lines import LabelKind, read_labels
from pairlens.texts.soft_labels import is_soft, one_hot, read_train_labels, row_width, shares


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soft") / "label.txt"


def fault(path: Path, data: bytes, task: LabelKind = "multiclass", classes: int | None = None) -> str:
    path.write_bytes(data)
    with pytest.raises(DataError) as error:
        read_train_labels(path, task, classes)
    return str(error.value).removeprefix(f"{path}:")


def test_probabilities_of_two_classes(path: Path) -> None:
    path.write_bytes(b"0\n1\r\n 0.25\t\n1e-9\n.5")
    for task in ("binary", "ranking"):
        found = read_train_labels(path, task)
        assert found.tolist() == [0, 1, 0.25, np.float32(1e-9), 0.5]
        assert found.dtype == np.float32


def test_rows_of_probabilities(path: Path) -> None:
    """Rounded rows are divided by their sum: 0.333 by 0.999."""
    path.write_bytes(b"0.5 0.25 0.25\r\n 1 0\t 0.0 \n0.333 0.333 0.333\n")
    found = read_train_labels(path, "multiclass")
    np.testing.assert_allclose(found, [[0.5, 0.25, 0.25], [1, 0, 0], [1 / 3] * 3], rtol=1e-7)
    assert found.dtype == np.float32
    assert row_width(path) == 3


@pytest.mark.parametrize("task", ["binary", "ranking", "regression", "multiclass"])
def test_other_labels_are_read_as_everywhere(path: Path, task: LabelKind) -> None:
    for data in (b"1\n0\n1\n", b""):
        path.write_bytes(data)
        assert row_width(path) is None
        np.testing.assert_array_equal(read_train_labels(path, task), read_labels(path, task))
        assert not is_soft(read_labels(path, task))


@settings(max_examples=30)
@given(
    logits=arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(2, 4)), elements=st.floats(-90, 90, width=32))
)
def test_printed_scores_are_labels(path: Path, logits: np.ndarray) -> None:
    """As `score` writes them: a softmax in float32, in the fewest digits that read back as the same number."""
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    path.write_text(decimal_lines(scores))
    np.testing.assert_allclose(read_train_labels(path, "multiclass"), scores, rtol=1e-6)
    path.write_text(decimal_lines(scores[:, 0]))
    np.testing.assert_array_equal(read_train_labels(path, "binary"), scores[:, 0])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b" 0.5 0.6 ", "2:2: the probabilities add up to 1.1; must be 1"),
        (b"0.5 0.498", "2:1: the probabilities add up to 0.998; must be 1"),
        (b"0.5\t-0.5", "2:5: not a probability: '-0.5'; must be a number from 0 to 1"),
        (b"1.5 0", "2:1: not a probability: '1.5'; must be a number from 0 to 1"),
        (b"0.5 0.5x", "2:5: not a number: '0.5x'; a probability is one finite number"),
        (b"5 0.5 .", "2:7: not a number: '.'; a probability is one finite number"),
        (b"5 -5", "2:1: not a probability: '5'; must be a number from 0 to 1"),
        (b"1e308 1e308", "2:1: too large: '1e308'; a probability is a 32-bit number"),
        (b"1e400 -1e400", "2:1: too large: '1e400'; a probability is a 32-bit number"),
        (b"3e38 3e38", "2:1: not a probability: '3e38'; must be a number from 0 to 1"),
        (b"0.5\r 0.5", "2:1: not a number: '0.5\\r'; a probability is one finite number"),
        (b"nan nan", "2:1: not a number: 'nan'; a probability is one finite number"),
        (b"0 1e999", "2:3: too large: '1e999'; a probability is a 32-bit number"),
        (b" 0.5 0.25 0.25", "2:1: 3 numbers in this line; must be 2, one probability for each class"),
        (b"1", "2:1: 1 number in this line; must be 2, one probability for each class"),
        (b"", "2:1: an empty line; every pair needs a label"),
    ],
)
def test_what_is_not_a_row_of_probabilities(path: Path, line: bytes, message: str) -> None:
    assert fault(path, b"0.5 0.5\n" + line + b"\n" + line + b"\n") == message


def test_a_model_knows_its_classes(path: Path) -> None:
    assert (
        fault(path, b"0.5 0.5\n", classes=3) == "1:1: 2 numbers in this line; must be 3, one probability for each class"
    )
    assert fault(path, b"0\n3\n", classes=3) == "2:1: not a class: '3'; must be an integer from 0 to 2"


@pytest.mark.parametrize("task", ["binary", "ranking"])
@pytest.mark.parametrize("text", ["1.01", "-0.5", "2"])
def test_what_is_not_a_probability(path: Path, task: LabelKind, text: str) -> None:
    message = f"2:2: not a {task} label: '{text}'; must be 0, 1 or a probability between them"
    assert fault(path, f"0.5\n {text}\n".encode(), task) == message
    assert fault(path, b"0.5\n0.5 0.5\n", task) == "2:1: not a number: '0.5 0.5'; a label is one finite number"


def test_a_file_has_classes_or_probabilities(path: Path) -> None:
    assert fault(path, b"1\n 0.5 0.5\n") == (
        "2:2: not a class: '0.5 0.5'; a file has one class in every line, as in the first, or else probabilities"
    )


@settings(max_examples=50)
@given(
    words=st.lists(
        st.lists(
            st.sampled_from(
                ["0", "1", "0.5", "-0", "1e-1", "x", "inf", "٣", "2", "1e308", "-1e400", "0.5\r", "\v", "\f1"]
            ),
            max_size=4,
        )
    )
)
def test_any_line_is_a_label_or_refused_with_its_place(path: Path, words: list[list[str]]) -> None:
    lines = [" ".join(row) for row in words]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    try:
        found = read_train_labels(path, "multiclass")
    except DataError as error:
        place = re.match(rf"{re.escape(str(path))}:(\d+):(\d+): ", str(error))
        assert place
        assert 1 <= int(place[2]) <= len(lines[int(place[1]) - 1]) + 1
    else:
        assert len(found) == len(lines)
        if found.ndim == 2:
            np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_the_shares_of_classes() -> None:
    soft, rows = np.array([0, 0.25, 1], np.float32), np.array([[0.5, 0.25, 0.25]], np.float32)
    assert shares(soft).tolist() == [[1, 0], [0.75, 0.25], [0, 1]]
    assert shares(rows).tolist() == rows.tolist()
    assert is_soft(soft)
    assert is_soft(rows)
    assert one_hot(np.array([2, 0], np.float32), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
