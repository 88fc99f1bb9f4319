"""A location: a path of this machine, or an address such as s3://bucket/key or https://host/file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pairlens.errors import UsageError
from pairlens.locations.remote import Remote

Location = Path | Remote

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_ONE_SLASH = re.compile(r"(s3a?|gs|gcs|az|abfss?|memory|https?):/[^/]", re.IGNORECASE)
_SECRETS = re.compile(
    r"(?P<user>[A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s]*@|(?P<web>https?://[^\s?#'\"]*)[?#][^\s'\"]*", re.IGNORECASE
)


def location(text: str | os.PathLike[str] | Location) -> Location:
    """Return the path or the address that a text on the command line or in a config names.

    Raises:
        UsageError: an address with one slash, with a user and a password, without a bucket or host, or with `..`.
    """
    if isinstance(text, (Path, Remote)):
        return text
    text = os.fspath(text)
    if _ONE_SLASH.match(text):
        scheme, _, rest = text.partition(":/")
        raise UsageError(f"{text}: one / is missing: {scheme}://{rest}; for a path of this machine, write ./{text}")
    found = _ADDRESS.fullmatch(text)
    return Remote(found[1].lower(), found[2]) if found else Path(text)


def located(text: str, folder: Location) -> Location:
    """Return the location that a config in `folder` means: relative to it unless absolute; ~ is the home directory."""
    written = location(text)
    if isinstance(written, Remote):
        return written
    expanded = os.path.expanduser(text)  # noqa: PTH111  (pathlib's raises for an unknown user)
    if isinstance(folder, Path) or os.path.isabs(expanded):  # noqa: PTH117
        return Path(os.path.normpath(str(folder / expanded) if isinstance(folder, Path) else expanded))
    return folder.joined(expanded)


def at_home(path: Location) -> Location:
    """Return a path with ~ as the home directory, which shells do not replace in `--output=~/x`."""
    return Path(os.path.expanduser(path)) if isinstance(path, Path) else path  # noqa: PTH111  (pathlib's raises)


def with_ending(path: Location, ending: str) -> Location:
    """Return a location whose last part is longer by `ending`: from PREFIX to PREFIX.query.txt."""
    return path.with_name(path.name + ending) if isinstance(path, Remote) else Path(f"{path}{ending}")


def is_same_folder(path: Location, other: Location) -> bool:
    """Whether two locations are one folder of this machine, which exists, or equal addresses."""
    if isinstance(path, Path) and isinstance(other, Path):
        return path.is_dir() and path.samefile(other)
    return path == other


def without_secrets(text: str) -> str:
    """Return a text whose addresses have neither users and passwords nor queries, which may be signatures."""
    return _SECRETS.sub(lambda found: f"{found['user']}…@" if found["user"] else f"{found['web']}?…", text)
