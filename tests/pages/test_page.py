"""Pages as files: their data can be read back, cannot break out of its element, and makes no request."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.pages.page import write_page

texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["</script>", "<!--<script>", "]]>", "\u2028"]
)
blocks = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


class Elements(HTMLParser):
    """The elements of a page: (name, attributes, text)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)


def page(title: str = "Title", body: str = "", data: Any = ()) -> str:
    file = io.BytesIO()
    write_page(file, title, body, data)
    return file.getvalue().decode()


@given(texts, blocks)
def test_data_comes_back_and_stays_in_its_place(title: str, block: Any) -> None:
    elements = Elements(page(title, "<p>body", [("one", block), ("two", 2)])).found
    plain = Elements(page("Title", "<p>body", [("one", 1), ("two", 2)])).found
    assert [tag for tag, _, _ in elements] == [tag for tag, _, _ in plain]
    found = {attributes["id"]: text for tag, attributes, text in elements if tag == "script" and "id" in attributes}
    assert json.loads(found["one"]) == block
    assert json.loads(found["two"]) == 2


def test_the_policy_names_the_styles_and_the_script_that_are_there() -> None:
    text = page(data=[("data", "x")])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", 'script type="module"'):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag.split()[0]}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag.split()[0]}-src 'sha256-{digest}';" in policy


def test_a_lone_surrogate_does_not_stop_a_page() -> None:
    assert '<script type="application/json" id="data">"?"</script>' in page(data=[("data", "\ud800")])


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        page(data=[("data", float("nan"))])
