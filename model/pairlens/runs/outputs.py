"""Where a command may write: every file that it is to make is looked at before any work begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pairlens.errors import UsageError
from pairlens.files import refuse_existing, resolved
from pairlens.runs import names
from pairlens.streams import is_stream

_STREAMS = ("stdin", "stdout", "stderr")


def refuse_outputs(
    outputs: Mapping[str, Path | None],
    inputs: Iterable[Path | None],
    force: bool = False,
    beside: Callable[[Path], list[Path]] = lambda _: [],
    done: Callable[[Path], bool] = lambda _: False,
) -> None:
    """Refuse outputs that cannot be made, or would take away something else.

    Two names are one file if they lead to the same place or the same (device, inode).

    Args:
        outputs: by the option that names each.
        inputs: every file that is read.
        force: whether outputs that exist may be replaced.
        beside: the files that are written beside an output until it is whole.
        done: whether an output that exists is the one that this command makes.

    Raises:
        UsageError: as `refuse_existing`; or two outputs are one file; or one is an input, a stream that the command
            reads or writes, or one of a run's own files.
    """
    named = {option: [path, *beside(path)] for option, path in outputs.items() if path}
    _refuse_one_file({option: paths for option, paths in named.items() if not is_stream(paths[0])})
    read = _taken(inputs)
    for path, *others in named.values():
        if others and is_stream(path):
            raise UsageError(f"{path}: what is written there is gone, so --resume needs a file")
        refuse_existing(path, force or done(path))
        if run := _run_of(path):
            raise UsageError(f"{path}: is one of the files of the run {run}; choose another name")
        for other in others:
            if other.is_symlink() or (other.exists() and not other.is_file()):
                raise UsageError(f"{other}: is needed for {path}, and is no regular file; remove it")
        taken = read if is_stream(path) else read | _taken_by_streams()
        for written in (path, *others):
            if same := next((taken[identity] for identity in _identities(written) if identity in taken), None):
                raise UsageError(f"{written}: is the same file as {same}; choose another name")


def run_files(run: Path) -> list[Path]:
    """The files that make a run; an output under another name may be one of them by a link."""
    return [run / name for name in names.FILES]


def _refuse_one_file(named: Mapping[str, list[Path]]) -> None:
    """Raises UsageError where two options name one file."""
    options: dict[object, str] = {}
    for option, paths in named.items():
        identities = {identity for path in paths for identity in _identities(path)}
        if other := next((options[identity] for identity in identities if identity in options), None):
            raise UsageError(f"{other} and {option} must be two files")
        options |= dict.fromkeys(identities, option)


def _taken(inputs: Iterable[Path | None]) -> dict[object, str]:
    """What each file is to the command that it reads."""
    taken: dict[object, str] = {}
    for path in inputs:
        if path:
            taken |= dict.fromkeys(_identities(path), f"{path}, which is read")
    return taken


def _taken_by_streams() -> dict[object, str]:
    """What each file is that the command's streams are; an output that names the stream itself goes there too."""
    taken: dict[object, str] = {}
    for stream in _STREAMS:
        if Path("/dev", stream).is_file():
            taken |= dict.fromkeys(_identities(Path("/dev", stream)), stream)
    return taken


def _identities(path: Path) -> Iterator[object]:
    """What is equal for two names of one file."""
    yield resolved(path)
    if path.is_file():
        status = path.stat()
        yield status.st_dev, status.st_ino


def _run_of(path: Path) -> Path | None:
    """The run directory of which a path is one of the files, be it there or not."""
    place = resolved(path)
    for name in (*names.FILES, names.LOCK, names.REPLACES):
        parts = len(Path(name).parts)
        if place.parts[-parts:] == Path(name).parts and _is_run(place.parents[parts - 1]):
            return place.parents[parts - 1]
    return None


def _is_run(folder: Path) -> bool:
    """Whether a run was begun there: a `config.yaml` alone is somebody's config."""
    begun = (names.LOCK, names.REPLACES, *names.FILES[1:])
    return (folder / names.CONFIG).is_file() and any((folder / name).exists() for name in begun)
