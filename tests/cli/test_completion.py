"""Tab in three shells: keys and values after --set, and run directories; through the variables that shells set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import PAIRLENS, plain_environment
from forked import run_forked
from models import make_config, random_weights
from running import run_to_end

from pairlens.runs.run import Run

MAIN = "import sys; sys.argv = ['pairlens']; from pairlens_cli.app import main; main()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = make_config()
    for name in ("runs/one", "runs/two/seed-1", "other"):
        Run.create(tmp_path / name, config, {}).write_weights(random_weights(config))
    (tmp_path / "runs" / "none").mkdir()
    return tmp_path


def complete(folder: Path, shell: str, *words: str) -> list[str]:
    """What a shell offers for the last of these words of a command line."""
    asked = {"_PAIRLENS_COMPLETE": f"complete_{shell}"}
    line = " ".join(["pairlens", *words])
    if shell == "bash":
        asked |= {"COMP_WORDS": "\n".join(["pairlens", *words]), "COMP_CWORD": str(len(words))}
    else:
        asked |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    result = run_forked(folder, MAIN, environment=asked)
    assert (result.code, result.stderr) == (0, "")
    if shell == "zsh":  # _arguments '*: :(("a" "b"))', or _files for none
        return result.stdout.removeprefix("_arguments '*: :((").strip().removesuffix("))'").replace('"', "").split()
    return result.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_keys_and_run_directories(folder: Path, shell: str) -> None:
    train = ("train", "c.yaml", "--set")
    assert complete(folder, shell, *train, "training.ep") == ["training.epochs=", "training.epochs=10"]
    assert "model.dnn.units=" in complete(folder, shell, *train, "mod")
    assert complete(folder, shell, "score", "run") == ["runs/one", "runs/two/seed-1"]
    assert complete(folder, shell, "evaluate", "other", "--compare", "runs/t") == ["runs/two/seed-1"]
    assert complete(folder, shell, "evaluate", "other", "--set", "data.t") == [
        "data.train=",
        "data.test=",
        "data.too_long=",
    ]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_values(folder: Path, shell: str) -> None:
    train = ("train", "c.yaml", "--set")
    assert complete(folder, shell, *train, "training.loss=m") == ["training.loss=mse", "training.loss=mae"]
    assert complete(folder, shell, *train, "model.wide=") == ["model.wide=true", "model.wide=false"]


@pytest.mark.parametrize("words", [("--set", "training.loss", "=", "m"), ("--set", "=", "training.loss", "=", "m")])
def test_values_in_bash_which_cuts_words_at_the_sign(folder: Path, words: tuple[str, ...]) -> None:
    assert complete(folder, "bash", "train", "c.yaml", *words) == ["mse", "mae"]
    assert complete(folder, "bash", "train", "c.yaml", *words[:-1])[:2] == ["auto", "cross_entropy"]
    assert complete(folder, "bash", "evaluate", "other", "--compare", "=", "runs/o") == ["runs/one"]


def test_run_directories_are_found_as_they_are_typed(folder: Path) -> None:
    assert complete(folder, "bash", "score", "") == ["runs/one", "runs/two/seed-1"]
    assert complete(folder, "bash", "score", "./o") == ["./other"]
    assert complete(folder, "bash", "score", f"{folder}/runs/two/") == [f"{folder}/runs/two/seed-1"]
    assert complete(folder, "bash", "score", "nowhere/") == []
    assert complete(folder, "bash", "report", "other", "runs/o") == ["runs/one"]


def test_bash_itself_completes(folder: Path) -> None:
    """The script that --show-completion prints, in a real bash: completing `--set training.loss=m` and a run."""
    script = f"""
        eval "$({PAIRLENS} --show-completion bash)"
        ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _pairlens_completion {PAIRLENS}; }}
        ask pairlens train c.yaml --set training.loss = m; echo "${{COMPREPLY[*]}}"
        ask pairlens score runs/tw; echo "${{COMPREPLY[*]}}"
    """
    done = run_to_end(
        ["bash", "--norc", "-c", script], cwd=folder, env=plain_environment(), stdout=subprocess.PIPE, text=True
    )
    assert done.stdout == "mse mae\nruns/two/seed-1\n"


def test_an_answer_loads_nothing_large(folder: Path) -> None:
    code = f"import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); {MAIN}"
    asked = {
        "COMP_WORDS": "pairlens\ntrain\nc.yaml\n--set\nmodel.",
        "COMP_CWORD": "4",
        "_PAIRLENS_COMPLETE": "complete_bash",
    }
    environment = os.environ | asked
    done = run_to_end([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert "model.conv.filters=" in done.stdout.split()
    assert {"tensorflow", "numba", "matplotlib", "optuna", "tokenizers", "rich"}.isdisjoint(done.stderr.split())
