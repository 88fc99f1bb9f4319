"""Every import contract of pyproject.toml rejects a forbidden import."""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from running import run_to_end

ROOT = Path(__file__).parent.parent
HOUSE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["name"]: contract for contract in HOUSE["tool"]["importlinter"]["contracts"]}
FOLDERS = CONTRACTS["The library: a folder imports only folders below it"]["layers"]

BREACHES = [  # a contract, a file, and an import that it must not have
    ("The command line stands on the library", "model/pairlens/files.py", "import pairlens_cli.output"),
    (
        "The command line: app, commands, display, options, output and streams",
        "cli/pairlens_cli/output.py",
        "import pairlens_cli.options",
    ),
    ("No import circles", "model/pairlens/metrics/arrays.py", "import pairlens.metrics.binary"),
    ("TensorFlow only in export, training and network", "model/pairlens/scoring/scorer.py", "import tensorflow"),
    ("TensorFlow only in export, training and network", "cli/pairlens_cli/commands/train.py", "import tf_keras"),
    ("Numba and llvmlite only in kernels", "model/pairlens/scoring/scorer.py", "import numba"),
    ("Numba and llvmlite only in kernels", "model/pairlens/texts/tokens.py", "import llvmlite"),
    (
        "The reference computes nothing for others",
        "model/pairlens/scoring/scorer.py",
        "import pairlens.scoring.reference",
    ),
    ("Matplotlib only in pictures", "model/pairlens/pages/svg.py", "import matplotlib"),
    ("h5py only in dumps", "model/pairlens/runs/run.py", "import h5py"),
    ("tokenizers only in tokenizer", "model/pairlens/texts/words.py", "import tokenizers"),
    ("pyarrow only in tables", "model/pairlens/texts/words.py", "import pyarrow"),
    ("Ray only in jobs.cluster.ray_pool", "model/pairlens/jobs/cluster/run.py", "import ray"),
    (
        "tensorboardX only in jobs.tensorboard and runs.event_files",
        "model/pairlens/training/events.py",
        "import tensorboardX",
    ),
    ("Optuna only in jobs.tune.study", "model/pairlens/jobs/tune/search.py", "import optuna"),
    ("ONNX and safetensors only in export", "model/pairlens/jobs/export_job.py", "import tf2onnx"),
    ("ONNX and safetensors only in export", "model/pairlens/vectors/safetensors_file.py", "import safetensors"),
    ("fsspec only in locations", "model/pairlens/files.py", "import fsspec"),
    ("fsspec only in locations", "model/pairlens/texts/blocks.py", "import aiohttp"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, to add forbidden imports to."""
    copy = tmp_path_factory.mktemp("house")
    for name in ("model", "cli"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def broken_contracts(house: Path) -> set[str]:
    """The contracts that lint-imports finds broken."""
    environment = os.environ | {"PYTHONPATH": f"{house / 'model'}{os.pathsep}{house / 'cli'}", "COLUMNS": "200"}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    result = run_to_end(command, cwd=house, env=environment, capture_output=True, text=True)
    broken = {name for name in CONTRACTS if f"{name} BROKEN" in result.stdout}
    assert (result.returncode != 0) == bool(broken), result.stdout + result.stderr
    return broken


def test_no_contract_is_broken(house: Path) -> None:
    assert broken_contracts(house) == set()


def test_every_contract_is_tried() -> None:
    tried = {contract for contract, *_ in BREACHES} | {"The library: a folder imports only folders below it"}
    assert tried == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES)
def test_a_breach_is_found(house: Path, contract: str, file: str, line: str) -> None:
    assert contract in broken_by(house, file, line)


@pytest.mark.parametrize(("lower", "upper"), list(zip(FOLDERS[1:], FOLDERS, strict=False)))
def test_a_folder_imports_none_above_it(house: Path, lower: str, upper: str) -> None:
    """An import from the next folder above."""
    module = lower.split(" : ", maxsplit=1)[0]
    folder = house / "model" / "pairlens" / module
    file = f"model/pairlens/{module}/__init__.py" if folder.is_dir() else f"model/pairlens/{module}.py"
    above = upper.split(" : ", maxsplit=1)[0]
    broken = broken_by(house, file, f"import pairlens.{above}")
    assert "The library: a folder imports only folders below it" in broken


def broken_by(house: Path, file: str, line: str) -> set[str]:
    """The contracts that an additional import breaks."""
    path = house / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        return broken_contracts(house)
    finally:
        path.write_text(before, encoding="utf-8")
