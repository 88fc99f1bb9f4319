"""What a caller passes to the scorer: any memory layout gives the same bits, and bad input is refused."""

from __future__ import annotations

from typing import Any

import datasets
import numpy as np
import pandas
import polars
import pyarrow as pa
import pytest
from models import make_config, random_texts, random_weights

from pairlens.errors import DataError, PairlensError, RunError
from pairlens.scoring.scorer import Scorer
from pairlens.texts.texts import Texts
from pairlens.tokenizer.learn import learn_tokenizer

CONFIG = make_config()
WEIGHTS = random_weights(CONFIG)


def side(seed: int) -> Texts:
    return Texts.from_lists(random_texts(9, 6, 23, seed))


def test_weights_of_any_layout() -> None:
    expected = Scorer(CONFIG, WEIGHTS).score(side(1), side(2))
    by_columns = {name: np.asfortranarray(weight) for name, weight in WEIGHTS.items()}
    every_second = {name: np.repeat(weight, 2, axis=0)[::2] for name, weight in WEIGHTS.items() if weight.ndim}
    for weights in (by_columns, WEIGHTS | every_second):
        np.testing.assert_array_equal(Scorer(CONFIG, weights).score(side(1), side(2)), expected)


def test_weights_that_do_not_fit_the_config() -> None:
    kernel = WEIGHTS["head/kernel"]  # [11, 1]
    for changed, fault in (
        (kernel.astype(np.float64), r"head/kernel: float64 \[11, 1\]; the config requires float32 \[11, 1\]"),
        (kernel.T, r"head/kernel: float32 \[1, 11\]; the config requires"),
    ):
        with pytest.raises(RunError, match=fault):
            Scorer(CONFIG, WEIGHTS | {"head/kernel": changed})
    with pytest.raises(RunError, match="head/kernel: missing"):
        Scorer(CONFIG, {name: weight for name, weight in WEIGHTS.items() if name != "head/kernel"})


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, ">i4", np.uint64])
def test_texts_of_any_integers(dtype: Any) -> None:
    """32-bit offsets were once read as if they were 64-bit."""
    query, value = side(1), side(2)
    expected = Scorer(CONFIG, WEIGHTS).score(query, value)
    for offsets in (query.offsets.astype(np.int32), query.offsets.astype(dtype), np.repeat(query.offsets, 2)[::2]):
        for ids in (query.ids.astype(dtype), np.repeat(query.ids, 2)[::2], query.ids[::-1].copy()[::-1]):
            given = Texts(ids, offsets)
            np.testing.assert_array_equal(Scorer(CONFIG, WEIGHTS).score(given, value), expected)
            assert given[0].tolist() == query[0].tolist()


def test_texts_of_the_right_types_are_not_copied() -> None:
    texts = side(1)
    again = Texts(texts.ids, texts.offsets)
    assert again.ids is texts.ids
    assert again.offsets is texts.offsets


WORDS = ["red green", "blue", "grey red"]


@pytest.fixture(scope="module")
def of_texts() -> Scorer:
    """A scorer for texts, which knows four words."""
    tokenizer = learn_tokenizer([*WORDS, *WORDS], kind="word")
    return Scorer(CONFIG, WEIGHTS, tokenizing=lambda: tokenizer)


def columns(values: list[Any]) -> dict[str, Any]:
    """The same values as each library has them in a column, and as other things that can be iterated over."""
    arrow = pa.table({"c": values})
    return {
        "pandas": pandas.DataFrame({"c": values})["c"],
        "pandas, filtered": pandas.DataFrame({"c": [None, *values]})["c"][1:],  # its index begins with 1
        "pandas, pyarrow": arrow.to_pandas(types_mapper=pandas.ArrowDtype)["c"],
        "polars": polars.DataFrame({"c": values})["c"],
        "datasets": datasets.Dataset(arrow)["c"],
        "pyarrow": arrow["c"],
        "tuple": tuple(values),
        "iterator": iter(values),
    }


@pytest.mark.parametrize("name", columns(WORDS))
def test_columns_of_texts_are_scored_as_they_are(of_texts: Scorer, name: str) -> None:
    expected = of_texts.score(WORDS, WORDS[::-1])
    np.testing.assert_array_equal(of_texts.score(columns(WORDS)[name], columns(WORDS[::-1])[name]), expected)
    if name != "iterator":  # pairlens.load's reads it once
        found = of_texts.attend(columns(WORDS)[name], columns(WORDS)[name])
        assert [pair.texts[0].text for pair in found if pair.texts] == WORDS


@pytest.mark.parametrize("dtype", [object, np.str_, np.dtypes.StringDType()], ids=str)
def test_arrays_of_strings(of_texts: Scorer, dtype: Any) -> None:
    array = np.array(WORDS, dtype)
    np.testing.assert_array_equal(of_texts.score(array, array), of_texts.score(WORDS, WORDS))


@pytest.mark.parametrize("name", columns([[1, 2], [3]]))
def test_columns_of_ids(name: str) -> None:
    ids = [[1, 2], [3]]
    engine = Scorer(CONFIG, WEIGHTS)
    np.testing.assert_array_equal(engine.score(columns(ids)[name], columns(ids)[name]), engine.score(ids, ids))


