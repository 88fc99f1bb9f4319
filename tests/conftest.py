"""What all tests share: a quiet TensorFlow, hypothesis without surprises, and a browser."""

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

# A shell that runs the tests in the background has signals ignored, and so would the commands that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest.register_assert_rewrite("chromium")

settings.register_profile("pairlens", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("pairlens")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One Chromium for all tests of a process, which open their pages in it."""
    from chromium import chromium

    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page
