"""pairlens selftest passes here and reports what is broken."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import pairlens
from typer.testing import CliRunner

from pairlens import selftest
from pairlens.scoring.scorer import Scorer
from pairlens_cli.app import app


def test_this_installation_is_well(tmp_path: Path) -> None:
    result = pairlens(tmp_path, "selftest", TMPDIR=str(tmp_path))
    assert (result.code, result.stderr) == (0, "")
    machine, checks = result.stdout.split("\n\n")
    assert [line.split()[0] for line in machine.splitlines()] == [
        "python",
        "pairlens",
        "tensorflow",
        "tf-keras",
        "numpy",
        "numba",
        "platform",
        "processors",
    ]
    assert f"numpy                    {np.__version__}\n" in machine
    lines = checks.splitlines()
    assert len(lines) == len(selftest.CHECKS)
    assert all(re.fullmatch(r".{24} ok    +\d+\.\d s  .+", line) for line in lines), checks
    assert list(tmp_path.iterdir()) == []


class _WrongScorer(Scorer):
    def score(self, queries: Any, values: Any) -> Any:
        return super().score(queries, values) + np.float32(3e-5 / len(queries))


def test_scores_that_are_wrong_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scores are made to depend on the batch; checks that do not score still pass."""
    monkeypatch.setattr(selftest, "Scorer", _WrongScorer)
    monkeypatch.setattr(selftest, "_TOLERANCE", 1e-7)
    checks = {check.name: check for check in selftest.check_all(tmp_path)}
    assert list(checks) == list(selftest.CHECKS)
    assert [name for name, check in checks.items() if not check.passed] == [
        "scores as tf-keras",
        "padding, order, threads",
    ]
    assert re.fullmatch(r"scores differ by 3\.\de-05, more than 1e-07", checks["padding, order, threads"].detail)


def test_a_failed_check_is_reported_and_the_others_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> str:
        raise OSError("no such library")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(selftest, "CHECKS", {"broken": fail, "files": selftest.CHECKS["whole files"]})
    result = CliRunner().invoke(app, ["selftest"])
    assert result.exit_code == 1
    broken, files = result.stdout.splitlines()[-2:]
    assert re.fullmatch(r"broken +FAIL +0\.0 s  OSError: no such library", broken)
    assert re.fullmatch(r"files +ok +0\.0 s  replaced by rename, nothing left behind", files)
    assert result.stderr == "error: failed: broken; please report it with all of the output above\n"
    assert list(tmp_path.iterdir()) == []
