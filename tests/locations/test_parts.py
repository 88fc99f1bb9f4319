"""Parts of an output in a bucket, with faults injected: the same bytes, and nothing left."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from buckets import Bucket
from command_line import lines, pairlens, random_texts, trained_project

PARTS = 5


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def test_parts_from_and_to_a_bucket(project: Path, tmp_path: Path, bucket: Bucket) -> None:
    """Compressed parts are read from it, and scores written to it, by a cluster whose requests fail now and then."""
    for side in ("query", "value"):
        content = [lines(random_texts(40, 10 * i + len(side))).encode() for i in range(PARTS)]
        for i, part in enumerate(content):
            bucket.put(f"in/{i}.{side}.txt.gz", gzip.compress(part))
        (tmp_path / f"{side}.txt").write_bytes(b"".join(content))
    for path in (project / "run").iterdir():
        if path.is_file():
            bucket.put(f"run/{path.name}", path.read_bytes())
    whole = pairlens(tmp_path, "score", project / "run", "query.txt", "value.txt", "--format", "jsonl").stdout
    bucket.misbehave(0.05, seed=5)
    inputs = ["s3://data/run", "s3://data/in/*.query.txt.gz", "s3://data/in/*.value.txt.gz", "--format", "jsonl"]

    result = pairlens(tmp_path, "score", *inputs, "--output", "s3://data/out.jsonl.d", "--shard", "2/3")
    assert (result.code, result.stdout) == (0, ""), result.stderr
    missing = pairlens(tmp_path, "merge", "s3://data/out.jsonl.d", "--output", "s3://data/out.jsonl")
    assert missing.code == 2
    assert missing.stderr.startswith("error: s3://data/out.jsonl.d: 2 of 3 parts are missing or damaged: 1, 3; ")

    cluster = ["--cluster", "local", "--workers", "2", "--shards", "3"]
    result = pairlens(tmp_path, "score", *inputs, "--output", "s3://data/out.jsonl.d", *cluster)
    assert result.code == 0, result.stderr
    result = pairlens(tmp_path, "merge", "s3://data/out.jsonl.d", "--output", "s3://data/out.jsonl")
    assert result.code == 0, result.stderr
    assert bucket.get("out.jsonl").decode() == whole

    result = pairlens(tmp_path, "score", *inputs, "--output", "s3://data/merged.jsonl", *cluster)
    assert result.code == 0, result.stderr
    assert bucket.get("merged.jsonl").decode() == whole
    assert not [name for name in bucket.names() if name.startswith("merged.jsonl.d")]
    assert bucket.unfinished() == 0
    assert bucket.faults.total() > 3
    for name in bucket.names():
        assert b"a-secret-key" not in bucket.get(name)
