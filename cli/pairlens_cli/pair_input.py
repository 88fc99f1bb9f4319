"""The pairs that a command reads: files of ids or of texts, a table, stdin, or two texts on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pairlens.errors import UsageError
from pairlens.locations.remote import Remote
from pairlens_cli import streams
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from typing import BinaryIO

    from pairlens.evaluation.labelled_texts import LabelledTexts
    from pairlens.jobs.input_files import InputFiles
    from pairlens.runs.run import Run
    from pairlens.tables.pairs import Pairs, TableOptions
    from pairlens.texts.sources import PairSource

PANEL = "Texts instead of ids"

Text = Annotated[
    bool,
    typer.Option("--text", help="QUERY and VALUE are texts, for the run's tokenizer, not ids.", rich_help_panel=PANEL),
]
Input = Annotated[
    Location | None,
    typer.Option(
        "--input",
        metavar="FILE",
        help="Table of text pairs, instead of QUERY and VALUE; - for stdin.",
        rich_help_panel=PANEL,
    ),
]
QueryText = Annotated[
    str | None,
    typer.Option(
        "--query-text", metavar="TEXT", help="The text of a query.", rich_help_panel=PANEL, show_default=False
    ),
]
ValueText = Annotated[
    str | None,
    typer.Option(
        "--value-text", metavar="TEXT", help="The text of its value.", rich_help_panel=PANEL, show_default=False
    ),
]


LabelledText = Annotated[
    bool,
    typer.Option(
        "--text", help="--query and --value are texts, for the run's tokenizer, not ids.", rich_help_panel=PANEL
    ),
]
LabelledInput = Annotated[
    Location | None,
    typer.Option(
        "--input", metavar="FILE", help="Table of labelled text pairs, instead of a split.", rich_help_panel=PANEL
    ),
]


def labelled_texts(
    split: str | None,
    files: dict[str, Location | None],
    text: bool,
    table: Location | None,
    options: TableOptions | None,
) -> tuple[dict[str, str], LabelledTexts] | None:
    """Return labelled pairs of texts, preceded by their names in the results; None if the pairs are ids.

    Raises:
        UsageError: the options contradict each other.
    """
    from pairlens.evaluation.labelled_texts import LabelledTexts

    given = {name: path for name, path in files.items() if path}
    if table is not None:
        if split or given or text:
            raise UsageError("--input replaces --split, --text and the files; give only one of them")
        return {"input": str(table)}, LabelledTexts((("input", table),), options)
    if not text:
        return None
    if split or not {"query", "value", "label"} <= set(given):
        raise UsageError("--text needs --query, --value and --label, files of texts; a split has ids")
    return {name: str(path) for name, path in given.items()}, LabelledTexts(tuple(given.items()))


class PairInput(NamedTuple):
    """The arguments and options of a command that give its pairs."""

    query: Location | None
    value: Location | None
    text: bool = False
    table: Location | None = None
    query_text: str | None = None
    value_text: str | None = None

    @property
    def are_texts(self) -> bool:
        return self.text or self.table is not None or self.query_text is not None

    @property
    def is_stdin(self) -> bool:
        return "-" in (str(self.query), str(self.table))

    def files(self, options: TableOptions | None) -> InputFiles | None:
        """The files that are read; None for stdin and for a pair on the command line.

        Raises:
            DataError: no file matches a pattern, or files of queries and of values do not correspond.
        """
        from pairlens.jobs.input_files import InputFiles, find_parts, find_text_parts

        if self.is_stdin or self.query_text is not None:
            return None
        if self.table is not None:
            tables = tuple((path,) for path in find_parts(self.table))
            return InputFiles("tables", tables, (str(self.table), str(self.table)), options)
        assert self.query
        assert self.value
        parts = find_text_parts(self.query, self.value)
        return InputFiles("texts" if self.text else "ids", parts, (str(self.query), str(self.value)))

    def refuse_contradictions(self) -> None:
        """Raises UsageError unless the pairs are given in exactly one way."""
        if (self.query_text is None) != (self.value_text is None):
            raise UsageError("--query-text and --value-text go together")
        ways = [self.query is not None, self.table is not None, self.query_text is not None]
        if sum(ways) > 1 or (self.value is not None and self.query is None):
            raise UsageError("give only one of: QUERY and VALUE; --input; --query-text and --value-text")
        if not any(ways):
            raise UsageError("QUERY and VALUE are missing: two files, or - for stdin, --input, or --query-text")
        if self.text and self.query is None:
            raise UsageError(
                "--text is for QUERY and VALUE; leave it out, as --input and --query-text are texts anyway"
            )
        if str(self.query) == "-" and self.value is not None:
            raise UsageError("- reads both texts of a pair from stdin, separated by a tab; leave VALUE out")
        if self.query is not None and str(self.query) != "-" and self.value is None:
            raise UsageError(
                "VALUE is missing: give a file of queries and one of values, or - for stdin; --input takes a table"
            )
        if self.is_stdin and "stdin" in streams.closed:
            raise UsageError("- reads stdin, which is closed")

    def refuse_resume(self, output_file: Location | None, bad_lines: Location | None) -> None:
        """Raises UsageError if a later command could not continue."""
        if self.is_stdin:
            raise UsageError("--resume cannot read stdin again; give files instead")
        if self.are_texts:
            raise UsageError("--resume needs files of ids; make them with pairlens encode --like RUN")
        if output_file is None:
            raise UsageError("--resume continues a file, not stdout; add --output FILE")
        for path in (output_file, bad_lines, self.query, self.value):
            if isinstance(path, Remote):
                raise UsageError(f"{path}: --resume needs files of this machine; copy them, or leave --resume out")

    def source(
        self, run: Run, files: InputFiles | None, options: TableOptions | None, by_line: bool = False
    ) -> PairSource:
        """Return the pairs of the files, of stdin or of the command line; `by_line` reads stdin line by line as they
        come.

        Raises:
            UsageError: the run has no tokenizer, or the columns of a table cannot be determined.
            DataError: the table cannot be read.
        """
        from pairlens.texts.sources import IdStream

        if files:
            return files.source(run.tokenizer)
        stdin = _ByLine(sys.stdin.buffer) if by_line else sys.stdin.buffer
        if self.are_texts:
            return self._texts(run, options, stdin)  # type: ignore[arg-type]
        return IdStream(stdin)  # type: ignore[arg-type]

    def _texts(self, run: Run, options: TableOptions | None, stdin: BinaryIO) -> PairSource:
        from pairlens.tables.pairs import OnePair, TablePairs, TabPairs
        from pairlens.tokenizer.text_source import TextSource

        tokenizer = run.tokenizer()
        pairs: Pairs
        if self.query_text is not None and self.value_text is not None:
            pairs = OnePair(self.query_text, self.value_text)
        elif self.table is not None:
            assert options
            pairs = TablePairs([stdin], options, labelled=False)
        else:
            pairs = TabPairs(stdin)
        return TextSource(pairs, tokenizer)


class _ByLine:
    """A stream whose `read` returns one line, as soon as it is there."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, _size: int = -1) -> bytes:
        return self._stream.readline()
