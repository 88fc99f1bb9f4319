"""Pretrained embeddings: a matrix by id, or vectors by word, and how much of the data they cover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.config.schema import Config
from pairlens.errors import DataError
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.vectors.pretrained import coverage, read_pretrained, read_word_vectors, vector_files

VOCABULARY = ["[PAD]", "[UNK]", "cat", "Dog", "mouse"]


def make_config(folder: Path, **changes: Any) -> Config:
    embedding = {"input_dim": 5, "output_dim": 3, **changes.pop("embedding", {})}
    return Config.model_validate({"data": {"train": folder / "train", **changes}, "model": {"embedding": embedding}})


def test_pretrained_embeddings(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    config = make_config(tmp_path, embedding={"pretrained": path})
    assert read_pretrained(make_config(tmp_path)) is None

    matrix = np.arange(15.0).reshape(5, 3)  # input_dim by output_dim
    for dtype in (np.float64, np.float32, np.float16):
        np.save(path, matrix.astype(dtype))
        read = read_pretrained(config)
        assert read is not None
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, matrix)

    for wrong, message in [
        (matrix.T, r"found float64 \[3, 5\]; must be floats \[5, 3\]"),
        (matrix.astype(int), r"found int64 \[5, 3\]; must be floats"),
        (np.where(matrix == 7, np.nan, matrix), "contains numbers that are not finite"),
        (np.full((5, 3), None), r"cannot be read as a \.npy matrix"),  # objects, which would need unpickling
    ]:
        np.save(path, wrong, allow_pickle=True)
        with pytest.raises(DataError, match=rf"vectors\.npy: {message}"):
            read_pretrained(config)


@pytest.mark.parametrize("content", [None, b"", b"0.1 0.2\n"])
def test_pretrained_embeddings_that_are_no_array(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "vectors.npy"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as a \.npy matrix"):
        read_pretrained(make_config(tmp_path, embedding={"pretrained": path}))


def test_pretrained_embeddings_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    np.savez(path, matrix=np.zeros((5, 3)))
    with pytest.raises(DataError, match=r"found an archive; must be floats \[5, 3\]"):
        read_pretrained(make_config(tmp_path, embedding={"pretrained": path}))


def test_numbers_that_only_a_wider_float_can_hold(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    np.save(path, np.full((5, 3), 1e300))
    with pytest.raises(DataError, match="not finite"):
        read_pretrained(make_config(tmp_path, embedding={"pretrained": path}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1 2 3\ndog 4 5 6\nhouse 7 8 9\n")
    return path


def test_vectors_by_word(path: Path, tmp_path: Path) -> None:
    config = make_config(tmp_path, embedding={"pretrained": path})
    assert read_pretrained(config) is None
    vectors = read_word_vectors(config, VOCABULARY)
    assert vectors is not None
    assert vectors.matrix.tolist() == [[0, 0, 0], [0, 0, 0], [1, 2, 3], [4, 5, 6], [0, 0, 0]]
    assert vectors.found.tolist() == [False, False, True, True, False]
    assert (vectors.exact, vectors.lower_case, vectors.rows) == (1, 1, 3)


def test_a_vocabulary_longer_or_shorter_than_the_ids(path: Path, tmp_path: Path) -> None:
    config = make_config(tmp_path, embedding={"pretrained": path})
    for vocabulary in (VOCABULARY[:3], [*VOCABULARY, "house"]):
        vectors = read_word_vectors(config, vocabulary)
        assert vectors is not None
        assert vectors.matrix.shape == (5, 3)
        assert vectors.matrix[2].tolist() == [1, 2, 3]


def test_a_matrix_with_words_is_read_by_word(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    np.save(path, np.ones((5, 3), np.float32))
    config = make_config(tmp_path, embedding={"pretrained": path})
    assert read_word_vectors(config, None) is None
    assert vector_files(config) == [path]
    path.with_suffix(".words").write_text("cat\na\nb\nc\nd\n")
    assert read_pretrained(config) is None
    vectors = read_word_vectors(config, VOCABULARY)
    assert vectors is not None
    assert vectors.found.tolist() == [False, False, True, False, False]
    assert vector_files(config) == [path, path.with_suffix(".words")]


def test_what_does_not_fit_says_which_key_to_set(path: Path, tmp_path: Path) -> None:
    def refused(vocabulary: list[str] | None = VOCABULARY, **embedding: Any) -> str:
        with pytest.raises(DataError) as error:
            read_word_vectors(make_config(tmp_path, embedding=embedding), vocabulary)
        return str(error.value)

    mixed = {"name": "ppmi_svd", "vectors": path}
    width = f"{path}: vectors of 3 numbers, but model.embedding.output_dim is"
    assert refused(pretrained=path, output_dim=4) == f"{width} 4; set it to 3"
    for output_dim in (2, 3):
        message = refused(embeddings_initializer=mixed, output_dim=output_dim)
        assert message == f"{width} {output_dim}; set it to 3 plus the columns of ppmi_svd, at least 4"
    for embedding in ({"pretrained": path}, {"embeddings_initializer": mixed, "output_dim": 4}):
        message = refused(None, **embedding)
        assert message == f"{path}: vectors are looked up by word; set data.vocab to the file with the words of the ids"


def test_a_warm_start_needs_no_vectors(path: Path, tmp_path: Path) -> None:
    sections = make_config(tmp_path, embedding={"embeddings_initializer": {"name": "ppmi_svd", "vectors": path}})
    config = Config.model_validate({**sections.model_dump(), "training": {"warm_start": tmp_path / "run"}})
    assert read_word_vectors(config, None) is None
    assert vector_files(config) == []


def test_coverage_of_words_and_tokens(path: Path, tmp_path: Path) -> None:
    config = make_config(tmp_path, embedding={"pretrained": path})
    vectors = read_word_vectors(config, VOCABULARY)
    assert vectors is not None
    texts = Texts.from_lists([[2, 2, 3], [4]])
    found = coverage(config, vectors, VOCABULARY, Pairs(texts, Texts.from_lists([[1], [2, 1, 0, 4]])))
    assert found.record() == {
        "path": str(path),
        "rows": 3,
        "dim": 3,
        "words": 5,
        "words_found": 2,
        "words_found_exact": 1,
        "words_found_lower_case": 1,
        "train_tokens": 9,
        "train_tokens_found": 4,  # cat three times, Dog once
        "duplicates": 0,
        "undecodable": 0,
    }
    assert found.sentence() == (
        f"{path}: 2 of 5 words of the vocabulary have a vector (40.0%, 1 of them in lower case), and 44.4% of the "
        "train tokens"
    )
