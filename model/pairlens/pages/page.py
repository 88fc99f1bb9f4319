"""Writes a page as one file with styles, script and data in it; its Content-Security-Policy allows nothing else.

Pages are assembled from the `.css` and `.js` files in assets/. All scripts of a page form one ES module, so a file can
use what the files before it declare. Every page has base.css and base.js.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from typing import IO, Any

Block = tuple[str, Any]

# Escapes for JSON inside a script element, so that no string can begin an HTML tag or comment.
_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def write_page(
    file: IO[bytes],
    title: str,
    body: str,
    data: Iterable[Block] = (),
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
) -> None:
    """Write a page as UTF-8.

    Args:
        file: the file to write to; see `pairlens.files.whole_file`.
        title: plain text, for the window and the page's header.
        body: trusted HTML below the header; text from elsewhere in it must be escaped with `html.escape`.
        data: (id, JSON value) of each block of data, written one by one. Scripts read them on demand with
            `readData(id)`. JSON has no NaN or infinity: give None instead.
        styles, scripts: names of files in assets/, to be added after base.css and base.js, in this order.

    Raises:
        ValueError: a block contains a number that is not finite.
    """
    style = _assets(["base.css", *styles])
    script = _assets(["base.js", *scripts])
    file.write(_HEAD.format(title=escape(title), policy=_policy(script, style), style=style, body=body).encode())
    for name, block in data:
        file.write(f'<script type="application/json" id="{escape(name)}">{_json(block)}</script>\n'.encode())
    file.write(f'<script type="module">{script}</script>\n</body>\n</html>\n'.encode())


def _json(block: Any) -> str:
    text = json.dumps(block, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)
    return text.encode("utf-8", "replace").decode()  # lone surrogates cannot be encoded


def _assets(names: Iterable[str]) -> str:
    folder = resources.files(__package__).joinpath("assets")
    return "\n" + "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def _policy(script: str, style: str) -> str:
    """The Content-Security-Policy: no requests, only this script and style, and images that the page itself creates."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_HEAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header class="page-header">
<h1>{title}</h1>
<div class="page-tools" id="page-tools"><button type="button" id="theme" class="quiet">Theme</button></div>
</header>
<noscript><p class="notice">This page needs JavaScript, which is switched off. It uses no network.</p></noscript>
{body}
"""
