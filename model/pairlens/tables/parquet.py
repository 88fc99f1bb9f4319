"""Reading Parquet, which needs the extra `pairlens[parquet]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.packages import need
from pairlens.texts.regular import refuse_irregular

_ROWS = 4096  # per batch


def parquet_columns(path: Location) -> list[str]:
    """The names of the columns. Raises as `parquet_rows` does."""
    with _opened(path) as file:
        return [str(name) for name in file.schema_arrow.names]


def parquet_rows(path: Location) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the number of each row, from 1, and its values by column, in bounded memory.

    Raises:
        UsageError: pyarrow is not installed. DataError: the file cannot be read.
    """
    with _opened(path) as file:
        number = 0
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, row


@contextmanager
def _opened(path: Location) -> Iterator[Any]:
    need(f"{path}: reading Parquet", "pyarrow")
    import pyarrow
    from pyarrow.parquet import ParquetFile

    refuse_irregular(path, "Parquet has its index at its end")
    try:
        with ParquetFile(path) if isinstance(path, Path) else ParquetFile(path.open("rb")) as file:
            yield file
    except (OSError, pyarrow.ArrowException, ValueError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as Parquet ({reason})") from None
