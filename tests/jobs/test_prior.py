"""Scores corrected for another share of positives: by equation 4 of Saerens et al. 2002, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import pairlens
from hypothesis import given
from hypothesis import strategies as st
from models import make_config, random_weights

from pairlens.config.schema import Config
from pairlens.errors import UsageError
from pairlens.jobs.partial_output import refuse_other_job
from pairlens.jobs.prior import Prior, prior_of, share_of_positives
from pairlens.jobs.score_request import ScoreRequest
from pairlens.jobs.score_table import decisions
from pairlens.runs.run import Run
from pairlens.scoring.logits import Logits
from pairlens.texts.pairs import Pairs
from pairlens.texts.texts import Texts


def binary(*orders: list[float]) -> Logits:
    return Logits("binary", tuple(np.array(order, np.float32) for order in orders))


def corrected(score: float, prior: Prior) -> float:
    """Equation 4, with the shares of both classes then and now."""
    positive = score * prior.share / prior.in_train
    negative = (1 - score) * (1 - prior.share) / (1 - prior.in_train)
    return positive / (positive + negative)


def make_run(folder: Path, environment: dict[str, Any], **config: Any) -> Run:
    made = make_config(**config)
    run = Run.create(folder / "run", made, environment)
    run.write_weights(random_weights(made))
    return run


def test_scores_by_hand() -> None:
    # Balanced in train, and now a fifth is positive: .5 becomes .2, and .8 becomes .8 · .4 / (.8 · .4 + .2 · 1.6) = .5.
    scores = Prior(0.2, 0.5).corrected(binary([0.0, np.log(4)])).scores()
    assert scores.tolist() == pytest.approx([0.2, 0.5])


share = st.floats(0.001, 0.999)


@given(share, share, st.floats(-10, 10, width=32))
def test_any_score_against_the_equation(now: float, then: float, logit: float) -> None:
    found = Prior(now, then).corrected(binary([logit])).scores()[0]
    assert found == pytest.approx(corrected(1 / (1 + np.exp(-logit)), Prior(now, then)), rel=1e-4)


def test_of_both_orders_the_mean_is_corrected() -> None:
    mean = (0.5 + 0.8) / 2
    scores = Prior(0.2, 0.5).corrected(binary([0.0], [np.log(4)])).scores()
    assert scores.tolist() == pytest.approx([corrected(mean, Prior(0.2, 0.5))])


def test_scores_near_1_stay_apart_and_what_is_not_finite_stays_so() -> None:
    logits = Prior(0.01, 0.5).corrected(binary([20.0, 20.5, 30.0, np.inf, np.nan]))
    assert (np.diff(logits.merged()[:3]) > 0.4).all()
    assert logits.finite().tolist() == [True, True, True, False, False]


def test_the_share_in_train_is_by_weights_as_trained() -> None:
    texts = Texts.from_lists([[1]] * 4)
    pairs = Pairs(texts, texts, np.array([1, 0, 0, 0], np.float32))
    weighted = Pairs(texts, texts, pairs.label, weight=np.array([3, 1, 1, 1], np.float32))
    balanced = {**make_config().model_dump(), "training": {"class_weight": "balanced"}}
    assert share_of_positives(make_config(), pairs) == {"share_of_positives": pytest.approx(1 / 4)}
    assert share_of_positives(make_config(), weighted) == {"share_of_positives": pytest.approx(3 / 6)}
    assert share_of_positives(Config.model_validate(balanced), pairs) == {"share_of_positives": pytest.approx(1 / 2)}
    assert share_of_positives(make_config(task="ranking"), pairs) == {}


def test_what_a_run_does_not_know_is_asked_for(tmp_path: Path) -> None:
    old, new = make_run(tmp_path / "old", {}), make_run(tmp_path / "new", {"share_of_positives": 0.25})
    ranking = make_run(tmp_path / "ranking", {}, task="ranking")
    assert prior_of(old, 0.1, 0.5) == Prior(0.1, 0.5)
    assert prior_of(new, 0.1) == Prior(0.1, 0.25)
    for run, shares, message in (
        (old, [0.1], "has no record of the share of positives in train; add --train-prior$"),
        (new, [0.1, 0.5], "records 0.25; leave --train-prior out$"),
        (ranking, [0.1], "^--prior is for task binary; .* was trained for ranking$"),
        *((new, [bad], "^--prior .*: must be above 0 and below 1") for bad in (0.0, 1.0, -1.0, float("nan"))),
        (old, [0.1, 1.0], "^--train-prior 1.0: must be above 0 and below 1"),
    ):
        with pytest.raises(UsageError, match=message):
            prior_of(run, *shares)


def test_every_format_has_corrected_scores_and_stderr_says_so(tmp_path: Path) -> None:
    make_run(tmp_path, {"share_of_positives": 0.5})
    (tmp_path / "q.txt").write_text("1 2\n3\n5 4\n")
    words = ["score", "run", "q.txt", "q.txt"]

    def scores(*options: str, key: str = "score") -> list[float]:
        result = pairlens(tmp_path, *words, *options, "--format", "jsonl")
        assert result.code == 0
        assert result.stderr == (said if "--prior" in options else "")
        return [json.loads(line)[key] for line in result.stdout.splitlines()]

    said = "Scores are corrected for a share of positives of 0.2; in train it was 0.5\n"
    prior = ["--prior", "0.2"]
    expected = [corrected(score, Prior(0.2, 0.5)) for score in scores()]
    found = scores(*prior)
    assert found == pytest.approx(expected, rel=1e-5)
    shifted = [logit - np.log(4) for logit in scores("--logits", key="logits")]
    assert scores("--logits", *prior, key="logits") == pytest.approx(shifted, abs=1e-5)
    for format_ in ("text", "tsv"):
        result = pairlens(tmp_path, *words, *prior, "--format", format_)
        assert [float(line.split("\t")[-1]) for line in result.stdout.splitlines()] == found
    alone = pairlens(tmp_path, *words, "--train-prior", "0.2")
    assert (alone.code, alone.stdout) == (2, "")
    assert alone.stderr.startswith("error: --train-prior goes with --prior")


def test_a_decision_compares_the_corrected_score_with_the_threshold(tmp_path: Path) -> None:
    run = make_run(tmp_path, {})
    (run.folder / "evaluation.json").write_text('{"threshold": 0.3}')
    logits = binary([0.0, np.log(4)])  # .5 and .8, corrected .2 and .5
    decide = decisions(run, run.config())
    assert decide(logits) == ["1", "1"]
    assert decide(Prior(0.2, 0.5).corrected(logits)) == ["0", "1"]


def test_an_output_that_was_begun_with_another_prior_is_not_continued(tmp_path: Path) -> None:
    run = make_run(tmp_path, {})
    begun, now = (ScoreRequest(run.path, prior=prior).identity() for prior in (None, Prior(0.2, 0.5)))
    with pytest.raises(UsageError, match=r"is of another job; --prior: not given then, 0.2 \(train has 0.5\) now"):
        refuse_other_job(tmp_path, json.loads(json.dumps(begun)), now, "")
    refuse_other_job(tmp_path, json.loads(json.dumps(now)), now, "")
