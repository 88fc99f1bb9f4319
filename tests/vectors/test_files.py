"""Files of word vectors: every format gives the same rows, and every fault is located."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pairlens.errors import DataError
from pairlens.vectors.files import first_words, read_vectors
from pairlens.vectors.wanted import Vectors

ROWS = {"cat": [1.5, -2.0, 0.25], "dog": [4.0, 5.0, 1e-3], "Paris": [7.0, 8.0, 9.0], "über": [0.0, 1.0, 2.0]}
WORDS = ["[PAD]", "dog", "Cat", "Paris", "paris", "über", "zebra"]
MATRIX = np.array(list(ROWS.values()), np.float32)
LINES = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in ROWS.items()).encode()


def safetensors(tensors: dict[str, Any], data: bytes) -> bytes:
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header)) + header + data


def one_tensor(matrix: NDArray[Any], dtype: str, **changes: Any) -> bytes:
    data = matrix.tobytes()
    entry = {"dtype": dtype, "shape": list(matrix.shape), "data_offsets": [0, len(data)], **changes}
    return safetensors({"__metadata__": {"format": "pt"}, "weight": entry}, data)


def word2vec(end: bytes, rows: int = 4) -> bytes:
    entries = [word.encode() + b" " + np.array(row, "<f4").tobytes() + end for word, row in ROWS.items()]
    return f"{rows} 3\n".encode() + b"".join(entries)


def npy(matrix: NDArray[Any], folder: Path) -> bytes:
    np.save(folder / "made.npy", matrix)
    return (folder / "made.npy").read_bytes()


FORMATS: dict[str, Callable[[Path], bytes]] = {
    "glove.txt": lambda _: LINES,
    "without_an_end.txt": lambda _: LINES.removesuffix(b"\n"),
    "header.vec": lambda _: b"4 3\n" + LINES,
    "fasttext.vec": lambda _: b"4 3\n" + LINES.replace(b"\n", b" \n"),
    "windows.txt": lambda _: b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n"),
    "glove.txt.gz": lambda _: gzip.compress(LINES),
    "glove.txt.bz2": lambda _: bz2.compress(LINES),
    "glove.vec.xz": lambda _: lzma.compress(LINES),
    "original.bin": lambda _: word2vec(b"\n"),
    "gensim.bin": lambda _: word2vec(b""),
    "gensim.bin.gz": lambda _: gzip.compress(word2vec(b"")),
    "f32.safetensors": lambda _: one_tensor(MATRIX, "F32"),
    "f64.safetensors": lambda _: one_tensor(MATRIX.astype(np.float64), "F64"),
    "f16.safetensors": lambda _: one_tensor(MATRIX.astype(np.float16), "F16"),
    "bf16.safetensors": lambda _: one_tensor((MATRIX.view(np.uint32) >> 16).astype(np.uint16), "BF16"),
    "matrix.npy": lambda folder: npy(MATRIX, folder),
    "fortran.npy": lambda folder: npy(np.asfortranarray(MATRIX.astype(">f8")), folder),
}


def written(folder: Path, name: str, content: bytes, words: str = "\n".join(ROWS) + "\n") -> Path:
    path = folder / name
    path.write_bytes(content)
    path.with_suffix(".words").write_text(words, encoding="utf-8")
    return path


def read_one(folder: Path, content: bytes, words: list[str], name: str = "v.txt") -> Vectors:
    return read_vectors(written(folder, name, content), words)


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as error:
        read_vectors(path, WORDS)
    return str(error.value).replace(str(path.parent) + "/", "")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    vectors = read_vectors(written(tmp_path, name, FORMATS[name](tmp_path)), WORDS)
    expected = [[0] * 3, ROWS["dog"], ROWS["cat"], ROWS["Paris"], [0] * 3, ROWS["über"], [0] * 3]
    np.testing.assert_allclose(vectors.matrix, expected, rtol=1e-2 if "16" in name else 1e-7)
    assert vectors.matrix.dtype == np.float32
    assert vectors.found.tolist() == [False, True, True, True, False, True, False]
    assert (vectors.rows, vectors.dim, vectors.exact, vectors.lower_case) == (4, 3, 3, 1)


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_words_in_the_order_of_the_file(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, FORMATS[name](tmp_path))
    assert first_words(path, 3) == ["cat", "dog", "Paris"]
    assert first_words(path, 99) == list(ROWS)
    assert first_words(path, 0) == []


def test_first_words_with_blanks_or_without_utf8(tmp_path: Path) -> None:
    path = written(tmp_path, "v.txt", b"the 0 0\n. . . 1 2\ncaf\xe9 1 2\ncat 1 2\n")
    assert first_words(path, 4) == ["the", ". . .", "cat"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_text_is_read_as_a_plain_loop_reads_it(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Words of any characters except line ends, also blanks, in blocks so small that every line is cut somewhere."""
    word = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1, max_size=6)
    word = word.filter(lambda text: " " not in (text[0], text[-1]) and not text.rpartition(" ")[2].isdecimal())
    number = st.floats(width=32, allow_nan=False, allow_infinity=False)
    words = data.draw(st.lists(word, min_size=2, max_size=30))
    dim = data.draw(st.integers(2, 4))
    table = [(one, data.draw(st.lists(number, min_size=dim, max_size=dim))) for one in words]
    text = f"{len(table)} {dim}\n" + "".join(f"{one} {' '.join(map(repr, row))}\n" for one, row in table)
    first: dict[str, list[float]] = {}
    for one, row in table:
        first.setdefault(one, row)
    asked = [*dict.fromkeys(words), "no such word"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pairlens.texts.blocks.BLOCK_BYTES", data.draw(st.integers(1, 40)))
        vectors = read_one(tmp_path_factory.mktemp("v"), text.encode(), asked)
    for one, row, found in zip(asked, vectors.matrix, vectors.found, strict=True):
        expected = first.get(one, first.get(one.lower()))
        assert found == (expected is not None)
        assert row.tolist() == (expected or [0.0] * dim)
    assert vectors.rows == len(table)
    assert vectors.duplicates == len(words) - len(set(words))


def test_a_word_with_blanks(tmp_path: Path) -> None:
    """GloVe 840B has such words: the last numbers are the vector."""
    content = b". 1 2 3\n. . . 4 5 6\nat name@domain.com 7 8 9\ncat 0 0 1\n"
    vectors = read_one(tmp_path, content, [". . .", ".", "cat", "at"])
    assert vectors.matrix.tolist() == [[4, 5, 6], [1, 2, 3], [0, 0, 1], [0, 0, 0]]
    assert vectors.rows == 4


def test_the_exact_word_comes_before_the_lower_case(tmp_path: Path) -> None:
    vectors = read_one(tmp_path, b"us 1 1\nUS 2 2\nit 3 3\n", ["US", "us", "IT", "It"])
    assert vectors.matrix[:, 0].tolist() == [2, 1, 3, 3]
    assert (vectors.exact, vectors.lower_case) == (2, 2)


def test_the_first_of_duplicates_counts(tmp_path: Path) -> None:
    vectors = read_one(tmp_path, b"cat 1 1\ncat 2 2\na 0 0\na 0 0\ncat 3 3\n", ["cat", "dog"])
    assert vectors.matrix[0].tolist() == [1, 1]
    assert vectors.duplicates == 2  # only those of wanted words


def test_bytes_that_are_no_utf8_match_nothing_and_are_counted(tmp_path: Path) -> None:
    assert read_one(tmp_path, b"caf\xe9 1 1\ncat 2 2\n\xff 3 3\n", ["café", "cat", "?"]).undecodable == 2
    content = b"2 1\n\xff " + np.float32(1).tobytes() + b"cat " + np.float32(2).tobytes()
    vectors = read_one(tmp_path, content, ["\ufffd", "cat"], "v.bin")
    assert (vectors.undecodable, vectors.found.tolist()) == (1, [False, True])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cat 1 2\nrat 1\n", "v.txt:2: found 1 numbers after the word; must be 2, as in the first line"),
        (b"cat 1 2\nrat 1 2 3\n", "v.txt:2: found 3 numbers after the word; must be 2"),
        (b"cat 1 2\n\ndog 1 2\n", "v.txt:2: found 0 numbers after the word; must be 2"),
        (b"cat 1 2\ndog 1 x\n", "v.txt:2: not a number: 'x'; correct or remove this line"),
        (b"cat 1 2\ndog 1 1_0\n", "v.txt:2: not a number: '1_0'"),
        (b"cat 1 2\ndog 1 nan\n", "v.txt:2: a number that is not finite as a 32-bit float; correct or remove"),
        (b"cat 1 1e39\n", "v.txt:1: a number that is not finite"),
        (b"3 2\ncat 1 2\ndog 1 2\n", "v.txt:1: the first line says 3 vectors, but 2 follow; the file is cut off"),
        (b"1 2\n\n", "v.txt:2: found 0 numbers after the word; must be 2"),
        (b"1 3\ncat 1 2\n", "v.txt:2: found 2 numbers after the word; must be 3"),
        (b"1 999999999\ncat 1 2\n", "v.txt:1: the first line says 999999999 numbers per word; must be 1 to 8192"),
        (b"1 0\n", "v.txt:1: the first line says 0 numbers per word; must be 1 to 8192"),
        (b"1 2\n", "v.txt:1: the first line says 1 vectors, but 0 follow"),
        (b"cat\t1\t2\n", "v.txt:1: found 0 numbers after the word; must be 1 to 8192, separated by single blanks"),
        (b"", "v.txt:1: found 0 numbers after the word"),
        (b"\n", "v.txt:1: found 0 numbers after the word"),
        (b"rat 1 2\n", "v.txt: none of the 7 words of the vocabulary has a vector here; check the language"),
        (b"x" * 2**21, "v.txt: a line of more than 1048576 bytes; this is not a text file of word vectors"),
    ],
)
def test_a_fault_in_text_has_its_place_and_remedy(content: bytes, message: str, tmp_path: Path) -> None:
    assert refusal(written(tmp_path, "v.txt", content)).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (word2vec(b"\n")[:-6], "vector 4 of 4 is cut off or damaged; download the file"),
        (word2vec(b"", rows=5), "vector 5 of 5 is cut off"),
        (word2vec(b"", rows=3), "more data follows the 3 vectors of 3 numbers that the first line announces"),
        (b"4 99999999999999999\n" + b"x" * 99, "the first line says 4 vectors of 99999999999999999 numbers; must be"),
        (b"0 3\n", "the first line says 0 vectors of 3 numbers; must be at least 1, of 1 to 8192 numbers"),
        (b"", "not a word2vec file: the first line must be two integers, ROWS DIM; name a text file .txt"),
        (LINES, "not a word2vec file: the first line must be two integers"),
        (b"9" * 5000 + b" 3\n", "not a word2vec file"),
        (b"\xba\x16\x4f\x2f" + bytes(99), "a complete fastText model; give the .vec file next to it"),
        (b"1 2\n" + b"x" * 2**20, "vector 1 of 1 is cut off or damaged"),
        (b"1 1\ndog " + np.float32(np.inf).tobytes(), "vector 1 of 1: a number that is not finite"),
    ],
)
def test_a_fault_in_word2vecs_format(content: bytes, message: str, tmp_path: Path) -> None:
    assert refusal(written(tmp_path, "v.bin", content)).startswith(f"v.bin: {message}")


