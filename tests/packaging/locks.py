"""Writes the lock files into a folder, from pins on stdin as `pip freeze` prints them: python locks.py FOLDER

requirements.lock has what pairlens depends on and what builds it; requirements-score.lock has, of that, what a machine
needs which only scores; requirements-dev.lock has what the extras, tests and linters need in addition. Each has all
that its packages depend on in turn, as the running environment knows it.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
NOT_FOR_SCORING = {"h5py", "matplotlib", "tensorflow", "tf-keras"}
EDITABLE = ["editables"]  # hatchling asks for it when it builds an editable install
UNPINNED = {"setuptools", "wheel"}  # `pip freeze` does not list them


def needed(requirements: Iterable[str], extras: Iterable[str], seen: set[tuple[str, str]]) -> set[str]:
    """The names of the packages that these requirements ask for here, and of those that they ask for."""
    names = set()
    for requirement in map(Requirement, requirements):
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            continue
        name = canonicalize_name(requirement.name)
        names.add(name)
        if (key := (name, ",".join(sorted(requirement.extras)))) not in seen:
            seen.add(key)
            names |= needed(requires(name) or [], requirement.extras, seen)
    return names


def locks() -> dict[str, set[str]]:
    """The names of the packages in each lock file."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    direct, extras = table["project"]["dependencies"], table["project"]["optional-dependencies"].values()
    scoring = [line for line in direct if Requirement(line).name not in NOT_FOR_SCORING]
    others = [line for lines in extras for line in lines if Requirement(line).name != "pairlens"]
    base = needed([*direct, *table["build-system"]["requires"], *EDITABLE], (), set())
    return {
        "requirements.lock": base - UNPINNED,
        "requirements-score.lock": needed(scoring, (), set()) - UNPINNED,
        "requirements-dev.lock": needed(others, (), set()) - base,
    }


def main() -> None:
    pins = {canonicalize_name(pin.partition("==")[0]): pin for pin in sys.stdin}
    for file, names in locks().items():
        lines = sorted((pins[name] for name in names), key=str.lower)
        (Path(sys.argv[1]) / file).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
