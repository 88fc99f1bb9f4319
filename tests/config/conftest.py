"""Fixtures for the tests of configs."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_configs import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
