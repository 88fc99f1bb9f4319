"""Packages that may be missing: a machine that only scores needs neither TensorFlow nor matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from pairlens.errors import UsageError

# Names for pip; modules have _ for -.
PACKAGES = ("h5py", "llvmlite", "matplotlib", "numba", "pairlens", "pyarrow", "tensorflow", "tf-keras", "tokenizers")


def need(what: str, *packages: str, extra: str = "") -> None:
    """Raise UsageError, saying what to install, unless these packages are installed. Imports none of them.

    Args:
        what: the work that needs them, with which the message begins.
        extra: the extra of pairlens that brings them, if there is one.
    """
    missing = [name for name in packages if find_spec(name.replace("-", "_")) is None]
    if missing:
        install = f"'pairlens[{extra}]'" if extra else ""
        raise UsageError(f"{what} {_needs(missing, install)}")


def missing_package(error: ModuleNotFoundError) -> str | None:
    """The message for a failed import, or version query, of one of PACKAGES; None if it failed for another reason."""
    name = str(error.name).replace("_", "-")
    return _needs([name]) if name in PACKAGES else None


def _needs(missing: Sequence[str], install: str = "") -> str:
    *others, last = missing
    names = f"{', '.join(others)} and {last}" if others else last
    be = "are" if others else "is"
    return f"needs {names}, which {be} not installed: pip install {install or ' '.join(missing)}"
