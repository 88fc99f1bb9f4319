"""What Tab completes besides options: keys and values of a config after --set, and run directories."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path

_SHELL = "_PAIRLENS_COMPLETE"  # what Typer names the variable by which a shell asks
_WORDS, _CURRENT = "COMP_WORDS", "COMP_CWORD"  # bash's words, one a line, and the index of the one to complete


CHANGEABLE = tuple(f"data.{key}" for key in ("train", "dev", "test", "max_length", "too_long", "empty"))  # of a run


def config_changes(incomplete: str) -> list[str]:
    """Completions of KEY=VALUE: keys; for a whole key, its values."""
    from pairlens.config.keys import config_keys

    return _changes(incomplete, config_keys())


def changes_of_run(incomplete: str) -> list[str]:
    """The same for a trained run, of which only a few keys can be changed."""
    from pairlens.config.keys import config_keys

    return _changes(incomplete, {key: values for key, values in config_keys().items() if key in CHANGEABLE})


def _changes(incomplete: str, known: Mapping[str, list[str]]) -> list[str]:
    key, equals, _ = incomplete.partition("=")
    if equals:
        return [f"{key}={value}" for value in known.get(key, ())]
    keys = [name for name in known if name.startswith(key)]
    if len(keys) == 1:  # its values, too, so that no shell puts a blank after the only completion
        return [f"{keys[0]}=", *(f"{keys[0]}={value}" for value in known[keys[0]])]
    return [f"{name}=" for name in keys]


def run_directories(incomplete: str) -> list[str]:
    """Completions of a run directory: the runs whose path begins so, in `runs` if nothing is typed yet."""
    return list(_runs(incomplete or "runs/"))


def answer(run: Callable[[], object]) -> None:
    """Let Typer answer a shell; bash, which cuts words at `=`, needs its words joined and the answer cut."""
    cut = _join_words() if os.environ.get(_SHELL) == "complete_bash" else ""
    if not cut:
        run()
        return
    with redirect_stdout(io.StringIO()) as printed:
        try:
            run()
        finally:
            lines = printed.getvalue().splitlines()
            os.write(1, "".join(f"{line.removeprefix(cut)}\n" for line in lines).encode())


def is_asked() -> bool:
    """Whether a shell asks for completions."""
    return _SHELL in os.environ


def _join_words() -> str:
    """Join the words that bash has cut at `=`, up to the one to complete; return what the answer must not repeat."""
    words, current = os.environ.get(_WORDS, "").split("\n"), os.environ.get(_CURRENT, "")
    if not current.isdecimal() or "=" not in words:
        return ""
    joined: list[str] = []
    for word in words[: int(current) + 1]:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    os.environ |= {_WORDS: "\n".join(joined), _CURRENT: str(len(joined) - 1)}
    last = joined[-1].partition("=")[2] if joined[-1].startswith("--") else joined[-1]
    before, equals, _ = last.rpartition("=")
    return before + equals


def _runs(incomplete: str) -> Iterator[str]:
    from pairlens.runs.listing import run_folders

    head, _, name = incomplete.rpartition("/")
    folder = Path(f"{head}/" if head or incomplete.startswith("/") else ".").expanduser()
    typed = incomplete.removesuffix(name)
    try:
        inner = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return
    for one in inner:
        if one.startswith(name) and (name or not one.startswith(".")):
            for path in run_folders(folder / one, depth=2):
                yield f"{typed}{path.relative_to(folder)}"
