"""Every query with every candidate has the score that the pair has alone, whichever way it is computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import Case, cases, make_config, random_weights, split_configs
from numpy.typing import NDArray

from pairlens.kernels import loader
from pairlens.kernels.arguments import Signature
from pairlens.scoring import encoded_pairs, pair_by_pair
from pairlens.scoring.all_pairs import AllPairs, all_pairs
from pairlens.scoring.encoded_pairs import EncodedPairs
from pairlens.scoring.logits import Logits
from pairlens.scoring.pair_by_pair import PairByPair
from pairlens.scoring.scorer import Scorer
from pairlens.scoring.warm_up import kernels_of_ranking
from pairlens.texts.texts import Texts

any_case = st.one_of(cases(split_configs()), cases().filter(lambda case: case.config.task != "multiclass"))


def logits_of(pairs: AllPairs, queries: Texts, candidates: Texts) -> NDArray[np.float32]:
    return np.concatenate([*pairs.logits(pairs.prepare(queries), candidates)])


def sides(case: Case, count: int = 16) -> tuple[Texts, Texts]:
    """The first texts of a case, since all are scored with all."""
    return Texts.from_lists(case.queries[:count]), Texts.from_lists(case.values[:count])


def scorer_logits(case: Case, queries: Texts, candidates: Texts) -> NDArray[np.float32]:
    """Pair by pair, as the command `score --logits` computes them."""
    query, candidate = np.indices((len(queries), len(candidates))).reshape(2, -1)
    logits = Scorer(case.config, case.weights, threads=1).logits(queries.take(query), candidates.take(candidate))
    return logits.merged().reshape(len(queries), len(candidates))


@settings(max_examples=30)
@given(any_case)
def test_logits_are_those_of_the_scorer(case: Case) -> None:
    queries, candidates = sides(case)
    found = logits_of(all_pairs(case.config, case.weights, len(candidates.ids)), queries, candidates)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, scorer_logits(case, queries, candidates), rtol=1e-5, atol=1e-5)


@settings(max_examples=20)
@given(cases(split_configs()))
def test_a_pair_has_the_same_bits_beside_any_other_texts(case: Case) -> None:
    """So that equal texts are tied, wherever they stand, and shards write what one process would."""
    queries, candidates = sides(case, 64)
    pairs = EncodedPairs(case.config, case.weights, len(candidates.ids))
    whole = logits_of(pairs, queries, candidates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded_pairs, "_LONGEST", 0)  # all are scored pair by pair
        np.testing.assert_allclose(logits_of(pairs, queries, candidates), whole, rtol=1e-5, atol=1e-5)
        patch.setattr(encoded_pairs, "_LONGEST", 3)  # some are
        mixed, long = logits_of(pairs, queries, candidates), candidates.lengths > 3
        np.testing.assert_array_equal(mixed[:, ~long], whole[:, ~long])
        np.testing.assert_allclose(mixed, whole, rtol=1e-5, atol=1e-5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded_pairs, "_QUERIES", 3)
        patch.setattr(encoded_pairs, "_SCORES", 1)  # few rows of scores at a time
        few = EncodedPairs(case.config, case.weights, tokens=0)  # with tables of the words that occur
        np.testing.assert_array_equal(logits_of(few, queries, candidates), whole)
    order = np.random.default_rng(0).permutation(len(candidates))[:5]
    np.testing.assert_array_equal(logits_of(few, queries, candidates.take(order)), whole[:, order])
    np.testing.assert_array_equal(logits_of(few, queries.take(order[:1]), candidates), whole[order[:1]])


@pytest.mark.parametrize("pooling", [["average"], ["max"]])
def test_a_long_candidate_is_not_copied_for_all_queries_at_once(pooling: list[str]) -> None:
    """So that a line of any length takes the memory of one pair, not of as many as there are queries."""
    config = make_config(pooling=pooling)
    queries, candidates = Texts.from_lists([[1], [2, 3], [4, 5, 6]] * 9), Texts.from_lists([[7] * 70, [8], [9] * 30])
    pairs, given = all_pairs(config, random_weights(config), len(candidates.ids)), list[tuple[int, int]]()
    logits = Scorer.logits

    def noted(self: Scorer, query: Texts, value: Texts) -> Logits:
        given.append((len(query), len(query.ids) + len(value.ids)))
        return logits(self, query, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded_pairs, "_LONGEST", 20)
        whole = logits_of(pairs, queries, candidates)
        patch.setattr(pair_by_pair, "_PAIR_TOKENS", 100)
        patch.setattr(Scorer, "logits", noted)
        np.testing.assert_array_equal(logits_of(pairs, queries, candidates), whole)
    assert len(given) > 9
    assert all(count == 1 or tokens <= 100 for count, tokens in given)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ({}, EncodedPairs),
        ({"symmetric": True, "dnn": {"units": []}}, EncodedPairs),
        ({"masking": "none"}, PairByPair),
        ({"embedding": {"mask_zero": True}, "empty": "score"}, PairByPair),
        ({"embedding": {"match_channels": True}}, PairByPair),
        ({"attention": {"score_mode": "concat"}}, PairByPair),
        ({"attention": {"use_causal_mask": True}}, PairByPair),
        ({"attention": {"direction": "both"}}, PairByPair),
        ({"features": ["encoding"]}, PairByPair),
        ({"features": ["attention", "product"]}, PairByPair),
        ({"compare": {"units": 3}}, PairByPair),
        ({"pooling": ["max"]}, PairByPair),
        ({"overlap": True, "wide": True}, PairByPair),
        ({"dnn": {"units": [3, 5]}}, PairByPair),
        ({"dnn": {"units": [3], "activation": "tanh"}}, PairByPair),
    ],
)
def test_only_networks_that_can_be_split_are(model: dict[str, object], kind: type) -> None:
    config = make_config(**model)  # type: ignore[arg-type]
    assert type(all_pairs(config, random_weights(config), 0)) is kind


@settings(max_examples=20)
@given(any_case)
def test_warming_up_loads_every_kernel_that_ranking_needs(case: Case) -> None:
    used: set[str] = set()

    def run(signature: Signature, table: NDArray[np.int64]) -> None:
        used.add(signature.name)
        original(signature, table)

    with pytest.MonkeyPatch.context() as patch:
        original = loader.run
        patch.setattr(loader, "run", run)
        logits_of(all_pairs(case.config, case.weights, 1), *sides(case, 2))
    assert used <= {signature.name for signature in kernels_of_ranking(case.config)}
