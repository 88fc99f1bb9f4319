"""A page that is one file: styles, script and data stand in it, and its policy lets nothing else in.

The files beside this one, plain `.css` and `.js`, are what a page is made of. All scripts of a page are one ES module:
what one file declares at its top, the files after it can use. Every page has base.css and base.js.
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

# As JSON inside a script element: neither a tag nor a comment of HTML can begin in it, whatever the strings say.
_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def write_page(
    file: IO[bytes],
    title: str,
    body: str,
    data: Iterable[Block] = (),
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
) -> None:
    """Writes a page as UTF-8; it is whole when this returns.

    Args:
        file: where to; see `pairlens.files.whole_file`.
        title: plain text, for the window and the page's header.
        body: HTML of our own to go below the header; text from elsewhere in it must have gone through `html.escape`.
        data: (id, what JSON can hold) of each block of data, written one by one as they come. Scripts read them with
            `readData(id)`, only when they need them. Numbers that are not finite are not JSON: give None instead.
        styles, scripts: names of files of this package, to stand after base.css and base.js, in this order.

    Raises:
        ValueError: a block holds a number that is not finite.
    """
    style = _assets(["base.css", *styles])
    script = _assets(["base.js", *scripts])
    file.write(_HEAD.format(title=escape(title), policy=_policy(script, style), style=style, body=body).encode())
    for name, block in data:
        file.write(f'<script type="application/json" id="{escape(name)}">{_json(block)}</script>\n'.encode())
    file.write(f'<script type="module">{script}</script>\n</body>\n</html>\n'.encode())


def _json(block: Any) -> str:
    text = json.dumps(block, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)
    return text.encode("utf-8", "replace").decode()  # a lone surrogate has no UTF-8


def _assets(names: Iterable[str]) -> str:
    folder = resources.files(__package__).joinpath("assets")
    return "\n" + "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def _policy(script: str, style: str) -> str:
    """No request to anywhere; only this script and this style; images that the page itself draws."""
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
<noscript><p class="notice">This page draws with JavaScript, which is switched off. It needs no network.</p></noscript>
{body}
"""
