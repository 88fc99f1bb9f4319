"""The Typer app: registers the commands and maps every failure to an exit code.

0 done; 1 failed while running; 2 wrong usage, config or data; 130 interrupted, 143 terminated, 129 hung up.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import signal
import sys
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer

from pairlens.errors import PairlensError
from pairlens.locations.location import without_secrets
from pairlens.packages import missing_package
from pairlens_cli import completion, options, output, streams
from pairlens_cli.commands.attend import attend
from pairlens_cli.commands.average import average
from pairlens_cli.commands.check import check
from pairlens_cli.commands.config import config
from pairlens_cli.commands.encode import encode
from pairlens_cli.commands.evaluate import evaluate
from pairlens_cli.commands.export import export
from pairlens_cli.commands.init import init
from pairlens_cli.commands.merge import merge
from pairlens_cli.commands.mine import mine
from pairlens_cli.commands.rank import rank
from pairlens_cli.commands.report import report
from pairlens_cli.commands.runs import runs
from pairlens_cli.commands.schema import schema
from pairlens_cli.commands.score import score
from pairlens_cli.commands.selftest import selftest
from pairlens_cli.commands.train import train
from pairlens_cli.commands.tune import tune

_COMMANDS = {
    command.__name__: command
    for command in (
        encode,
        init,
        check,
        train,
        tune,
        evaluate,
        report,
        score,
        attend,
        rank,
        mine,
        average,
        merge,
        export,
        runs,
        config,
        schema,
        selftest,
    )
}


def pairlens(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=options.print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train a small text-similarity model, score millions of pairs, and see why."""
    if context.invoked_subcommand is None:
        context.get_help()  # prints it
        raise typer.Exit(2)


def command_line(commands: Iterable[str] = _COMMANDS) -> typer.Typer:
    """Return the app with these commands."""
    app = typer.Typer(
        name="pairlens",
        help="Train a small text-similarity model, score millions of pairs, and see why.",
        context_settings={"help_option_names": ["-h", "--help"]},
        add_completion=True,
        pretty_exceptions_enable=False,
    )
    for name in commands:
        app.command(cls=options.Command)(_COMMANDS[name])
    app.callback(invoke_without_command=True)(pairlens)
    return app


app = command_line()


def main() -> None:
    """Run the command line; a traceback is shown only with --debug."""
    streams.prepare()
    _speed_up_start()
    _exit_on_signals()
    try:
        _move_matplotlib_cache()
        if completion.is_asked():
            completion.answer(lambda: app(prog_name="pairlens"))
        code = app_of(sys.argv[1:])(prog_name="pairlens", standalone_mode=False)  # python -m has another name
        sys.stdout.flush()
    except PairlensError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        _end(_usage(error), error.exit_code)
    except MemoryError as error:
        _fail(f"out of memory: {error}" if str(error) else "out of memory", 1)
    except BrokenPipeError:
        output.drop_stdout()
        code = 0
    except OSError as error:
        _fail(": ".join(str(part) for part in (error.filename, error.strerror or error) if part), 1)
    except Exception as error:
        _fail(*_unexpected(error))
    sys.exit(code)


def app_of(arguments: Sequence[str]) -> typer.Typer:
    """Return the app for a command line: of the command that it begins with, or of all, for help and completion.

    Typer builds the options of every command that it knows; without the others, scoring one pair takes 15 ms less.
    """
    return command_line(arguments[:1]) if arguments and arguments[0] in _COMMANDS else app


def _exit_on_signals() -> None:
    """Exit by SystemExit on SIGTERM and SIGHUP, so that temporary files are removed.

    A signal that was ignored when the process began, as by nohup, stays ignored.
    """

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        streams.drop_lost()
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)


def _speed_up_start() -> None:
    """Switch off what commands do not need of the libraries; it saves a fifth of the time to score one pair."""
    # Scoring computes matrix products in its own threads; BLAS threads would compete with them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # The many objects created at start-up live until exit; collecting garbage among them is wasted time.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)


def _move_matplotlib_cache() -> None:
    """Let matplotlib keep its font list in our cache folder if that is named, or if it cannot keep it in its own, where
    it would warn and rebuild it in every process."""
    at_home = os.access(os.path.expanduser("~"), os.W_OK)  # noqa: PTH111  (Path.expanduser raises for an unknown user)
    if at_home and not os.environ.get("PAIRLENS_CACHE"):
        return
    from pairlens.kernels.code_cache import private_folder

    if folder := private_folder():
        os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))


def _usage(error: typer.TyperException) -> str:
    """Return Typer's message about an invalid command line as one line: cause, similar names, the help to read."""
    message = without_secrets(" ".join(error.format_message().split())).replace(": Value error, ", ": ")
    message = re.sub(r" \(Possible options: (.*)\)$", r"; did you mean \1?", message)
    context = getattr(error, "ctx", None)
    end = "" if message.endswith(("?", ".")) else "."
    return f"{message}{end} Try: {context.command_path if context else 'pairlens'} --help"


def _unexpected(error: Exception) -> tuple[str, int]:
    """The message and exit code for an exception that no other handler takes."""
    if isinstance(error, ModuleNotFoundError) and (missing := missing_package(error)):
        return missing, 2
    return f"unexpected {type(error).__name__}: {error}; run it again with --debug for a traceback", 1


def _fail(message: str, exit_code: int) -> NoReturn:
    if output.settings.debug:
        raise  # noqa: PLE0704  (called while the exception is handled)
    _end(message, exit_code)


def _end(message: str, exit_code: int) -> NoReturn:
    output.error(message)
    output.drop_stdout()
    sys.exit(exit_code)
