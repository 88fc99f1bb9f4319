"""Words and names are written to files and pipes unchanged, and to terminals with escapes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import PAIRLENS, VOCABULARY, plain_environment, trained_project
from forked import pairlens
from running import on_a_terminal

ZWNJ, ZWJ, SOFT_HYPHEN = "\u200c", "\u200d", "\u00ad"
# Words with such characters, one that contains an escape, and one that would control a terminal.
WORDS = [f"می{ZWNJ}خواهم", f"क्{ZWJ}ष", f"co{SOFT_HYPHEN}op", "می\\u200cخواهم", "a\x1b[2J"]
PAIR = ["q.txt", "v.txt"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """The project with these words; its pair has the first three in the query and the others in the value."""
    folder = Path(shutil.copytree(project, tmp_path / "project"))
    words = WORDS + [f"word{i}" for i in range(len(WORDS), VOCABULARY)]
    (folder / "run" / "vocab.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    environment = folder / "run" / "environment.json"
    environment.write_text(json.dumps(json.loads(environment.read_text()) | {"carried": {}}))
    (folder / "q.txt").write_text("0 1 2\n")
    (folder / "v.txt").write_text("3 4\n")
    return folder


def printed_on_a_terminal(folder: Path, *arguments: str, **environment: str) -> bytes:
    known = plain_environment() | environment
    code, printed = on_a_terminal([PAIRLENS, *arguments], "stdout", cwd=folder, env=known, stderr=subprocess.DEVNULL)
    assert code == 0
    return printed


def test_joiners_and_hyphens_are_in_the_data_themselves(copy: Path) -> None:
    tsv = pairlens(copy, "score", "run", *PAIR, "--words", "--format", "tsv").stdout.split("\t")
    assert tsv[:2] == [" ".join(WORDS[:3]), "می\\\\u200cخواهم a\x1b[2J"]
    jsonl = json.loads(pairlens(copy, "score", "run", *PAIR, "--words", "--format", "jsonl").stdout)
    assert jsonl["query"] == WORDS[:3]
    assert jsonl["value"] == WORDS[3:]
    for name in ("maps.tsv", "maps.html"):
        assert pairlens(copy, "attend", "run", *PAIR, "--output", name).code == 0
        text = (copy / name).read_text(encoding="utf-8")
        assert all(word in text or json.dumps(word, ensure_ascii=False)[1:-1] in text for word in WORDS[:3]), name


def test_a_terminal_shows_what_may_do_harm_as_escapes(copy: Path) -> None:
    shown = printed_on_a_terminal(copy, "score", "run", *PAIR, "--words", "--format", "tsv", PYTHONUTF8="1").decode()
    assert "می\\u200cخواهم क्\\u200dष co\\xadop\tمی\\\\u200cخواهم a\\x1b[2J\t" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_data_are_utf_8_whatever_stdout_has(copy: Path, encoding: str) -> None:
    words = ["score", "run", *PAIR, "--words", "--format", "jsonl"]
    result = pairlens(copy, *words, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (result.code, json.loads(result.stdout)["query"]) == (0, WORDS[:3])
    shown = printed_on_a_terminal(copy, *words, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert b"\\u0645\\u06cc\\u200c" in shown


@pytest.mark.parametrize("columns", ["0", "1", "-1", "²", "99999999999", "x"])
def test_an_impossible_width_is_no_width(project: Path, columns: str) -> None:
    files = ["data/test.query.txt", "data/test.value.txt"]
    for arguments in (["attend", "run", *files], ["--help"]):
        assert pairlens(project, *arguments, COLUMNS=columns).stdout.count("\n") > 5
    assert "accuracy" in pairlens(project, "evaluate", "run", COLUMNS="0").stderr


def test_names_that_are_no_utf_8(project: Path, tmp_path: Path) -> None:
    """JSON and messages escape each byte that is not a character."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    shutil.copytree(project, folder)
    for arguments in (["evaluate", folder / "run"], ["evaluate", folder / "run", "--output", tmp_path / "out.json"]):
        result = pairlens(project, *arguments)
        assert result.code == 0, result.stderr
    assert json.loads(pairlens(project, "evaluate", folder / "run").stdout)["run"] == str(folder / "run")
    assert json.loads((tmp_path / "out.json").read_text())["run"] == str(folder / "run")
    missing = pairlens(project, "score", folder / "none", "q", "v")
    assert (missing.code, missing.stderr.count("\n")) == (2, 1)
    assert "caf\\udce9/none" in missing.stderr
    for suffix in ("html", "npz", "h5", "png"):
        files = ["data/test.query.txt", "data/test.value.txt"]
        result = pairlens(project, "attend", folder / "run", *files, "--output", folder / f"maps.{suffix}")
        assert result.code == 0, result.stderr
    result = pairlens(project, "train", "config.yaml", "--set", "training.epochs=1", "--output", folder / "new")
    assert result.code == 0, result.stderr
