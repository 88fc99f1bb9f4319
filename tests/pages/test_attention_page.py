"""The page of attention maps in Chromium: its content, its accessibility, its safety, and its speed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from attention_page import HOSTILE, SCRIPTS, UNSEEN, attention, row_texts, softmax, some_pairs, write
from chromium import Page
from command_line import pairlens, trained_project
from selenium.webdriver.common.keys import Keys

from pairlens.attention.uniformity import verdict
from pairlens.pages.attention import Labelled


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("page") / "maps.html", some_pairs())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


# ---- content ---------------------------------------------------------------------------------------------------------


def test_every_pair_in_both_views_without_a_request_or_a_complaint(browser: Page, page: Path) -> None:
    browser.open(page)
    for key in "vdrjvdrjvdrjvdrjvdr?":
        browser.press(key)
    browser.assert_harmless(page)


def test_nothing_that_gets_into_the_page_can_run_or_leave_it(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.script("""
    window.blocked = [];
    addEventListener('securitypolicyviolation', (event) => blocked.push(event.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.intruded = 1';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/x" onerror="window.intruded = 1">');
    fetch('http://127.0.0.1:9/x').catch(() => 0);
    """)
    browser.wait("blocked.length >= 4")
    directives = {"script-src-elem", "script-src-attr", "img-src", "connect-src"}
    assert set(browser.script("return blocked")) == directives
    assert browser.script("return window.intruded") is None


def test_a_pair(browser: Page, page: Path) -> None:
    browser.open(page)
    assert browser.text("#pair-name") == "Pair 0"
    assert browser.texts("#facts span") == ["score 0.750", "label 1", "3 × 4 tokens"]
    assert browser.texts("#query-text span") == ["cat", "sat", "down"]
    assert browser.texts("#value-text span") == ["the", "dog", "stood", "up"]
    assert browser.texts("#strongest .link-words")[:3] == ["cat → the", "sat → dog", "sat → stood"]
    assert browser.texts("#strongest .link-weight")[:3] == ["70.0 %", "50.0 %", "30.0 %"]
    assert browser.text("#legend-top") == "70.0 %"
    assert not browser.find("#uniform").is_displayed()


def test_hover_tells_words_weight_rank_and_window(browser: Page, page: Path) -> None:
    browser.open(page)
    assert not browser.find("#tip").is_displayed()
    box = browser.script(
        "const b = document.getElementById('heat').getBoundingClientRect(); return [b.right, b.bottom]"
    )
    browser.hover(box[0] - 20, box[1] - 3 * 34 + 10)  # rows are 34 px high: the first, in the last column
    words, weight, query_window, value_window = browser.texts("#tip p")
    assert words == "cat → up"
    assert weight == "10.0 % rank 9 of 12 in the map"  # .7 .5 .3 .25 .25 .25 .25 .2 are stronger
    # A filter of width 2 with padding `same` covers a position and the next.
    assert (query_window.split(), value_window.split()) == (["query", "cat", "sat"], ["value", "up"])
    assert browser.texts("#query-text .window") == ["cat", "sat"]
    assert browser.texts("#query-text .center") == ["cat"]
    browser.hover(2, 2)
    assert not browser.find("#tip").is_displayed()


@pytest.mark.parametrize(
    ("reading", "rank", "legend"),
    [
        ("map", "rank 3 of 12 in the map", "70.0 %"),
        ("row", "rank 2 of 4 in its row", "strongest of its row"),
        ("column", "rank 1 of 3 in its column", "strongest of its column"),
    ],
)
def test_reading_the_whole_rows_or_columns(browser: Page, page: Path, reading: str, rank: str, legend: str) -> None:
    browser.open(page, "#pair=0&cell=1,1")
    browser.click(f"[data-value={reading}]")
    browser.script("document.getElementById('heat').focus()")
    browser.press(Keys.ARROW_RIGHT)
    assert browser.text("#said") == f"sat to stood: 30.0 %, {rank}"
    assert browser.text("#legend-top") == legend
    by_column = reading == "column"
    assert browser.text("#strongest-name") == ("stood is attended to by" if by_column else "sat attends to")
    expected = ["30.0 %", "25.0 %", "10.0 %"] if by_column else ["50.0 %", "30.0 %", "20.0 %", "0.0 %"]
    assert browser.texts("#strongest .link-weight") == expected


def test_both_directions(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.press("d")
    assert browser.texts("#strongest .link-words")[:3] == ["dog → cat", "up → down", "the → down"]
    assert browser.find("#heat").get_attribute("aria-label") == "value attends to query"
    browser.press("d")
    assert browser.texts("#strongest .link-words")[0] == "cat → the"


def test_hostile_words_are_text(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=7")
    shown = [*HOSTILE, *UNSEEN.values(), *SCRIPTS]
    read = "return [...document.querySelectorAll(arguments[0])].map((word) => word.textContent)"
    assert browser.script(read, "#query-text span") == shown
    browser.press("v")
    assert browser.script("return window.intruded") is None
    assert browser.script("return document.images.length") == 0
    longest = browser.script(read, "#links text[data-row]")[-1]
    assert longest.startswith("xxx")
    assert longest.endswith("…")
    assert browser.complaints() == []


def test_uniform_attention_is_called_so(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=8")
    assert browser.text("#uniform") == verdict(0.0)


def test_texts_without_tokens_and_a_pair_of_one_by_one(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=9")
    assert browser.text("#caption") == "A text without tokens has no attention."
    assert not browser.find("#heat").is_displayed()
    browser.open(page, "#pair=3")
    assert browser.texts("#strongest .link-words") == ["a → dog"]
    assert browser.complaints() == []


def test_no_pairs(browser: Page, tmp_path: Path) -> None:
    browser.open(write(tmp_path / "none.html", []))
    assert browser.text("#empty").startswith("This page has no pairs")
    assert not browser.find("#pair").is_displayed()
    assert browser.complaints() == []


def test_the_weights_are_those_of_the_npz(browser: Page, project: Path, tmp_path: Path) -> None:
    files = [f"data/test.{side}.txt" for side in ("query", "value")]
    for name in ("maps.npz", "maps.html"):
        assert pairlens(project, "attend", "run", *files, "--pairs", "0-3", "--output", tmp_path / name).code == 0
    rows = """
    return [...document.querySelectorAll('#query-text span')].map((word) => {
      word.click();
      return [...document.querySelectorAll('#strongest .link-weight')].map((weight) => weight.textContent);
    });
    """
    with np.load(tmp_path / "maps.npz") as dump:
        for pair in dump["pair"].tolist():
            browser.open(tmp_path / "maps.html", f"#pair={pair}")
            for weights, texts in zip(dump[f"{pair}/scores"], browser.script(rows), strict=True):
                shown = [float(text.strip("< %")) / 100 for text in texts]
                np.testing.assert_allclose(shown, sorted(weights.tolist(), reverse=True), atol=6e-4)


# ---- accessibility ---------------------------------------------------------------------------------------------------

CONTRASTS = """
const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
const luminance = (colour) => {
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = parse(colour).map((c) => linear(c / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (at) => {
  for (; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (parse(colour)[3] !== 0) return colour;
  }
};
const found = [];
for (const at of document.querySelectorAll('body *')) {
  const own = [...at.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !at.checkVisibility() || at.disabled || ['SCRIPT', 'OPTION'].includes(at.tagName)) continue;
  const [a, b] = [luminance(getComputedStyle(at).color), luminance(ground(at))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) found.push(at.outerHTML.slice(0, 80));
}
return found;
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_is_aa(browser: Page, page: Path, theme: str) -> None:
    browser.open(page, "#pair=0&cell=1,1")
    browser.prefer(theme)
    assert browser.script(CONTRASTS) == []
    browser.press("?")
    assert browser.script(CONTRASTS) == []


def test_everything_that_can_be_operated_has_a_name(browser: Page, page: Path) -> None:
    browser.open(page)
    operated = browser.driver.find_elements("css selector", "button, input, select, [tabindex]")
    operated = [element for element in operated if element.is_displayed()]
    assert len(operated) > 20
    assert [element.get_attribute("outerHTML") for element in operated if not element.accessible_name] == []


def test_a_telephone(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=7")
    browser.resize(400, 800)
    assert browser.script("return document.documentElement.scrollWidth") == 400
    assert not browser.find("#list").is_displayed()
    browser.click("#open-list")
    browser.click("#list .row:nth-child(2)")
    assert browser.text("#pair-name") == "Pair 3"
    assert browser.find("#heat").is_displayed()
    browser.press("v")
    assert browser.script("return document.documentElement.scrollWidth") == 400


# ---- large pages -----------------------------------------------------------------------------------------------------


def test_a_thousand_pairs_are_there_within_a_second(browser: Page, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    pairs: list[Labelled] = []
    for i in range(1000):
        ids = [random.integers(0, 8, size).tolist() for size in random.integers(5, 30, 2)]
        sizes = len(ids[0]), len(ids[1])
        pairs.append((i, attention(*ids, softmax(*sizes, i), softmax(*sizes[::-1], i)), i / 1000, None))
    browser.open(write(tmp_path / "maps.html", pairs))
    browser.wait("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    # Twice the limit, as the machine may be busy with other tests.
    assert browser.script("return performance.getEntriesByType('navigation')[0].loadEventEnd") < 2000
    assert browser.text("#found") == "1,000 pairs"
    assert len(row_texts(browser)) < 30  # only the visible rows
    browser.press(Keys.TAB, Keys.TAB)  # the list does not block the keyboard
    browser.script("document.getElementById('list').focus()")
    browser.press(Keys.END)
    assert browser.text("#pair-name") == "Pair 999"
    assert row_texts(browser)[-1] == "#999"
    assert not browser.find("#sort").find_elements("css selector", "option[value=label]")  # there are no labels


def test_a_pair_of_500_by_500(browser: Page, tmp_path: Path) -> None:
    ids = np.random.default_rng(2).integers(0, 8, (2, 500)).tolist()
    scores = softmax(500, 500, 3)
    pairs = [(0, attention(*ids, scores, scores.T), 0.5, None)]
    path = write(tmp_path / "maps.html", pairs)
    browser.open(path, "#pair=0&cell=250,250")
    heat = browser.script(
        "const h = document.getElementById('heat'); return [h.scrollTop, h.scrollLeft, h.clientWidth]"
    )
    assert min(heat[:2]) > 1000  # the chosen cell is in sight
    frames = """
    const heat = document.getElementById('heat');
    const frame = () => new Promise(requestAnimationFrame);
    const times = [];
    for (let i = 0; i < 30; i++) {
      const start = performance.now();
      heat.scrollTo(97 * i, 83 * i);
      if (i % 10 === 9) document.getElementById('zoom-out').click();
      await frame(); await frame();
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[15];
    """
    assert browser.driver.execute_script(f"return (async () => {{{frames}}})()") < 120  # two frames and what is drawn
    browser.press("0", "+")
    middle = "const h = arguments[0]; return (h.scrollTop + h.clientHeight / 2) / h.scrollHeight"
    assert abs(browser.script(middle, browser.find("#heat")) - 0.5) < 0.2  # the chosen cell is in sight again
    strongest = np.unravel_index(np.argmax(scores), scores.shape)
    browser.press(Keys.ESCAPE, "m")
    weight = 100 * float(scores[strongest])
    assert f"{weight:.1f} %, rank 1 of 250000 in the map" in browser.text("#said")
    browser.press("v")
    assert browser.text("#caption").endswith("The 600 strongest of 250,000 links.")
    assert browser.complaints() == []
