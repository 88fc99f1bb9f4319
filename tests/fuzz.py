"""Fuzz everything that reads files with hostile bytes: each input must give a result or a PairlensError.

`make fuzz` (or `python tests/fuzz.py reader 100000 [seed]`) changes well-formed files at random, that many times;
test_fuzz.py runs the same checks over a few examples and over all inputs that once failed.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import os
import random
import resource
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import numpy as np
import pyarrow
import pyarrow.parquet
from tokenizers.pre_tokenizers import ByteLevel

from pairlens.config.file import dump_config, load_config
from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.errors import DataError, PairlensError
from pairlens.jobs.partial_output import resumable_files
from pairlens.kernels import code_cache
from pairlens.runs.locks import locked
from pairlens.runs.progress import Progress
from pairlens.runs.run import Run
from pairlens.tables.columns import ColumnOptions
from pairlens.tables.pairs import TableOptions, TablePairs
from pairlens.texts.token_faults import BadLine, TextRules
from pairlens.texts.tokens import parse_blocks
from pairlens.tokenizer import recipe
from pairlens.tokenizer.learn import learn_tokenizer
from pairlens.tokenizer.recipe import Kind
from pairlens.tokenizer.tokenizer import Tokenizer
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
    text for each field of each line, and every id follows the rules. Otherwise the error is the first bad line."""
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
    """A config that loads can be written and loads again as an equal one."""
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
    """The first byte chooses the file of a run that the other bytes replace."""
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
    """The first two bytes choose a file of a run, and the link, pipe, device or directory that replaces it."""
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
    except (PairlensError, OSError):  # an OSError is one line, too: the file and the system's message
        pass
    assert precious.read_bytes() == data[2:]


def cached_code(data: bytes) -> None:
    """A kernel's file in the cache: it has the original code, or it is not used."""
    path = folder() / "pairlens" / "dense-abc"
    with patch.dict(os.environ, XDG_CACHE_HOME=str(folder())):
        if not path.exists():
            assert code_cache.cache_code("dense", "abc", CODE)
        path.write_bytes(data)
        path.chmod(0o600)
        assert code_cache.cached_code("dense", "abc") in (None, CODE)


def progress(data: bytes) -> None:
    """The PATH.progress of a scoring job: the job continues from its position, or is refused."""
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
    """The first byte chooses the format. The vectors are finite, with a row for each word."""
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


