"""The page of attention maps in Chromium: sorting, moving, filtering and saving."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import pytest
from attention_page import row_texts, some_pairs, write
from chromium import Page
from PIL import Image
from selenium.webdriver.common.keys import Keys


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("page") / "maps.html", some_pairs())


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
    assert browser.texts("#strongest .link-words") == ["a → dog"]
    browser.press("k", "k", "k")
    assert browser.text("#pair-name") == "Pair 0"  # it is the first
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
    browser.click("#strongest li:nth-child(3) button")
    browser.press(Keys.ARROW_LEFT)  # the focus went to the map
    assert browser.text("#said").startswith("sat to dog: 50.0 %")
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
    for _ in range(100):
        if browser.text("#minimum-value") == "20.0 %":
            break
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
