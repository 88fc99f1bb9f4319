"""Attention dumps can be read back exactly, are written in bounded memory, and appear as a whole or not at all."""

from __future__ import annotations

import gzip
import json
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from attention_maps import Scored, chunk_of, chunks_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray
from running import run_to_end

from pairlens.attention.dumps.dump import DUMP_SUFFIXES, dump_format, dump_metadata, receptive_field, write_dump
from pairlens.attention.stream import ScoredMaps
from pairlens.config.model import ModelConfig
from pairlens.config.schema import Config
from pairlens.config.weights import weight_shapes
from pairlens.errors import UsageError
from pairlens.scoring.encoder import Encoder
from pairlens.scoring.maps import PairAttention
from pairlens.texts.texts import Texts

SUFFIXES = list(DUMP_SUFFIXES)

floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


def matrices(*shape: int) -> st.SearchStrategy[NDArray[np.float32]]:
    return st_numpy.arrays(np.float32, shape, elements=floats)


@st.composite
def dumps(draw: st.DrawFn) -> list[Scored]:
    both = draw(st.booleans())
    dump = []
    for pair in sorted(draw(st.sets(st.integers(0, 2**40), max_size=4))):
        Tq, Tv = draw(st.integers(0, 5)), draw(st.integers(0, 7))
        ids = st.integers(0, 2**31 - 1)
        query, value = (draw(st_numpy.arrays(np.int32, n, elements=ids)) for n in (Tq, Tv))
        value_scores = draw(matrices(Tv, Tq)) if both else None
        dump.append((pair, PairAttention(query, value, draw(matrices(Tq, Tv)), value_scores), draw(floats)))
    return dump


def config(model: dict[str, Any]) -> Config:
    return Config.model_validate({"data": {"train": "t"}, "model": {"embedding": {"input_dim": 11}, **model}})


def a_pair(value: float = 1.0) -> PairAttention:
    return PairAttention(np.array([1], np.int32), np.array([2], np.int32), np.array([[value]], np.float32))


# ---- what comes out --------------------------------------------------------------------------------------------------


def read_npz(path: Path) -> tuple[Any, list[Scored]]:
    """Read with NumPy only, as the format's documentation says."""
    with np.load(path, allow_pickle=False) as file:
        dump = []
        for pair, score in zip(file["pair"].tolist(), file["score"].tolist(), strict=True):
            both = f"{pair}/value_scores" in file
            arrays = [file[f"{pair}/{name}"] for name in ["query", "value", "scores", *["value_scores"] * both]]
            dump.append((pair, PairAttention(*arrays), score))
        return json.loads(file["metadata"].item()), dump


def read_jsonl(path: Path) -> tuple[Any, list[Scored]]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        metadata, *lines = map(json.loads, file)
    dump = []
    for line in lines:
        Tq, Tv = len(line["query"]), len(line["value"])
        query, value = (np.array(line[name], np.int32) for name in ("query", "value"))
        scores = np.array(line["scores"], np.float32).reshape(Tq, Tv)
        both = "value_scores" in line
        value_scores = np.array(line["value_scores"], np.float32).reshape(Tv, Tq) if both else None
        dump.append((line["pair"], PairAttention(query, value, scores, value_scores), line["score"]))
    return metadata, dump


def read_h5(path: Path) -> tuple[Any, list[Scored]]:
    with h5py.File(path) as file:
        data = {name: dataset[:] for name, dataset in file.items()}
        metadata = json.loads(file.attrs["metadata"])
    dump = []
    for i, (pair, score) in enumerate(zip(data["pair"].tolist(), data["score"].tolist(), strict=True)):
        query, value = (
            data[f"{side}_ids"][data[f"{side}_offsets"][i] : data[f"{side}_offsets"][i + 1]]
            for side in ("query", "value")
        )
        part = slice(data["offsets"][i], data["offsets"][i + 1])
        both = data["value_scores"][part].reshape(len(value), len(query)) if "value_scores" in data else None
        dump.append(
            (pair, PairAttention(query, value, data["scores"][part].reshape(len(query), len(value)), both), score)
        )
    return metadata, dump


