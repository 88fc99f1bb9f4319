"""What the data section of a config stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.config.schema import Config
from pairlens.errors import DataError, UsageError
from pairlens.texts.splits import find_split, read_pretrained, read_split, text_rules
from pairlens.texts.token_faults import TextRules


def make_config(folder: Path, **changes: Any) -> Config:
    embedding = {"input_dim": 5, "output_dim": 3, **changes.pop("embedding", {})}
    return Config.model_validate({"data": {"train": folder / "train", **changes}, "model": {"embedding": embedding}})


def test_rules_of_a_config(tmp_path: Path) -> None:
    assert text_rules(make_config(tmp_path)) == TextRules(5, None, truncate=False, allow_empty=False)
    loose = make_config(tmp_path, max_length=7, too_long="truncate", empty="score")
    assert text_rules(loose) == TextRules(5, 7, truncate=True, allow_empty=True)


def test_a_split_with_labels(tmp_path: Path) -> None:
    for side, text in (("query", "1 2\n3\n"), ("value", "4\n0 0\n"), ("label", "1\n0\n")):
        (tmp_path / f"train.{side}.txt").write_text(text)
    pairs = read_split(make_config(tmp_path), "train")
    assert [query.tolist() for query in pairs.query] == [[1, 2], [3]]
    assert [value.tolist() for value in pairs.value] == [[4], [0, 0]]
    assert pairs.label is not None
    assert pairs.label.tolist() == [1.0, 0.0]


def test_a_split_that_the_config_does_not_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the config names no data\.test"):
        find_split(make_config(tmp_path), "test")


def test_a_split_without_labels(tmp_path: Path) -> None:
    for side in ("query", "value"):
        (tmp_path / f"train.{side}.txt").write_text("1\n")
    with pytest.raises(DataError, match=r"train\.label\.txt: no such file"):
        find_split(make_config(tmp_path), "train")


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
        (np.where(matrix == 7, np.nan, matrix), "holds numbers that are not finite"),
        (np.full((5, 3), None), r"cannot be read as a \.npy matrix"),  # objects, which would be unpickled
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
