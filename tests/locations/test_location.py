"""Names: what text is a path and what an address, and that the parts of an address are those that it was made of."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.config.file import dump_config, load_config
from pairlens.config.schema import Config
from pairlens.errors import ConfigError, UsageError
from pairlens.locations.location import located, location, with_ending, without_secrets
from pairlens.locations.remote import Remote
from pairlens.runs.environment import describe_environment

# Names of files with what is special in shells, in URLs and in patterns; `..` and `.` alone are refused.
NAMES = st.text(st.sampled_from("ab.-_ #?%&=+*[]~:@$é漢\\"), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..") and "?versionId=" not in name
)


@pytest.mark.parametrize("text", ["a", "a/b.txt", "/a", "-", "./s3:/b", "a:b", "s3", "x=s3://b/k", "~", "C:/x", "a:/b"])
def test_all_but_an_address_is_a_path_as_before(text: str) -> None:
    assert location(text) == Path(text)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_an_address_is_never_changed(names: list[str]) -> None:
    text = f"s3://bucket/{'/'.join(names)}"
    address = location(text)
    assert isinstance(address, Remote)
    assert str(address) == address.url == text
    assert location(str(address)) == address
    assert hash(location(text)) == hash(address)


@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
def test_names_are_those_of_pathlib(names: list[str], other: str) -> None:
    address, path = location(f"gs://bucket/{'/'.join(names)}"), PurePosixPath(*names)
    assert isinstance(address, Remote)
    assert (address.name, address.stem, address.suffix, address.suffixes) == (
        path.name,
        path.stem,
        path.suffix,
        path.suffixes,
    )
    assert str(address / other) == f"gs://bucket/{path / other}"
    assert str(address.with_name(other)) == f"gs://bucket/{path.with_name(other)}"
    assert (address / other).parent == address
    assert str(with_ending(address, ".txt")) == f"{address}.txt"


@given(st.text(max_size=20))
def test_any_text_is_a_location_or_a_fault_of_one_line(text: str) -> None:
    for start in ("", "s3://", "https://", "s3:/", "memory://b/"):
        try:
            found = location(start + text)
        except UsageError as error:
            message = str(error)
            assert "//" in message  # how an address is written
        else:
            assert location(found) == found


def test_a_slash_at_the_end_makes_no_other_folder() -> None:
    assert location("s3://b/run/") == location("s3://b/run") != location("s3://b/runs")
    assert location("S3://b/run") == location("s3://b/run") != location("gs://b/run")
    assert location("s3://b/") == location("s3://b")
    assert str(location("s3://b") / "k") == "s3://b/k"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s3:/b/k", "s3:/b/k: one / is missing: s3://b/k; for a path of this machine, write ./s3:/b/k"),
        ("https:/h/k", "one / is missing: https://h/k"),
        ("s3://", "names no bucket or host"),
        ("s3:///k", "names no bucket or host"),
        ("s3://b/a/../k", "has a part that is . or .."),
        ("s3://b/k?versionId=7", "only the latest version is read"),
        ("file:///k", "write a path of this machine without file://"),
        ("https://user:secret@host/k", "https://…@host: leave out user and password"),
        ("https://secret@host/k", "https://…@host: leave out user and password"),
        ("s3://user:secret@b/k", "s3://…@b: leave out user and password"),
        ("https://user:sec/ret@host/k", "https://…: the port is not a number"),
    ],
)
def test_an_unusable_address_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        location(text)
    assert message in str(error.value)
    assert "secret" not in str(error.value)


def test_a_container_before_the_account_is_no_password() -> None:
    assert str(location("abfs://container@account/k")) == "abfs://container@account/k"


def test_the_signature_of_a_web_address_is_sent_but_not_shown() -> None:
    address = location("https://host/a/train.csv?Signature=secret#x")
    assert isinstance(address, Remote)
    assert address.url == "https://host/a/train.csv?Signature=secret#x"
    shown = (str(address), repr(address), address.name, f"{address.parent}", str(address.with_name("b")))
    assert not any("secret" in text for text in shown)
    assert address.with_name("dev.csv").url == "https://host/a/dev.csv?Signature=secret#x"
    assert address != location("https://host/a/train.csv")


def test_a_question_mark_in_a_bucket_is_part_of_the_name() -> None:
    assert location("s3://b/what?.txt").name == "what?.txt"


def test_secrets_are_taken_out_of_a_command_line() -> None:
    command = "--set data.train=https://h/t?sig=secret --output=s3://u:secret@b/k s3://b/k?x https://h:80/a/b"
    assert without_secrets(command) == "--set data.train=https://h/t?… --output=s3://…@b/k s3://b/k?x https://h:80/a/b"


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        ("../data/train", "/a/configs", "/a/data/train"),
        ("/d/train", "s3://b/configs", "/d/train"),
        ("../data/train", "s3://b/configs", "s3://b/data/train"),
        ("train", "s3://b", "s3://b/train"),
        ("s3://c/train", "/a", "s3://c/train"),
        ("https://h/train?sig", "s3://b/configs", "https://h/train"),
    ],
)
def test_a_config_names_files_relative_to_its_own_place(text: str, folder: str, expected: str) -> None:
    assert str(located(text, location(folder))) == expected


def test_a_relative_path_does_not_lead_out_of_a_bucket() -> None:
    with pytest.raises(UsageError, match="leads out of s3://b"):
        located("../../train", location("s3://b/configs"))


def test_a_config_keeps_addresses(tmp_path: Path) -> None:
    """Written into a run and read again, they are equal; a signature is not written."""
    raw = {
        "data": {"train": "s3://b/train", "dev": "https://h/dev?sig=secret"},
        "model": {"embedding": {"input_dim": 7}},
    }
    config = Config.model_validate(raw)
    text = dump_config(config)
    assert "secret" not in text
    (tmp_path / "config.yaml").write_text(text)
    read = load_config(tmp_path / "config.yaml", of_run=True)
    assert read.data.train == config.data.train == location("s3://b/train")
    assert read.data.dev == location("https://h/dev")
    assert json.loads(config.model_dump_json())["data"]["train"] == "s3://b/train"


def test_faults_of_addresses_in_a_config_have_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("data:\n  train: s3:/b/train\n  dev: https://u:secret@h/dev\nmodel: {embedding: {input_dim: 7}}\n")
    with pytest.raises(ConfigError) as error:
        load_config(path, ["data.test=https://u:secret@h/test"])
    lines = str(error.value).splitlines()
    assert [line.partition(": ")[0] for line in lines[:2]] == [f"{path}:2", f"{path}:3"]
    assert "--set data.test=https://…@h/test" in lines[2]
    assert "secret" not in str(error.value)


def test_the_record_of_a_command_has_no_secrets(tmp_path: Path) -> None:
    for side in ("query", "value", "label"):
        (tmp_path / f"train.{side}.txt").write_text("1\n")
    raw = {"data": {"train": str(tmp_path / "train")}, "model": {"embedding": {"input_dim": 7}}}
    record = describe_environment(Config.model_validate(raw), ["pairlens", "train", "https://h/c.yaml?sig=secret"])
    assert record["command"] == ["pairlens", "train", "https://h/c.yaml?…"]
