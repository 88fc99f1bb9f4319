"""Options that every command has, and options that others make useless: they are refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import CACHE, PAIRLENS, pairlens, plain_environment, trained_project
from running import on_a_terminal

FILES = ["data/test.query.txt", "data/test.value.txt"]
LABELLED = ", ".join(f"data/test.{side}.txt" for side in ("query", "value", "label"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.mark.parametrize(
    ("arguments", "details"),
    [
        (["check", "config.yaml"], ["config.yaml: task binary", f"{LABELLED}: 80 pairs", "1 thread"]),
        (["evaluate", "run", "--threads", "2"], ["run: task binary", f"{LABELLED}: 80 pairs", "2 threads"]),
        (["report", "run", "--output", "OUT.html"], ["run: task binary", "run on test: 80 pairs", r"\d+ threads?"]),
        (["score", "run", *FILES, "--threads", "1"], ["run: task binary", f"{', '.join(FILES)}: 80 pairs", "1 thread"]),
        (["score", "run", "-"], ["run: task binary", "<stdin>: 1 pairs"]),
        (["attend", "run", *FILES, "--pairs", "3,5"], ["run: task binary", f"reads {', '.join(FILES)}", "2 pairs"]),
        (
            ["train", "config.yaml", "--output", "OUT", "--set", "training.epochs=1"],
            ["config.yaml: task binary", f"{LABELLED.replace('test', 'train')}: 300 pairs", r"\d+ threads?"],
        ),
        (["selftest"], ["works in .*/pairlens-.*", r"\d+ threads?"]),
    ],
    ids=lambda value: value[0],
)
def test_verbose(project: Path, tmp_path: Path, arguments: list[str], details: list[str]) -> None:
    """stderr has the inputs, the model, the threads and, at the end, time and memory; stdout is unchanged."""
    arguments = [argument.replace("OUT", str(tmp_path / "out")) for argument in arguments]
    result = pairlens(project, *arguments, "--verbose", stdin="1 2\t3\n")
    assert result.code == 0
    printed = result.stderr.replace(f"{project}/", "").splitlines()
    for detail in details:
        assert any(re.match(detail, line) for line in printed), (detail, printed)
    assert re.fullmatch(r"\d+\.\d\d s; peak memory [\d,]+ MB", printed[-1])
    assert "weights" in result.stderr or arguments == ["selftest"]


def test_verbose_tells_what_a_command_took_that_failed(tmp_path: Path) -> None:
    took, fault = pairlens(tmp_path, "check", "none.yaml", "--verbose").stderr.splitlines()
    assert re.fullmatch(r"\d+\.\d\d s; peak memory [\d,]+ MB", took)
    assert fault == "error: none.yaml: cannot be read: No such file or directory"


def test_a_command_line_that_makes_no_sense_needs_no_traceback(tmp_path: Path) -> None:
    result = pairlens(tmp_path, "check", "--debug")
    assert result == (2, "", "error: Missing argument 'CONFIG'. Try: pairlens check --help\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["check", "config.yaml", "-q", "-v"],
            "--quiet prints only errors and --verbose prints more; give one of the two",
        ),
        (
            ["train", "config.yaml", "--set", "training.seed=3", "--seed", "4"],
            "--seed is short for --set training.seed; give one of the two",
        ),
        (["attend", "run", *FILES, "--seed", "0"], "--seed is the seed of --sample; add --sample N"),
        (["attend", "run", *FILES, "--limit", "3", "--seed", "4"], "--seed is the seed of --sample; add --sample N"),
        (["attend", "run", *FILES, "--force"], "--force replaces an existing output; add --output FILE"),
        (["score", "run", *FILES, "--force"], "--force replaces an existing output; add --output FILE"),
        (["evaluate", "run", "--force"], "--force replaces an existing output; add --output FILE"),
        (
            ["score", "run", *FILES, "--profile", "--quiet"],
            "--profile reports on stderr, where --quiet allows only errors; give one of the two",
        ),
        (
            ["evaluate", "run", "--output", "o", "--predictions", "o"],
            "--output and --predictions are the same file; choose two names",
        ),
        (
            ["report", "run", "--output", "o.html", "--split", "dev", "--query", "q", "--value", "v", "--label", "l"],
            "give --split, or --query, --value and --label, not both",
        ),
        (
            ["evaluate", "run", "--split", "dev", "--label", "data/test.label.txt"],
            "--query, --value and --label go together",
        ),
    ],
)
def test_options_that_would_be_idle(project: Path, arguments: list[str], message: str) -> None:
    assert pairlens(project, *arguments) == (2, "", f"error: {message}\n")


def test_the_limit_is_of_the_pairs_that_are_named(project: Path) -> None:
    result = pairlens(project, "attend", "run", *FILES, "--pairs", "4-9", "--limit", "2")
    assert [line.split()[1] for line in result.stdout.splitlines() if line.startswith("pair ")] == ["4", "5"]


def test_a_sample_without_a_seed_is_that_of_seed_0(project: Path) -> None:
    drawn = [pairlens(project, "attend", "run", *FILES, "--sample", "3", *seed) for seed in ([], ["--seed", "0"])]
    assert drawn[0] == drawn[1]
    assert drawn[0].code == 0


def test_a_summary_is_not_lost_on_a_terminal_without_tables(project: Path) -> None:
    command = [PAIRLENS, "attend", "run", *FILES, "--summary", "--quiet"]
    code, printed = on_a_terminal(command, "stdout", cwd=project, env=plain_environment())
    assert code == 0
    assert b'"pairs": 80' in printed


def test_a_profile(project: Path) -> None:
    first, *stages = pairlens(project, "score", "run", *FILES, "--profile").stderr.splitlines()
    assert first.startswith("80 pairs in ")
    assert [line.split()[0] for line in stages] == ["starting", "other", "scoring", "reading", "writing"]


def test_a_path_at_home(project: Path, tmp_path: Path) -> None:
    """Shells do not expand the ~ in `--output=~/x`."""
    files = ("data/test.query.txt", "data/test.value.txt")
    result = pairlens(project, "score", "run", *files, "--output=~/scores.txt", "--quiet", HOME=str(tmp_path), **CACHE)
    assert result == (0, "", "")
    assert (tmp_path / "scores.txt").is_file()
    assert not (project / "~").exists()
