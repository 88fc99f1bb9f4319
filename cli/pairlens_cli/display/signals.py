"""Ctrl-C, SIGTERM and SIGHUP while there is something to save: the first waits for it, a second one does not."""

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
    """What came so far: `exit_code` is None, or 130 after a SIGINT, 143 after a SIGTERM, 129 after a SIGHUP; `repeated`
    after a second."""

    exit_code: int | None = None
    repeated = False

    def note(self, number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        if number == signal.SIGHUP:
            streams.drop_lost()
        if self.exit_code is not None:
            if number == signal.SIGHUP:
                return  # of one terminal that closes, the kernel tells us, and the shell does
            self.repeated = True
            sys.exit(128 + number)  # by way of what removes half-written files
        self.exit_code = 128 + number
        if not output.settings.quiet:
            # Not through sys.stderr, which may be in the middle of a write itself.
            with suppress(OSError):
                os.write(2, b"\nstopping after this step; the same again stops at once\n")


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Note these signals within the block instead of obeying them; a second one ends the process at once. Those that
    were ignored when the process began still are."""
    noted = Interrupts()
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, noted.note) for number in heard}
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
    """The command line that goes on with what this one began."""
    kept = [argument for argument in arguments if argument not in ("--force", "--resume")]
    return shlex.join(["pairlens", *kept, "--resume"])
