"""Config files: paths, dumps, and arbitrary text."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from running import run_to_end
from written_configs import DOCUMENTED, MINIMAL, Write, faults_of, optimizers

from pairlens.config.file import FORMAT, dump_config, load_config
from pairlens.config.model import EmbeddingConfig
from pairlens.config.schema import Config, DataConfig
from pairlens.errors import ConfigError
from pairlens.locations.location import location


def test_a_path_is_relative_to_where_it_is_written(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", "/home/me")
    write("""\
data: {train: ../a/./train, dev: /b/../dev, test: ~/test}
model: {embedding: {input_dim: 5, pretrained: e.npy}}
""")
    config = load_config(Path("../c.yaml"), ["data.vocab=../vocab.txt"])
    assert config.data.train == tmp_path.parent / "a" / "train"
    assert config.data.dev == Path("/dev")
    assert config.data.test == Path("/home/me/test")
    assert config.data.vocab == tmp_path / "vocab.txt"
    assert config.model.embedding.pretrained == tmp_path / "e.npy"
    # A path in an override is relative to the working directory, also where it replaces one in the file.
    assert load_config(Path("../c.yaml"), ["data.train=train"]).data.train == tmp_path / "here" / "train"


def test_train_may_be_several_prefixes(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is relative to where it is written; a single one is dumped as it always was."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = write(MINIMAL.replace("train: train", "train: [a, ../b, s3://bucket/c]"))
    config = load_config(path)
    assert config.data.prefixes("train") == (tmp_path / "a", tmp_path.parent / "b", location("s3://bucket/c"))
    assert config.data.named("train") == f"{tmp_path}/a, {tmp_path.parent}/b, s3://bucket/c"
    assert f"  train:\n  - {tmp_path}/a\n  - {tmp_path.parent}/b\n  - s3://bucket/c\n" in dump_config(config)
    dumped = tmp_path / "dumped.yaml"
    dumped.write_text(dump_config(config))
    assert load_config(dumped) == config
    here = tmp_path / "here"
    assert load_config(path, ["data.train=[x, y]"]).data.prefixes("train") == (here / "x", here / "y")
    assert load_config(path, ["data.train[1]=x"]).data.prefixes("train")[:2] == (tmp_path / "a", here / "x")
    single = load_config(path, ["data.train=x"])
    assert (single.data.prefixes("train"), single.data.prefixes("dev")) == ((here / "x",), ())
    assert f"  train: {here}/x\n" in dump_config(single)


@pytest.mark.parametrize("written", ["[]", "[a, a]", "[a, ./a]", "[3]", "[a, null]", '[""]'])
def test_what_is_no_list_of_prefixes(write: Write, written: str) -> None:
    (fault,) = faults_of(write(MINIMAL.replace("train: train", f"train: {written}")))
    assert fault.startswith("c.yaml:2: data.train: found [")
    assert fault.endswith("]; must be a path, or a list of at least one path, each once")


def test_every_path_of_the_schema_is_made_absolute(write: Write, tmp_path: Path) -> None:
    paths = [f"data.{key}" for key, field in DataConfig.model_fields.items() if "Path" in str(field)]
    paths += [f"model.embedding.{key}" for key, field in EmbeddingConfig.model_fields.items() if "Path" in str(field)]
    assert len(paths) == 7
    dumped = dump_config(load_config(write(MINIMAL), [f"{path}=~x/y" for path in paths]))
    assert dumped.count(f": {Path.cwd()}/~x/y\n") == 7  # there is no user x, so the name is unchanged


def test_a_dump_begins_with_its_format(write: Write) -> None:
    assert dump_config(load_config(write(MINIMAL))).startswith(f"format: {FORMAT}\ntask: binary\n")


@pytest.mark.parametrize("format_", range(FORMAT + 1))
def test_a_config_may_say_any_format_so_far(write: Write, format_: int) -> None:
    assert load_config(write(f"{MINIMAL}format: {format_}\n")) == load_config(write(MINIMAL))


def test_a_later_format_is_reported_before_any_other_fault(write: Write) -> None:
    later = FORMAT + 1
    assert faults_of(write(f"new_section: 1\nformat: {later}\ntask: [3]\n"), "task=4") == [
        f"c.yaml:2: format {later} was written by a later pairlens; this is {version('pairlens')}, "
        f"which reads formats up to {FORMAT}; upgrade pairlens"
    ]


@pytest.mark.parametrize("written", ["-1", "1.0", "true", '"1"', "null", "[1]", "9999999999999999999"])
def test_a_format_is_a_number(write: Write, written: str) -> None:
    (format_, task) = faults_of(write(f"{MINIMAL}format: {written}\ntask: 3\n"))
    assert format_.startswith("c.yaml:5: format: found ")
    assert format_.endswith("; must be an integer ≥ 0")
    assert task.startswith("c.yaml:6: task: found 3")


def test_a_format_is_none_of_the_keys_to_set(write: Write) -> None:
    for text in (MINIMAL, f"format: {FORMAT}\n{MINIMAL}"):
        (found,) = faults_of(write(text), "format=1")
        assert found == "--set format=1: format: unknown key; the keys here are task, data, model, training"


def valid_configs() -> st.SearchStrategy[dict[str, object]]:
    """Valid configs: any value of any domain, nothing contradictory."""
    sizes, fractions = st.integers(1, 2**31 - 1), st.floats(0, 1, exclude_max=True)
    positive = st.floats(0, exclude_min=True, allow_infinity=False)
    paths = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)

    def some(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({}, optional=values)

    def one_of(*values: object) -> st.SearchStrategy[object]:
        return st.sampled_from(values)

    initializers = st.one_of(
        st.fixed_dictionaries({"name": st.just("uniform"), "scale": positive}),
        st.fixed_dictionaries({"name": st.just("truncated_normal"), "stddev": positive}),
        st.fixed_dictionaries({"name": st.just("constant"), "value": st.floats(allow_nan=False, allow_infinity=False)}),
        one_of("normal", "zeros", "he_normal"),
    )
    conv = some(
        filters=sizes,
        padding=one_of("same", "causal"),
        kernel_initializer=initializers,
        kernel_regularizer=one_of(None, "l2"),
    )
    names = st.sampled_from([section().model_dump()["name"] for section in optimizers()])
    return st.fixed_dictionaries(
        {
            "task": one_of("binary", "regression"),
            "data": st.fixed_dictionaries({"train": paths}, optional={"dev": paths, "max_length": st.none() | sizes}),
            "model": st.fixed_dictionaries(
                {
                    "embedding": st.fixed_dictionaries(
                        {"input_dim": sizes}, optional={"embeddings_initializer": initializers, "dropout": fractions}
                    )
                },
                optional={
                    "conv": conv | st.lists(conv, max_size=3),
                    "attention": some(temperature=positive, direction=one_of("both"), score_mode=one_of("concat")),
                    "features": st.lists(one_of("encoding", "attention", "product"), min_size=1, unique=True),
                    "dnn": some(units=sizes | st.lists(sizes, max_size=3), activation=one_of(None, "swish")),
                },
            ),
        },
        optional={
            "training": some(
                optimizer=names | st.fixed_dictionaries({"name": names, "learning_rate": positive}),
                early_stopping=st.none() | some(patience=st.integers(0, 2**31 - 1), min_delta=fractions),
                seed=st.integers(0, 2**32 - 1),
            )
        },
    )


@settings(deadline=None)
@example(raw={"data": {"train": "\x85\u2028\n é"}, "model": {"embedding": {"input_dim": 5}}})
@given(raw=valid_configs())
def test_a_dump_loads_to_an_equal_config(raw: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "dump.yaml"
    data = {key: Path("/", value) if isinstance(value, str) else value for key, value in raw["data"].items()}
    config = Config.model_validate({**raw, "data": data})
    path.write_text(dump_config(config), encoding="utf-8")
    loaded = load_config(path)
    assert loaded == config
    assert dump_config(loaded) == path.read_text(encoding="utf-8")


WORDS = st.sampled_from(tuple("?&*!{}[],:'#|>%-\"\té\x00\ud800")) | st.sampled_from(
    ("task", "data", "train", "model", "conv", "units", "input_dim", "1e3", ".inf", ": ", "\n", "\n  ", "\n- ", "---\n")
)


def outcome(path: Path, overrides: list[str]) -> Config | list[str]:
    try:
        return load_config(path, overrides)
    except ConfigError as error:
        return error.faults


@settings(deadline=None)
@given(words=st.lists(WORDS, max_size=30), override=st.lists(WORDS | st.sampled_from(["=", ".0", "."]), max_size=8))
def test_any_text_is_a_config_or_faults_of_one_line(
    words: list[str], override: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes("".join(words).encode("utf-8", "surrogatepass"))
    for overrides in ([], ["".join(override)]):
        found = outcome(path, overrides)
        assert found
        if not isinstance(found, Config):
            assert all(fault.startswith((str(path), "--set ")) and fault.isprintable() for fault in found)


def test_loading_a_config_imports_nothing_heavy() -> None:
    code = """
import sys
from pathlib import Path
from pairlens.config.file import load_config
load_config(Path(sys.argv[1]))
heavy = {"tensorflow", "tf_keras", "numpy", "numba", "matplotlib", "rich", "typer"} & set(sys.modules)
assert not heavy, heavy
"""
    run_to_end([sys.executable, "-c", code, str(DOCUMENTED)], check=True)