def read_tsv(path: Path) -> tuple[Any, list[list[str]]]:
    """Return the metadata, and the following lines split into columns."""
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    metadata, *rows = text.removesuffix("\n").split("\n")
    assert metadata.startswith("# ")
    return json.loads(metadata[2:]), [row.split("\t") for row in rows]


READERS = {".npz": read_npz, ".jsonl": read_jsonl, ".jsonl.gz": read_jsonl, ".h5": read_h5}


def contents(dump: list[Scored]) -> list[Any]:
    """Every value of a dump, with the type and the shape of its arrays."""
    described = []
    for pair, attention, score in dump:
        arrays = [attention.query, attention.value, attention.scores, attention.value_scores]
        described += [pair, np.float32(score)]
        described += [array if array is None else (array.dtype, array.shape, array.tolist()) for array in arrays]
    return described


@pytest.mark.parametrize("suffix", READERS)
@settings(max_examples=25)
@given(dump=dumps())
def test_the_pairs_can_be_read_back(suffix: str, tmp_path_factory: pytest.TempPathFactory, dump: list[Scored]) -> None:
    path = tmp_path_factory.mktemp("dump") / f"maps{suffix}"
    metadata = {"direction": "both", "ü": [1, None]}
    assert write_dump(path, chunks_of(dump), metadata) == len(dump)
    read_metadata, read = READERS[suffix](path)
    assert read_metadata == metadata | {"dtype": "float32"}
    assert contents(read) == contents(dump)


def a_pair_of_two_directions() -> PairAttention:
    scores, value_scores = np.array([[1 / 3, 2 / 3]], np.float32), np.array([[1.0], [0.5]], np.float32)
    return PairAttention(np.array([2], np.int32), np.array([0, 1], np.int32), scores, value_scores)


