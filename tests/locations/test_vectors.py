"""Word vectors and embeddings in a bucket, of every format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from buckets import Bucket

from pairlens.config.schema import Config
from pairlens.locations.location import location
from pairlens.vectors.files import files_read, read_vectors
from pairlens.vectors.pretrained import read_pretrained

VECTORS = np.array([[1.0, 2.0], [3.0, 4.5]], np.float32)  # of the words a and b


def text() -> dict[str, bytes]:
    return {"v.txt": b"a 1 2\nb 3 4.5\n"}


def word2vec() -> dict[str, bytes]:
    return {"v.bin": b"2 2\n" + b"a " + VECTORS[0].tobytes() + b"b " + VECTORS[1].tobytes()}


def npy(folder: Path) -> dict[str, bytes]:
    np.save(folder / "v.npy", VECTORS)
    return {"v.npy": (folder / "v.npy").read_bytes(), "v.words": b"a\nb\n"}


def safetensors() -> dict[str, bytes]:
    header = json.dumps({"m": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    return {"v.safetensors": len(header).to_bytes(8, "little") + header + VECTORS.tobytes(), "v.words": b"a\nb\n"}


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.npy", "v.safetensors"])
def test_the_vectors_of_words(bucket: Bucket, tmp_path: Path, name: str) -> None:
    for key, content in (text() | word2vec() | npy(tmp_path) | safetensors()).items():
        bucket.put(f"d/{key}", content)
    path = location(f"s3://data/d/{name}")
    vectors = read_vectors(path, ["b", "a", "c"])
    np.testing.assert_array_equal(vectors.matrix[:2], VECTORS[::-1])
    assert vectors.found.tolist() == [True, True, False]
    words = [location("s3://data/d/v.words")] if name in ("v.npy", "v.safetensors") else []
    assert files_read(path) == [path, *words]


def test_a_row_for_each_id(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("e.npy", npy(tmp_path)["v.npy"])
    embedding = {"input_dim": 2, "output_dim": 2, "pretrained": "s3://data/e.npy"}
    config = Config.model_validate({"data": {"train": "t"}, "model": {"embedding": embedding}})
    np.testing.assert_array_equal(read_pretrained(config), VECTORS)