@pytest.mark.parametrize("name", columns([*WORDS, None]))
def test_a_missing_value_is_named_by_its_index(of_texts: Scorer, name: str) -> None:
    for call in (of_texts.score, of_texts.attend):
        with pytest.raises(DataError, match=r"^value 1: a missing value, (None|nan|<NA>); fill it in"):
            call(WORDS, columns([WORDS[0], None, WORDS[1]])[name])
    with pytest.raises(DataError, match=r"^query 0: a missing value, nan;"):
        of_texts.score([np.float32("nan"), [1]], [[1], [1]])


def test_a_whole_table_is_no_column(of_texts: Scorer) -> None:
    table = {"a": WORDS}
    tables = [pandas.DataFrame(table), polars.DataFrame(table), polars.DataFrame(table).lazy(), pa.table(table)]
    for given in (table, *tables):
        with pytest.raises(DataError, match=f"^found a table, a {type(given).__name__}; give one of its columns$"):
            of_texts.score(given, WORDS)


@pytest.mark.parametrize("given", [None, 3, np.array(3), np.array("text"), print], ids=repr)
def test_what_holds_no_texts(of_texts: Scorer, given: Any) -> None:
    for call in (of_texts.score, of_texts.attend, of_texts.logits):
        with pytest.raises(
            DataError, match=rf"^found a value of type {type(given).__name__}; give texts, or token ids"
        ):
            call(given, WORDS)


@pytest.mark.parametrize(
    ("ids", "offsets", "fault"),
    [
        ([1.0, 2.0], [0, 2], "ids of texts: found float64"),
        ([True, False], [0, 2], "ids of texts: found bool"),
        ([[1, 2]], [0, 2], r"ids of texts: found int64 \[1, 2\]"),
        ([1, 2**40], [0, 2], "ids of texts: from 1 to 1099511627776; must be int32"),
        ([1, 2], [0, 1], "offsets of texts: found 0 to 1; must go from 0 to the count of ids, 2"),
        ([1, 2], [1, 2], "offsets of texts: found 1 to 2"),
        ([], [], "offsets of texts: found nothing"),
        ([1, 2], [0.0, 2.0], "offsets of texts: found float64"),
    ],
)
def test_invalid_texts(ids: Any, offsets: Any, fault: str) -> None:
    with pytest.raises(DataError, match=fault):
        Texts(np.array(ids), np.array(offsets))


def test_decreasing_offsets_are_refused() -> None:
    texts = Texts(np.array([1, 2, 3], np.int32), np.array([0, 3, 1, 3]))
    with pytest.raises(DataError, match="text 1: offsets decrease from 3 to 1"):
        Scorer(CONFIG, WEIGHTS).score(texts, texts)


def test_a_text_of_nothing_but_padding_is_empty() -> None:
    """As in files, with the same message (tests/cli/test_bad_input.py)."""
    config = make_config(embedding={"mask_zero": True})
    engine = Scorer(config, random_weights(config))
    message = "no id but 0, which is padding with model.embedding.mask_zero; give another id or set data.empty: score"
    for call in (engine.score, engine.logits, engine.attend):
        with pytest.raises(DataError, match=f"^query 1: {message}$"):
            call([[1, 0], [0, 0]], [[3], [4]])
        with pytest.raises(DataError, match=f"^value 0: {message}$"):
            call([[1, 0], [2]], [[0], [4]])
        call([[1, 0], [0, 2]], [[3], [4]])
    allowing = make_config(empty="score", embedding={"mask_zero": True})
    assert np.isfinite(Scorer(allowing, random_weights(allowing)).score([[0, 0]], [[3]])).all()
    assert np.isfinite(Scorer(CONFIG, WEIGHTS).score([[0, 0]], [[3]])).all()  # without mask_zero, id 0 is a token


@pytest.mark.parametrize("task", ["binary", "regression", "multiclass"])
def test_a_pair_without_a_finite_score_is_named(task: str) -> None:
    """Only word 3 is too large. As with the command, its pair scores nan on request."""
    config = make_config(task, **({"classes": 3} if task == "multiclass" else {}))
    weights = {name: np.abs(weight) for name, weight in random_weights(config).items()}
    weights["embedding/embeddings"][3] = 3e38
    engine = Scorer(config, weights)
    texts = [[1, 2], [1, 3], [2, 2]]
    for call in (engine.score, engine.attend):
        with pytest.raises(PairlensError, match=r"^pair 1: its score is not a finite number, since"):
            call(texts, texts)
        assert len(call(texts[::2], texts[::2])) == 2
    scores = engine.score(texts, texts, on_overflow="nan")
    assert np.isnan(scores).reshape(3, -1).all(axis=1).tolist() == [False, True, False]
    np.testing.assert_array_equal(scores[::2], engine.score(texts[::2], texts[::2]))
    assert engine.logits(texts, texts).finite().tolist() == [True, False, True]
