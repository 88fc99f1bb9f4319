"""The report of runs in Chromium: its values on hover and by keyboard, its maps, and its safety."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from chromium import Page
from command_line import trained_project
from made_runs import make_run
from selenium.webdriver.common.keys import Keys

from pairlens.evaluation.report import report_runs
from pairlens.pages.report import write_report
from pairlens.runs.run import Run
from pairlens.scoring.scorer import Scorer

HOSTILE = ["<script>window.intruded=1</script>", "</script><img src=x onerror=window.intruded=1>", "\"'&amp;<!--"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_project(tmp_path_factory)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """Two runs, the second with a hostile name and vocabulary and attention in both directions."""
    folder = tmp_path_factory.mktemp("report")
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("".join(f"{HOSTILE[i % 3]}{i}\n" for i in range(29)))
    hostile = make_run(
        project, folder / HOSTILE[0].replace("/", "-"), data={"vocab": vocabulary}, attention={"direction": "both"}
    )
    shutil.copy(project / "run" / "metrics.jsonl", hostile / "metrics.jsonl")
    write_report(folder / "report.html", report_runs([Run.open(project / "run"), Run.open(hostile)], errors=4))
    return folder / "report.html"


def tip(browser: Page) -> str:
    return browser.script("const tip = document.querySelector('.tip'); return tip.hidden ? '' : tip.textContent")


def centre(browser: Page, selector: str, index: int = 0) -> tuple[float, float]:
    """Scroll an element into view, wait for the page to react, and return its centre on the screen."""
    code = """const element = document.querySelectorAll(arguments[0])[arguments[1]];
    element.scrollIntoView({block: 'center', behavior: 'instant'});
    return new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
        const box = element.getBoundingClientRect();
        done([box.x + box.width / 2, box.y + box.height / 2]);
    })))"""
    x, y = browser.script(code, selector, index)
    return x, y


def test_it_asks_for_nothing_complains_of_nothing_and_runs_no_foreign_script(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.script("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    browser.wait("document.querySelectorAll('.heat canvas').length === 8")
    browser.assert_harmless(page)
    assert HOSTILE[0] in browser.text("#errors").replace("-", "/")


def test_every_chart_has_words_and_a_table_for_those_who_cannot_see_it(browser: Page, page: Path) -> None:
    browser.open(page)
    charts = "[...document.querySelectorAll('svg.chart')]"
    assert browser.script(f"return {charts}.every((c) => c.getAttribute('role') === 'img' && c.ariaLabel.length > 9)")
    assert browser.script(f"return {charts}.every((c) => c.closest('figure').querySelector('.numbers table'))")
    assert browser.script(f"return {charts}.length") > 15


def test_hover_says_the_value_of_the_nearest_mark(browser: Page, page: Path) -> None:
    browser.open(page)
    x, y = centre(browser, "#scores .label-1", 19)
    browser.hover(x, y)
    assert tip(browser) == browser.script("return document.querySelectorAll('#scores .label-1')[19].dataset.tip")
    assert tip(browser).startswith("score 0.95 to 1.00\nlabel 1: ")
    box = browser.script("const b = document.querySelector('.tip').getBoundingClientRect(); return [b.x, b.right, b.y]")
    assert 0 <= box[0] < box[1] <= 1280
    browser.hover(5, 5)
    assert tip(browser) == ""


def test_arrows_step_along_a_chart(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.script("document.querySelector('#learning svg').focus()")
    first, second = browser.script(
        "return [...document.querySelectorAll('#learning svg [data-tip]')].slice(0, 2).map((mark) => mark.dataset.tip)"
    )
    browser.press(Keys.ARROW_RIGHT)
    assert tip(browser) == first
    browser.press(Keys.ARROW_RIGHT)
    assert tip(browser) == second == browser.script("return document.querySelector('[role=status].unseen').textContent")
    browser.press(Keys.ARROW_LEFT)
    assert tip(browser) == first
    browser.press(Keys.ESCAPE)
    assert tip(browser) == ""


def test_a_worst_pair_opens_its_map(browser: Page, page: Path, project: Path) -> None:
    browser.open(page)
    browser.click("#errors summary")
    browser.wait("document.querySelector('#errors .heat canvas')?.width > 0")
    run = Run.open(project / "run")
    (report,) = report_runs([run], errors=1)
    query, value = report.attentions[0].query.tolist(), report.attentions[0].value.tolist()
    scores = Scorer(run.config(), run.weights(run.config())).attend([query], [value])[0].scores
    browser.script("document.querySelector('#errors .heat').focus()")
    browser.press(Keys.ARROW_DOWN)  # the first cell
    text = browser.text("#errors .map-tools p")
    rank = 1 + int(np.sum(scores > scores[0, 0]))
    weight = f"{100 * scores[0, 0]:.1f} %"
    assert text in (f"word{query[0]} → word{value[0]}: {weight}, rank {rank}", text if scores[0, 0] < 1e-3 else "")
    x, y = centre(browser, "#errors .heat canvas")
    browser.hover(x, y)
    assert browser.text("#errors .map-tools p").startswith("word")


def test_both_directions_and_both_themes(browser: Page, page: Path) -> None:
    browser.open(page)
    maps = [browser.script(f"return JSON.parse(document.getElementById('map-1-{i}').textContent)") for i in range(4)]
    unequal = next(i for i, one in enumerate(maps) if len(one["query"]) != len(one["value"]))
    pair = f"#errors details[data-map='map-1-{unequal}']"
    browser.click(f"{pair} summary")
    browser.wait(f'document.querySelectorAll("{pair} button").length')
    buttons = browser.texts(f"{pair} button")
    assert buttons == ["query → value", "value → query"]
    pixels = f'document.querySelector("{pair} canvas").toDataURL()'
    browser.wait("new Promise(requestAnimationFrame)")
    first = browser.script(f"return {pixels}")
    browser.click(f"{pair} button:last-of-type")
    browser.wait("new Promise(requestAnimationFrame)")
    assert "Rows: words of the value" in browser.text(f"{pair} .map-tools p")
    other = browser.script(f"return {pixels}")
    assert other != first
    browser.click("#theme")
    browser.wait("new Promise(requestAnimationFrame)")
    assert browser.script(f"return {pixels}") not in (first, other)
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_wider_than_the_window(browser: Page, page: Path, width: int) -> None:
    browser.open(page)
    browser.resize(width, 900)
    browser.script("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    browser.wait("document.querySelectorAll('.heat canvas').length === 8")
    assert browser.script("return document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_enough_contrast(browser: Page, page: Path, scheme: str) -> None:
    browser.open(page)
    browser.prefer(scheme)
    ratios = browser.script("""
        const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
        const light = (colour) => {
            pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((c) =>
                c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const contrast = (one, other) => {
            const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
        };
        const paper = getComputedStyle(document.documentElement).backgroundColor;
        const cell = document.querySelector("td.shade");
        const found = {};
        for (let shade = 0; shade < 8; shade++) {
            cell.className = `number shade h${shade}`;
            found[`h${shade}`] = contrast(getComputedStyle(cell).color, getComputedStyle(cell).backgroundColor);
        }
        for (const text of document.querySelectorAll("svg.chart text, figcaption p, .badge, .muted")) {
            const style = getComputedStyle(text);
            const badge = text.classList.contains("badge");
            const ink = text.closest("svg") ? style.fill : style.color;
            const name = `${text.tagName} ${text.className.baseVal ?? text.className}`;
            found[name] = contrast(ink, badge ? style.backgroundColor : paper);
        }
        return found;""")
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    assert len(ratios) > 12


def test_on_paper(browser: Page, page: Path) -> None:
    browser.open(page)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for selector in (".contents", "#theme", ".numbers summary"):
            assert not browser.find(selector).is_displayed()
        assert browser.find("#scores svg").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
