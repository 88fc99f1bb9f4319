"""Run the command line in a process that kills itself, as with kill -9, before a change of a file."""

from __future__ import annotations

import signal
from pathlib import Path

from forked import pairlens

_PREPARE = """
import os, signal, sys
step, name = {step}, {name!r}
CHANGES = {{"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "ctypes.call_function"}}

def count(event, arguments):
    global step
    if event not in CHANGES or event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return
    if any(name in os.fsdecode(argument) for argument in arguments if isinstance(argument, (str, bytes, os.PathLike))):
        if not step:
            os.kill(os.getpid(), signal.SIGKILL)
        step -= 1

import pairlens.directories, pairlens.runs.staging
{before}
sys.addaudithook(count)
"""
_WITHOUT_RENAMEAT2 = """
pairlens.directories.NOREPLACE = pairlens.runs.staging.EXCHANGE = 2**30  # flags that no file system knows
"""


def killed(folder: Path, step: int, name: str, *arguments: str | Path, renameat2: bool = True) -> bool:
    """Run `pairlens ARGUMENTS`, killed before change `step`, from 0, of a file whose name contains `name`.

    Args:
        renameat2: whether the file system supports the flags of renameat2.

    Returns:
        whether it was killed; otherwise it has ended with exit code 0.
    """
    before = _PREPARE.format(step=step, name=name, before="" if renameat2 else _WITHOUT_RENAMEAT2)
    done = pairlens(folder, *arguments, before=before)
    assert done.code in (0, -signal.SIGKILL), done.stderr
    return done.code != 0
