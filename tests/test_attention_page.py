"""The page of attention maps in Chromium: what it shows, what can be done with it, and what it never does."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from chromium import Page
from cli import pairlens, trained_project
from models import make_config
from PIL import Image
from selenium.webdriver.common.keys import Keys

from pairlens.attention.dumps import dump_metadata
from pairlens.pages.attention import Labelled, write_attention_page
from pairlens.scorer import Floats, PairAttention

WORDS = ["the", "cat", "sat", "down", "a", "dog", "stood", "up"]
HOSTILE = ["<script>window.intruded=1</script>", "</script><img src=x onerror=window.intruded=1>", "\"'&amp;<!--"]
UNSEEN = {"\u202eabc": "\\u202eabc", "a\x00b": "a\\x00b", "\x1b[31m": "\\x1b[31m", "": "#14", " \t": "#15"}
SCRIPTS = ["שלום", "注意力", "x" * 300]
VOCABULARY = [*WORDS, *HOSTILE, *(word for word in UNSEEN if word.strip()), "", " \t", *SCRIPTS]

# Rows: cat sat down, columns: the dog stood up. In the map .5 of sat → dog is second, after .7 of cat → the.
SCORES = [[0.7, 0.1, 0.1, 0.1], [0.0, 0.5, 0.3, 0.2], [0.25, 0.25, 0.25, 0.25]]
VALUE_SCORES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.4, 0.4, 0.2], [0.1, 0.1, 0.8]]


def attention(query: list[int], value: list[int], scores: Any, value_scores: Any) -> PairAttention:
    ids = (np.array(ids, np.int32) for ids in (query, value))
    shapes = ((len(query), len(value)), (len(value), len(query)))
    matrices = (np.array(m, np.float32).reshape(shape) for m, shape in zip((scores, value_scores), shapes, strict=True))
    return PairAttention(*ids, *matrices)


def softmax(rows: int, columns: int, seed: int) -> Floats:
    weights = np.exp(3 * np.random.default_rng(seed).normal(size=(rows, columns)))
    return np.float32(weights / weights.sum(axis=1, keepdims=True))


def some_pairs() -> list[Labelled]:
    hostile = list(range(len(VOCABULARY)))[8:]
    peaked = np.eye(len(hostile))
    return [
        (0, attention([1, 2, 3], [0, 5, 6, 7], SCORES, VALUE_SCORES), 0.75, 1.0),
        (3, attention([4], [5], [1.0], [1.0]), 0.25, 1.0),
        (7, attention(hostile, hostile[::-1], peaked, peaked), 0.5, 0.0),
        (8, attention([0, 1, 2], [3, 4, 5, 6], np.full((3, 4), 0.25), np.full((4, 3), 1 / 3)), 1e-7, 0.0),
        (9, attention([], [5, 6], [], []), 0.1, 0.0),
    ]


METADATA = dump_metadata(make_config(conv=[{"filters": 7, "kernel_size": 2}], attention={"direction": "both"}))


def write(path: Path, pairs: list[Labelled]) -> Path:
    assert write_attention_page(path, pairs, METADATA, VOCABULARY) == len(pairs)
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("page") / "maps.html", some_pairs())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


def row_texts(browser: Page) -> list[str]:
    return browser.texts("#list .row-number")


# ---- what it shows ---------------------------------------------------------------------------------------------------


def test_every_pair_in_both_views_without_a_request_or_a_complaint(browser: Page, page: Path) -> None:
    browser.open(page)
    for key in "vdrjvdrjvdrjvdrjvdr?":
        browser.press(key)
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]


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
    # A kernel of 2 with padding `same` sees a position and the next.
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
    assert browser.text("#uniform").startswith("Attention is nearly uniform here (entropy 100.0 % of its maximum)")


def test_texts_without_tokens_and_a_pair_of_one_by_one(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=9")
    assert browser.text("#caption") == "A text without tokens has no attention."
    assert not browser.find("#heat").is_displayed()
    browser.open(page, "#pair=3")
    assert browser.texts("#strongest .link-words") == ["a → dog"]
    assert browser.complaints() == []


def test_no_pairs(browser: Page, tmp_path: Path) -> None:
    browser.open(write(tmp_path / "none.html", []))
    assert browser.text("#empty").startswith("This page holds no pairs")
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


# ---- what can be done with it ----------------------------------------------------------------------------------------


def test_search(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.press("/", "d", "o", "g")
    assert browser.find("#search").get_property("value") == "dog"
    assert row_texts(browser) == ["#0", "#3", "#8", "#9"]
    assert browser.text("#found") == "4 of 5 pairs"
    browser.press(" ", "C", "A", "t")
    assert row_texts(browser) == ["#0", "#8"]
    browser.find("#search").clear()
    browser.find("#search").send_keys("#7", Keys.ENTER)
    assert row_texts(browser) == ["#7"]
    assert browser.text("#pair-name") == "Pair 7"


@pytest.mark.parametrize(
    ("order", "pairs"),
    [
        ("high", ["#0", "#7", "#3", "#9", "#8"]),  # .75 .5 .25 .1 1e-7
        ("low", ["#8", "#9", "#3", "#7", "#0"]),
        ("label", ["#7", "#8", "#9", "#0", "#3"]),
        ("miss", ["#3", "#7", "#0", "#9", "#8"]),  # .75 .5 .25 .1 1e-7 from the label
        ("longest", ["#7", "#0", "#8", "#3", "#9"]),
    ],
)
def test_sort(browser: Page, page: Path, order: str, pairs: list[str]) -> None:
    browser.open(page)
    browser.click(f"#sort option[value={order}]")
    assert row_texts(browser) == pairs


def test_keys(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.press("j", "n")
    assert browser.text("#pair-name") == "Pair 7"
    browser.press("k")
    assert browser.text("#pair-name") == "Pair 3"
    browser.press("k", "k", "k")
    assert browser.text("#pair-name") == "Pair 0"  # there is none before it
    browser.press("v")
    assert browser.find("#links").is_displayed()
    browser.press("v", "m")
    assert browser.text("#said") == "cat to the: 70.0 %, rank 1 of 12 in the map"
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert browser.text("#said") == "sat to dog: 50.0 %, rank 2 of 12 in the map"
    browser.press(Keys.END, Keys.ARROW_RIGHT)
    assert browser.text("#said").startswith("sat to up: 20.0 %")
    browser.press(Keys.ESCAPE)
    assert browser.text("#strongest-name") == "Strongest links"
    browser.press("?")
    assert browser.find("#help").is_displayed()
    browser.press(Keys.ESCAPE)
    assert not browser.find("#help").is_displayed()
    browser.click("#list .row")
    browser.press(Keys.ARROW_DOWN)
    assert browser.text("#pair-name") == "Pair 3"
    assert browser.find("#list").get_attribute("aria-activedescendant") == "row-1"


def test_sliders(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=0&view=links")
    links = "return document.querySelectorAll('#links path').length"
    assert browser.script(links) == 11  # of 12 weights one is 0
    browser.find("#top").send_keys(Keys.HOME)
    assert (browser.text("#top-value"), browser.script(links)) == ("1", 1)
    browser.press("r")
    assert browser.text("#top-name") == "Strongest per row"
    assert browser.script(links) == 1 + 1 + 4  # in the last row all are equal
    browser.press("r")
    assert browser.script(links) == 4
    browser.find("#top").send_keys(Keys.END)
    assert (browser.text("#top-value"), browser.script(links)) == ("all", 11)
    minimum = browser.find("#minimum")
    while browser.text("#minimum-value") != "20.0 %":
        minimum.send_keys(Keys.ARROW_RIGHT)
    assert browser.script(links) == 8  # .7 .5 .3 .2 and four times .25
    assert minimum.get_attribute("aria-valuetext") == "20.0 %"


def test_a_link_to_what_is_shown(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.press("v", "d", "r")
    browser.find("#top").send_keys(Keys.HOME)
    browser.find("#minimum").send_keys(Keys.ARROW_RIGHT)
    browser.press("m")
    browser.click("#sort option[value=high]")
    expected = "#pair=0&view=links&reading=row&direction=1&min=0.001&top=1&cell=1%2C0&sort=high"
    browser.wait(f"location.hash === '{expected}'")
    browser.open(page, expected)
    assert browser.find("#links").is_displayed()
    assert browser.text("#strongest-name") == "dog attends to"
    assert browser.text("#top-value") == "1"
    assert browser.find("#sort").get_property("value") == "high"
    browser.script("location.hash = '#pair=3'")
    browser.wait("document.getElementById('pair-name').textContent === 'Pair 3'")


@pytest.mark.parametrize(
    "fragment", ["#pair=99", "#pair=0&view=x&cell=9,9&top=-1&min=NaN&zoom=1e9", "#%E0%A4%A", "#cell=,"]
)
def test_a_broken_link_shows_the_first_pair(browser: Page, page: Path, fragment: str) -> None:
    browser.open(page, fragment)
    assert browser.text("#pair-name") == "Pair 0"
    assert browser.complaints() == []


def test_svg(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=0&min=0.2")
    browser.press("t")  # a picture for paper is light also when the page is dark
    browser.click("#save-svg")
    browser.press("t")
    drawing = ElementTree.fromstring(browser.saved("pair-0-query-to-value.svg"))
    name = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in drawing.iter(f"{name}text")]
    assert texts[:2] == ["Pair 0", "score 0.750, label 1, query → value"]
    assert texts[2:9] == ["cat", "sat", "down", "the", "dog", "stood", "up"]
    assert sorted(texts[9:-2]) == ["20", "25", "25", "25", "25", "30", "50", "70"]
    assert texts[-2:] == ["0 %", "70.0 %"]
    fills = [path.get("fill") for path in drawing.iter(f"{name}path")]
    assert "rgb(68,1,84)" in fills  # the strongest has the last colour of viridis
    assert next(drawing.iter(f"{name}rect")).get("fill") == "rgb(255,255,255)"


def test_svg_of_hostile_words_is_well_formed(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=7&view=links")
    browser.click("#save-svg")
    drawing = ElementTree.fromstring(browser.saved("pair-7-query-to-value.svg"))
    texts = [text.text or "" for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "\"'&amp;<!--" in texts
    assert any(text.startswith("<script>") for text in texts)


def test_png(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=0")
    browser.click("#save-png")
    with Image.open(io.BytesIO(browser.saved("pair-0-query-to-value.png"))) as image:
        assert image.format == "PNG"
        colours = image.convert("RGB").getcolors(2**24)
    assert max(colours)[1] == (255, 255, 255)
    assert (68, 1, 84) in [colour for count, colour in colours if count > 1000]  # a cell


def test_print_shows_the_whole_map_in_light_colours(browser: Page, page: Path) -> None:
    browser.open(page, "#pair=0")
    browser.press("t")
    browser.script(
        "window.printed = 0; addEventListener('beforeprint', () => { "
        "window.printed = document.querySelector('#print-picture rect').getAttribute('fill') })"
    )
    browser.driver.execute_cdp_cmd("Page.printToPDF", {})
    browser.press("t")
    assert browser.script("return window.printed") == "rgb(255,255,255)"
    assert browser.script("return document.getElementById('print-picture').children.length") == 0


def test_light_and_dark(browser: Page, page: Path) -> None:
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    browser.open(page)
    light = browser.script(ground)
    browser.prefer("dark")
    browser.wait("document.getElementById('theme').textContent === 'Light'")
    dark = browser.script(ground)
    assert dark != light
    browser.click("#theme")
    assert browser.script(ground) == light
    browser.press("t")
    assert browser.script(ground) == dark


# ---- whom it serves --------------------------------------------------------------------------------------------------

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
    # Twice as long on a machine that is busy with other tests.
    assert browser.script("return performance.getEntriesByType('navigation')[0].loadEventEnd") < 2000
    assert browser.text("#found") == "1,000 pairs"
    assert len(row_texts(browser)) < 30  # only those in sight
    browser.press(Keys.TAB, Keys.TAB)  # nothing of it is in the way of the keys
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
    strongest = np.unravel_index(np.argmax(scores), scores.shape)
    browser.press(Keys.ESCAPE, "m")
    weight = 100 * float(scores[strongest])
    assert f"{weight:.1f} %, rank 1 of 250000 in the map" in browser.text("#said")
    browser.press("v")
    assert browser.text("#caption").endswith("The 600 strongest of 250,000 links.")
    assert browser.complaints() == []
