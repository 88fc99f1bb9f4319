"""Rows that one description of the words lacks are predicted from another."""

from __future__ import annotations

import numpy as np

from pairlens.training.completed_rows import completed

# Four words in all directions of a plane, and what a quarter turn makes of them.
CROSS = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], np.float32)
TURN = np.array([[0, 1], [-1, 0]], np.float32)  # (1, 0) becomes (0, 1), and (0, 1) becomes (-1, 0)
ALL = np.ones(6, np.bool_)


def with_two_more(rows: np.ndarray, *more: list[float]) -> np.ndarray:
    return np.concatenate([rows, np.array(more)]).astype(np.float32)


def test_a_quarter_turn_is_found_and_applied() -> None:
    rows = with_two_more(CROSS @ TURN, [9, 9], [9, 9])
    others = with_two_more(CROSS, [3, 4], [0.8, -0.6])
    known = np.array([True, True, True, True, False, False])
    out, now_known = completed(rows, known, others, ALL)
    # (3, 4) turns into (-4, 3); the known rows have length 1, and so has every predicted one.
    np.testing.assert_allclose(out[4:], [[-0.8, 0.6], [0.6, 0.8]], atol=1e-6)
    np.testing.assert_array_equal(out[:4], rows[:4])
    assert out.dtype == np.float32
    assert now_known.all()


def test_an_offset_belongs_to_the_map() -> None:
    """Rows around (10, 0), others around (0, 5): a word at the others' centre is predicted at that of the rows."""
    rows = with_two_more(CROSS + np.array([10, 0]), [0, 0], [0, 0])
    others = with_two_more(CROSS + np.array([0, 5]), [0, 5], [0, 0])
    known, others_known = ALL.copy(), ALL.copy()
    known[4:] = others_known[5] = False
    out, now_known = completed(rows, known, others, others_known)
    np.testing.assert_allclose(out[4] / np.linalg.norm(out[4]), [1, 0], atol=1e-6)
    np.testing.assert_array_equal(out[5], [0, 0])  # in neither
    assert now_known.tolist() == [True] * 5 + [False]


def test_rows_of_another_width() -> None:
    """The first number of three is the only one that tells the words apart."""
    rows = np.array([[1], [-1], [1], [0]], np.float32)
    others = np.array([[2, 1, 1], [-2, 1, 1], [2, 1, 1], [-2, 1, 1]], np.float32)
    out, _ = completed(rows, np.array([True, True, True, False]), others, np.ones(4, np.bool_))
    assert out.ravel().tolist() == [1, -1, 1, -1]


def test_nothing_is_predicted_from_fewer_than_two_words() -> None:
    known = np.array([True, False, False, False, False, False])
    rows, others = with_two_more(CROSS, [5, 5], [6, 6]), with_two_more(CROSS, [1, 1], [2, 2])
    out, now_known = completed(rows, known, others, ALL)
    np.testing.assert_array_equal(out, rows)
    np.testing.assert_array_equal(now_known, known)


def test_rows_that_are_all_the_same_predict_themselves() -> None:
    rows, others = np.full((6, 2), 2, np.float32), np.full((6, 3), 7, np.float32)
    known = np.array([True, True, False, False, False, False])
    out, _ = completed(np.where(known[:, None], rows, 0).astype(np.float32), known, others, ALL)
    np.testing.assert_allclose(out, rows, rtol=1e-6)
