"""Where output goes: results to stdout or a file, everything for people to stderr."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, cast

import typer

from pairlens.descriptors import silent_stderr
from pairlens.locations.location import Location
from pairlens.texts.words import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

    from pairlens.config.schema import Config


_SURROGATES = "backslashreplace"  # file names may not be valid UTF-8; in JSON the escapes read back as the name


@dataclass(slots=True)
class Settings:
    """The options that every command has."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False


settings = Settings()


def console() -> Console:
    """A rich console on stderr. Created on use, so that importing this module does not import rich."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(message: RenderableType, live: Progress | None = None) -> None:
    """Show a message on stderr, above a live display if there is one; nothing with --quiet."""
    if not settings.quiet:
        shown = live.console if live else console()
        if isinstance(message, str):
            shown.print(printable(message), soft_wrap=True, markup=False)  # a path may look like markup
        else:
            shown.print(message)


def hint(message: str) -> None:
    """Say what takes a moment, if stderr is a terminal."""
    if sys.stderr.isatty():
        say(message)


def detail(message: str) -> None:
    """Write a line if --verbose is given."""
    if settings.verbose:
        _line("", message)


def warn(message: str) -> None:
    if not settings.quiet:
        _line("warning: ", message)


def error(message: str) -> None:
    for line in message.splitlines() or [""]:
        _line("error: ", line)


def _line(prefix: str, message: str) -> None:
    """Write one line, never wrapped, with control characters made visible."""
    safe = printable(message)
    style = {"error: ": "bold red", "warning: ": "yellow"}.get(prefix)
    if style and sys.stderr.isatty():
        from rich.text import Text

        console().print(Text.assemble((prefix, style), safe), soft_wrap=True)
    else:
        sys.stderr.write(f"{prefix}{safe}\n")


@contextmanager
def results(path: Location | None, replace: bool = False) -> Iterator[IO[str]]:
    """Yield where a command's results go: a file that appears whole, or stdout. A closed pipe ends quietly.

    `replace` allows an existing file to be replaced; without it, a file that appears meanwhile is kept.
    The encoding is UTF-8; on a terminal it is the terminal's, and control characters are escaped.
    """
    if path is not None:
        from pairlens.files import whole_file

        with whole_file(path, replace=replace) as file:
            cast(io.TextIOWrapper, file).reconfigure(errors=_SURROGATES)
            yield file
        return
    with stdout() as stream:
        if stream.isatty():
            yield cast(IO[str], _Escaped(stream))
        else:
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors=_SURROGATES)
            yield stream


class _Escaped:
    """Writes to a terminal, with control characters escaped but for newlines and tabs."""

    def __init__(self, terminal: IO[str]) -> None:
        self._terminal = terminal

    def flush(self) -> None:
        self._terminal.flush()

    def write(self, text: str) -> int:
        return self._terminal.write(re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text))


@contextmanager
def stdout() -> Iterator[IO[str]]:
    """Yield stdout. A closed pipe ends quietly."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        drop_stdout()
        raise typer.Exit(0) from None


def drop_stdout() -> None:
    """Redirect stdout to devnull, so that the flush at exit cannot raise."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def progress(*columns: str, hide: bool = False) -> Iterator[Progress | None]:
    """Yield a live progress display on stderr; None with `hide`, with --quiet, and if stderr is no terminal."""
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
    """Silence the lines that TensorFlow's C++ code writes to stderr at loading, unless --verbose is given."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with nullcontext() if settings.verbose else silent_stderr():
        yield


def compile_kernels(config: Config, maps: bool = False, ranking: bool = False) -> None:
    """Compile the kernels that score a model unless they are cached: with `maps`, also those for attention maps; with
    `ranking`, those that rank candidates.

    Says so if it takes a while, and warns if they cannot be cached.
    """
    from pairlens.kernels.loader import all_cached
    from pairlens.scoring.warm_up import warm_up, warm_up_ranking

    with notice_after(1.5, "compiling the kernels, once for this machine"):
        if ranking:
            warm_up_ranking(config)
        else:
            warm_up(config, maps)
    if not all_cached():
        _warn_of_no_cache()


@cache
def _warn_of_no_cache() -> None:
    warn(
        "the compiled kernels cannot be cached, so every command will compile them again; "
        "set PAIRLENS_CACHE to a folder that only you can write to"
    )


@contextmanager
def notice_after(seconds: float, message: str) -> Iterator[None]:
    """Show the message if the block takes longer than `seconds` and stderr is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    timer = threading.Timer(seconds, say, [message])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
