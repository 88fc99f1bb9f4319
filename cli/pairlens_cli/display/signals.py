"""Ctrl-C, SIGTERM and SIGHUP while there is something to save: the first stops after saving, a second one at once."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from pairlens_cli import output, streams

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The signals received so far.

    `exit_code` is None, or 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP; `repeated` is set by a second signal.
    """

    exit_code: int | None = None
    repeated = False

    def note(self, number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        if number == signal.SIGHUP:
            streams.drop_lost()
        if self.exit_code is not None:
            if number == signal.SIGHUP:
                return  # one closing terminal sends two: from the kernel and from the shell
            self.repeated = True
            sys.exit(128 + number)  # SystemExit, so that half-written files are removed
        self.exit_code = 128 + number
        if not output.settings.quiet:
            # Not through sys.stderr, which the signal may have interrupted in a write.
            with suppress(OSError):
                os.write(2, b"\nstopping after this step; interrupt again to stop at once\n")


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Record the first signal within the block instead of obeying it; a second one ends the process at once.

    Signals that were ignored when the process began stay ignored.
    """
    noted = Interrupts()
    handled = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, noted.note) for number in handled}
    try:
        yield noted
    except SystemExit as end:
        if noted.repeated:
            os._exit(end.code if isinstance(end.code, int) else 1)  # without waiting for threads at work
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def resuming_command(arguments: Sequence[str]) -> str:
    """The command line that continues what this one began."""
    kept = [argument for argument in arguments if argument not in ("--force", "--resume")]
    return shlex.join(["pairlens", *kept, "--resume"])
