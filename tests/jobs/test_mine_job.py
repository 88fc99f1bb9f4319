"""Mined pairs: which they are, that none occurs twice, and that the seed decides all that is random."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pairlens.errors import DataError, UsageError
from pairlens.jobs.mine_job import Listener, Mined, mine, words_of

TEXTS = [
    "A dog chased the cat",
    "the cat fled from the dog",
    "The minister resigned on Monday",
    "on Monday a minister, it is said, resigned",
    "nothing of the kind",
]


def mined(
    folder: Path, texts: list[str], near: int = 0, random: int = 0, seed: int = 1
) -> tuple[Mined, list[tuple[str, str]]]:
    """What was mined, and the pairs in the order in which they were written."""
    (folder / "texts").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    found = mine([folder / "texts"], folder / "out", near, random, seed, Listener(), replace=True)
    sides = [(folder / f"out.{side}.txt").read_text(encoding="utf-8").split("\n")[:-1] for side in ("query", "value")]
    return found, list(zip(*sides, strict=True))


def unordered(pairs: list[tuple[str, str]]) -> set[frozenset[str]]:
    assert len({frozenset(pair) for pair in pairs}) == len(pairs), "a pair occurs twice"
    assert all(len(set(pair)) == 2 for pair in pairs), "a text is paired with itself"
    return {frozenset(pair) for pair in pairs}


def test_near_texts_share_words(tmp_path: Path) -> None:
    found, pairs = mined(tmp_path, TEXTS, near=1)
    dog, minister = frozenset(TEXTS[:2]), frozenset(TEXTS[2:4])
    assert {dog, minister} < unordered(pairs)
    assert found == (5, 3, 0)  # and one with the last text, which has a common word


def test_every_text_has_as_many_random_others(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(31)]
    found, pairs = mined(tmp_path, texts, random=3)
    assert found == (31, 0, 93)
    partners = [sum(text in pair for pair in unordered(pairs)) for text in texts]
    assert set(partners) == {6}  # three of its own, and it is one of the three of three others


def test_with_few_texts_all_pairs_are_there(tmp_path: Path) -> None:
    texts = ["a b", "a c", "b c", "d"]
    found, pairs = mined(tmp_path, texts, near=9, random=9)
    assert len(unordered(pairs)) == 6
    assert found == (4, 3, 3)  # the near pairs are those of the first three texts


def test_lines_are_kept_and_count_once(tmp_path: Path) -> None:
    """Equal lines count once, and blank ones not at all; CRLF ends a line, too."""
    _, pairs = mined(tmp_path, ["  Äpfel &\tBirnen ", "Äpfel", "  Äpfel &\tBirnen ", "", " \t", "Äpfel\r"], random=2)
    assert unordered(pairs) == {frozenset(["  Äpfel &\tBirnen ", "Äpfel"])}


def test_the_seed_decides(tmp_path: Path) -> None:
    texts = [f"{number % 7} {number % 5} {number}" for number in range(40)]
    one, again, other = (mined(tmp_path, texts, 2, 2, seed)[1] for seed in (1, 1, 2))
    assert one == again
    assert one != other
    swapped = sum(texts.index(query) > texts.index(value) for query, value in one)
    assert 0.3 < swapped / len(one) < 0.7, "either text may be the query"


@settings(max_examples=40)
@given(st.lists(st.text("ab c", max_size=5), max_size=12), st.integers(0, 3), st.integers(0, 3))
def test_no_pair_twice_and_none_missing(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], near: int, random: int
) -> None:
    distinct = len({text for text in texts if text.strip()})
    if distinct < 2:
        return
    folder = tmp_path_factory.mktemp("mined")
    try:
        found, pairs = mined(folder, texts, near, random)
    except DataError:  # no text is near another
        assert not random
        assert [path.name for path in folder.iterdir()] == ["texts"]
        return
    assert len(unordered(pairs)) == found.near + found.random <= distinct * (near + random)
    assert {text for pair in pairs for text in pair} <= set(texts)
    if random:
        assert len({text for pair in pairs for text in pair}) == distinct


def test_too_few_texts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 distinct text; a pair needs two"):
        mined(tmp_path, ["one", "one"], random=1)
    with pytest.raises(DataError, match="0 distinct texts; a pair needs two"):
        mined(tmp_path, [], random=1)
    assert not [path.name for path in tmp_path.iterdir() if path.name != "texts"]


def test_words_are_those_of_the_tokenizer() -> None:
    """Lower-cased, signs apart, Chinese character by character; ids are words."""
    texts = words_of(["The cat, the CAT", "猫和cat", "17 4 17", "\u00b2 2"])
    assert [text.tolist() for text in texts] == [[0, 1, 2, 0, 1], [3, 4, 1], [5, 6, 5], [7, 7]]


def test_pairs_that_memory_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five texts, each has at most four random others: 5 * 60 * (10 + 4) bytes."""
    monkeypatch.setattr("pairlens.jobs.mine_job.available_memory", lambda: 2099)
    with pytest.raises(UsageError, match=r"^mining 5 texts takes about .* are near pairs$"):
        mined(tmp_path, TEXTS, near=10, random=10**9)
    monkeypatch.setattr("pairlens.jobs.mine_job.available_memory", lambda: 2100)
    assert mined(tmp_path, TEXTS, near=10, random=10**9)[0].texts == 5
