"""Prints requirements-score.lock: the pins of requirements.lock that a machine needs which only scores.

They are those of what pairlens depends on, but for what trains, draws and writes HDF5, and of all that this in turn
depends on.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
NOT_FOR_SCORING = {"h5py", "matplotlib", "tensorflow", "tf-keras"}


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


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = [line for line in project["dependencies"] if Requirement(line).name not in NOT_FOR_SCORING]
    names = needed(direct, (), set())
    for pin in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if canonicalize_name(pin.partition("==")[0]) in names:
            print(pin)


if __name__ == "__main__":
    main()
