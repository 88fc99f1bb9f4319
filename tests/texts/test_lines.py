"""Labels, groups, sample weights and vocabularies: one entry per line."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.errors import DataError
from pairlens.texts import blocks
from pairlens.texts.lines import LabelKind, read_groups, read_labels, read_sample_weights, read_vocabulary

TRAIN_ONLY = "probabilities are allowed only in the train split of a training"


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
    assert labels(path, b"7\n0\n32767\n2.0\n", "multiclass") == [7, 0, 32767, 2]
    assert labels(path, b"0\n1\n", "ranking") == [0, 1]
    assert labels(path, b"", "binary") == []
    assert read_labels(path, "binary").dtype == np.float32


@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_every_finite_number_is_a_label_for_regression(path: Path, values: list[float]) -> None:
    assert labels(path, b"".join(b"%r\n" % value for value in values), "regression") == values


@pytest.mark.parametrize(
    ("text", "task", "message"),
    [
        (b"2", "binary", "not a binary label: '2'; must be 0 or 1"),
        (b"-1", "binary", "not a binary label: '-1'; must be 0 or 1"),
        (b"0.5", "binary", f"not a binary label: '0.5'; must be 0 or 1; {TRAIN_ONLY}"),
        (b"1e-9", "ranking", f"not a ranking label: '1e-9'; must be 0 or 1; {TRAIN_ONLY}"),
        (b".2 .8", "multiclass", f"not a class: '.2 .8'; must be an integer; {TRAIN_ONLY}"),
        (b"2", "ranking", "not a ranking label: '2'; must be 0 or 1"),
        (b"-1", "multiclass", "not a class: '-1'; must be an integer from 0 to 32767"),
        (b"1.5", "multiclass", "not a class: '1.5'; must be an integer from 0 to 32767"),
        (b"32768", "multiclass", "not a class: '32768'; must be an integer from 0 to 32767"),
        (b"1e999", "multiclass", "too large: '1e999'; a label is a 32-bit number"),
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
    # The same fault is on line 4 again, and another on line 5: the first is reported.
    assert label_fault(path, b"1\n0\n  " + text + b"\n  " + text + b"\n\t!\n", task) == f"3:3: {message}"


def test_empty_label(path: Path) -> None:
    assert label_fault(path, b"1\n\n0\n", "binary") == "2:1: an empty line; every pair needs a label"


def test_a_model_knows_its_classes(path: Path) -> None:
    path.write_bytes(b"0\n2\n3\n")
    assert read_labels(path, "multiclass", classes=4).tolist() == [0, 2, 3]
    with pytest.raises(DataError) as error:
        read_labels(path, "multiclass", classes=3)
    assert str(error.value) == f"{path}:3:1: not a class: '3'; must be an integer from 0 to 2"


@given(values=st.lists(st.integers(0, 2**63 - 1)))
def test_every_integer_of_63_bits_is_a_group(path: Path, values: list[int]) -> None:
    path.write_bytes(b"".join(b"%d\n" % value for value in values))
    assert read_groups(path).tolist() == values
    assert read_groups(path).dtype == np.int64


@given(words=st.lists(st.sampled_from(["Q12", "1.5", "7", "07", "-1", "٣", "9223372036854775808", "1" * 5000, "ça"])))
def test_groups_are_words_numbered_as_they_come(path: Path, words: list[str]) -> None:
    """If one word is not an integer, all are words: 7 and 07 are different groups."""
    words = ["x", *words]
    path.write_text("".join(f" {word}\t\n" for word in words), encoding="utf-8")
    distinct = list(dict.fromkeys(words))
    assert read_groups(path).tolist() == [distinct.index(word) for word in words]
    assert read_groups(path).dtype == np.int64


def test_the_names_of_groups_make_no_difference(path: Path) -> None:
    path.write_bytes(b"3\n1\n003\n2\n")
    assert read_groups(path).tolist() == [3, 1, 3, 2]
    path.write_bytes(b"Q3\nQ1\nQ3\nQ2\n")
    assert read_groups(path).tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize("text", [b"1 2", b"Q 12", b"a\tb", "a\u3000b".encode(), b"Q\xff", b"\0", b"\xff\xfeQ\0"])
def test_what_is_not_a_group(path: Path, text: bytes) -> None:
    path.write_bytes(b" Q7\t\n007\n" + text + b"\n")
    with pytest.raises(DataError) as error:
        read_groups(path)
    message = str(error.value)
    assert message.startswith(f"{path}:3:1: not a group: ")
    assert message.endswith("; must be a number or a word without blanks")


def test_sample_weights(path: Path) -> None:
    path.write_bytes(b"1\n0\n2.5\n")
    assert read_sample_weights(path).tolist() == [1, 0, 2.5]
    assert read_sample_weights(path).dtype == np.float32
    path.write_bytes(b"")
    assert read_sample_weights(path).tolist() == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1\n-0.5\n", ":2:1: negative: '-0.5'; a weight is 0 or more"),
        (b"1\ninf\n", ":2:1: not a number: 'inf'; a weight is one finite number"),
        (b"1\n4e38\n", ":2:1: too large: '4e38'; a weight is a 32-bit number"),
        (b"1\n\n", ":2:1: an empty line; every pair needs a weight"),
        (b"0\n0.0\n1e-60\n", ": every weight is 0; there is nothing to learn from"),  # 1e-60 is 0 in float32
    ],
)
def test_what_is_not_a_sample_weight(path: Path, data: bytes, message: str) -> None:
    path.write_bytes(data)
    with pytest.raises(DataError) as error:
        read_sample_weights(path)
    assert str(error.value) == f"{path}{message}"


def test_empty_group(path: Path) -> None:
    path.write_bytes(b"\n")
    with pytest.raises(DataError, match=r":1:1: an empty line; every pair needs a group$"):
        read_groups(path)


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
    # The third character of the line is its fourth byte.
    assert str(error.value) == rf"{path}:2:3: '\xe9t' (not UTF-8); words must be UTF-8"


def test_a_byte_order_mark_is_skipped(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf1\n0\n")
    assert read_labels(path, "binary").tolist() == [1, 0]
    path.write_bytes(b"\xef\xbb\xbfone")
    assert read_vocabulary(path) == ["one"]


@pytest.mark.parametrize("lines", [0, 3])
def test_a_line_without_end(path: Path, lines: int) -> None:
    """The reader stops once it has read 64 KiB and a block."""
    for end in (b"", b"\n0\n"):
        path.write_bytes(b"1\n" * lines + b"0" * 70_000 + end)
        for read in (read_groups, read_vocabulary):
            with pytest.raises(DataError, match=rf":{lines + 1}:1: a line of more than 65536 bytes"):
                read(path)


def test_numbers_in_several_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 3)
    path.write_bytes(b"10\r\n20\n30\n10\nx y\n")
    with pytest.raises(DataError, match=":5:1: not a group: 'x y'"):
        read_groups(path)
    path.write_bytes(b"10\r\n20\n30\n10\nx\n")
    assert read_groups(path).tolist() == [0, 1, 2, 0, 3]
    path.write_bytes(b"10\r\n20\n30\n10")
    assert read_groups(path).tolist() == [10, 20, 30, 10]


def test_a_small_file_that_expands_is_refused(tmp_path: Path) -> None:
    """A gzip bomb: 40 KB expand to 40 MB of line ends. 100:1 is allowed, and 16 MiB at any ratio."""
    bomb = tmp_path / "vocab.txt.gz"
    bomb.write_bytes(gzip.compress(b"\n" * 40_000_000, compresslevel=9))
    assert bomb.stat().st_size < 50_000
    with pytest.raises(
        DataError, match=r"vocab\.txt\.gz: expands to more than 100 times its size; decompress it first"
    ):
        read_vocabulary(bomb)
    bomb.write_bytes(gzip.compress(b"0\n" * 1_000_000))
    assert len(read_labels(bomb, "binary")) == 1_000_000


def test_a_vocabulary_is_a_regular_file(tmp_path: Path) -> None:
    """A run from elsewhere may name any path: a device never ends, and a pipe without a writer blocks."""
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path):
        with pytest.raises(DataError, match="not a regular file; a vocabulary must be one"):
            read_vocabulary(path)


@given(count=st.integers(0, 30), start=st.integers(0, 35), stop=st.none() | st.integers(0, 35))
def test_some_lines_are_those_of_all(
    tmp_path_factory: pytest.TempPathFactory, count: int, start: int, stop: int | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "labels.txt"
    path.write_text("".join(f"{i % 3}\r\n" for i in range(count)))
    with mock.patch.object(blocks, "BLOCK_BYTES", 7):
        some = read_labels(path, "multiclass", 3, start, stop)
    assert some.tolist() == [float(i % 3) for i in range(count)][start:stop]
