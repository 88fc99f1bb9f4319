"""Checks the output files of a command before any work begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from pairlens.errors import UsageError
from pairlens.files import refuse_existing, resolved
from pairlens.locations.location import Location
from pairlens.runs import names
from pairlens.streams import is_stream

_STREAMS = ("stdin", "stdout", "stderr")


def refuse_outputs(
    outputs: Mapping[str, Location | None],
    inputs: Iterable[Location | None],
    force: bool = False,
    beside: Callable[[Path], list[Path]] = lambda _: [],
    done: Callable[[Path], bool] = lambda _: False,
) -> None:
    """Refuse outputs that cannot be written, or would replace something that must be kept.

    Two paths are the same file if they resolve to the same path or have the same (device, inode);
    two addresses if they are equal.

    Args:
        outputs: the path of each output, by its option.
        inputs: every file that is read.
        force: whether existing outputs may be replaced.
        beside: returns the files that are written next to an output until it is complete.
        done: whether an existing output was already written by this job.

    Raises:
        UsageError: as `refuse_existing`; or two outputs are the same file; or an output is an input, a standard stream
            of the command, or one of a run's own files.
    """
    named: dict[str, list[Location]] = {
        option: [path, *(beside(path) if isinstance(path, Path) else ())] for option, path in outputs.items() if path
    }
    _refuse_one_file({option: paths for option, paths in named.items() if not is_stream(paths[0])})
    read = _taken(inputs)
    for path, *others in named.values():
        if others and is_stream(path):
            raise UsageError(f"{path}: is a pipe or a device, which --resume cannot continue; give a file")
        refuse_existing(path, force or (isinstance(path, Path) and done(path)))
        if run := _run_of(path):
            raise UsageError(f"{path}: is one of the files of the run {run}; choose another name")
        for other in others:
            if isinstance(other, Path) and (other.is_symlink() or (other.exists() and not other.is_file())):
                raise UsageError(f"{other}: is not a regular file, but is needed for {path}; remove it")
        taken = read if is_stream(path) else read | _taken_by_streams()
        for written in (path, *others):
            if same := next((taken[identity] for identity in _identities(written) if identity in taken), None):
                raise UsageError(f"{written}: is the same file as {same}; choose another name")


def run_files(run: Location) -> list[Location]:
    """The paths of a run's files, to be passed as inputs: a link may make an output one of them."""
    return [run / name for name in names.FILES]


def _refuse_one_file(named: Mapping[str, list[Location]]) -> None:
    """Raises UsageError if two options name the same file."""
    options: dict[object, str] = {}
    for option, paths in named.items():
        identities = {identity for path in paths for identity in _identities(path)}
        if other := next((options[identity] for identity in identities if identity in options), None):
            raise UsageError(f"{other} and {option} are the same file; choose two names")
        options |= dict.fromkeys(identities, option)


def _taken(inputs: Iterable[Location | None]) -> dict[object, str]:
    """Map the identities of the inputs to descriptions."""
    taken: dict[object, str] = {}
    for path in inputs:
        if path:
            taken |= dict.fromkeys(_identities(path), f"{path}, which is read")
    return taken


def _taken_by_streams() -> dict[object, str]:
    """Map the identities of files that the standard streams are redirected to, to the streams' names."""
    taken: dict[object, str] = {}
    for stream in _STREAMS:
        if Path("/dev", stream).is_file():
            taken |= dict.fromkeys(_identities(Path("/dev", stream)), stream)
    return taken


def _identities(path: Location) -> Iterator[object]:
    """Yield keys, one of which is equal for two paths of the same file."""
    if not isinstance(path, Path):
        yield path
        return
    yield resolved(path)
    if path.is_file():
        status = path.stat()
        yield status.st_dev, status.st_ino


def _run_of(path: Location) -> Location | None:
    """The run directory that a path belongs to as one of its files, whether or not it exists; None if there is none."""
    place = resolved(path) if isinstance(path, Path) else path
    for name in (*names.FILES, names.LOCK, names.REPLACES):
        folder, parts = place, [*PurePosixPath(name).parts]
        while parts and folder.name == parts[-1]:
            folder, _ = folder.parent, parts.pop()
        if not parts and _is_run(folder):
            return folder
    return None


def _is_run(folder: Location) -> bool:
    """Whether a run was begun there; a `config.yaml` alone is just a config."""
    begun = (names.LOCK, names.REPLACES, *names.FILES[1:])
    return (folder / names.CONFIG).is_file() and any((folder / name).exists() for name in begun)
