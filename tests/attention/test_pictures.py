"""Pictures: their words and numbers, the parts that are cut, and the fonts that they need."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.image import imread

from pairlens.attention import fonts
from pairlens.attention.fonts import fonts_for
from pairlens.attention.pictures import PairMap, existing_pictures, numbered, write_picture
from pairlens.scoring.maps import PairAttention

HOSTILE = ["<script>", "</text>&amp;", "$x^2$", "a\x1b[2J", "\u202eabc", "100%", "naïve", "学习", "שלום", "a" * 99]


def pair_of(Tq: int, Tv: int, both: bool = False, number: int = 5) -> PairMap:
    random = np.random.default_rng(Tq + Tv)
    scores, value_scores = random.random((Tq, Tv)), random.random((Tv, Tq))
    scores[Tq // 2, Tv // 2] = 2  # the strongest
    ids = np.arange(Tq, dtype=np.int32), np.arange(Tv, dtype=np.int32)
    return PairMap(number, PairAttention(*ids, scores.astype("f4"), value_scores.astype("f4") if both else None), 0.25)


def texts(path: Path) -> list[str]:
    """The text elements of an SVG."""
    root = ElementTree.parse(path).getroot()
    return ["".join(node.itertext()).strip() for node in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_formats(tmp_path: Path, suffix: str, magic: bytes) -> None:
    written = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}{suffix}"
        assert write_picture(path, [pair_of(3, 4)], None) == set()
        written.append(path.read_bytes())
    assert written[0].startswith(magic)
    assert written[0] == written[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a{suffix}", f"b{suffix}"]


def test_words_numbers_and_the_score(tmp_path: Path) -> None:
    scores = np.array([[0.25, 0.75], [1.0, 0.0]], np.float32)
    pair = PairMap(7, PairAttention(np.array([0, 1], np.int32), np.array([2, 3], np.int32), scores), 0.87654)
    write_picture(tmp_path / "maps.svg", [pair], ["car", "drives", "an", "automobile"])
    found = texts(tmp_path / "maps.svg")
    assert {"pair 7  score 0.8765", "← query attends to", "value →", "attention score"} <= set(found)
    assert [text for text in found if text in {"car", "drives", "an", "automobile"}] == [
        "an",
        "automobile",
        "car",
        "drives",
    ]
    assert {"25", "75", "100"} <= set(found)
    assert "0" not in found  # cells of weight 0 have no number


def test_both_directions_are_two_maps(tmp_path: Path) -> None:
    write_picture(tmp_path / "maps.svg", [pair_of(3, 2, both=True)], None)
    found = texts(tmp_path / "maps.svg")
    assert found.count("pair 5  score 0.2500") == 2
    assert {"← query attends to", "value →", "← value attends to", "query →"} <= set(found)


def test_markup_in_words_has_no_effect(tmp_path: Path) -> None:
    missing = write_picture(tmp_path / "maps.svg", [pair_of(10, 10)], HOSTILE)
    assert missing <= {"Cjk", "Hebrew"}  # if no such font is installed
    found = texts(tmp_path / "maps.svg")  # the SVG is well-formed
    shown = [
        "<script>",
        "</text>&amp;",
        "$x^2$",
        "a\\x1b[2J",
        "\\u202eabc",
        "100%",
        "naïve",
        "学习",
        "שלום",
        "a" * 19 + "…",
    ]
    for word in shown:
        assert found.count(word) == 2, word


def test_long_texts_are_shown_around_the_strongest_score(tmp_path: Path) -> None:
    write_picture(tmp_path / "maps.svg", [pair_of(200, 150)], None)
    (rows,) = [text for text in texts(tmp_path / "maps.svg") if "attends to" in text]
    first, last = map(int, re.findall(r"← query \(positions (\d+)–(\d+) of 200\)", rows)[0])
    assert last - first == 59
    assert first <= 100 <= last


@pytest.mark.parametrize(("Tq", "Tv"), [(0, 3), (3, 0), (0, 0), (1, 1)])
def test_tiny_maps(tmp_path: Path, Tq: int, Tv: int) -> None:
    ids = np.arange(Tq, dtype=np.int32), np.arange(Tv, dtype=np.int32)
    pair = PairMap(0, PairAttention(*ids, np.ones((Tq, Tv), np.float32)), 0.5)
    write_picture(tmp_path / "maps.svg", [pair], None)
    assert "pair 0  score 0.5000" in texts(tmp_path / "maps.svg")


def test_the_size_follows_the_number_of_tokens(tmp_path: Path) -> None:
    shapes = []
    for Tq, Tv in ((4, 4), (4, 40), (40, 4)):
        write_picture(tmp_path / "maps.png", [pair_of(Tq, Tv)], None)
        shapes.append(imread(tmp_path / "maps.png").shape[:2])
    (height, width), (_, wide), (high, _) = shapes
    # 36 more cells of 0.3 inches each at 200 dots per inch are 2160 dots.
    assert wide - width == pytest.approx(2160, rel=0.15)
    assert high - height == pytest.approx(2160, rel=0.15)


def test_a_grid(tmp_path: Path) -> None:
    pairs = [pair_of(3, 3, number=number) for number in range(7)]
    write_picture(tmp_path / "maps.svg", pairs, None)
    titles = [text for text in texts(tmp_path / "maps.svg") if text.startswith("pair ")]
    assert titles == [f"pair {number}  score 0.2500" for number in range(7)]


def test_names_of_several(tmp_path: Path) -> None:
    path = tmp_path / "my.maps[1].png"
    assert numbered(path, 12) == tmp_path / "my.maps[1]-12.png"
    for name in ("my.maps[1]-12.png", "my.maps[1]-5.png", "my.maps[1]-x.png", "my.maps1-3.png", "my.maps[1].png"):
        (tmp_path / name).touch()
    assert [p.name for p in existing_pictures(path)] == ["my.maps[1]-5.png", "my.maps[1]-12.png"]


# ---- fonts -----------------------------------------------------------------------------------------------------------


def test_fonts_are_added_for_missing_characters() -> None:
    assert fonts_for("word") == (["DejaVu Sans"], set())
    assert fonts_for("") == (["DejaVu Sans"], set())
    families, missing = fonts_for("word \ue123 \u0d05")  # private use, Malayalam
    assert families[0] == "DejaVu Sans"
    assert missing <= {"U+E123", "Malayalam"}


def test_a_script_without_a_font_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_families", lambda: ["DejaVu Sans"])
    pair = pair_of(3, 3)
    assert write_picture(tmp_path / "maps.png", [pair], ["हिन्दी", "学习", "word"]) == {"Cjk", "Devanagari"}


def test_fonts_are_chosen_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    has = {"DejaVu Sans": "ab", "Useless": "b", "Two": "cd", "Three": "de"}
    monkeypatch.setattr(fonts, "_families", lambda: list(has))
    monkeypatch.setattr(fonts, "_characters", lambda family: frozenset(map(ord, has[family])))
    assert fonts_for("ad") == (["DejaVu Sans", "Two"], set())
    assert fonts_for("ce") == (["DejaVu Sans", "Two", "Three"], set())
    assert fonts_for("bz") == (["DejaVu Sans"], {"Latin"})
