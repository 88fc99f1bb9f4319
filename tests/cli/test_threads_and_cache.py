"""PAIRLENS_THREADS is the default of --threads, and PAIRLENS_CACHE the folder of compiled kernels."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from forked import pairlens
from models import make_config, random_weights

from pairlens.kernels.code_cache import folders
from pairlens.runs.run import Run
from pairlens.scoring.warm_up import warm_up

SCORE = ("score", "run", "ids.txt", "ids.txt", "--verbose")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = make_config()
    Run.create(tmp_path / "run", config, {}).write_weights(random_weights(config))
    (tmp_path / "ids.txt").write_text("4 8 15\n")
    return tmp_path


def test_threads(folder: Path) -> None:
    assert "1 thread" in pairlens(folder, *SCORE, PAIRLENS_THREADS="1").stderr
    assert "3 threads" in pairlens(folder, *SCORE, PAIRLENS_THREADS="3").stderr
    assert "2 threads" in pairlens(folder, *SCORE, "--threads", "2", PAIRLENS_THREADS="3").stderr
    unset = pairlens(folder, *SCORE)
    assert pairlens(folder, *SCORE, PAIRLENS_THREADS="").stdout == unset.stdout


def test_the_cache_is_used_where_it_is_and_its_folder_left_as_it_is(folder: Path) -> None:
    warm_up(make_config())
    cache = folder / "cache"
    cache.mkdir(mode=0o755)
    for kernel in next(path for path in folders() if path.is_dir()).iterdir():
        if kernel.is_file():
            shutil.copy(kernel, cache)
    before = {path.name for path in cache.iterdir()}
    result = pairlens(folder, *SCORE, PAIRLENS_CACHE=str(cache), XDG_CACHE_HOME=str(folder / "none"))
    assert result.code == 0, result.stderr
    assert "warning" not in result.stderr
    assert {path.name for path in cache.iterdir()} == before
    assert stat.S_IMODE(cache.stat().st_mode) == 0o755
    assert not (folder / "none").exists()


def test_a_cache_that_is_no_absolute_path(folder: Path) -> None:
    result = pairlens(folder, *SCORE, PAIRLENS_CACHE="cache")
    message = "PAIRLENS_CACHE: 'cache' is a relative path; give an absolute one, or unset it"
    assert (result.code, result.stderr.splitlines()[-1]) == (2, f"error: {message}")
