"""Hostile bytes for what reads files: whatever comes in, an answer or a PairlensError comes out, and nothing else.

`make fuzz` (or `python tests/fuzz.py reader 100000 [seed]`) changes well-formed files at random as long as asked;
test_fuzz.py runs the same checks over a few examples, and over everything that was ever found.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np

from pairlens.config.file import dump_config, load_config
from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.errors import DataError, PairlensError
from pairlens.jobs.partial_output import resumable_files
from pairlens.kernels.code_cache import keep_code, read_code
from pairlens.runs.locks import locked
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run
from pairlens.texts.token_faults import BadLine, TextRules
from pairlens.texts.tokens import parse_blocks
from pairlens.vectors.files import read_vectors

CONFIG = Config.model_validate(
    {
        "data": {"train": "train", "vocab": "vocab.txt"},
        "model": {"embedding": {"input_dim": 5, "output_dim": 2}, "conv": [{"filters": 3}], "dnn": {"units": [2]}},
    }
)

CODE = bytes(range(256)) * 8
IDENTITY = {"pairlens": "0.3.0", "the run": "abc"}


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="pairlens-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


# ---- the checks ------------------------------------------------------------------------------------------------------


def reader(data: bytes) -> None:
    """The first two bytes choose the rules and where blocks are cut. With bad lines passed over, there is no error, a
    text for each field of each line, and every id within the rules; without, the error is the first bad line."""
    choice, size = (data[0], [1000, 1000, 31, 7, 3][data[1] % 5]) if len(data) > 1 else (0, 7)
    fields = 1 + choice % 2
    rules = TextRules(
        [None, 7, 1000][choice % 3],
        [None, 1, 3][choice // 3 % 3],
        bool(choice & 32),
        bool(choice & 64),
        bool(choice & 128),
    )
    text = data[2:]
    blocks = [text[at : at + size] for at in range(0, len(text), size)]
    bad: list[BadLine] = []
    ids: list[int] = []
    texts = 0
    for part, ends in parse_blocks(blocks, "f", rules, fields, bad):
        ids += part.tolist()
        texts += len(ends)
    lines = text.removeprefix(b"\xef\xbb\xbf").count(b"\n") + (not text.endswith(b"\n") and text != b"\xef\xbb\xbf")
    assert texts == (fields * lines if text else 0)
    assert all(0 <= i < rules.id_limit for i in ids)
    try:
        for _ in parse_blocks(blocks, "f", rules, fields):
            pass
    except DataError as error:
        assert str(error) == str(bad[0])  # noqa: PT017
    else:
        assert not bad


def config(data: bytes) -> None:
    """What loads is written out and loads again as the same."""
    path = folder() / "config.yaml"
    path.write_bytes(data)
    try:
        loaded = load_config(path)
    except PairlensError as error:
        assert str(error).isprintable() or "\n" in str(error)  # noqa: PT017
        return
    path.write_text(dump_config(loaded), encoding="utf-8")
    assert load_config(path) == loaded


def run(data: bytes) -> None:
    """The first byte chooses the file of a run that these bytes replace."""
    directory = folder() / "run"
    if not directory.exists():
        Run.create(directory, CONFIG, {}).write_weights(weights())
    name = ["config.yaml", "weights.npz", "evaluation.json"][data[0] % 3] if data else "config.yaml"
    before = (directory / name).read_bytes() if (directory / name).exists() else None
    (directory / name).write_bytes(data[1:])
    try:
        opened = Run.open(directory)
        loaded = opened.config()
        for array in opened.weights(loaded).values():
            assert np.isfinite(array).all()
        assert np.isfinite(opened.threshold())
    except PairlensError:
        pass
    finally:
        if before is None:
            (directory / name).unlink()
        else:
            (directory / name).write_bytes(before)


def links(data: bytes) -> None:
    """The first two bytes choose a file of a run, and the link, pipe, device or directory that stands in its place."""
    directory = folder() / "laid"
    shutil.rmtree(directory, ignore_errors=True)
    Run.create(directory, CONFIG, {}).write_weights(weights())
    names = [
        "config.yaml",
        "weights.npz",
        "evaluation.json",
        "environment.json",
        "metrics.jsonl",
        ".lock",
        "checkpoint",
    ]
    choice, what = (data[0], data[1]) if len(data) > 1 else (0, 0)
    path, precious = directory / names[choice % len(names)], folder() / "precious"
    precious.write_bytes(data[2:])
    path.unlink(missing_ok=True)
    lay = [
        lambda: path.symlink_to(precious),
        lambda: path.hardlink_to(precious),
        lambda: os.mkfifo(path),
        lambda: path.symlink_to("/dev/zero"),
        lambda: path.symlink_to(path),
        path.mkdir,
    ]
    lay[what % len(lay)]()
    try:
        opened = Run.open(directory)
        opened.weights(opened.config())
        opened.threshold()
        with locked(directory):
            opened.write_checkpoint({}, Progress())
            opened.write_metrics([])
            Run.create(directory, CONFIG, {}, force=True).write_weights(weights())
    except (PairlensError, OSError):  # the latter is one line, too: the file, and what the system says
        pass
    assert precious.read_bytes() == data[2:]


def kept_code(data: bytes) -> None:
    """Of a kernel's file in the cache: it is the code that was kept, or it is not used."""
    path = folder() / "pairlens" / "dense-abc"
    with patch.dict(os.environ, XDG_CACHE_HOME=str(folder())):
        if not path.exists():
            assert keep_code("dense", "abc", CODE)
        path.write_bytes(data)
        path.chmod(0o600)
        assert read_code("dense", "abc") in (None, CODE)