def test_jsonl_line_by_line(tmp_path: Path) -> None:
    write_dump(tmp_path / "maps.jsonl", [chunk_of([(8, a_pair_of_two_directions(), 0.25)])], {"masking": "exact"})
    # The float32 next to 1/3 is 0.333333342…, next to 2/3 it is 0.6666666865…; written with just enough digits.
    assert (tmp_path / "maps.jsonl").read_text() == (
        '{"masking": "exact", "dtype": "float32"}\n'
        '{"pair": 8, "score": 0.25, "query": [2], "value": [0,1], '
        '"scores": [[0.33333334,0.6666667]], "value_scores": [[1],[0.5]]}\n'
    )


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz"])
@pytest.mark.parametrize(
    ("vocabulary", "words"),
    [
        (None, ["2", "0", "1"]),
        (
            ["100%s", "a\tb\n", "\x1b \\t"],
            ["\x1b\\x20\\\\t", "100%s", "a\\tb\\n"],
        ),  # no word begins a new column or line
    ],
)
def test_tsv_line_by_line(suffix: str, vocabulary: list[str] | None, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / f"maps{suffix}"
    write_dump(path, [chunk_of([(8, a_pair_of_two_directions(), 0.25)])], {}, vocabulary)
    q, v0, v1 = words
    assert read_tsv(path) == (
        {"dtype": "float32"},
        [
            ["pair", "score", "direction", "query_position", "value_position", "query", "value", "weight"],
            ["8", "0.25", "query_to_value", "0", "0", q, v0, "0.33333334"],
            ["8", "0.25", "query_to_value", "0", "1", q, v1, "0.6666667"],
            ["8", "0.25", "value_to_query", "0", "0", q, v0, "1"],
            ["8", "0.25", "value_to_query", "0", "1", q, v1, "0.5"],
        ],
    )


def test_float16(tmp_path: Path) -> None:
    """Half the size; in text, at most five digits, which read back as the same float16."""
    whole = np.random.default_rng(0).random((5, 7), np.float32)
    pair = PairAttention(np.arange(5, dtype=np.int32), np.arange(7, dtype=np.int32), whole)
    half = whole.astype(np.float16)
    for suffix, read in READERS.items():
        write_dump(tmp_path / f"maps{suffix}", [chunk_of([(0, pair, 0.5)])], {}, dtype="float16")
        metadata, [(_, found, _)] = read(tmp_path / f"maps{suffix}")
        assert metadata == {"dtype": "float16"}
        assert suffix.startswith(".jsonl") or found.scores.dtype == np.float16
        np.testing.assert_array_equal(found.scores.astype(np.float16), half)
    write_dump(tmp_path / "maps.tsv", [chunk_of([(0, pair, 0.5)])], {}, dtype="float16")
    weights = [row[-1] for row in read_tsv(tmp_path / "maps.tsv")[1][1:]]
    assert np.array(weights, np.float16).tolist() == half.ravel().tolist()
    assert max(map(len, weights)) <= len("0.12345e-05")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_score_of_a_multiclass_model_is_every_probability(suffix: str, tmp_path: Path) -> None:
    one = chunk_of([(3, a_pair(), 0.5), (4, a_pair(), 0.5)])
    chunk = ScoredMaps(one.pair, np.array([[0.25, 0.75], [0.5, 0.5]], np.float32), one.maps)
    path = tmp_path / f"maps{suffix}"
    write_dump(path, [chunk], {})
    if suffix.startswith(".tsv"):
        heading, *rows = read_tsv(path)[1]
        assert heading[:4] == ["pair", "score_0", "score_1", "direction"]
        found = [[float(score) for score in row[1:3]] for row in rows]
    else:
        found = [score for _, _, score in READERS[suffix](path)[1]]  # type: ignore[misc]
    assert found == [[0.25, 0.75], [0.5, 0.5]]


def test_more_arrays_than_a_zip_without_64_bits_holds(tmp_path: Path) -> None:
    # 22,000 pairs with three arrays each, and three for all: more than the 65,535 entries that fit into 16 bits.
    pairs = [(i, a_pair(), 0.5) for i in range(22_000)]
    assert write_dump(tmp_path / "maps.npz", chunks_of(pairs, 1000), {}) == 22_000
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as file:
        assert len(file.files) == 66_003
        assert file["21999/scores"].tolist() == [[1.0]]


# ---- how it gets there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_pairs_same_bytes(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    for name, now in (("a", 0.0), ("b", 2e9)):  # 1970 and 2033
        monkeypatch.setattr(time, "time", lambda now=now: now)
        write_dump(tmp_path / f"{name}{suffix}", [chunk_of([(0, a_pair(), 0.5)])], {})
        written.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_chunk_is_in_memory_at_a_time(suffix: str, tmp_path: Path) -> None:
    made: list[weakref.ref[NDArray[np.floating]]] = []

    def chunks() -> Iterator[ScoredMaps]:
        for pair in range(5):
            chunk = chunk_of([(pair, a_pair(pair), 0.5)])
            made.append(weakref.ref(chunk.maps.scores))
            yield chunk
            # The chunk just written, to which the writer and this generator still refer; none before it.
            assert sum(matrix() is not None for matrix in made) == 1

    assert write_dump(tmp_path / f"maps{suffix}", chunks(), {}) == 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_interrupted_dump_leaves_the_existing_file(suffix: str, tmp_path: Path) -> None:
    def chunks() -> Iterator[ScoredMaps]:
        yield chunk_of([(0, a_pair(), 0.5)])
        raise KeyboardInterrupt

    old = tmp_path / f"old{suffix}"
    old.write_bytes(b"old")
    for path in (old, tmp_path / f"new{suffix}"):
        with pytest.raises(KeyboardInterrupt):
            write_dump(path, chunks(), {})
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == b"old"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_formats(suffix: str) -> None:
    assert dump_format(Path(f"some.where/maps.v2{suffix}")) == suffix


@pytest.mark.parametrize("name", ["maps.txt", "maps", "maps.npz.gz", "npz", "maps.gz"])
def test_unknown_formats(name: str, tmp_path: Path) -> None:
    message = "unknown format; give a name that ends in one of .npz, .h5, .jsonl, .jsonl.gz, .tsv, .tsv.gz"
    for attempt in (dump_format, lambda path: write_dump(path, [], {})):
        with pytest.raises(UsageError) as error:
            attempt(tmp_path / name)
        assert str(error.value) == f"{tmp_path / name}: {message}"
    assert not list(tmp_path.iterdir())


def test_importing_is_cheap() -> None:
    heavy = {"rich", "numba", "h5py", "matplotlib", "tensorflow"}
    code = f"import pairlens.attention.dumps.dump, sys; print({heavy} & sys.modules.keys())"
    assert run_to_end([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


# ---- the meaning of rows and columns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conv", "left", "right"),
    [
        ([], 0, 0),
        ([{"kernel_size": 1}], 0, 0),
        # The documentation's: four taps reach over three neighbours; "same" has the longer half to the right.
        ([{"kernel_size": 4}], 1, 2),
        ([{"kernel_size": 4, "padding": "causal"}], 3, 0),
        # Three taps, two apart, reach over four neighbours.
        ([{"kernel_size": 3, "dilation_rate": 2}], 2, 2),
        # Layers add up: (1, 2) and (2, 2) and (1, 0).
        ([{"kernel_size": 4}, {"kernel_size": 3, "dilation_rate": 2}, {"kernel_size": 2, "padding": "causal"}], 4, 4),
    ],
)
def test_receptive_field(conv: list[Any], left: int, right: int) -> None:
    assert receptive_field(config({"conv": conv}).model) == (left, right)


convs = st.fixed_dictionaries(
    {
        "filters": st.just(3),
        "kernel_size": st.integers(1, 5),
        "dilation_rate": st.integers(1, 3),
        "padding": st.sampled_from(["same", "causal"]),
    }
)


def reach_by_trial(model: ModelConfig) -> tuple[int, int]:
    """Change one token of a long text, and look which positions' encodings change."""
    rng = np.random.default_rng(1)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in weight_shapes(model).items()}
    tokens, changed = np.zeros((2, 101), np.int32)
    changed[50] = 1
    texts = Texts.from_lists([tokens, changed])
    encoder = Encoder(model, weights)
    encoder.plan["encoded"] = 1  # encode here, not in the kernels
    encoded = encoder.pair_arguments(texts, texts, encoder.fold(texts))["encoded_query"]
    before, after = np.split(encoded, 2)
    same = np.isclose(before, after, rtol=1e-4, atol=1e-4)  # the rounding of a product depends on the row's position
    positions = np.flatnonzero(~same.all(axis=1))
    # If a position changes with a token to its right, it sees that token.
    return int(positions[-1]) - 50, 50 - int(positions[0])


@settings(max_examples=20, deadline=None)
@given(st.lists(convs, min_size=1, max_size=3))
def test_receptive_field_is_that_of_the_encoder(conv: list[dict[str, Any]]) -> None:
    model: ModelConfig = config({"conv": conv, "embedding": {"input_dim": 11, "output_dim": 2}}).model
    assert receptive_field(model) == reach_by_trial(model)


def test_without_convolutions_a_position_sees_one_token() -> None:
    assert receptive_field(config({"conv": []}).model) == (0, 0)


def test_metadata() -> None:
    model = {"masking": "none", "attention": {"score_mode": "concat", "direction": "both"}}
    metadata = json.loads(json.dumps(dump_metadata(config(model), "5e")))
    assert metadata["format_version"] == 2
    assert metadata["model_fingerprint"] == "sha256:5e"
    assert (metadata["task"], metadata["score"]) == ("binary", "the probability of label 1")
    assert metadata["masking"] == "none"
    assert metadata["attention"]["score_mode"] == "concat"
    assert metadata["attention"]["direction"] == "both"
    assert metadata["receptive_field"] == {"left": 1, "right": 2}
    assert metadata["about"].startswith("Row i of scores stands for the query's tokens i-1 to i+2, column j for")
