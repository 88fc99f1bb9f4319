"""pairlens encode: turn texts into files of token ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pairlens.errors import UsageError
from pairlens_cli import encode_input, options, table_options
from pairlens_cli.options import Location

if TYPE_CHECKING:
    from pairlens.jobs.encode_job import CutBy
    from pairlens.jobs.encode_splits import Cut
    from pairlens.jobs.encode_way import Given, Learning

_VOCABULARY, _CUT, _LINES = "Vocabulary", "Splitting one file", "Files of one text per line, instead of tables"


def encode(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="Tables of pairs, one per split: CSV, TSV, JSONL or Parquet, compressed or not; - for stdin. "
            "NAME=FILE names the split; otherwise its name is taken from the file's, such as train, dev or test.",
            show_default=False,
        ),
    ] = None,
    directory: Annotated[
        Location | None,
        typer.Option("--output", "-o", metavar="DIR", help="Directory to write to.", show_default=False),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            "--tokenizer",
            metavar="KIND|FILE",
            help="How texts are split into tokens: word, char, bpe, unigram, or an existing tokenizer.json.",
            rich_help_panel=_VOCABULARY,
            show_default="word",
        ),
    ] = None,
    vocab_size: Annotated[
        int | None,
        typer.Option(
            "--vocab-size",
            metavar="N",
            min=3,
            help="Keep the N most frequent tokens; default: 50,000 (bpe and unigram: 8,000).",
            rich_help_panel=_VOCABULARY,
        ),
    ] = None,
    min_count: Annotated[
        int | None,
        typer.Option(
            "--min-count",
            metavar="N",
            min=1,
            help="Drop tokens that occur fewer than N times; a repeated text counts once.",
            rich_help_panel=_VOCABULARY,
            show_default="2",
        ),
    ] = None,
    lowercase: Annotated[
        bool | None,
        typer.Option(
            "--lowercase/--cased",
            help="Lowercase the texts, or keep A and a apart.",
            rich_help_panel=_VOCABULARY,
            show_default="lowercase",
        ),
    ] = None,
    normalize: Annotated[
        Literal["NFKC", "NFC", "none"] | None,
        typer.Option(
            "--normalize",
            help="Unicode normalization form.",
            rich_help_panel=_VOCABULARY,
            show_default="NFKC",
        ),
    ] = None,
    vectors: Annotated[
        Location | None,
        typer.Option(
            "--vectors",
            metavar="FILE",
            help="Word vectors to train with: text of GloVe, word2vec or fastText, .bin, .safetensors or .npy. Their "
            "most frequent words are added to the vocabulary.",
            rich_help_panel=_VOCABULARY,
        ),
    ] = None,
    vector_words: Annotated[
        int | None,
        typer.Option(
            "--vector-words",
            metavar="N",
            min=0,
            max=2**31 - 1,
            help="Add those of the first N words of --vectors that train lacks.",
            rich_help_panel=_VOCABULARY,
            show_default="50,000",
        ),
    ] = None,
    like: Annotated[
        Location | None,
        typer.Option(
            "--like",
            metavar="DIR|RUN",
            help="Use the tokenizer and classes of these encoded files or of this run.",
            rich_help_panel=_VOCABULARY,
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            "--classes",
            metavar="A,B,...",
            help="Order of the classes, where labels are words; default: sorted, false before true.",
        ),
    ] = None,
    empty: Annotated[
        Literal["error", "drop", "keep"],
        typer.Option("--empty", help="If a text has no tokens: stop, drop its row, or keep it as an empty line."),
    ] = "error",
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="80,10,10",
            help="Split the file into train, dev and test, in about these proportions.",
            rich_help_panel=_CUT,
        ),
    ] = None,
    split_by: Annotated[
        Literal["query", "group", "row"] | None,
        typer.Option(
            "--split-by",
            help="Keep rows of the same query or group in one split; default: group if there are groups, else query.",
            rich_help_panel=_CUT,
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed of --split.", rich_help_panel=_CUT, show_default="1")
    ] = None,
    query_column: table_options.QueryColumn = None,
    value_column: table_options.ValueColumn = None,
    label_column: table_options.LabelColumn = None,
    group_column: table_options.GroupColumn = None,
    weight_column: table_options.WeightColumn = None,
    id_column: table_options.IdColumn = None,
    input_format: table_options.InputFormat = None,
    delimiter: table_options.Delimiter = None,
    header: table_options.Header = None,
    query_file: Annotated[
        Location | None,
        typer.Option("--query-file", metavar="FILE", help="Queries, one per line.", rich_help_panel=_LINES),
    ] = None,
    value_file: Annotated[
        Location | None,
        typer.Option("--value-file", metavar="FILE", help="Values, one per line.", rich_help_panel=_LINES),
    ] = None,
    label_file: Annotated[
        Location | None,
        typer.Option("--label-file", metavar="FILE", help="Labels, one per line.", rich_help_panel=_LINES),
    ] = None,
    group_file: Annotated[
        Location | None,
        typer.Option("--group-file", metavar="FILE", help="Groups, one per line.", rich_help_panel=_LINES),
    ] = None,
    force: options.Force = False,
) -> None:
    """Turn texts into files of token ids, with a vocabulary learned from the train split."""
    from pairlens.jobs.encode_job import EncodeJob
    from pairlens_cli.display.encoding import EncodingDisplay, show_encoded, show_tables, warn_of_lost_vectors

    if directory is None:
        raise UsageError("--output is missing; add --output DIR, the directory to write to")
    named = {
        "query": query_column,
        "value": value_column,
        "label": label_column,
        "group": group_column,
        "weight": weight_column,
        "id": id_column,
    }
    table = table_options.table_options(named, input_format, delimiter, header)
    lines = {"query": query_file, "value": value_file, "label": label_file, "group": group_file}
    read, splits = encode_input.splits(files or [], lines, table, bool(split))
    learning = {
        "--vocab-size": vocab_size,
        "--min-count": min_count,
        "--lowercase": lowercase,
        "--normalize": normalize,
        "--vectors": vectors,
        "--vector-words": vector_words,
    }
    way = _way(tokenizer, like, classes, learning)
    sides = next(iter(splits.values())).sides
    job = EncodeJob(splits, way, empty, _cut(split, split_by, seed, "group" in sides))
    job.refuse_outputs(directory, read, force)
    show_tables(splits, job.learns_from)
    warn_of_lost_vectors(way)
    show_encoded(directory, job.run(directory, EncodingDisplay(), force), bool(job.learns_from))


def _way(
    tokenizer: str | None, like: Location | None, classes: str | None, learning: Mapping[str, object]
) -> Learning | Given:
    """Return how to get the tokenizer. Raises UsageError if an option would have no effect."""
    from pairlens.jobs.encode_way import Given, Learning, given_like
    from pairlens.locations.location import at_home, location
    from pairlens.tokenizer.tokenizer import Tokenizer

    order = [name.strip() for name in classes.split(",")] if classes else None
    kinds = ("word", "char", "bpe", "unigram")
    if like or (tokenizer and tokenizer not in kinds):
        if idle := [option for option, value in learning.items() if value is not None]:
            raise UsageError(f"{idle[0]} is for learning a vocabulary, but a tokenizer is given; give one of the two")
        if like and (tokenizer or classes):
            raise UsageError("--like already gives a tokenizer and classes; leave out --tokenizer and --classes")
        return given_like(like) if like else Given(Tokenizer.read(at_home(location(tokenizer or ""))), order)
    if learning["--vectors"] and tokenizer not in (None, "word"):
        raise UsageError(f"--vectors has vectors of words; leave it out, or leave out --tokenizer {tokenizer}")
    if learning["--vector-words"] is not None and not learning["--vectors"]:
        raise UsageError("--vector-words is for --vectors; add --vectors FILE, a file of word vectors")
    settings = {option[2:].replace("-", "_"): value for option, value in learning.items() if value is not None}
    return Learning(kind=tokenizer or "word", classes=order, **settings)  # type: ignore[arg-type]  # Typer checks


def _cut(
    split: str | None, split_by: Literal["query", "group", "row"] | None, seed: int | None, groups: bool
) -> tuple[Cut, CutBy] | None:
    from pairlens.jobs.encode_splits import Cut

    if split is None:
        if split_by or seed is not None:
            raise UsageError("--split-by and --seed are for splitting one file; add --split 80,10,10")
        return None
    try:
        shares = [float(share) for share in split.split(",")]
    except ValueError:
        shares = []
    return Cut(shares, 1 if seed is None else seed), split_by or ("group" if groups else "query")
