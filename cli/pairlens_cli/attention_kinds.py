"""The kinds of output of `attend`: chosen by the name of the output file, each with the options that fit it."""

from __future__ import annotations

from enum import StrEnum

from pairlens.errors import UsageError
from pairlens.locations.location import Location
from pairlens.packages import need


class Kind(StrEnum):
    """A kind of output; its value is its name in messages."""

    summary = "--summary"
    terminal = "heat maps in the terminal"
    picture = "a picture"
    matrices = "a file of matrices"
    page = "a page"


def kind_of(output_file: Location | None, summary: bool) -> Kind:
    """Return the kind of output to make.

    Raises:
        UsageError: the output file's format is unknown, or a package that writes it is not installed.
    """
    from pairlens.attention.dumps.dump import DUMP_SUFFIXES
    from pairlens.attention.pictures import PICTURE_SUFFIXES

    if output_file and output_file.name.endswith((".html.gz", ".html.bz2", ".html.xz")):
        raise UsageError(f"{output_file}: browsers do not open compressed pages; choose a name that ends in .html")
    if summary:
        return Kind.summary
    if output_file is None:
        return Kind.terminal
    if output_file.name.endswith(PICTURE_SUFFIXES):
        need(f"{output_file}: drawing pictures", "matplotlib")
        return Kind.picture
    if output_file.name.endswith(".h5"):
        need(f"{output_file}: writing HDF5", "h5py")
    if output_file.name.endswith(DUMP_SUFFIXES):
        return Kind.matrices
    if output_file.name.endswith(".html"):
        return Kind.page
    formats = ", ".join([".html", *DUMP_SUFFIXES, *PICTURE_SUFFIXES])
    raise UsageError(f"{output_file}: unknown format; attention is written to files in {formats}")


def refuse_options(kind: Kind, label: Location | None, dtype: str, grid: bool) -> None:
    """Raises UsageError if an option does not fit the kind of output."""
    if label and kind is not Kind.page:
        raise UsageError("--label: only a page shows labels; add --output maps.html")
    if dtype != "float32" and kind is not Kind.matrices:
        raise UsageError(f"--dtype is for files of matrices, not for {kind}")
    if grid and kind is not Kind.picture:
        raise UsageError(f"--grid is for pictures, not for {kind}; add --output maps.png")


def refuse_whole(kind: Kind, name: Location) -> None:
    """Raises UsageError unless an output can be made in parts."""
    if kind is not Kind.matrices or name.suffix == ".h5":
        raise UsageError(
            f"{name}: --shard and --cluster write .npz, .jsonl[.gz] or .tsv[.gz]; choose such a name, with .d"
        )


def outputs(output_file: Location | None, several: bool) -> list[Location]:
    """The files that may be written, as far as they are known in advance."""
    from pairlens.attention.pictures import existing_pictures, numbered

    if output_file is None:
        return []
    return (
        list(dict.fromkeys([numbered(output_file, 0), *existing_pictures(output_file)])) if several else [output_file]
    )