TWO = {
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "F32", "shape": [2, 3], "data_offsets": [24, 48]},
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a safetensors file, or cut off in its header"),
        (struct.pack("<Q", 2**63) + b"{}", "not a safetensors file, or cut off in its header"),
        (struct.pack("<Q", 2) + b"{x", "the header is damaged"),
        (safetensors({}, b""), "found no tensor; must contain a single matrix, or name it 'embeddings'"),
        (struct.pack("<Q", 9000) + b"[" * 9000, "the header is damaged"),
        (one_tensor(MATRIX, "I32"), "'weight' is I32 [4, 3]; must be a matrix of F16, BF16, F32, F64"),
        (one_tensor(MATRIX, "F32", shape=[12]), "'weight' is F32 [12]; must be a matrix"),
        (one_tensor(MATRIX, "F32", shape=[5, 3]), "the size of 'weight' in bytes does not match its shape [5, 3]"),
        (one_tensor(MATRIX, "F32", shape=[-4, -3]), "the header is damaged"),
        (one_tensor(MATRIX, "F32", shape=[True, 3]), "the header is damaged"),
        (one_tensor(MATRIX, "F32", shape=[10**99, 3]), "the header is damaged"),
        (one_tensor(MATRIX, "F32", shape=[2**40, 2**40]), "the size of 'weight' in bytes does not match"),
        (one_tensor(MATRIX, "F32", data_offsets=[4, 52]), "'weight' lies outside the file or overlaps another tensor"),
        (one_tensor(MATRIX, "F32")[:-1], "'weight' lies outside the file or overlaps another tensor"),
        (safetensors(TWO, bytes(48)), "found 'a', 'b'; must contain a single matrix, or name it 'embeddings'"),
        (
            safetensors({**TWO, "b": {**TWO["b"], "data_offsets": [20, 44]}}, bytes(48)),
            "'b' lies outside the file or overlaps another tensor",
        ),
        (one_tensor(MATRIX * np.float32(np.nan), "F32"), "row 1: a number that is not finite"),
    ],
)
def test_a_fault_in_safetensors(content: bytes, message: str, tmp_path: Path) -> None:
    assert refusal(written(tmp_path, "v.safetensors", content)).startswith(f"v.safetensors: {message}")


