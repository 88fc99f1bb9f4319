"""Results on stdout, messages for people on stderr, colours and progress bars only on terminals."""

from __future__ import annotations

import os
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from command_line import PAIRLENS, make_project, pairlens, plain_environment, trained_project
from running import on_a_terminal, run_to_end

COMMANDS = ["train", "evaluate", "score", "attend", "check"]
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def said_to_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """Return what a command prints on stderr if that is a terminal; stdout is not one."""
    nothing = subprocess.DEVNULL
    known = plain_environment() | {"TERM": "xterm-256color"} | environment
    code, said = on_a_terminal([PAIRLENS, *arguments], "stderr", cwd=folder, env=known, stdin=nothing, stdout=nothing)
    assert code in (0, 2)
    return said.decode()


def test_version(tmp_path: Path) -> None:
    assert pairlens(tmp_path, "--version") == (0, f"pairlens {version('pairlens')}\n", "")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(tmp_path: Path, option: str) -> None:
    result = pairlens(tmp_path, option)
    assert (result.code, result.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^│ {command} +[A-Z]", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("train", ["CONFIG"]),
        ("evaluate", ["RUN"]),
        ("score", ["RUN", "QUERY", "VALUE"]),
        ("attend", ["RUN", "QUERY", "VALUE"]),
        ("check", ["CONFIG"]),
    ],
)
def test_help_of_a_command(tmp_path: Path, command: str, arguments: list[str]) -> None:
    result = pairlens(tmp_path, command, "--help")
    assert (result.code, result.stderr) == (0, "")
    (usage,) = re.findall(r"Usage: pairlens (.*)", result.stdout)
    assert re.findall(r"[\w-]+", usage) == [command, "OPTIONS", *arguments]
    for option in ("--quiet", "--verbose", "--debug", "--help"):
        assert option in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scroe"], "No such command 'scroe'. Did you mean 'score'? Try: pairlens --help"),
        (["check"], "Missing argument 'CONFIG'. Try: pairlens check --help"),
        (["check", "--verbos", "x"], "No such option: --verbos; did you mean --verbose? Try: pairlens check --help"),
        (["score", "--threads", "0", "r", "q"], "Invalid value for '--threads'"),
        (["score", "--format", "x\x1b[2J", "r", "q"], "Invalid value for '--format': 'x\\x1b[2J' is not one of"),
        (["train", "c.yaml", "--seed"], "Option '--seed' requires an argument."),
    ],
)
def test_a_command_line_that_makes_no_sense(tmp_path: Path, arguments: list[str], message: str) -> None:
    """The error is one line, as for any other fault."""
    result = pairlens(tmp_path, *arguments)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def test_no_command_shows_the_help(tmp_path: Path) -> None:
    result = pairlens(tmp_path)
    assert (result.code, result.stderr) == (2, "")
    assert "Usage: pairlens" in result.stdout


def test_a_traceback_only_with_debug(tmp_path: Path) -> None:
    plain, debug = (pairlens(tmp_path, "check", "none.yaml", *option) for option in ([], ["--debug"]))
    assert plain == (2, "", "error: none.yaml: cannot be read: No such file or directory\n")
    assert "Traceback" in debug.stderr
    assert "ConfigError: none.yaml: cannot be read" in debug.stderr


def test_an_error_may_hold_what_would_move_a_cursor(tmp_path: Path) -> None:
    result = pairlens(tmp_path, "check", "no\x1b[2Jne.yaml")
    assert result == (2, "", "error: no\\x1b[2Jne.yaml: cannot be read: No such file or directory\n")


def test_colours_on_a_terminal_unless_refused(tmp_path: Path) -> None:
    message = "none.yaml: cannot be read: No such file or directory"
    coloured = said_to_a_terminal(tmp_path, "check", "none.yaml")
    assert COLOUR.search(coloured)
    assert message in coloured
    plain = said_to_a_terminal(tmp_path, "check", "none.yaml", NO_COLOR="1")
    assert not COLOUR.search(plain)
    assert message in plain


def test_an_error_is_one_line_however_narrow_the_terminal(tmp_path: Path) -> None:
    """So that it can be copied and searched for; the terminal itself wraps it."""
    stderr = said_to_a_terminal(tmp_path, "check", "none.yaml", COLUMNS="20", NO_COLOR="1")
    assert stderr.count("\n") == 1


def test_a_progress_display_on_a_terminal_unless_quiet(project: Path) -> None:
    files = ["data/test.query.txt", "data/test.value.txt"]
    assert "pairs scored" in said_to_a_terminal(project, "score", "run", *files)
    assert "pairs scored" not in said_to_a_terminal(project, "score", "run", *files, "--quiet")


def test_verbose_and_quiet_warnings(tmp_path: Path) -> None:
    make_project(tmp_path)
    causal = ["check", "config.yaml", "--set", "model.attention.use_causal_mask=true"]
    assert "warning: model.attention.use_causal_mask" in pairlens(tmp_path, *causal).stderr
    assert pairlens(tmp_path, *causal, "--quiet").stderr == ""


FILES = ["data/test.query.txt", "data/test.value.txt"]
PRINTING = [
    ["--version"],
    ["--help"],
    ["check", "config.yaml", "--quiet"],
    ["evaluate", "run", "--quiet"],
    ["score", "run", *FILES],
    ["attend", "run", *FILES, "--pairs", "0-79"],
]


@pytest.mark.parametrize("arguments", PRINTING, ids=lambda arguments: arguments[0])
def test_a_disk_that_is_full(project: Path, arguments: list[str]) -> None:
    """It failed while running and is not wrong usage: exit code 1."""
    with Path("/dev/full").open("w") as full:
        command = [PAIRLENS, *arguments]
        done = run_to_end(command, cwd=project, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")


@pytest.mark.parametrize("arguments", PRINTING[2:], ids=lambda arguments: arguments[0])
def test_a_reader_who_is_gone(project: Path, arguments: list[str]) -> None:
    """As in `pairlens … | true`: no message. test_score.py tests a reader that leaves later."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [PAIRLENS, *arguments]
    done = run_to_end(command, cwd=project, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_names_are_neither_markup_nor_control_sequences(project: Path, tmp_path: Path) -> None:
    """Even the directory name of somebody else's run is not trusted."""
    hostile = tmp_path / "[red]\x1b[2J\u202e"
    hostile.symlink_to(project / "run")
    result = pairlens(tmp_path, "evaluate", hostile, "--compare", hostile, COLUMNS="200")
    assert result.code == 0
    assert result.stderr.count("[red]\\x1b[2J\\u202e") == 4
    assert "\x1b" not in result.stderr
    assert "\u202e" not in result.stderr
