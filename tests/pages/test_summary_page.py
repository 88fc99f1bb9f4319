"""The summary of attention as a page in Chromium: the verdict first, figures, escaped words, and no request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attention_maps import chunks_of
from attention_page import HOSTILE, SCRIPTS, UNSEEN, VOCABULARY, attention, softmax
from chromium import Page
from command_line import pairlens, trained_project
from models import make_config
from selenium.webdriver.common.keys import Keys

from pairlens.attention.summary import summarize
from pairlens.pages.summary import write_summary_page

N = len(VOCABULARY)
CONFIG = make_config(embedding={"input_dim": N}, attention={"direction": "both"})


@pytest.fixture(scope="module")
def summary() -> dict[str, Any]:
    """A summary in which the query attends sharply and the value evenly, with all the hostile words."""
    ids = list(range(8, N))
    n = len(ids)
    pairs = [(i, attention(ids, ids[::-1], softmax(n, n, i), np.full((n, n), 1 / n)), 0.5) for i in range(6)]
    return summarize(chunks_of(pairs), CONFIG, VOCABULARY)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, summary: dict[str, Any]) -> Path:
    path = tmp_path_factory.mktemp("summary") / "summary.html"
    write_summary_page(path, summary, f"Attention summary: {HOSTILE[0]}")
    return path


def test_it_asks_for_nothing_complains_of_nothing_and_runs_no_foreign_script(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.script("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    browser.press("t")
    browser.click("#theme")
    browser.assert_harmless(page)
    assert browser.text("h1") == f"Attention summary: {HOSTILE[0]}"
    shown = browser.script("return document.querySelector('main').textContent")
    frequent = browser.texts("#query_to_value .words figure:last-of-type tbody th")
    assert len(frequent) == 10
    assert all(f"\u2068{word}\u2069" in shown for word in HOSTILE[:2])
    assert not any(word.strip() and word in shown for word in UNSEEN)


def test_the_sentence_comes_first_and_uniform_attention_cannot_be_missed(
    browser: Page, page: Path, summary: dict[str, Any]
) -> None:
    browser.open(page)
    for name, style in (("query_to_value", "verdict"), ("value_to_query", "notice")):
        first = f"#{name} h2 + p.{style}"
        assert browser.text(first) == summary["directions"][name]["verdict"]
    assert browser.text("#value_to_query .notice").startswith("Attention is uniform")
    assert browser.texts("h2") == ["Query to value", "Value to query"]


def test_the_figures_are_the_summarys(browser: Page, page: Path, summary: dict[str, Any]) -> None:
    browser.open(page)
    direction = summary["directions"]["query_to_value"]
    cells = browser.texts("#query_to_value .scrolls tr:nth-child(1) td")
    assert cells[:2] == [f"{direction['entropy']['mean']:.3f}", "1.000"]
    tips = browser.script(
        "return [...document.querySelectorAll('#query_to_value svg')].map((svg) =>"
        " [...svg.querySelectorAll('[data-tip]')].map((mark) => mark.dataset.tip))"
    )
    parts = direction["entropy"]["by_position"]
    spans = ["0", "1", "2–3", "4–7", "8–15", "16–31"]
    assert tips[0] == [
        f"position {span}: {part['mean']:.3f}\n{part['rows']:,} rows"
        for span, part in zip(spans[: len(parts)], parts, strict=True)
    ]
    assert [tip.split(": ")[1] for tip in tips[1]] == [f"{n:,} rows" for n in direction["entropy"]["histogram"]]
    first = direction["word_pairs"]["by_weight"][0]
    words = f"\u2068{first['word']}\u2069 → \u2068{first['attends_to']}\u2069"
    assert browser.text("#query_to_value .words tbody th") == words
    assert all(script in browser.text(".words") for script in SCRIPTS[:2])
    block = browser.script("return document.getElementById('summary').textContent")
    assert json.loads(block) == summary


def test_arrows_step_along_a_chart_and_a_table_has_its_numbers(browser: Page, page: Path) -> None:
    browser.open(page)
    charts = "[...document.querySelectorAll('svg.chart')]"
    assert browser.script(f"return {charts}.length") == 6
    assert browser.script(f"return {charts}.every((c) => c.getAttribute('role') === 'img' && c.ariaLabel.length > 9)")
    assert browser.script(f"return {charts}.every((c) => c.closest('figure').querySelector('.numbers table'))")
    browser.script("document.querySelector('svg.chart').focus()")
    browser.press(Keys.ARROW_RIGHT)
    assert browser.text(".tip").startswith("position 0: ")


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_wider_than_the_window(browser: Page, page: Path, width: int) -> None:
    browser.open(page)
    browser.resize(width, 900)
    assert browser.script("return document.documentElement.scrollWidth") == width


def test_nothing_to_sum_up(browser: Page, tmp_path: Path) -> None:
    write_summary_page(tmp_path / "none.html", summarize([], CONFIG, None))
    browser.open(tmp_path / "none.html")
    assert browser.text("#query_to_value p") == "There is nothing to attend to: no row has two cells."
    assert browser.complaints() == []


def test_from_the_command_line(browser: Page, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    project = trained_project(tmp_path_factory)
    path = tmp_path / "summary.html"
    arguments = ["attend", "run", "data/test.query.txt", "data/test.value.txt", "--summary", "--output", path]
    result = pairlens(project, *arguments)
    assert (result.code, result.stdout) == (0, "")
    assert result.stderr.endswith(f"Wrote {path}: the summary of 80 pairs\n")
    browser.open(path)
    assert browser.text("h1") == "Attention summary: run"
    assert browser.text("#query_to_value p") in " ".join(result.stderr.split())
    assert pairlens(project, *arguments).code == 2  # it is not overwritten
