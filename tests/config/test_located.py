"""YAML with the place of every value; texts that are not YAML or not a mapping, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_configs import MINIMAL, Write, faults_of

from pairlens.config.file import load_config
from pairlens.errors import ConfigError


def test_a_key_given_twice_names_both_lines(write: Write) -> None:
    assert faults_of(write(MINIMAL + "task: binary\ndata: {train: x}\n")) == [
        "c.yaml:6: data: given twice, on lines 1 and 6; keep one"
    ]
    # A duplicate is reported together with other faults, and at any depth.
    assert faults_of(write(MINIMAL + "  dnn:\n    units: 3\n    units: -3\n")) == [
        "c.yaml:7: model.dnn.units: given twice, on lines 6 and 7; keep one",
        "c.yaml:7: model.dnn.units: found -3; must be an integer ≥ 1",
    ]


def test_a_key_is_a_name(write: Write) -> None:
    assert faults_of(write(MINIMAL + "? [a]\n: 1\n1: 2\n'a\\nb': 3\n\"c\\nd\": 4\n")) == [
        "c.yaml:5: found a list or a mapping as a key; must be a name",
        "c.yaml:7: '1': unknown key; the keys here are task, data, model, training",
        "c.yaml:8: 'a\\\\nb': unknown key; the keys here are task, data, model, training",
        "c.yaml:9: 'c\\nd': unknown key; the keys here are task, data, model, training",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("task: [binary\n", "c.yaml:2:1: not valid YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("task: binary\n\tdata: x\n", "c.yaml:2:1: not valid YAML: "),
        ("task: a: b\n", "c.yaml:1:8: not valid YAML: mapping values are not allowed here"),
        ("task: &t binary\n", "c.yaml:1:7: not valid YAML: anchors (&), aliases (*) and tags (!) are not"),
        ("task: *t\n", "c.yaml:1:7: not valid YAML: anchors (&), aliases (*) and tags (!) are not allowed"),
        ("task: !!python/name:os.system\n", "c.yaml:1:7: not valid YAML: anchors (&), aliases (*) and tags"),
        ("a: !!binary x\n", "c.yaml:1:4: not valid YAML: anchors (&), aliases (*) and tags (!) are not allowed"),
        ("a: 1\n---\nb: 2\n", "c.yaml:2:1: not valid YAML: expected a single document in the stream"),
        ("task: bin\x07ary\n", "c.yaml:1:10: not valid YAML: the character '\\x07' is not allowed"),
        ("a: " + "[" * 100_000, "c.yaml:1:23: not valid YAML: nested more than 20 levels deep"),
        ("- " * 5_000 + "a", "c.yaml:1:41: not valid YAML: nested more than 20 levels deep"),
        ("", "c.yaml: found an empty file; must be a mapping with the keys task, data, model, training"),
        ("# nothing\n", "c.yaml: found an empty file; must be a mapping"),
        ("- task: binary\n", "c.yaml: found [a mapping]; must be a mapping"),
        ("binary\n", 'c.yaml: found "binary"; must be a mapping'),
    ],
)
def test_a_text_that_is_no_mapping_is_one_fault(write: Write, text: str, fault: str) -> None:
    (found,) = faults_of(write(text))
    assert found.startswith(fault)


def test_a_file_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.yaml") == ["none.yaml: cannot be read: No such file or directory"]
    (tmp_path / "folder").mkdir()
    assert faults_of(tmp_path / "folder") == ["folder: cannot be read: Is a directory"]
    (tmp_path / "latin.yaml").write_bytes("task: binary\n# é\n".encode("latin-1"))
    assert faults_of(tmp_path / "latin.yaml") == ["latin.yaml:2: not UTF-8: invalid continuation byte"]


def test_a_byte_order_mark_and_crlf_make_no_difference(write: Write) -> None:
    plain = load_config(write(MINIMAL))
    path = write("")
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_config(path) == plain


def test_a_byte_order_mark_is_skipped(write: Write) -> None:
    assert load_config(write("\ufeff" + MINIMAL)) == load_config(write(MINIMAL))


def test_a_config_without_end() -> None:
    """A device or another endless file: no more is read than a config needs."""
    with pytest.raises(ConfigError, match="/dev/zero: more than 262144 bytes; a config is a few kilobytes"):
        load_config(Path("/dev/zero"))
