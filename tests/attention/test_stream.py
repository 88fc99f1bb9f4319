"""The selected pairs are those that a plain loop over the file would select, however the work is split."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from command_line import lines
from hypothesis import given
from hypothesis import strategies as st
from models import make_config, random_texts, random_weights
from numpy.typing import NDArray

from pairlens.attention import stream
from pairlens.attention.selection import Selection, draw
from pairlens.attention.stream import attend_pairs
from pairlens.errors import UsageError
from pairlens.scoring import scorer as scorer_module
from pairlens.scoring.maps import PairAttention
from pairlens.scoring.scorer import Scorer
from pairlens.texts.sources import IdFiles

COUNT = 97


@pytest.fixture(params=["exact", "none"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Scorer:
    """A model, with limits that split the files into several chunks with several parts each."""
    monkeypatch.setattr(stream, "_CHUNK", 32)
    monkeypatch.setattr(scorer_module, "_MAPS_COST", 1500)
    config = make_config(batch_size=5, masking=request.param, attention={"direction": "both"})
    return Scorer(config, random_weights(config))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    for seed, name in enumerate(["q.txt", "v.txt"]):
        (tmp_path / name).write_text(lines([text.tolist() for text in random_texts(COUNT, 11, 23, seed)]))
    return tmp_path / "q.txt", tmp_path / "v.txt"


def everything(engine: Scorer) -> list[tuple[PairAttention, float]]:
    queries, values = (random_texts(COUNT, 11, 23, seed) for seed in (0, 1))
    return list(zip(engine.attend(queries, values), engine.score(queries, values).tolist(), strict=True))


def numbers(engine: Scorer, files: tuple[Path, Path], selection: Selection) -> list[int]:
    """The numbers of the selected pairs, after checking their maps and scores."""
    whole, found = everything(engine), []
    for pair, attention, score in chain.from_iterable(attend_pairs(engine, IdFiles(*files), selection)):
        expected, expected_score = whole[pair]
        assert score == pytest.approx(expected_score, abs=1e-6)
        np.testing.assert_array_equal(attention.query, expected.query)
        np.testing.assert_array_equal(attention.value, expected.value)
        np.testing.assert_allclose(attention.scores, expected.scores, rtol=0, atol=1e-6)
        assert attention.value_scores is not None
        assert expected.value_scores is not None
        np.testing.assert_allclose(attention.value_scores, expected.value_scores, rtol=0, atol=1e-6)
        found.append(pair)
    return found


def test_selections(engine: Scorer, files: tuple[Path, Path]) -> None:
    scores = np.array([score for _, score in everything(engine)])
    low, high = np.quantile(scores, [0.2, 0.6]).tolist()
    within = np.flatnonzero((scores >= low) & (scores <= high)).tolist()
    for selection, expected in [
        (Selection(), list(range(COUNT))),
        (Selection("90-96,3,4-5, 4"), [3, 4, 5, *range(90, 97)]),
        (Selection(limit=40), list(range(40))),
        (Selection(limit=1000), list(range(COUNT))),
        (Selection("7-80", limit=3), [7, 8, 9]),
        (Selection(min_score=low, max_score=high), within),
        (Selection(min_score=low, max_score=high, limit=7), within[:7]),
        (Selection("40-70", min_score=low, max_score=high), [i for i in within if 40 <= i <= 70]),
        (Selection(min_score=2.0), []),
        (Selection(sample=1000), list(range(COUNT))),
    ]:
        assert numbers(engine, files, selection) == expected, selection


def test_a_sample_is_drawn_from_the_pairs_that_meet_the_other_conditions(
    engine: Scorer, files: tuple[Path, Path]
) -> None:
    scores = np.array([score for _, score in everything(engine)])
    above = np.flatnonzero(scores >= np.median(scores)).tolist()
    found = numbers(engine, files, Selection(min_score=float(np.median(scores)), sample=9, seed=3))
    assert len(found) == 9
    assert found == sorted(set(found) & set(above))
    assert found == numbers(engine, files, Selection(min_score=float(np.median(scores)), sample=9, seed=3))
    assert found != numbers(engine, files, Selection(min_score=float(np.median(scores)), sample=9, seed=4))


def test_no_more_is_read_than_necessary(engine: Scorer, files: tuple[Path, Path]) -> None:
    with files[0].open("a") as query:
        query.write("not ids\n")
    assert numbers(engine, files, Selection("0,2")) == [0, 2]
    assert numbers(engine, files, Selection(limit=2)) == [0, 1]


def test_a_pair_that_is_missing(engine: Scorer, files: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match=r"--pairs: there is no pair 97; .*q\.txt has 97, numbered from 0"):
        numbers(engine, files, Selection("5,90-99"))


@pytest.mark.parametrize("pairs", ["x", "3-1", "1,,2", "", "-1", "1.5"])
def test_invalid_pairs(pairs: str) -> None:
    with pytest.raises(UsageError, match="must be numbers and ranges"):
        Selection(pairs)


def test_a_limit_and_a_sample() -> None:
    with pytest.raises(UsageError, match="give one of them"):
        Selection(limit=1, sample=1)


def test_a_bound_that_is_not_a_number() -> None:
    with pytest.raises(UsageError, match="must be numbers"):
        Selection(min_score=float("nan"))


def test_a_sample_of_a_stream(engine: Scorer, files: tuple[Path, Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        UsageError, match=r"pipe: --sample reads the texts twice, which a stream does not allow; give files"
    ):
        next(attend_pairs(engine, IdFiles(tmp_path / "pipe", files[1]), Selection(sample=1)))


def test_the_score_of_a_multiclass_model_is_that_of_the_predicted_class(files: tuple[Path, Path]) -> None:
    config = make_config(task="multiclass", classes=3)
    engine = Scorer(config, random_weights(config))
    [chunk] = attend_pairs(engine, IdFiles(*files), Selection(min_score=0.5))
    assert chunk.score.shape == (len(chunk), 3)
    assert 0 < len(chunk) < COUNT
    assert (chunk.score.max(axis=1) >= 0.5).all()
    assert [score for _, _, score in chunk] == chunk.score.max(axis=1).tolist()


def test_when_at_most_one_pair_is_selected() -> None:
    for selection in (Selection("5"), Selection("5-5,5"), Selection(limit=1), Selection(sample=1)):
        assert selection.at_most_one
    for selection in (Selection("5,6"), Selection("5-6"), Selection(), Selection(limit=2)):
        assert not selection.at_most_one


# ---- the sample ------------------------------------------------------------------------------------------------------


def parts(total: int, cuts: list[int]) -> list[NDArray[np.int64]]:
    return np.split(np.arange(total), sorted(cut % (total + 1) for cut in cuts))


@given(st.integers(0, 200), st.integers(1, 20), st.lists(st.integers(0, 200)), st.integers(0, 2**32))
def test_the_division_of_the_stream_changes_no_sample(total: int, count: int, cuts: list[int], seed: int) -> None:
    sample = draw(parts(total, cuts), count, seed)
    assert sample.tolist() == draw([np.arange(total)], count, seed).tolist()
    assert len(set(sample.tolist())) == len(sample) == min(count, total)
    assert sample.tolist() == sorted(sample.tolist())


def test_each_number_is_equally_likely() -> None:
    # 4,000 samples of 5 of 20: each number is expected 1,000 times, with a standard deviation of √(4000 · ¼ · ¾) = 27.
    drawn = np.concatenate([draw(parts(20, [7, 9]), 5, seed) for seed in range(4000)])
    counts = np.bincount(drawn, minlength=20)
    assert abs(counts - 1000).max() < 4 * 27
