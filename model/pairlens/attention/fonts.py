"""Find installed fonts that have all characters of a text."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from functools import lru_cache

_FIRST = "DejaVu Sans"  # comes with matplotlib


def fonts_for(text: str) -> tuple[list[str], set[str]]:
    """Return font families that together cover a text, the default first; and the scripts that no font covers, such as
    `Devanagari`."""
    families, lacking = _found_for(text)
    if lacking and _add_new_fonts():
        families, lacking = _found_for(text)
    return families, {_script(c) for c in lacking}


def _found_for(text: str) -> tuple[list[str], set[str]]:
    """Return families as `fonts_for` does, and the characters that no font has."""
    first, *others = _families()
    families = [first]
    lacking = {c for c in text if not c.isspace() and ord(c) not in _characters(first)}
    for family in others:
        if found := {c for c in lacking if ord(c) in _characters(family)}:
            lacking -= found
            families.append(family)
    return families, lacking


@lru_cache(maxsize=1)
def _add_new_fonts() -> bool:
    """Tell Matplotlib about fonts installed after it made its list; return False if there are none."""
    from matplotlib import font_manager

    known = {font.fname for font in font_manager.fontManager.ttflist}
    new = [path for path in font_manager.findSystemFonts() if path not in known]
    for path in new:
        with suppress(OSError, RuntimeError):  # not a font, or one that FreeType cannot read
            font_manager.fontManager.addfont(path)
    _families.cache_clear()
    _characters.cache_clear()
    return bool(new)


@lru_cache(maxsize=1)
def _families() -> list[str]:
    """Installed families with an upright font of normal weight: the default first, then sans-serif, then others."""
    from matplotlib import font_manager

    upright = [font for font in font_manager.fontManager.ttflist if font.style == "normal" and font.weight == 400]
    names = {font.name for font in upright if not font.name.startswith("Last Resort")}  # has a box for every character
    return sorted(names, key=lambda name: (name != _FIRST, "Sans" not in name, "Mono" in name, name))


@lru_cache(maxsize=256)
def _characters(family: str) -> frozenset[int]:
    from matplotlib import font_manager

    path = font_manager.findfont(font_manager.FontProperties(family=[family]))
    return frozenset(font_manager.get_font(path).get_charmap())


def _script(character: str) -> str:
    """The first word of a character's Unicode name, which is its script unless it is a symbol."""
    name = unicodedata.name(character, "")
    return name.split()[0].capitalize() if name else f"U+{ord(character):04X}"
