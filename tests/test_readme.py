"""The README's synopsis names every option of every command and no other; configs and FAULTS.md are as they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import pairlens
from command_options import OF_EVERY_COMMAND, commands, group, named_options, option_names

from pairlens.check import examine
from pairlens.config.file import load_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
(SYNOPSIS,) = re.findall(r"^```\n(pairlens encode .*?)^```", README, re.MULTILINE | re.DOTALL)
OPTIONS = {name: option_names(command) for name, command in commands().items()}


def usages_of(synopsis: str) -> dict[str, str]:
    """The usage of each command in a synopsis, the shared parts COLUMNS and PARTS included where they are named."""
    parts = re.split(r"^(?=pairlens |COLUMNS |PARTS |EVERY COMMAND)", synopsis, flags=re.MULTILINE)
    shared = {part.split()[0]: part for part in parts if part.startswith(("COLUMNS", "PARTS"))}
    usages: dict[str, str] = {}
    for part in parts:
        if found := re.match(r"pairlens (\w+)", part):
            its = [text for name, text in shared.items() if f"[{name}]" in part]
            usages[found[1]] = "".join([usages.get(found[1], ""), part, *its])
    return usages


def differences(synopsis: str) -> dict[str, tuple[set[str], set[str]]]:
    """For each command the options that a synopsis lacks and those that the command lacks, if there are any."""
    named = {name: named_options(usage) for name, usage in usages_of(synopsis).items()}
    both = {name: (OPTIONS.get(name, set()), named.get(name, set())) for name in OPTIONS | named}
    return {name: (has - says, says - has) for name, (has, says) in both.items() if has != says}


def without(option: str, usage: str) -> str:
    return re.sub(rf"(?<![\w-]){option}(?![\w-])", "", usage)


def test_the_synopsis_names_every_option_and_no_other() -> None:
    assert list(usages_of(SYNOPSIS)) == list(OPTIONS)
    assert differences(SYNOPSIS) == {}
    everywhere, without_command = SYNOPSIS.split("EVERY COMMAND:")[1].split("WITHOUT A COMMAND:")
    assert named_options(everywhere) == set(OF_EVERY_COMMAND)
    assert named_options(without_command) == option_names(group())


@pytest.mark.parametrize("command", OPTIONS)
def test_an_option_that_the_synopsis_lacks_is_found(command: str) -> None:
    for option in OPTIONS[command]:
        assert command in {
            name for name, (lacks, _) in differences(without(option, SYNOPSIS)).items() if option in lacks
        }


@pytest.mark.parametrize("command", OPTIONS)
def test_an_option_that_a_command_lacks_is_found(command: str) -> None:
    """Even where it is the beginning of an option that there is, or has one at its own beginning."""
    for option in ("--on", "--on-bad", "--outputs", "--force-all", "--no-such-option"):
        changed = SYNOPSIS.replace(f"pairlens {command}", f"pairlens {command} [{option}]", 1)
        assert differences(changed) == {command: (set(), {option})}


def test_a_command_that_the_synopsis_lacks_is_found() -> None:
    changed = re.sub(r"^pairlens init .*\n", "", SYNOPSIS, flags=re.MULTILINE)
    assert differences(changed) == {"init": (OPTIONS["init"], set())}


def test_help_lists_the_options_that_were_compared() -> None:
    """What the app has is what a user sees: of score, the command with most kinds of options."""
    shown = named_options(pairlens(ROOT, "score", "--help", COLUMNS="200").stdout)
    assert OPTIONS["score"] | set(OF_EVERY_COMMAND) <= shown


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_every_config_loads_and_opens_with_the_command_that_runs_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"pairlens train configs/{path.name}" in text.split("\n\n")[0]
    config = load_config(path)
    if "data/sample" in text:
        assert examine(config).problems == []


def test_every_fault_has_tests_that_exist() -> None:
    lines = (ROOT / "tests" / "FAULTS.md").read_text(encoding="utf-8").splitlines()
    proofs = [line.split(" | ")[-1] for line in lines if line.startswith("| ") and not line.startswith("| fault")]
    assert len(proofs) > 30
    tests = ROOT / "tests"
    files = {str(path.relative_to(tests)): path.read_text(encoding="utf-8") for path in tests.rglob("*.py")}
    defined = set(re.findall(r"^def (test_\w+)", "".join(files.values()), re.MULTILINE))
    for proof in proofs:
        functions, modules = set(re.findall(r"`(test_\w+)`", proof)), set(re.findall(r"\[([\w/]+\.py)\]", proof))
        assert functions | modules, proof
        assert functions <= defined, proof
        assert modules <= set(files), proof
