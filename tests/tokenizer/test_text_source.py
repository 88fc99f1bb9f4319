"""Texts as a source of pairs of ids, under the same rules as lines of ids."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from pairlens.errors import DataError
from pairlens.tables.pairs import LinePairs, OnePair, Pairs, TableOptions, TablePairs, TabPairs
from pairlens.texts.pairs import Chunk
from pairlens.texts.token_faults import ONLY_PADDING, TextRules
from pairlens.tokenizer.learn import learn_tokenizer
from pairlens.tokenizer.text_source import TextSource
from pairlens.tokenizer.tokenizer import Tokenizer

TOKENIZER = learn_tokenizer(["a b c d", "e"], min_count=1)  # [PAD] [UNK] a b c d e
RULES = TextRules(7)
EMPTY = "a text without tokens; add a word, or train with data.empty: score"
LONG = "a text of more than 2 tokens; raise data.max_length or set data.too_long: truncate"


def table(text: str) -> TablePairs:
    return TablePairs([io.BytesIO(text.encode())], TableOptions(), labelled=False)


def ids(chunks: Iterable[Chunk]) -> list[tuple[list[int], list[int]]]:
    """Both texts of every pair."""
    both = [zip(chunk.pairs.query, chunk.pairs.value, strict=True) for chunk in chunks]
    return [(query.tolist(), value.tolist()) for pairs in both for query, value in pairs]


def faults(pairs: Pairs, rules: TextRules) -> list[str]:
    """The faults that are passed over."""
    return [str(bad) for chunk in TextSource(pairs, TOKENIZER).chunks(rules, 2, pass_over=True) for bad in chunk.bad]


def test_every_kind_of_pairs_becomes_the_same_ids(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("A b!\ne\n")
    (tmp_path / "v.txt").write_text("d\r\nc c")
    kinds: list[Pairs] = [
        table('s1,s2\n"A b!",d\ne,c  c\n'),
        table('{"s1": "a B!", "s2": "D"}\n{"s2": "c c", "s1": "e"}\n'),
        LinePairs(tmp_path / "q.txt", tmp_path / "v.txt", {}),
        TabPairs(io.BytesIO(b"A b!\td\ne\tc c\n")),
    ]
    for pairs in kinds:
        assert ids(TextSource(pairs, TOKENIZER).chunks(RULES, 10)) == [([2, 3, 1], [5]), ([6], [4, 4])]
    assert ids(TextSource(OnePair("a b!", "d"), TOKENIZER).chunks(RULES, 10)) == [([2, 3, 1], [5])]


def test_chunks_are_of_one_size_and_keep_their_rows() -> None:
    chunks = list(TextSource(table("s1,s2,n\n" + "a,b,1\n" * 5), TOKENIZER).chunks(RULES, 2))
    assert [len(chunk.pairs) for chunk in chunks] == [2, 2, 1]
    assert [row.values for row in chunks[2].given.rows] == [["a", "b", "1"]]


def test_a_text_without_a_token_is_an_empty_text() -> None:
    rows = 's1,s2\na,b\n"  ",b\na,\n'
    assert faults(table(rows), RULES) == [f"<stdin>:3:1: {EMPTY}", f"<stdin>:4:1: {EMPTY}"]
    allowed = TextSource(table(rows), TOKENIZER).chunks(TextRules(7, allow_empty=True), 9)
    assert ids(allowed) == [([2], [3]), ([], [3]), ([2], [])]


def test_with_mask_zero_a_text_of_id_0_alone_is_one_too() -> None:
    tree = json.loads(TOKENIZER.to_json())
    tree["model"]["vocab"] = {"a": 0, "[UNK]": 1, "b": 2}
    source = TextSource(table("s1,s2\na b,b\na a,b\n"), Tokenizer(json.dumps(tree)))
    (chunk,) = source.chunks(TextRules(3, mask_zero=True), 9, pass_over=True)
    assert [str(bad) for bad in chunk.bad] == [f"<stdin>:3:1: {ONLY_PADDING}"]
    assert ids(source.chunks(TextRules(3), 9)) == [([0, 2], [2]), ([0, 0], [2])]


def test_a_long_text_is_a_fault_or_cut() -> None:
    rows = "s1,s2\na b,c\na,a b c\n"
    assert faults(table(rows), TextRules(7, max_length=2)) == [f"<stdin>:3:1: {LONG}"]
    cut = TextSource(table(rows), TOKENIZER).chunks(TextRules(7, max_length=2, truncate=True), 9)
    assert ids(cut) == [([2, 3], [4]), ([2], [2, 3])]


def test_a_row_that_is_passed_over_has_no_texts_and_one_fault() -> None:
    text = 's1,s2,n\n"a\nb",c,1\nd\na b c,a b c\na,b,2\n'
    rules = TextRules(7, max_length=2)
    (two, one) = TextSource(table(text), TOKENIZER).chunks(rules, 2, pass_over=True)
    assert [str(bad).partition(";")[0] for bad in two.bad] == ["<stdin>:4:1: 1 column, but the value is column 2"]
    assert ids([two]) == [([2, 3], [4]), ([], [])]
    assert [(str(bad), bad.line) for bad in one.bad] == [(f"<stdin>:5:1: {LONG}", 3)]  # the third pair
    assert ids([one]) == [([], []), ([2], [3])]


def test_files_line_by_line_are_named_by_the_side_that_has_the_fault(tmp_path: Path) -> None:
    query, value = tmp_path / "q.txt", tmp_path / "v.txt"
    query.write_text("a\nb\n\n")
    value.write_text("a\n\nb\n")
    assert faults(LinePairs(query, value, {}), RULES) == [f"{value}:2:1: {EMPTY}", f"{query}:3:1: {EMPTY}"]


@pytest.mark.parametrize(
    ("text", "place"),
    [("s1,s2\na,b\n,b\n", "<stdin>:3:1: a text without tokens"), ("s1,s2\na,b\nc\n", "<stdin>:3: 1 column, but")],
)
def test_the_first_fault_ends_the_reading_unless_it_is_passed_over(text: str, place: str) -> None:
    with pytest.raises(DataError) as error:
        list(TextSource(table(text), TOKENIZER).chunks(RULES, 9))
    assert str(error.value).startswith(place)


def test_lines_of_stdin_without_one_tab() -> None:
    stream = TabPairs(io.BytesIO(b"a\tb\na b\na\tb\tc\n"))
    assert [fault.partition(";")[0] for fault in faults(stream, RULES)] == [
        "<stdin>:2:1: no tab in the line",
        "<stdin>:3:1: a third column",
    ]


def test_a_tokenizer_of_another_model_is_refused() -> None:
    with pytest.raises(DataError, match="has 7 tokens, but the model takes ids below 6; it is not this run's"):
        list(TextSource(table("s1,s2\na,b\n"), TOKENIZER).chunks(TextRules(6), 9))
