"""Describes how a run was made, for environment.json: versions, command, hardware and checksums of the data."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pairlens.config.schema import Config
from pairlens.kernels.processor import VARIABLE, host_name
from pairlens.kernels.threads import processors
from pairlens.locations.location import Location, without_secrets
from pairlens.runs.warm_start import warm_start_checksum
from pairlens.texts.splits import find_split
from pairlens.vectors.pretrained import vector_files

# Environment variables that affect what TensorFlow and its libraries compute, and those that only affect its log.
_COMPUTING, _LOGGING = ("TF_", "XLA_", "ONEDNN_", "DNNL_", VARIABLE), "TF_CPP_"
_SIDE = re.compile(r"(query|value|label|group|weight)\.txt(?:\.gz|\.bz2|\.xz)?")  # after the prefix of a split
_PACKAGES = ("pairlens", "tensorflow", "tf-keras", "numpy", "numba")


def describe_environment(config: Config, command: Sequence[str]) -> dict[str, Any]:
    """Return versions, command, git commit, hardware and checksums of the data."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [without_secrets(argument) for argument in command],
        "directory": str(Path.cwd()),
        "git_commit": _git_commit(Path.cwd()),
        **what_affects_rounding(),
        "data": checksums(config),
        "warm_start": warm_start_checksum(config),
    }


def what_affects_rounding() -> dict[str, Any]:
    """Return versions, hardware and settings of this machine."""
    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processors": processors(),
        "processor": _processor(),
        "settings": _settings(),
    }


def describe_machine() -> dict[str, str]:
    """Versions and hardware, for a bug report; a package that is not installed has the version `missing`."""
    versions = {name: _version(name) for name in _PACKAGES}
    return {
        "python": platform.python_version(),
        **versions,
        "platform": platform.platform(),
        "processors": str(processors()),
    }


def checksums(config: Config) -> dict[str, str]:
    """SHA-256 of every file that training reads, by path."""
    files = [*vector_files(config), config.data.vocab if config.starts_from_spelling else None]
    for name in ("train", "dev"):
        for split in find_split(config, name) if config.data.prefixes(name) else ():
            files += [split.query, split.value, split.label, split.group, split.weight]
    return {str(path): _sha256(path) for path in files if path is not None}


def by_role(data: Any, config: Config) -> dict[str, tuple[str, str]]:
    """Return path and SHA-256 of each file that training reads, by role, such as `train.query`, or `train.1.query` for
    the second prefix.

    A role does not change when files are moved. Files without one, such as word vectors, have their path as role.

    Args:
        data: the result of `checksums` for this config; anything that is no mapping counts as empty.
    """
    digests = {str(path): str(digest) for path, digest in data.items()} if isinstance(data, dict) else {}
    roles = {str(config.model.embedding.pretrained): "pretrained", str(config.data.vocab): "vocab"}
    found = {role: (path, digests[path]) for path, role in roles.items() if path in digests}
    for prefix, name in split_roles(config):
        for path, digest in digests.items():
            side = _SIDE.fullmatch(path.removeprefix(f"{prefix}."))
            if side:
                found[f"{name}.{side[1]}"] = path, digest
    known = {path for path, _ in found.values()}
    return found | {path: (path, digest) for path, digest in digests.items() if path not in known}


def split_roles(config: Config) -> list[tuple[str, str]]:
    """Each prefix of train and dev with its role: `train`, `train.1` for the second one, … and `dev`."""
    return [
        (str(prefix), f"{name}.{number}" if number else name)
        for name in ("train", "dev")
        for number, prefix in enumerate(config.data.prefixes(name))
    ]


def _version(package: str) -> str:
    """`missing` if it is not installed, or under another name, as tensorflow-cpu is."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _processor() -> str:
    """The model of the processor, which affects TensorFlow's rounding."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or f"{platform.machine()} {host_name()}"


def _settings() -> dict[str, str]:
    """The environment variables that may change the last bits of what is computed."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(_COMPUTING) and not name.startswith(_LOGGING)
    }


def _sha256(path: Location) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_commit(directory: Path) -> str | None:
    """The commit checked out in the repository around a directory, read from git's files without running git."""
    for parent in (directory, *directory.parents):
        try:
            git = _git_directory(parent / ".git")
            return _checked_out(git, _common_directory(git))
        except (OSError, ValueError):
            continue
    return None


def _git_directory(path: Path) -> Path:
    """Return `.git` itself if it is a directory; in a worktree or submodule, it is a file that names the directory."""
    if path.is_dir():
        return path
    return path.parent / path.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")


def _common_directory(git: Path) -> Path:
    """The directory that worktrees share, with the branches."""
    named = git / "commondir"
    return git / named.read_text(encoding="utf-8").strip() if named.is_file() else git


def _checked_out(git: Path, common: Path) -> str | None:
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    name = head.removeprefix("ref: ")
    if name == head:
        return head
    if (common / name).is_file():
        return (common / name).read_text(encoding="utf-8").strip()
    packed = (common / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
