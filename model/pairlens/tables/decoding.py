"""Reading files and streams as text: decompressed, decoded and cut into lines, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from pairlens.errors import DataError
from pairlens.locations.location import Location
from pairlens.texts.blocks import read_blocks, stream_blocks
from pairlens.texts.token_faults import quote

LONGEST_LINE = 2**24  # characters; keeps a file without line ends out of memory
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

Source = Location | BinaryIO  # a stream is read once


def name_of(source: Source) -> str:
    """The name of a source in messages."""
    return str(source) if isinstance(source, Location) else str(getattr(source, "name", "<stdin>"))


def decoded_blocks(source: Source, start: int = 0, end: int | None = None, line: int = 1) -> Iterator[str]:
    """Yield the text of a file or stream in parts that may end anywhere: UTF-8 with or without a byte order mark, or
    UTF-16 with one; decompressed if the file's name ends with .gz, .bz2 or .xz.

    Args:
        start, end: bytes of a file between which it is read, at the ends of lines of UTF-8.
        line: the number of the line at `start`.

    Raises:
        DataError: the source cannot be read, is damaged, is not such text, or has a NUL (`path:line:column: message`).
    """
    name = name_of(source)
    blocks = read_blocks(source, False, start, end) if isinstance(source, Location) else stream_blocks(source, name)
    position = _TextPosition(name, line)
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")() if start else None
    for block in blocks:
        if decoder is None:
            encoding = next((named for mark, named in _MARKS.items() if block.startswith(mark)), "utf-8")
            decoder = codecs.getincrementaldecoder(encoding)()
        yield position.checked(_decode(decoder, block, False, position))
    if decoder is not None:
        yield position.checked(_decode(decoder, b"", True, position))


def decoded_lines(blocks: Iterable[str], name: str) -> Iterator[str]:
    """Yield the lines of a text, each with its end, LF or CRLF; the last line may lack its end.

    Raises:
        DataError: a line of more than 2²⁴ characters.
    """
    rest, lines = "", 0
    for block in blocks:
        *whole, rest = (rest + block).split("\n")
        lines += len(whole)
        if len(rest) > LONGEST_LINE:
            raise DataError(
                f"{name}:{lines + 1}: a line of more than {LONGEST_LINE} characters; check that the file has line ends"
            )
        yield from [line + "\n" for line in whole]
    if rest:
        yield rest


class _TextPosition:
    """The line and column up to which a text has been decoded, for messages."""

    def __init__(self, name: str, line: int) -> None:
        self._name, self._line, self._column = name, line, 1

    def checked(self, text: str) -> str:
        """Return the text, which continues the text before it. Raises DataError if it has a NUL."""
        if (at := text.find("\0")) >= 0:
            self._pass(text[:at])
            raise self.fault("a NUL character; the file may be UTF-16 without a byte order mark, or not text")
        self._pass(text)
        return text

    def _pass(self, text: str) -> None:
        lines = text.count("\n")
        self._line += lines
        self._column = len(text) - text.rfind("\n") if lines else self._column + len(text)

    def fault(self, message: str) -> DataError:
        return DataError(f"{self._name}:{self._line}:{self._column}: {message}")

    def undecodable(self, before: str, error: UnicodeDecodeError) -> DataError:
        self._pass(before)
        found = quote(error.object[error.start : error.start + 8])
        encoding = "UTF-16" if "16" in error.encoding else "UTF-8"
        return self.fault(
            f"{found.removesuffix(' (not UTF-8)')} is not {encoding}; convert the file, for example with iconv"
        )


def _decode(decoder: codecs.IncrementalDecoder, block: bytes, final: bool, position: _TextPosition) -> str:
    try:
        return decoder.decode(block, final)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        raise position.undecodable(before, error) from None


def is_utf16(path: Location) -> bool:
    """Whether a file begins with the byte order mark of UTF-16. A missing file is reported by its reader."""
    head = next(read_blocks(path), b"")
    return any(head.startswith(mark) for mark, encoding in _MARKS.items() if encoding == "utf-16")
