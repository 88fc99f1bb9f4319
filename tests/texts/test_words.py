"""Any word survives every format, and what people are shown is harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pairlens.attention.dumps.text import write_tsv
from pairlens.attention.stream import ScoredMaps
from pairlens.jobs.score_lines import LineWriter
from pairlens.pages.page import write_page
from pairlens.scoring.logits import Logits
from pairlens.scoring.maps import Maps
from pairlens.texts.pairs import Chunk, Pairs
from pairlens.texts.texts import Texts
from pairlens.texts.words import column_word, harmless, printable

ODD = "\\tnrxu0 19b\t\n\r\v\f\x00\x1b\x1c\x1e\x7f\x85\x9b\u2028\u2029\u202e\u200c\u2069#<>&é学"
LETTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(ODD)
WORDS = st.text(LETTERS, min_size=1, max_size=8).filter(str.strip)  # only blanks is not a word
SCORE = Logits("binary", (np.array([0.0], np.float32),))  # a score of 0.5
PAIRS = Pairs(Texts.from_lists([[0, 1]]), Texts.from_lists([[1]]))


def read_back(text: str) -> str:
    """Reads a word back as words.py describes."""
    return re.sub(r"\\(\\|[tnr]|x..|u....)", lambda escape: escape[0].encode().decode("unicode_escape"), text)


def through_score_tsv(words: list[str]) -> list[str]:
    (line,) = LineWriter("tsv", words).lines(0, Chunk(PAIRS), SCORE, {}).splitlines()
    query, value, score = line.split("\t")
    assert score == "0.5"
    assert read_back(value) == words[1]
    return [read_back(word) for word in query.split(" ")]


def through_score_jsonl(words: list[str]) -> list[str]:
    (line,) = LineWriter("jsonl", words).lines(0, Chunk(PAIRS), SCORE, {}).splitlines()
    found: list[str] = json.loads(line)["query"]
    return found


def through_attend_tsv(words: list[str]) -> list[str]:
    maps = Maps(PAIRS.query, PAIRS.value, np.full(2, 0.5, np.float32))
    file = BytesIO()
    write_tsv(file, [ScoredMaps(np.array([0]), SCORE.scores(), maps)], "{}", words)
    _, _, *rows = file.getvalue().decode().splitlines()
    assert [read_back(row.split("\t")[6]) for row in rows] == [words[1]] * 2
    return [read_back(row.split("\t")[5]) for row in rows]


def through_a_page(words: list[str]) -> list[str]:
    file = BytesIO()
    write_page(file, "title", "", [("pair-0", words)], [], [])
    block = re.search(r'id="pair-0">(.*?)</script>', file.getvalue().decode(), re.DOTALL)
    assert block
    found: list[str] = json.loads(block[1])
    return found


@pytest.mark.parametrize("through", [through_score_tsv, through_score_jsonl, through_attend_tsv, through_a_page])
@given(words=st.lists(WORDS, min_size=2, max_size=2))
@example(words=["\x1b", "\\x1b"])
@example(words=["a b", "a\\x20b"])
def test_any_word_goes_out_and_comes_back(through: Callable[[list[str]], list[str]], words: list[str]) -> None:
    assert through(words) == words


@given(WORDS, WORDS)
def test_no_two_words_look_the_same_in_a_column(word: str, other: str) -> None:
    assert (column_word(word) == column_word(other)) == (word == other)


@pytest.mark.parametrize(
    ("word", "column", "page", "terminal"),
    [
        ("naïve", "naïve", "naïve", "naïve"),
        ("a\\b", "a\\\\b", "a\\b", "a\\b"),
        ("New York", "New\\x20York", "New York", "New York"),
        ("a\tb\r\n", "a\\tb\\r\\n", "a\\tb\\r\\n", "a\\tb\\r\\n"),
        ("\x1b[2J", "\x1b[2J", "\\x1b[2J", "\\x1b[2J"),
        ("\u202eabc", "\u202eabc", "\\u202eabc", "\\u202eabc"),
        ("می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم", "می\\u200cخواهم"),
        ("\u2028", "\\u2028", "\\u2028", "\\u2028"),
    ],
)
def test_a_word_in_a_column_a_page_and_a_terminal(word: str, column: str, page: str, terminal: str) -> None:
    assert (column_word(word), harmless(word), printable(word)) == (column, page, terminal)