def progress(data: bytes) -> None:
    """Of a scoring's PATH.progress: the job goes on from where it says, or is refused."""
    path = folder() / "scores"
    path.with_name("scores.partial").write_bytes(b"0.5\n" * 100)
    path.with_name("scores.progress").write_bytes(data)
    path.unlink(missing_ok=True)
    try:
        with resumable_files({"output": path}, IDENTITY) as job:
            assert isinstance(job.state, dict)
    except PairlensError:
        pass


def vectors(data: bytes) -> None:
    """The first byte chooses the format. What is read is finite, and a row for each word."""
    path = folder() / ["v.txt", "v.bin", "v.safetensors", "v.npy", "v.vec.gz"][data[0] % 5 if data else 0]
    path.write_bytes(data[1:])
    path.with_suffix(".words").write_text("cat\nDog\n")
    try:
        read = read_vectors(path, ["cat", "dog", "", "a b"])
    except PairlensError:
        return
    assert read.matrix.shape == (4, read.dim)
    assert np.isfinite(read.matrix).all()
    assert read.found.sum() == read.exact + read.lower_case > 0
    assert not read.matrix[~read.found].any()


# ---- bytes to check --------------------------------------------------------------------------------------------------


def weights() -> dict[str, np.ndarray]:
    return {name: np.ones(shape, np.float32) for name, shape in weight_shapes(CONFIG.model).items()}


@cache
def seeds(check: Callable[[bytes], None]) -> list[bytes]:
    if check is reader:
        texts = [
            b"1 2 3\n4\n\n5 6",
            b"1 2\t3\n4\t5 6\r\n",
            b"\xef\xbb\xbf1\n",
            b"0007 2147483648\n-1 +5 1_0 x\n",
            b"9\t\t\n",
        ]
        return [bytes([choice, size]) + text * 3 for text in texts for choice in range(0, 128, 5) for size in (0, 2, 3)]
    root = Path(__file__).parent.parent
    texts = [path.read_bytes() for path in sorted((root / "configs").glob("*.yaml"))]
    short = b"data: {train: a}\nmodel: {embedding: {input_dim: 5}}\n"
    texts = [dump_config(CONFIG).encode(), short, short * 2, *(text[:1500] for text in texts)]
    if check in (config, vectors):
        return texts if check is config else vector_files()
    if check is links:
        return [bytes([name, what]) + b"mine" for name in range(7) for what in range(6)]
    if check is progress:
        sizes = [{"output": 400}, {"output": 4}, {}]
        saved = [
            {"whole": w, "identity": IDENTITY, "bytes": b, "state": {"position": [1, 2, 3]}}
            for b in sizes
            for w in (False, True)
        ]
        return [json.dumps(one, indent=2).encode() for one in saved]
    if check is kept_code:
        with patch.dict(os.environ, XDG_CACHE_HOME=str(folder())):
            assert keep_code("dense", "abc", CODE)
        return [(folder() / "pairlens" / "dense-abc").read_bytes()]
    directory = folder() / "seed"
    Run.create(directory, CONFIG, {}, force=True).write_weights(weights())
    stored = (directory / "weights.npz").read_bytes()
    np.savez_compressed(directory / "packed.npz", allow_pickle=False, **weights())
    packed = (directory / "packed.npz").read_bytes()
    evaluation = json.dumps({"threshold": 0.5}).encode()
    return [b"\0" + texts[0], b"\0" + texts[1] + b"...\n", b"\1" + stored, b"\1" + packed, b"\2" + evaluation]


def vector_files() -> list[bytes]:
    """A file of each format of word vectors."""
    text = b"cat 1 -2.5\ndog 3e-3 4\na b 5 6\n"
    matrix = np.array([[1, 2], [3, 4]], np.float32)
    np.save(folder() / "matrix.npy", matrix)
    header = json.dumps({"embeddings": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    return [
        b"\0" + text,
        b"\0" + b"3 2\n" + text,
        b"\1" + b"2 2\ncat " + matrix[0].tobytes() + b"\ndog " + matrix[1].tobytes(),
        b"\2" + struct.pack("<Q", len(header)) + header + matrix.tobytes(),
        b"\3" + (folder() / "matrix.npy").read_bytes(),
        b"\4" + gzip.compress(b"3 2\n" + text, mtime=0),
    ]


TOKENS = [
    b"\n",
    b"\t",
    b" ",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"0",
    b"9" * 12,
    b"-",
    b"1e309",
    b".nan",
    b"&a ",
    b"*a",
]
TOKENS += [
    b"[" * 30,
    b"{",
    b"}",
    b": ",
    b"- ",
    b"!!python/object ",
    b"...\n",
    b"---\n",
    b"\xf4\x8f\xbf\xbf",
    b"\x1b[2J",
    b"null",
]


def change(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, cut, doubled or put in."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4, 9])):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + chance.choice([1, 2, 8, 40]))
        match chance.randrange(6):
            case 0:
                changed[at:end] = chance.randbytes(end - at)
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end]
            case 3:
                changed[at:at] = chance.choice(TOKENS)
            case 4:
                del changed[at:]
            case 5:
                changed[at:end] = chance.choice(TOKENS)
    return bytes(changed)


CHECKS = {check.__name__: check for check in (reader, config, run, links, kept_code, progress, vectors)}


def main(name: str, count: int, seed: int) -> None:
    check, chance, began = CHECKS[name], random.Random(seed), time.monotonic()
    for number in range(1, count + 1):
        data = change(chance.choice(seeds(check)), chance)
        try:
            check(data)
        except Exception:
            print(f"found after {number} inputs: {name}, {data!r}", flush=True)
            raise
        if number % 10_000 == 0:
            print(f"{name}: {number} inputs in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
