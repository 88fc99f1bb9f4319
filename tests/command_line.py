"""Running the command line in real processes, and a small trained project that its tests share."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from running import after, run_to_end

PAIRLENS = str(Path(sys.executable).with_name("pairlens"))
VOCABULARY = 29
# For tests with another home, so that the kernels are not compiled again.
CACHE = {"XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))}

CONFIG = """\
data: {train: data/train, dev: data/dev, test: data/test, vocab: data/vocab.txt}
model:
  embedding: {input_dim: 29, output_dim: 7, dropout: 0.1, embeddings_initializer: {name: normal, stddev: 1.0}}
  conv: {filters: 5, kernel_size: 2}
  dnn: {units: [3]}
training:
  epochs: 20
  batch_size: 32
  optimizer: {name: adam, learning_rate: 0.01}
  early_stopping: null
"""


class Result(NamedTuple):
    code: int
    stdout: str
    stderr: str


def pairlens(
    folder: Path,
    *arguments: str | Path,
    stdin: str = "",
    before: str = "",
    **environment: str,
) -> Result:
    """Run `pairlens ARGUMENTS` in a folder, without a terminal, in a process that first executes the code `before`."""
    command = [PAIRLENS, *map(str, arguments)]
    done = run_to_end(
        after(before, command) if before else command,
        cwd=folder,
        env=plain_environment() | environment,
        stdin=stdin,
        capture_output=True,
        encoding="utf-8",
    )
    return Result(done.returncode, done.stdout, done.stderr)


# To be executed before a command, so that permissions apply to root as well; see prctl(2) and capabilities(7).
WITHOUT_PRIVILEGES = """
import ctypes
drop_from_bounding_set, override, read_search = 24, 1, 2
if os.getuid() == 0:
    for capability in (override, read_search):
        if ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "root keeps its privileges")
"""


def plain_environment() -> dict[str, str]:
    """The environment without variables that change how rich prints."""
    rich = {"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"}
    return {name: value for name, value in os.environ.items() if name not in rich}


def lines(texts: Iterable[Sequence[int]]) -> str:
    """Token texts as the content of a file."""
    return "".join(" ".join(map(str, text)) + "\n" for text in texts)


def random_texts(count: int, seed: int, longest: int = 8) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [random.integers(0, VOCABULARY, random.integers(1, longest + 1)).tolist() for _ in range(count)]


def write_split(prefix: Path, count: int, seed: int, longest: int = 8) -> None:
    """Pairs of random texts; with label 1 the value has the tokens of the query, in another order."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count).tolist()
    queries, others = random_texts(count, seed, longest), random_texts(count, seed + 1, longest)
    values = [
        random.permutation(query).tolist() if label else other
        for label, query, other in zip(labels, queries, others, strict=True)
    ]
    for side, text in (("query", lines(queries)), ("value", lines(values)), ("label", lines([[x] for x in labels]))):
        Path(f"{prefix}.{side}.txt").write_text(text)


def make_project(folder: Path) -> None:
    """`config.yaml` and the data that it names, in `data`."""
    (folder / "data").mkdir(parents=True)
    for seed, (split, count) in enumerate([("train", 300), ("dev", 100), ("test", 80)]):
        write_split(folder / "data" / split, count, 10 * seed)
    (folder / "data" / "vocab.txt").write_text("".join(f"word{i}\n" for i in range(VOCABULARY)))
    (folder / "config.yaml").write_text(CONFIG)


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is made once for all processes of a test session; tests must not write to it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / name
    with (shared / f"{name}.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make(folder)
            lock.write("made")
            lock.flush()
        lock.seek(0)
        assert lock.read() == "made", f"making {name} failed; the first test that needed it says why"
    return folder


def trained_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose `run` was trained with `--seed 7`; what train said is in `train.stdout` and `train.stderr`."""

    def make(folder: Path) -> None:
        make_project(folder)
        result = pairlens(folder, "train", "config.yaml", "--seed", "7", "--output", "run")
        (folder / "train.stdout").write_text(result.stdout)
        (folder / "train.stderr").write_text(result.stderr)

    folder = made_once(tmp_path_factory, "project", make)
    assert (folder / "run" / "evaluation.json").exists(), (folder / "train.stderr").read_text()
    return folder


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