def tables(data: bytes) -> None:
    """The first three bytes choose the file's name, the options and whether columns are given. A table without faults
    is read the same with faults passed over: two texts for each row."""
    name, options, given = data[:3] if len(data) > 2 else (0, 0, 0)
    path = folder() / ["t.csv", "t.tsv", "t.jsonl", "t.parquet", "t.csv.gz", "t"][name % 6]
    content = data[3:]
    path.write_bytes(gzip.compress(content, mtime=0) if name % 12 == 10 else content)
    columns = [ColumnOptions(), ColumnOptions("1", "2"), ColumnOptions("question1", "2", label="3", id="none")][
        given % 3
    ]
    table = TableOptions(
        columns,
        [None, None, "csv", "tsv", "jsonl", "parquet"][options % 6],  # type: ignore[arg-type]
        [None, None, None, ";", ",", "\t", "ß"][options // 6 % 7],
        [None, True, False][options // 42 % 3],
    )
    with limited():
        try:
            pairs = TablePairs([path], table, labelled=given > 127)
        except PairlensError:
            return
        lenient = strict = None
        for pass_over in (True, False):
            try:
                rows = list(pairs.rows(size=3, pass_over=pass_over))
            except DataError:
                continue
            assert all(len(chunk.query) == len(chunk.value) == len(chunk.rows) for chunk in rows)
            assert all(isinstance(text, str) for chunk in rows for side in (chunk.query, chunk.value) for text in side)
            lenient, strict = (rows, strict) if pass_over else (lenient, rows)
        if strict is not None:
            assert lenient is not None
            assert [chunk.query for chunk in lenient] == [chunk.query for chunk in strict]
            assert not any(chunk.faults for chunk in lenient)


def tokenizers(data: bytes) -> None:
    """A tokenizer.json: for any text, every id is in the vocabulary, and every token is at its offsets."""
    with limited():
        try:
            tokenizer = Tokenizer(data.decode("utf-8", "replace"), "t.json")
            encoded = tokenizer.encode(NASTY_TEXTS)
            again, spans = tokenizer.encode_with_offsets(NASTY_TEXTS)
        except DataError as error:
            assert "makes the tokenizers library fail" not in str(error)  # noqa: PT017  (a panic)
            return
    assert all(0 <= i < len(tokenizer.vocabulary) for i in encoded.ids.tolist())
    assert (again.ids.tolist(), again.offsets.tolist()) == (encoded.ids.tolist(), encoded.offsets.tolist())
    for text, first, end in zip(NASTY_TEXTS, again.offsets, again.offsets[1:], strict=False):
        assert (spans[first:end] <= len(text)).all()
    "".join(tokenizer.vocabulary_lines()).encode()


@contextmanager
def limited(seconds: float = 2, megabytes: int = 400) -> Iterator[None]:
    """Fail if the block takes longer, or raises the peak memory of the process by more."""
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - began < seconds
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < megabytes * 1024


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
    if check in FILES:
        return FILES[check]()
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
    if check is cached_code:
        with patch.dict(os.environ, XDG_CACHE_HOME=str(folder())):
            assert code_cache.cache_code("dense", "abc", CODE)
        return [(folder() / "pairlens" / "dense-abc").read_bytes()]
    directory = folder() / "seed"
    Run.create(directory, CONFIG, {}, force=True).write_weights(weights())
    stored = (directory / "weights.npz").read_bytes()
    np.savez_compressed(directory / "packed.npz", allow_pickle=False, **weights())
    packed = (directory / "packed.npz").read_bytes()
    evaluation = json.dumps({"threshold": 0.5}).encode()
    texts = config_files()
    return [b"\0" + texts[0], b"\0" + texts[1] + b"...\n", b"\1" + stored, b"\1" + packed, b"\2" + evaluation]


def config_files() -> list[bytes]:
    """The configs of the project, and some more."""
    root = Path(__file__).parent.parent
    texts = [path.read_bytes() for path in sorted((root / "configs").glob("*.yaml"))]
    short = b"data: {train: a}\nmodel: {embedding: {input_dim: 5}}\n"
    return [dump_config(CONFIG).encode(), short, short * 2, *(text[:1500] for text in texts)]


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


def table_files() -> list[bytes]:
    """Tables of every format and encoding, with options that fit and options that do not."""
    rows = [("How so?", "Why?", 1), ('He said "no"', "He said\nno", 0), ("谁有狂三", "", 1)]
    names = ["question1", "question2", "label"]
    quoted = io.StringIO()
    csv.writer(quoted).writerows([names, *rows])
    plain = "".join("\t".join(map(str, row)).replace("\n", " ") + "\n" for row in [names, *rows])
    objects = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
    arrow = pyarrow.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
    pyarrow.parquet.write_table(arrow, folder() / "seed.parquet", compression="snappy")
    texts = [quoted.getvalue(), quoted.getvalue().replace(",", ";"), plain, plain.replace("\n", "\r\n"), objects]
    contents = [text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-8-sig", "utf-16")]
    contents += [(folder() / "seed.parquet").read_bytes(), gzip.compress(texts[0].encode(), mtime=0)]
    ways = [(0, 0, 0), (5, 0, 255), (0, 0, 1), (0, 2, 2), (1, 3, 0), (2, 4, 0), (3, 5, 0), (10, 0, 0), (4, 86, 1)]
    return [bytes(way) + content for way in ways for content in contents]


STRANGE: list[Any] = [None, True, 0, -1, 1.5, 2**64, 1e300, "", "a", "é", "\ud800", "a" * 99, "(a+)+$"]
STRANGE += [[], {}, [[]], {"type": "NFC"}, ["a", "b"], [["a", "b"]], {"a": 0}, [["a", -1e308]]]

NASTY_TEXTS = [
    "",
    " ",
    "How do I learn French?",
    "naïve ＡＢＣ ½ ﷺ İ [PAD][UNK]##a ▁b <unk>",
    "谁有狂三 ไทย 한국어 שלום 👩‍👩‍👧 e\u0301\u0301",
    "\ud800 \0\x1f\u2028\x85",
    "a" * 5000,
    "the " * 1000,
]


@cache
def tokenizer_files() -> list[bytes]:
    """A tokenizer.json of each kind."""
    return [json.dumps(json.loads(tokenizer)).encode() for tokenizer in known_tokenizers()]


def change_tokenizer(data: bytes, chance: random.Random) -> bytes:
    """Replace a few parts by those of other tokenizers or by invalid ones; sometimes change bytes."""
    if chance.random() < 0.1:
        return change(data, chance)
    tree, others = json.loads(data), [json.loads(file) for file in tokenizer_files()]
    for _ in range(chance.choice([1, 1, 2, 3])):
        container, key = chance.choice(list(inner(tree)))
        same = [value[name] for other in others for value, name in inner(other) if name == key]
        container[key] = deepcopy(chance.choice(chance.choice([same, same, STRANGE]) or STRANGE))
    return json.dumps(tree).encode()


def known_tokenizers() -> list[str]:
    texts = ["How do I learn French?", "谁有狂三", "the best way to learn the French"] * 2
    learned = [learn_tokenizer(texts, kind, 100, 1).to_json() for kind in get_args(Kind)]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    bert = recipe.whole(
        {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        {"type": "BertPreTokenizer"},
        {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: i for i, token in enumerate(["[PAD]", "[UNK]", *letters, *[f"##{a}" for a in letters]])},
        },
    )
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    bert["added_tokens"] = [{"id": 0, "content": "[PAD]", **special}, {"id": 54, "content": "new", **special}]
    gpt = recipe.whole(
        None,
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate([*sorted(ByteLevel.alphabet()), "th", "the"])},
            "merges": [["t", "h"], ["th", "e"]],
        },
    )
    charsmap = base64.b64encode(charsmap_units().tobytes() + b"b\0").decode()
    sentence = recipe.whole(
        {
            "type": "Sequence",
            "normalizers": [
                {"type": "Precompiled", "precompiled_charsmap": charsmap},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
                {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"},
                {"type": "Strip", "strip_left": True, "strip_right": True},
                {"type": "Prepend", "prepend": "▁"},
            ],
        },
        {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
                {"type": "Digits", "individual_digits": True},
                {"type": "Punctuation", "behavior": "Isolated"},
                {"type": "CharDelimiterSplit", "delimiter": "x"},
                {"type": "UnicodeScripts"},
            ],
        },
        {
            "type": "Unigram",
            "unk_id": 0,
            "byte_fallback": False,
            "vocab": [["<unk>", 0.0], ["▁", -2.0], ["▁the", -3.0], *[[a, -5.0] for a in letters]],
        },
    )
    return [*learned, *map(recipe.as_json, (bert, gpt, sentence))]


def charsmap_units() -> np.ndarray:
    """The size and the units of a Precompiled normalizer's table with the single entry `a`; see charsmap.py."""
    units = np.zeros(513, "<u4")
    units[0] = 4 * 512
    units[1] = 256 << 10  # its children start at unit 256
    units[1 + (256 ^ ord("a"))] = (256 ^ ord("a") ^ 1) << 10 | 1 << 8 | ord("a")  # it has a leaf, unit 1
    units[1 + 1] = 1 << 31  # the text at 0
    return units


def inner(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each position in a JSON tree as its container and key or index; only the first ones of long lists."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else []
    for key in list(keys)[:12]:
        yield tree, key
        yield from inner(tree[key])


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
    """Change, cut, double or insert a few bytes."""
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


CHECKS = {
    check.__name__: check for check in (reader, config, run, links, cached_code, progress, vectors, tables, tokenizers)
}


def changed(check: Callable[[bytes], None], chance: random.Random) -> bytes:
    """One of the well-formed inputs of a check, damaged."""
    return (change_tokenizer if check is tokenizers else change)(chance.choice(seeds(check)), chance)


FILES = {config: config_files, vectors: vector_files, tables: table_files, tokenizers: tokenizer_files}


def main(name: str, count: int, seed: int) -> None:
    check, chance, began = CHECKS[name], random.Random(seed), time.monotonic()
    for number in range(1, count + 1):
        data = changed(check, chance)
        try:
            check(data)
        except BaseException:
            print(f"found after {number} inputs: {name}, {data!r}", flush=True)
            raise
        if number % 10_000 == 0:
            print(f"{name}: {number} inputs in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
