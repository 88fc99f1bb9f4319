"""What notebooks show: safe, self-contained, small, and right for light and dark themes."""

from __future__ import annotations

import math
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from pairlens.api.scorer import Attention, Attentions
from pairlens.pages.notebook_attention import attention_html, attentions_html
from pairlens.pages.notebook_run import run_html
from pairlens.scoring.maps import PairAttention
from pairlens.texts.words import TokenizedText

EVIL = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b", "\u202eevil\x00"]
HISTORY = [
    {"epoch": 1, "loss": 0.7, "pairs_per_second": 9.0, "dev": {"accuracy": 0.5}, "best": True},
    {"epoch": 2, "loss": 0.4, "pairs_per_second": 9.0, "dev": {"accuracy": 0.75}, "best": True},
    {"epoch": 3, "loss": 0.3, "pairs_per_second": 9.0, "dev": {"accuracy": math.nan}, "best": False},
]


def pair(query: list[str], value: list[str], scores: Any, back: Any = None) -> PairAttention:
    sides = [TokenizedText(" ".join(words), words, [False] * len(words), [""] * len(words)) for words in (query, value)]
    ids = [np.zeros(len(words), np.int32) for words in (query, value)]
    return PairAttention(ids[0], ids[1], np.array(scores, np.float32), back, (sides[0], sides[1]))


def elements(html: str) -> ElementTree.Element:
    """The elements; an SVG in HTML need not be XML, but ours is."""
    return ElementTree.fromstring(f"<all>{html}</all>")


def texts(html: str) -> list[str]:
    return [text.text or "" for text in elements(html).iter("text")]


def check_safe(html: str) -> None:
    harmless = {"all", "div", "b", "style", "svg", "g", "path", "text", "circle", "line"}
    assert {element.tag for element in elements(html).iter()} <= harmless
    names = {name for element in elements(html).iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name or name == "src"]
    assert not re.search(r"url\(|@import|https?:", html)


def test_a_map_has_words_and_per_cents() -> None:
    """Of the query's words "a" attends to "x" with 25 %, "b" to "y" with all but .4 %, which is not shown."""
    html = attention_html(pair(["a", "b"], ["x", "y"], [[0.25, 0.75], [0.004, 0.996]]), None)
    expected = "query ↓ attends to value →,a,b,x,y,25,75,100,query,value,a,b,x,y"
    assert texts(html) == expected.split(",")
    shades = re.findall(r'fill-opacity="([\d.]+)"', html)
    assert [float(shade) for shade in shades] == pytest.approx(
        [0.75 * x / 0.996 for x in (0.25, 0.75, 0.996)], abs=0.01
    )
    assert re.findall(r'stroke-opacity="([\d.]+)"', html) == ["0.25", "0.75", "1.00"]
    both = attention_html(pair(["a", "b"], ["x"], [[1], [1]], np.array([[0.5, 0.5]], np.float32)), None)
    assert texts(both)[6:11] == ["value ↓ attends to query →", "x", "a", "b", "50"]


def test_words_of_ids_come_from_the_vocabulary() -> None:
    ids = PairAttention(np.array([1], np.int32), np.array([0], np.int32), np.ones((1, 1), np.float32))
    assert texts(attention_html(ids, ["zero", "one"]))[1:3] == ["one", "zero"]
    assert texts(attention_html(ids, None))[1:3] == ["1", "0"]


def test_texts_cannot_do_harm() -> None:
    html = attention_html(pair(EVIL, EVIL, np.eye(4)), None)
    check_safe(html)
    assert "a & b" in texts(html)
    assert "\\u202eevil\\x00" in texts(html)
    check_safe(run_html("/runs/<script>", HISTORY, "accuracy", {"accuracy": 0.75, "<b onclick=x>": None}))


def test_colours_are_those_of_the_notebook() -> None:
    """Text has its colour, and no background is painted, so that both themes show it."""
    for html in (attention_html(pair(["a"], ["b"], [[1]]), None), run_html("run", HISTORY, "accuracy", {})):
        assert "currentColor" in html
        assert "background" not in html
        assert not re.search(r"#(fff|000|ffffff|000000)\b|white|black", html)


def test_it_is_small_whatever_the_length() -> None:
    rng = np.random.default_rng(1)
    scores = rng.dirichlet(np.full(12, 0.3), 12)
    assert len(attention_html(pair(["word"] * 12, ["word"] * 12, scores, scores), None)) < 25_000
    peak = np.full((500, 700), 1e-4)
    peak[400, 30] = 0.9
    html = attention_html(pair([f"q{i}" for i in range(500)], [f"v{i}" for i in range(700)], peak), None)
    assert "q400" in texts(html)
    assert "v30" in texts(html)
    assert any("of 500" in text for text in texts(html))
    assert len(html) < 20_000
    assert len(run_html("run", HISTORY * 30, "accuracy", {"accuracy": 0.5})) < 20_000


def test_empty_texts_are_shown() -> None:
    check_safe(attention_html(pair([], ["b"], np.zeros((0, 1))), None))
    check_safe(attention_html(pair(["a"], [], np.zeros((1, 0))), None))


def test_a_list_shows_its_first_pairs() -> None:
    one = Attention(np.array([1], np.int32), np.array([0], np.int32), np.ones((1, 1), np.float32))
    html = Attentions([one] * 5)._repr_html_()
    assert [div.text for div in elements(html).iter("div") if div.text] == [
        "pair 0",
        "pair 1",
        "pair 2",
        "and 2 more pairs",
    ]
    assert Attentions([one])._repr_html_() == one._repr_html_()
    assert attentions_html([], None) == Attentions()._repr_html_() == ""


def test_a_run_shows_its_metrics_and_curves() -> None:
    """The second epoch is the best and is ringed; the third has no accuracy, so the line ends before it."""
    html = run_html("runs/mine", HISTORY, "accuracy", {"accuracy": 0.75, "f1": None})
    words = "".join(elements(html).itertext())
    assert "runs/mine" in words
    assert "accuracy 0.7500 · f1 undefined" in words
    assert [svg.get("aria-label", "").split(" by")[0] for svg in elements(html).iter("svg")] == [
        "train loss",
        "dev accuracy",
    ]
    assert [len(re.findall("[ML]", line)) for line in re.findall(r' d="([^"]*)"', html)] == [3, 2]
    assert html.count("<circle") == 2
    assert "<svg" not in run_html("runs/begun", [], "accuracy", {})
    assert run_html("run", [{**line, "dev": {}} for line in HISTORY], "accuracy", {}).count("<svg") == 1
