"""Statistics of the attention maps of many pairs: how peaked they are, and on which words; one pass, bounded memory.

Rows, cells, weights and *uniform* are defined in uniformity.py. A share no larger than that of uniform attention means
nothing. Rows of one cell are excluded from entropy, distance and strongest weight.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.attention.stream import ScoredMaps
from pairlens.attention.uniformity import UNIFORM_BELOW, Cells, Reals, cells_of, verdict
from pairlens.attention.word_pairs import WordPairCounts, WordPairs
from pairlens.config.schema import Config
from pairlens.texts.texts import Texts
from pairlens.texts.words import words_of

LISTED = 10  # words and pairs of words
FEWEST_COOCCURRENCES = 5  # of two words, to list their mean weight
_BINS = 10


def summarize(chunks: Iterable[ScoredMaps], config: Config, vocabulary: Sequence[str] | None) -> dict[str, Any]:
    """Summarize a stream of maps, ready for JSON; a mean of nothing is NaN.

    For each direction (query_to_value, and with `direction: both` value_to_query):

        rows, choices         the numbers of rows with at least one cell, and with at least two
        distance              mean over rows of ½ Σ |w - uniform|: the share of weight that would have to move to make
                              the row uniform, from 0 to 1
        uniform, verdict      true if the distance is below 0.05; a sentence about what that means
        entropy               of a row: -Σ w ln w / ln cells, 0 for one strong cell, 1 for uniform. `mean`, `histogram`
                              (rows in ten bins from 0 to 1), and `by_position` of the row in its text: `first` and
                              `last` position, `rows`, `mean`
        strongest             the largest weight of a row: `mean`, `uniform` (mean of 1 / cells), `histogram`
        identical             rows whose token also occurs in the other text: the number of `rows`, the mean `weight`
                              and `uniform` on that token, and the share in which it is the `strongest` cell
        frequent, punctuation share of all weight on the ten most frequent words of the attended texts, and on words
                              that are all punctuation (null without a vocabulary): `weight`, `uniform`; `words` lists
                              the frequent ones with their `count` of tokens
        word_pairs            `by_weight`: pairs of different words with at least 5 cells, by mean weight;
                              `by_strongest`: any two words, by the number of rows of the one in which the other is the
                              strongest; each with both words, mean `weight`, `meetings` (the number of cells) and
                              `strongest` (that number of rows). `missing_weight`: 0 if counted exactly, else the most
                              that may be missing from a pair's summed weight
    """
    both = config.model.attention.direction == "both"
    directions = {name: _Direction(config) for name in ("query_to_value", "value_to_query")[: 1 + both]}
    pairs = 0
    for chunk in chunks:
        query, value, maps = chunk.maps.query, chunk.maps.value, chunk.maps
        pairs += len(chunk)
        directions["query_to_value"].add(query, value, maps.scores)
        if maps.value_scores is not None:
            directions["value_to_query"].add(value, query, maps.value_scores)
    return {"pairs": pairs, "directions": {name: sums.result(vocabulary) for name, sums in directions.items()}}


class _Direction:
    """Sums over the rows of one direction."""

    def __init__(self, config: Config) -> None:
        input_dim = config.model.embedding.input_dim
        self._masks = config.model.attention.use_causal_mask, config.model.embedding.mask_zero
        self._rows = self._choices = 0
        self._distance = self._strongest = self._strongest_uniform = 0.0
        self._entropies = np.zeros(_BINS)
        self._strengths = np.zeros(_BINS)
        self._buckets = np.zeros((2, 64))  # rows and summed entropy, by the bits of the position
        self._identical = np.zeros(4)  # rows, weight, uniform, strongest
        self._words = np.zeros((2, input_dim))  # weight and uniform, by the column's id
        self._tokens = np.zeros(input_dim, np.int64)
        self._pairs = WordPairs(input_dim)

    def add(self, rows: Texts, columns: Texts, scores: NDArray[np.floating]) -> None:
        self._tokens += np.bincount(columns.ids, minlength=len(self._tokens))
        c = cells_of(rows, columns, scores, *self._masks)
        if not len(c.row):
            return
        top = np.maximum.reduceat(c.weight, c.first)
        strongest = _first_of_each(c.row, c.weight == top[c.row])
        self._rows += len(c.cells)
        self._add_rows(c, top)
        self._add_identical(c, strongest)
        self._words += [np.bincount(c.column_id, part, len(self._tokens)) for part in (c.weight, c.uniform)]
        self._pairs.add(c.row_id[c.row], c.column_id, c.weight, strongest)

    def _add_rows(self, c: Cells, top: Reals) -> None:
        """Add entropy, distance and strongest weight of the rows with at least two cells."""
        chooses = c.cells > 1
        logs = np.log(c.weight, where=c.weight > 0, out=np.zeros(len(c.weight)))
        entropy = -np.add.reduceat(c.weight * logs, c.first)[chooses] / np.log(c.cells[chooses])
        entropy, top = np.clip(entropy, 0, 1), top[chooses]
        self._choices += len(top)
        self._distance += float(c.distances().sum())
        self._strongest += float(top.sum())
        self._strongest_uniform += float((1 / c.cells[chooses]).sum())
        self._entropies += np.histogram(entropy, _BINS, (0, 1))[0]
        self._strengths += np.histogram(np.minimum(top, 1), _BINS, (0, 1))[0]
        bucket = np.frexp(c.position[chooses].astype(np.float64))[1]  # 0; 1; 2-3; 4-7; …
        self._buckets += [np.bincount(bucket, minlength=64), np.bincount(bucket, entropy, 64)]

    def _add_identical(self, c: Cells, strongest: Reals) -> None:
        same = c.row_id[c.row] == c.column_id
        if same.any():
            rows = len(np.unique(c.row[same]))
            self._identical += [rows, *(part[same].sum() for part in (c.weight, c.uniform, strongest))]

    def result(self, vocabulary: Sequence[str] | None) -> dict[str, Any]:
        distance = _mean(self._distance, self._choices)
        rows, *identical = self._identical.tolist()
        return {
            "rows": self._rows,
            "choices": self._choices,
            "distance": distance,
            "uniform": distance < UNIFORM_BELOW,
            "verdict": verdict(distance),
            "entropy": {
                "mean": _mean(float(self._buckets[1].sum()), self._choices),
                "histogram": self._entropies.astype(int).tolist(),
                "by_position": _by_position(*self._buckets),
            },
            "strongest": {
                "mean": _mean(self._strongest, self._choices),
                "uniform": _mean(self._strongest_uniform, self._choices),
                "histogram": self._strengths.astype(int).tolist(),
            },
            "identical": {
                "rows": int(rows),
                **{k: _mean(x, rows) for k, x in zip(("weight", "uniform", "strongest"), identical, strict=True)},
            },
            "frequent": self._frequent(vocabulary),
            "punctuation": None if vocabulary is None else self._share(_punctuation(vocabulary, len(self._tokens))),
            "word_pairs": _word_pairs(self._pairs.counts(), vocabulary),
        }

    def _share(self, ids: NDArray[Any]) -> dict[str, Any]:
        """The share of all weight on these ids."""
        weight, uniform = self._words[:, ids].sum(axis=1).tolist()
        return {"weight": _mean(weight, self._rows), "uniform": _mean(uniform, self._rows)}

    def _frequent(self, vocabulary: Sequence[str] | None) -> dict[str, Any]:
        ids = np.argsort(-self._tokens, kind="stable")[:LISTED]
        ids = ids[self._tokens[ids] > 0]
        words = zip(words_of(ids.tolist(), vocabulary), ids, strict=True)
        listed = [{"word": word, "count": int(self._tokens[i]), **self._share(np.array([i]))} for word, i in words]
        return {**self._share(ids), "words": listed}


def _by_position(rows: Reals, entropy: Reals) -> list[dict[str, Any]]:
    bounds = [(0, 0), *((2**bits // 2, 2**bits - 1) for bits in range(1, len(rows)))]
    return [
        {"first": first, "last": last, "rows": int(n), "mean": float(total / n)}
        for (first, last), n, total in zip(bounds, rows, entropy, strict=True)
        if n
    ]


def _word_pairs(counts: WordPairCounts, vocabulary: Sequence[str] | None) -> dict[str, Any]:
    mean = counts.weight / np.maximum(counts.cooccurrences, 1)
    often = np.flatnonzero((counts.cooccurrences >= FEWEST_COOCCURRENCES) & (counts.row != counts.column))
    by_weight = often[np.lexsort((-counts.cooccurrences[often], -mean[often]))][:LISTED]
    by_strongest = np.lexsort((-counts.weight, -counts.strongest))[:LISTED]

    def listed(order: NDArray[np.int64]) -> list[dict[str, Any]]:
        words = (words_of(ids[order].tolist(), vocabulary) for ids in (counts.row, counts.column))
        return [
            {
                "word": word,
                "attends_to": other,
                "weight": float(mean[i]),
                "meetings": int(counts.cooccurrences[i]),
                "strongest": int(counts.strongest[i]),
            }
            for word, other, i in zip(*words, order, strict=True)
        ]

    return {
        "by_weight": listed(by_weight),
        "by_strongest": listed(by_strongest),
        "missing_weight": counts.missing_weight,
    }


def _punctuation(vocabulary: Sequence[str], input_dim: int) -> NDArray[np.bool_]:
    """True for the ids of words that are all punctuation [input_dim]."""
    found = np.zeros(input_dim, np.bool_)
    for i, word in enumerate(vocabulary[:input_dim]):
        found[i] = bool(word) and all(unicodedata.category(c).startswith("P") for c in word)
    return found


def _first_of_each(row: NDArray[np.int64], flags: NDArray[np.bool_]) -> Reals:
    """1 at the first flag of each row, else 0 [cells]."""
    at = np.flatnonzero(flags)
    first = np.concatenate([[True], np.diff(row[at]) > 0])
    result = np.zeros(len(row))
    result[at[first]] = 1
    return result


def _mean(total: float, count: float) -> float:
    return total / count if count else float("nan")
