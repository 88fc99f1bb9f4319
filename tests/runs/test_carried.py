"""The vocabulary, tokenizer and class names that a run carries: read as they were in training, or refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from small_runs import make_config, make_weights

from pairlens.errors import RunError
from pairlens.runs.carried import hashes
from pairlens.runs.run import Run
from pairlens.tokenizer.learn import learn_tokenizer

WORDS, CLASSES, TOKENIZER = b"<pad>\nred\n", b'["no", "yes"]', learn_tokenizer(["red red"]).to_json().encode()
CARRIED = {"vocab.txt": WORDS, "tokenizer.json": TOKENIZER, "classes.json": CLASSES}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", make_config(), {"carried": hashes(CARRIED)}, carried=CARRIED)


def test_what_a_run_carries_comes_back(run: Run) -> None:
    assert (run.vocabulary(), run.classes()) == (["<pad>", "red"], ["no", "yes"])
    assert run.tokenizer().to_json() == (run.path / "tokenizer.json").read_text()
    assert run.why_no_words() is None


def test_a_run_that_carries_nothing(tmp_path: Path) -> None:
    """Its words are read from the file that its config names, while that exists."""
    vocab = tmp_path / "vocab.txt"
    run = Run.create(tmp_path / "run", make_config(data={"train": "train", "vocab": vocab}), {})
    assert (run.vocabulary(), run.classes()) == (None, None)
    assert str(run.why_no_words()).endswith(
        f"{vocab}, used in training, is missing; give the vocabulary with --vocab FILE"
    )
    vocab.write_bytes(WORDS)
    assert run.vocabulary() == ["<pad>", "red"]
    (tmp_path / "given.txt").write_text("<pad>\nblue\n")
    assert run.vocabulary(tmp_path / "given.txt") == ["<pad>", "blue"]


@pytest.mark.parametrize("name", CARRIED)
def test_words_that_have_changed_are_refused(run: Run, name: str) -> None:
    (run.path / name).write_bytes(CARRIED[name] + b" ")
    was, now = (hashlib.sha256(content).hexdigest()[:12] for content in (CARRIED[name], CARRIED[name] + b" "))
    with pytest.raises(RunError) as error:
        _ = run.vocabulary(), run.classes(), run.tokenizer()
    assert str(error.value) == (
        f"{run.path}/{name}: not what {run.path} was trained with: its SHA-256 is {now}… "
        f"and was {was}… in training; copy the run again"
    )


@pytest.mark.parametrize("environment", [{}, {"carried": None}, {"carried": []}])
def test_without_a_record_a_run_is_believed(tmp_path: Path, environment: dict[str, object]) -> None:
    """A given vocabulary must still equal the carried one."""
    run = Run.create(tmp_path / "run", make_config(), environment, carried=CARRIED)
    assert run.vocabulary() == ["<pad>", "red"]
    given = tmp_path / "given.txt"
    given.write_bytes(WORDS)
    assert run.vocabulary(given) == ["<pad>", "red"]
    given.write_bytes(b"<pad>\n")
    with pytest.raises(RunError, match=r"given\.txt: not what .*; give the vocab\.txt that .* was trained with"):
        run.vocabulary(given)


def test_words_that_are_lost_can_be_given_again(run: Run, tmp_path: Path) -> None:
    (run.path / "vocab.txt").unlink()
    assert run.vocabulary() is None
    (tmp_path / "given.txt").write_bytes(WORDS)
    assert run.vocabulary(tmp_path / "given.txt") == ["<pad>", "red"]
    (tmp_path / "given.txt").write_bytes(b"other\n")
    with pytest.raises(RunError, match="not what"):
        run.vocabulary(tmp_path / "given.txt")


def test_words_are_part_of_a_checksum_and_nothing_changes_without(tmp_path: Path) -> None:
    """Without words the checksum is that of config and weights, as in earlier versions."""
    config, checksums = make_config(), set()
    for place, carried in enumerate(
        [{}, {"vocab.txt": WORDS}, {"vocab.txt": b"other"}, {"tokenizer.json": WORDS + b"x"}]
    ):
        run = Run.create(tmp_path / f"run{place}", config, {}, carried=carried)
        run.write_weights(make_weights(config))
        checksums.add(run.checksum())
    plain = [(tmp_path / "run0" / name).read_bytes() for name in ("config.yaml", "weights.npz")]
    assert hashlib.sha256(b"".join(plain)).hexdigest()[:16] in checksums
    assert len(checksums) == 4
