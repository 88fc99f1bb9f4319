"""Fonts that were installed after Matplotlib made its font list are found."""

from __future__ import annotations

import pytest
from matplotlib import font_manager

from pairlens.attention import fonts


@pytest.fixture(autouse=True)
def _forget() -> None:
    for cached in (fonts._families, fonts._characters, fonts._add_new_fonts):
        cached.cache_clear()


def test_a_font_that_is_not_in_the_list_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """DejaVu Serif plays the new font: no other family in the shortened list has the character."""
    listed = font_manager.fontManager.ttflist
    first = [font for font in listed if font.name == "DejaVu Sans" and font.style == "normal"]
    new = next(f.fname for f in listed if (f.name, f.style, f.weight) == ("DejaVu Serif", "normal", 400))
    monkeypatch.setattr(font_manager.fontManager, "ttflist", first)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [new])
    monkeypatch.setattr(fonts, "_characters", _characters)
    assert fonts.fonts_for("aX") == (["DejaVu Sans", "DejaVu Serif"], set())


def _characters(family: str) -> frozenset[int]:
    return frozenset({ord("X")} if family == "DejaVu Serif" else {ord("a")})


_characters.cache_clear = lambda: None  # type: ignore[attr-defined]
