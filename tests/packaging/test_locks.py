"""What is pinned: what pairlens needs, of that what a machine needs that only scores, and what developers need more."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

from clean_environments import ROOT, pins
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from running import run_to_end

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = {"yaml": "pyyaml", "pydantic_core": "pydantic"}  # those that have another name than what brings them
ALL = ("requirements.lock", "requirements-dev.lock")  # together, all that is installed for tests
TRAINING = {"tensorflow", "tf-keras", "keras", "matplotlib", "h5py", "scipy"}


def names(lock: str) -> set[str]:
    return {canonicalize_name(name) for name in pins(lock)}


def direct(*extras: str) -> dict[str, Requirement]:
    """What pairlens itself asks for."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def test_the_pins_of_scoring_are_those_of_all() -> None:
    score, base = pins("requirements-score.lock"), pins("requirements.lock")
    assert score.items() < base.items()


def test_the_pins_are_what_is_needed(tmp_path: Path) -> None:
    """As `make lock` writes them: nothing that happens to be installed as well, and nothing in two of them."""
    command = [sys.executable, ROOT / "tests" / "packaging" / "locks.py", tmp_path]
    frozen = "".join((ROOT / lock).read_text(encoding="utf-8") for lock in ALL) + "what-is-installed-as-well==1.0\n"
    run_to_end(command, stdin=frozen, check=True, encoding="utf-8")
    for lock in (*ALL, "requirements-score.lock"):
        assert (tmp_path / lock).read_text(encoding="utf-8") == (ROOT / lock).read_text(encoding="utf-8")


def test_what_is_not_needed_is_not_installed() -> None:
    """Scoring needs no training, and `make demo` no extras, tests and linters."""
    needed = {"numpy", "numba", "llvmlite", "pydantic", "pyyaml", "rich", "typer", "tokenizers"}
    assert needed <= names("requirements-score.lock")
    assert names("requirements-score.lock").isdisjoint(TRAINING)
    base, more = map(names, ALL)
    assert direct().keys() <= base
    built = {"editables", "hatchling", "packaging", "pillow"}  # build it or are needed by others
    developers = direct(*PROJECT["optional-dependencies"]).keys() - direct().keys() - {"pairlens", "fsspec"} - built
    assert developers <= more
    assert base.isdisjoint(more)


def test_all_that_is_asked_for_is_pinned_within_its_bounds() -> None:
    pinned = {canonicalize_name(name): version for lock in ALL for name, version in pins(lock).items()}
    extras = [name for name in PROJECT["optional-dependencies"] if name != "all"]
    for name, requirement in direct(*extras).items():
        assert name == "pairlens" or pinned[name] in requirement.specifier


def test_all_has_every_extra_but_that_of_developers() -> None:
    (everything,) = map(Requirement, PROJECT["optional-dependencies"]["all"])
    assert everything.name == "pairlens"
    assert everything.extras == set(PROJECT["optional-dependencies"]) - {"all", "dev"}


def test_the_sources_import_nothing_else() -> None:
    """Wherever an import stands: what is imported is asked for in pyproject.toml, and what is asked for is imported."""
    imported = set()
    for path in [*(ROOT / "model").rglob("*.py"), *(ROOT / "cli").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
    others = imported - sys.stdlib_module_names - {"pairlens", "pairlens_cli", "_typeshed"}
    extras = PROJECT["optional-dependencies"].keys() - {"all", "dev"}
    names = {canonicalize_name(MODULES.get(name, name)) for name in others}
    assert names <= direct(*extras).keys()
    assert direct(*extras).keys() - names <= {"fsspec", "ray", "s3fs"}  # imported by their names alone
