"""The errors that pairlens raises. A message is one line for the user: cause, place (file:line), remedy."""

from __future__ import annotations

from collections.abc import Sequence


class PairlensError(Exception):
    """A failure while running (exit code 1)."""

    exit_code = 1


class DivergedError(PairlensError):
    """A training whose numbers did not stay finite (exit code 1)."""


class UsageError(PairlensError):
    """Wrong arguments: something named on the command line is missing, exists already or is contradictory (code 2)."""

    exit_code = 2


class ConfigError(UsageError):
    """One or more faults of a config, one line each, starting with file and line (exit code 2).

    Attributes:
        faults: the messages, in the order of the file.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(self.faults))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[list[str]]]:
        """For pickling: by default, the message would be taken for the faults."""
        return type(self), (self.faults,)


class DataError(UsageError):
    """A fault of a data file: `file:line:column: what is wrong` (exit code 2)."""


class InUseError(UsageError):
    """A file that another process is writing, or has just finished (exit code 2)."""


class RunError(UsageError):
    """A run directory that is missing, damaged or does not fit what is asked of it (exit code 2)."""
