"""Batches for training: every pair once, similar lengths together, the same for the same seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts
from pairlens.training.batches import Batch, pad, training_batches

texts = st.lists(st.integers(0, 9), max_size=6)
pair_lists = st.lists(st.tuples(texts, texts), min_size=1, max_size=40)


def make_pairs(pairs: list[tuple[list[int], list[int]]]) -> Pairs:
    """Each pair's label is its index, so that it can be found again."""
    queries, values = zip(*pairs, strict=True)
    return Pairs(Texts.from_lists(queries), Texts.from_lists(values), np.arange(len(pairs), dtype=np.float32))


def unpad(ids: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
    return [row[:length].tolist() for row, length in zip(ids, lengths, strict=True)]


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a, b) for batch, twin in zip(one, other, strict=True) for a, b in zip(batch, twin, strict=True)
    )


def test_padding_follows_the_true_length() -> None:
    batch = Texts.from_lists([[7], [5, 6], [], [1, 2, 3]])
    ids, lengths = pad(batch, np.array([3, 0, 2]))
    assert_array_equal(ids, [[1, 2, 3], [7, 0, 0], [0, 0, 0]])
    assert_array_equal(lengths, [3, 1, 0])
    assert ids.dtype == lengths.dtype == np.int32


def test_a_batch_of_empty_texts_is_one_wide() -> None:
    ids, lengths = pad(Texts.from_lists([[], []]), np.array([0, 1]))
    assert_array_equal(ids, [[0], [0]])
    assert_array_equal(lengths, [0, 0])


@given(pair_lists, st.integers(1, 9), st.integers(0, 3), st.integers(1, 3))
def test_every_pair_occurs_once_and_is_complete(
    pairs: list[tuple[list[int], list[int]]], batch_size: int, seed: int, epoch: int
) -> None:
    found = {}
    batches = list(training_batches(make_pairs(pairs), batch_size, seed, epoch))
    for batch in batches:
        queries = unpad(batch.query, batch.query_length)
        values = unpad(batch.value, batch.value_length)
        for label, query, value in zip(batch.label.tolist(), queries, values, strict=True):
            assert label not in found
            found[label] = (query, value)
    assert [found[i] for i in range(len(pairs))] == pairs
    # All batches are full except the last of a window, here of all pairs.
    sizes = sorted(len(batch.label) for batch in batches)
    assert sizes[1:] == [batch_size] * (len(sizes) - 1)


@given(pair_lists, st.integers(1, 9))
def test_a_batch_is_as_wide_as_its_longest_text(pairs: list[tuple[list[int], list[int]]], batch_size: int) -> None:
    for batch in training_batches(make_pairs(pairs), batch_size, seed=1, epoch=1):
        assert batch.query.shape == (len(batch.label), max(batch.query_length.max(), 1))
        assert batch.value.shape == (len(batch.label), max(batch.value_length.max(), 1))


def test_the_order_follows_from_seed_and_epoch() -> None:
    pairs = make_pairs([([i % 10] * (1 + i % 5), [i % 7]) for i in range(50)])
    batches = list(training_batches(pairs, 4, seed=1, epoch=1))
    assert same(batches, list(training_batches(pairs, 4, seed=1, epoch=1)))
    assert not same(batches, list(training_batches(pairs, 4, seed=2, epoch=1)))
    assert not same(batches, list(training_batches(pairs, 4, seed=1, epoch=2)))


def test_batches_are_a_sequence() -> None:
    """Their number is known, and each can be made without the others."""
    batches = training_batches(make_pairs([([1] * (1 + i % 5), [2]) for i in range(50)]), 4, seed=1, epoch=1)
    assert len(batches) == 13  # 12 of 4, and one of 2
    assert same([batches[9]], list(batches)[9:10])


def test_the_columns_of_a_pair_stay_together() -> None:
    """Label, weight, group and overlap of pair i are i, 100 + i, i % 3 and (i, -i)."""
    number = np.arange(20, dtype=np.float32)
    plain = make_pairs([([1] * (1 + i % 5), [2]) for i in range(20)])
    pairs = Pairs(plain.query, plain.value, plain.label, np.arange(20) % 3, 100 + number)
    for batch in training_batches(pairs, 4, seed=1, epoch=1, overlap=np.stack([number, -number], axis=1)):
        assert_array_equal(batch.weight, 100 + batch.label)
        assert_array_equal(batch.group, batch.label % 3)
        assert_array_equal(batch.overlap, np.stack([batch.label, -batch.label], axis=1))
        assert_array_equal(batch.query_length, 1 + batch.label % 5)


def test_without_weights_groups_and_overlap() -> None:
    (batch,) = training_batches(make_pairs([([1], [2]), ([3], [4])]), 4, seed=1, epoch=1)
    assert_array_equal(batch.weight, [1, 1])
    assert_array_equal(batch.group, [0, 0])
    assert batch.overlap.shape == (2, 0)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40), st.integers(1, 9))
def test_groups_stay_whole(groups: list[int], batch_size: int) -> None:
    """Groups are added to a batch until it is full: without its last group it would not be."""
    plain = make_pairs([([1], [2])] * len(groups))
    pairs = Pairs(plain.query, plain.value, plain.label, np.array(groups))
    batches = list(training_batches(pairs, batch_size, seed=1, epoch=1, by_group=True))
    found = [[groups[int(label)] for label in batch.label] for batch in batches]
    assert sorted(group for batch in found for group in batch) == sorted(groups)
    assert sum(len(set(batch)) for batch in found) == len(set(groups))  # no group is in two batches
    for batch in found[:-1]:
        assert len(batch) >= batch_size
    for batch in found:
        assert len(batch) - batch.count(batch[-1]) < batch_size


def test_similar_lengths_share_a_batch_and_batches_are_in_random_order() -> None:
    """1000 pairs of 1 to 50 + 1 tokens. In batches of 20 in random order the longest is about 48 long, so that half
    of all positions are padding; sorted, lengths in a batch differ by about 1."""
    random = np.random.default_rng(0)
    pairs = make_pairs([([1] * length, [2]) for length in random.integers(1, 51, 1000).tolist()])
    batches = list(training_batches(pairs, 20, seed=1, epoch=1))
    spread = [int(np.ptp(batch.query_length)) for batch in batches]
    assert np.mean(spread) < 4
    widths = [batch.query.shape[1] for batch in batches]
    assert widths != sorted(widths)
    assert np.corrcoef(widths, range(len(widths)))[0, 1] < 0.5


def test_batches_by_group_are_full_except_the_last() -> None:
    group = np.repeat(np.arange(10), [1, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    plain = make_pairs([([1], [2])] * 30)
    pairs = Pairs(plain.query, plain.value, plain.label, group * 7)
    batches = list(training_batches(pairs, 6, seed=1, epoch=1, by_group=True))
    groups = [set(batch.group.tolist()) for batch in batches]
    assert sum(map(len, groups)) == 10  # no group is in two batches
    assert sum(len(batch.label) for batch in batches) == 30
    assert all(len(batch.label) >= 6 for batch in batches[:-1])
