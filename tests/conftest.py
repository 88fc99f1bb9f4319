"""What all tests share: a quiet TensorFlow, and hypothesis without surprises."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile("pairlens", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("pairlens")
