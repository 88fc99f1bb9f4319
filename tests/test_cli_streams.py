"""Who hears what: results on stdout, words for people on stderr, colours and bars on terminals alone."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from cli import PAIRLENS, make_project, pairlens, plain_environment, trained_project

COMMANDS = ["train", "evaluate", "score", "attend", "check"]
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def said_to_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What a command prints on stderr if that is a terminal; stdout is none."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PAIRLENS, *arguments],
        cwd=folder,
        env=plain_environment() | {"TERM": "xterm-256color"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 4096):
                said += part
        except OSError:  # how Linux says that nobody has the other end any more
            pass
        os.close(ours)
    assert process.returncode in (0, 2)
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
    "arguments", [["scroe"], ["check"], ["check", "--qiet", "x"], ["score", "--format", "xml", "r", "q"]]
)
def test_a_command_line_that_makes_no_sense(tmp_path: Path, arguments: list[str]) -> None:
    result = pairlens(tmp_path, *arguments)
    assert (result.code, result.stdout) == (2, "")
    assert "Usage: pairlens" in result.stderr
    assert "Traceback" not in result.stderr


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
    """It can be copied and searched for; the terminal wraps it where it shows it."""
    said = said_to_a_terminal(tmp_path, "check", "none.yaml", COLUMNS="20", NO_COLOR="1")
    assert said.count("\n") == 1


def test_a_progress_display_on_a_terminal_unless_quiet(project: Path) -> None:
    files = ["data/test.query.txt", "data/test.value.txt"]
    assert "pairs scored" in said_to_a_terminal(project, "score", "run", *files)
    assert "pairs scored" not in said_to_a_terminal(project, "score", "run", *files, "--quiet")


def test_verbose_and_quiet_warnings(tmp_path: Path) -> None:
    make_project(tmp_path)
    causal = ["check", "config.yaml", "--set", "model.attention.use_causal_mask=true"]
    assert "warning: model.attention.use_causal_mask" in pairlens(tmp_path, *causal).stderr
    assert pairlens(tmp_path, *causal, "--quiet").stderr == ""


def test_a_disk_that_is_full(project: Path) -> None:
    """Failed while running, not wrong usage: exit code 1."""
    with Path("/dev/full").open("w") as full:
        command = [PAIRLENS, "evaluate", "run", "--quiet"]
        done = subprocess.run(command, cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")
