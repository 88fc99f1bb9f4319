"""Where words go: results to stdout or a file, everything for people to stderr."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import typer

from pairlens.texts.words import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

    from pairlens.config.schema import Config


_SURROGATES = "backslashreplace"  # names of files may be no UTF-8; in JSON these escapes are what they were


@dataclass(slots=True)
class Settings:
    """What the options of every command say of how it speaks."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False


settings = Settings()


def console() -> Console:
    """A rich console on stderr. Made anew, so that importing this module does not import rich."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(message: RenderableType, live: Progress | None = None) -> None:
    """Something good to know, above a live display if there is one; not with --quiet."""
    if not settings.quiet:
        shown = live.console if live else console()
        if isinstance(message, str):
            shown.print(printable(message), soft_wrap=True, markup=False)  # a path may look like markup
        else:
            shown.print(message)


def hint(message: str) -> None:
    """Tell someone at a terminal what takes a moment."""
    if sys.stderr.isatty():
        say(message)


def detail(message: str) -> None:
    """Something for --verbose."""
    if settings.verbose:
        _line("", message)


def warn(message: str) -> None:
    if not settings.quiet:
        _line("warning: ", message)


def error(message: str) -> None:
    for line in message.splitlines() or [""]:
        _line("error: ", line)


def _line(prefix: str, message: str) -> None:
    """One line, never wrapped, its control characters made visible."""
    safe = printable(message)
    style = {"error: ": "bold red", "warning: ": "yellow"}.get(prefix)
    if style and sys.stderr.isatty():
        from rich.text import Text

        console().print(Text.assemble((prefix, style), safe), soft_wrap=True)
    else:
        sys.stderr.write(f"{prefix}{safe}\n")


@contextmanager
def results(path: Path | None, replace: bool = False) -> Iterator[IO[str]]:
    """Where a command's results go: a file that appears whole, or stdout, whose reader may leave early.

    With `replace` the file takes the place of one that stands there; else one that is made meanwhile is kept.
    They are UTF-8, but for a terminal, which has its own encoding and is shown escapes of what it might obey.
    """
    if path is not None:
        from pairlens.files import whole_file

        with whole_file(path, replace=replace) as file:
            cast(io.TextIOWrapper, file).reconfigure(errors=_SURROGATES)
            yield file
        return
    with stdout() as stream:
        if stream.isatty():
            yield cast(IO[str], _Shown(stream))
        else:
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors=_SURROGATES)
            yield stream


class _Shown:
    """Writes to a terminal; lines and columns stay what they are."""

    def __init__(self, terminal: IO[str]) -> None:
        self._terminal = terminal

    def flush(self) -> None:
        self._terminal.flush()

    def write(self, text: str) -> int:
        return self._terminal.write(re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text))


@contextmanager
def stdout() -> Iterator[IO[str]]:
    """stdout, for what is made for people; its reader may leave early."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        drop_stdout()
        raise typer.Exit(0) from None


def drop_stdout() -> None:
    """Let nobody complain of what stdout still holds: Python writes it once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress(*columns: str, hide: bool = False) -> Iterator[Progress | None]:
    """A live progress display on stderr; None if it is to be hidden, where stderr is no terminal, and with --quiet."""
    if hide or settings.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bar = [BarColumn(bar_width=24)] if "bar" in columns else []
    texts = [TextColumn(column) for column in columns if column != "bar"]
    with Progress(
        SpinnerColumn(), texts[0], *bar, *texts[1:], TimeElapsedColumn(), console=console(), transient=True
    ) as live:
        yield live


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Keep the log lines away that TensorFlow's C++ side writes to stderr when it is loaded, whatever its settings."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if settings.verbose:
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def compile_kernels(config: Config, maps: bool = False) -> None:
    """Compile the kernels for a model's scoring, with `maps` also for attention maps, if this machine never did; that
    takes a while, and is said."""
    from pairlens.kernels.loader import all_cached
    from pairlens.scoring.warm_up import warm_up

    with notice_after(1.5, "compiling the kernels, once for this machine"):
        warm_up(config, maps)
    if not all_cached():
        _warn_that_nothing_is_kept()


@cache
def _warn_that_nothing_is_kept() -> None:
    warn(
        "the compiled kernels cannot be kept, and every command will compile them again; "
        "let XDG_CACHE_HOME name a folder that you may write, and nobody else"
    )


@contextmanager
def notice_after(seconds: float, message: str) -> Iterator[None]:
    """Tell someone at a terminal why nothing happens, if the block takes longer than usual."""
    if not sys.stderr.isatty():
        yield
        return
    timer = threading.Timer(seconds, say, [message])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
