"""Shared by all tests: a quiet TensorFlow, settings of hypothesis, and a browser."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from chromium import Page

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# A shell that runs the tests in the background ignores signals, and the commands they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest.register_assert_rewrite("chromium")

settings.register_profile("pairlens", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("pairlens")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One Chromium for all tests of a process."""
    from chromium import chromium

    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page
