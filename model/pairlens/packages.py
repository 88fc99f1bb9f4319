"""Packages that an installation may be without: a machine that only scores has no use for TensorFlow or matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from pairlens.errors import UsageError

# As pip names them; their modules have _ for -.
PACKAGES = ("h5py", "llvmlite", "matplotlib", "numba", "pairlens", "pyarrow", "tensorflow", "tf-keras", "tokenizers")


def need(what: str, *packages: str) -> None:
    """Raises UsageError, which says what to install, unless these packages are installed. Imports none of them.

    Args:
        what: needs them; the message begins with it.
    """
    missing = [name for name in packages if find_spec(name.replace("-", "_")) is None]
    if missing:
        raise UsageError(f"{what} {_needs(missing)}")


def missing_package(error: ModuleNotFoundError) -> str | None:
    """What to tell of an import, or a look at a version, that failed because one of PACKAGES is not installed.

    None if it failed for another reason.
    """
    name = str(error.name).replace("_", "-")
    return _needs([name]) if name in PACKAGES else None


def _needs(missing: Sequence[str]) -> str:
    *others, last = missing
    names = f"{', '.join(others)} and {last}" if others else last
    return f"needs {names}, which {'are' if others else 'is'} not installed: pip install {' '.join(missing)}"
