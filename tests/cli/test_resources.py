"""The cost of a command: memory, processor time, and the libraries that it loads."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from command_line import PAIRLENS, VOCABULARY, plain_environment, trained_project
from running import run_to_end

HEAVY = ["tensorflow", "tf_keras", "numba", "matplotlib", "h5py", "numpy", "pydantic", "yaml", "rich"]

# A small process in between: the peak memory of a process includes that of its parent until it starts.
MEASURE = """\
import json, resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime]))
"""

# Run the command line, then print the heavy libraries that it imported.
LIST_IMPORTS = """\
import json, sys
from pairlens_cli.app import main
names, sys.argv = json.loads(sys.argv[1]), ["pairlens", *sys.argv[2:]]
try:
    main()
except SystemExit as exit:
    assert not exit.code, exit.code
print("imported:", *[name for name in names if name in sys.modules])
"""


class Usage(NamedTuple):
    code: int
    peak: float  # MiB
    seconds: float  # of processor time


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def measure(folder: Path, *arguments: str) -> Usage:
    command = [sys.executable, "-c", MEASURE, PAIRLENS, *arguments]
    output = run_to_end(command, cwd=folder, env=plain_environment(), capture_output=True, check=True).stdout
    return Usage(*json.loads(output))


def imported(folder: Path, *arguments: str) -> set[str]:
    command = [sys.executable, "-c", LIST_IMPORTS, json.dumps(HEAVY), *arguments]
    output = run_to_end(command, cwd=folder, capture_output=True, check=True, text=True).stdout
    return set(output.splitlines()[-1].removeprefix("imported:").split())


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_no_library(tmp_path: Path, option: str) -> None:
    assert imported(tmp_path, option) <= {"rich"}


def test_check_loads_no_engine(project: Path) -> None:
    assert imported(project, "check", "config.yaml") <= {"numpy", "pydantic", "yaml", "rich"}


def test_score_loads_no_tensorflow(project: Path) -> None:
    files = ["data/test.query.txt", "data/test.value.txt"]
    assert imported(project, "score", "run", *files) <= {"numba", "numpy", "pydantic", "yaml", "rich"}


def test_check_answers_at_once(project: Path) -> None:
    """It may take half a second on an idle machine; busy processors are slower."""
    usage = measure(project, "check", "config.yaml")
    assert usage.code == 0
    assert usage.seconds < 1.0


@pytest.mark.parametrize("name", ["maps.npz", "maps.jsonl.gz"])
def test_a_dump_takes_the_same_memory_for_more_pairs(project: Path, tmp_path: Path, name: str) -> None:
    """Measured: 5 MiB for 40,000 more pairs, so a million stay far below 500 MiB; zipfile would take 48 MiB."""
    random = np.random.default_rng(0)
    rows = [" ".join(row) for row in random.integers(0, VOCABULARY, (60_000, 5)).astype("U2").tolist()]
    peaks = []
    for count in (20_000, 60_000):
        (tmp_path / "texts.txt").write_text("\n".join(rows[:count]) + "\n")
        texts = [str(tmp_path / "texts.txt")] * 2
        usage = measure(project, "attend", "run", *texts, "--output", str(tmp_path / name), "--force")
        assert usage.code == 0
        peaks.append(usage.peak)
    assert peaks[0] < 300
    assert peaks[1] - peaks[0] < 20


def test_score_takes_the_same_memory_for_more_pairs(project: Path, tmp_path: Path) -> None:
    """Measured: 8 MiB for 450,000 more pairs; read at once, they would take 80 MiB."""
    random = np.random.default_rng(0)
    rows = [" ".join(row) for row in random.integers(0, VOCABULARY, (600_000, 5)).astype("U2").tolist()]
    peaks = []
    for count in (150_000, 600_000):
        (tmp_path / "texts.txt").write_text("\n".join(rows[:count]) + "\n")
        usage = measure(project, "score", "run", str(tmp_path / "texts.txt"), str(tmp_path / "texts.txt"))
        assert usage.code == 0
        peaks.append(usage.peak)
    assert peaks[1] - peaks[0] < 30
