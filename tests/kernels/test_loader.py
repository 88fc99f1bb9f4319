"""Compiled kernels are cached between processes, and no fault of the cache changes a result."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from running import run_to_end

from pairlens.kernels import loader

CALL = """
import sys
import numpy as np
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
x = np.array([-1.0, 0.0, 2.0], np.float32)
call(signatures.GELU, x=x)
print(*x.tolist(), "numba" in sys.modules)
"""
GELU = "-0.15865525603294373 0.0 1.9544997215270996"  # x * Phi(x): -1 * .1586553, 0, 2 * .9772499


CALL_IN_THREADS = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from pairlens.kernels import signatures
from pairlens.kernels.loader import call
rows = np.zeros((16, 3), np.float32)
with ThreadPoolExecutor(16) as threads:
    list(threads.map(lambda row: call(signatures.GELU, x=row), rows))
"""


def call_in_new_process(cache: Path, code: str = CALL, **others: str) -> str:
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)} | others
    return run_to_end(
        [sys.executable, "-c", code], env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that a process created and filled."""
    folder = tmp_path_factory.mktemp("cache") / "new"
    assert call_in_new_process(folder) == f"{GELU} True"
    return folder


def kept(cache: Path) -> Path:
    [path] = (cache / "pairlens").iterdir()
    return path


def test_the_next_process_loads_what_was_compiled(cache: Path) -> None:
    assert call_in_new_process(cache) == f"{GELU} False"


def test_threads_may_load_it_at_once(cache: Path) -> None:
    call_in_new_process(cache, CALL_IN_THREADS)


def test_a_copy_is_for_one_processor_and_one_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = loader.fingerprint("cpu +avx2")
    assert before == loader.fingerprint("cpu +avx2")
    assert before != loader.fingerprint("cpu +avx512f")
    (tmp_path / "other.py").write_text("# changed")
    monkeypatch.setattr(loader, "SOURCES", [tmp_path / "other.py"])
    assert before != loader.fingerprint("cpu +avx2")


def test_in_place_of_a_folder_that_cannot_be_written_another_is_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "temporary").mkdir()
    for compiles in (True, False):
        assert call_in_new_process(tmp_path / "file", TMPDIR=str(tmp_path / "temporary")) == f"{GELU} {compiles}"


def test_what_is_missing_is_compiled_at_once_and_kept(tmp_path: Path) -> None:
    code = "from pairlens.kernels.loader import prepare\n"
    code += "from pairlens.kernels.signatures import CONVOLVE, GELU, OVERLAP\n"
    code += "prepare([CONVOLVE, GELU, OVERLAP])"
    call_in_new_process(tmp_path, code)
    names = sorted(path.name.split("-")[0] for path in (tmp_path / "pairlens").iterdir())
    assert names == ["convolve", "gelu", "overlap"]
    code += "; import sys; print('numba' in sys.modules)"
    assert call_in_new_process(tmp_path, code) == "False"


def test_of_processes_that_need_it_at_once_one_compiles(tmp_path: Path) -> None:
    code = "import sys\nfrom pairlens.kernels.loader import prepare\nfrom pairlens.kernels.signatures import GELU\n"
    code += "prepare([GELU])\nprint('numba' in sys.modules)"
    with ThreadPoolExecutor(3) as processes:
        compiled = list(processes.map(lambda _: call_in_new_process(tmp_path, code), range(3)))
    assert sorted(compiled) == ["False", "False", "True"]


def flip_a_bit(path: Path) -> None:
    code = bytearray(path.read_bytes())
    code[-1000] ^= 1
    path.write_bytes(code)


def put_another_kernel_there(path: Path) -> None:
    code = "import numpy as np\nfrom pairlens.kernels.loader import prepare\n"
    code += "from pairlens.kernels.signatures import CONVOLVE\nprepare([CONVOLVE])"
    call_in_new_process(path.parents[1], code)
    [other] = path.parent.glob("convolve-*")
    other.replace(path)


@pytest.mark.parametrize("damage", [flip_a_bit, lambda path: path.write_bytes(b""), put_another_kernel_there])
def test_what_is_damaged_is_compiled_anew_and_replaced(
    cache: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    copy = Path(shutil.copytree(cache, tmp_path / "copy"))
    whole = kept(copy).read_bytes()
    damage(kept(copy))
    assert call_in_new_process(copy) == f"{GELU} True"
    assert kept(copy).read_bytes() == whole
    assert call_in_new_process(copy) == f"{GELU} False"