def test_of_several_tensors_the_one_named_embeddings(tmp_path: Path) -> None:
    content = safetensors({"a": TWO["a"], "embeddings": TWO["b"]}, bytes(24) + MATRIX[:2].tobytes())
    path = written(tmp_path, "v.safetensors", content, "cat\ndog\n")
    assert read_vectors(path, ["dog"]).matrix.tolist() == [MATRIX[1].tolist()]


def test_words_that_do_not_belong_to_a_matrix(tmp_path: Path) -> None:
    path = written(tmp_path, "v.npy", npy(MATRIX, tmp_path), "cat\ndog\n")
    assert refusal(path) == "v.words: 2 words, but v.npy has 4 rows; there must be one word per row"
    path.with_suffix(".words").write_text("cat\n" * 9)
    assert refusal(path) == "v.words: 9 words, but v.npy has 4 rows; there must be one word per row"
    path.with_suffix(".words").write_text("x" * 70_000)
    assert "a line of more than 65536 bytes" in refusal(path)
    path.with_suffix(".words").unlink()
    message = "v.words: no such file; must have the word of each row of v.npy, one in each line"
    assert refusal(path) == message
    path.write_bytes(b"x")
    assert refusal(path).startswith("v.npy: cannot be read as a .npy matrix")


def test_a_matrix_of_another_kind(tmp_path: Path) -> None:
    must_be = "must be floats [rows, dim], one row for each word of"
    assert f"v.npy: found int64 [4, 3]; {must_be}" in refusal(
        written(tmp_path, "v.npy", npy(MATRIX.astype(int), tmp_path))
    )
    assert f"v.npy: found float32 [12]; {must_be}" in refusal(written(tmp_path, "v.npy", npy(MATRIX.ravel(), tmp_path)))
    assert "cannot be read as a .npy matrix" in refusal(written(tmp_path, "v.npy", b""))


def test_what_is_missing_compressed_or_a_pipe(tmp_path: Path) -> None:
    for name in ("v.txt", "v.bin", "v.safetensors"):
        assert refusal(tmp_path / name) == f"{name}: No such file or directory"
    compressed = written(tmp_path, "v.npy.gz", b"")
    assert refusal(compressed) == "v.npy.gz: a compressed .npy file cannot be read; decompress it first"
    assert "truncated or damaged" in refusal(written(tmp_path, "v.vec.gz", gzip.compress(LINES)[:-9]))
    os.mkfifo(tmp_path / "v.vec")
    assert refusal(tmp_path / "v.vec") == "v.vec: not a regular file; vectors are read more than once"
