"""The rows of the table, each with one command for each engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from make_run import LAZY
from processes import THREADS, Command, run_once

PAIRLENS = str(Path(sys.executable).parent / "pairlens")


@dataclass(frozen=True)
class Work:
    """A row of the table: it measures seconds from start to end, or with another unit the number that a command prints.

    Attributes:
        commands: by engine, pairlens first.
        answers: by engine, files of numbers that the commands write and that must agree.
    """

    unit: str
    commands: dict[str, Command]
    answers: dict[str, Path] = field(default_factory=dict)


def all_works(quick: bool) -> Iterator[tuple[str, Callable[[Path], Work]]]:
    """Yield the rows: a name, and a function that makes the input files in a folder and returns the work."""
    short, long = (20_000, 5_000) if quick else (100_000, 100_000)
    networks = ("documented", "features", "aligned")
    yield "start: --help; the others' import alone", start_up
    for network in networks:
        for kind, pairs in [("short", 1), ("short", short), ("long", long)] + [("short", 1_000_000)] * (not quick):
            yield f"files to file: {network}, {pairs:,} {kind}", partial(score_files, network, kind, pairs)
    for network in networks:
        for kind, pairs in (("short", short), ("long", long // 5)):
            yield f"engine alone: {network}, {kind}", partial(engine_alone, network, kind, pairs)
    for network in [*networks, *(network + LAZY for network in networks)]:
        for kind, pairs in (("short", short // 2), ("long", long // 10)):
            yield f"training, batch 256: {network}, {kind}", partial(training, network, kind, pairs)
    for kind, pairs in (("short", short), ("long", long // 5)):
        yield f"reading: {kind}", partial(reading, kind, pairs)


def start_up(_: Path) -> Work:
    imports = {"torch": "torch", "onnx": "onnxruntime", "keras": "tensorflow, tf_keras"}
    commands = {engine: [sys.executable, "-c", f"import {modules}"] for engine, modules in imports.items()}
    return Work("s", {"pairlens": [PAIRLENS, "--help"], **commands})


def score_files(network: str, kind: str, pairs: int, folder: Path) -> Work:
    """Whole processes from token files to a file of scores."""
    run, files = make_run(folder, network), make_pairs(folder, kind, pairs)
    answers = _answers(folder, "pairlens", "torch", "onnx", "keras")
    options = ["--threads", str(THREADS), "--output", str(answers["pairlens"])]
    ours = [PAIRLENS, "score", run, *files, *options]
    peers = {name: [*_script(f"peer_{name}"), run, *files, str(answers[name])] for name in ("torch", "onnx", "keras")}
    return Work("s", {"pairlens": ours, **peers}, answers)


def engine_alone(network: str, kind: str, pairs: int, folder: Path) -> Work:
    inputs = [make_run(folder, network), *make_pairs(folder, kind, pairs)]
    answers = _answers(folder, "pairlens", "torch", "onnx", "keras")
    commands = {name: [*_script("engine_only"), name, *inputs, str(answers[name])] for name in answers}
    return Work("pairs/s", commands, answers)


def training(network: str, kind: str, pairs: int, folder: Path) -> Work:
    """Lazy training uses SparseAdam in PyTorch; Keras has no equivalent and trains as usual."""
    inputs = [make_run(folder, network), *make_pairs(folder, kind, pairs)]
    commands = {name: [*_script("training_only"), name, *inputs] for name in ("pairlens", "torch", "keras")}
    return Work("pairs/s", commands)


def reading(kind: str, pairs: int, folder: Path) -> Work:
    files, answers = make_pairs(folder, kind, pairs), _answers(folder, "pairlens", "fromstring", "split")
    commands = {name: [*_script("reader_only"), name, *files, str(answers[name])] for name in answers}
    return Work("MB/s", commands, answers)


def make_run(folder: Path, network: str) -> str:
    """Make a run directory and its ONNX file next to it, unless they exist."""
    path = folder / network
    if not path.exists():
        run_once([*_script("make_run"), network, str(path)])
        run_once([*_script("export_onnx"), str(path)])
    return str(path)


def make_pairs(folder: Path, kind: str, pairs: int) -> list[str]:
    """Make a query and a value file, unless they exist."""
    paths = [folder / f"{kind}-{pairs}.{side}.txt" for side in ("query", "value")]
    if not paths[1].exists():
        run_once([*_script("workloads"), kind, str(pairs), str(folder)])
    return list(map(str, paths))


def _script(name: str) -> list[str]:
    return [sys.executable, str(Path(__file__).parent / f"{name}.py")]


def _answers(folder: Path, *engines: str) -> dict[str, Path]:
    return {engine: folder / f"{engine}.out" for engine in engines}
