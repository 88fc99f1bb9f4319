"""Where lines begin in a file."""

from __future__ import annotations

import gzip
from pathlib import Path
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from pairlens.texts import blocks
from pairlens.texts.line_index import index_lines


def test_by_hand(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes(b"1 2\n3\n\n44\n5")
    # Lines begin at bytes 0, 4, 6, 7 and 10; the last one has no end.
    assert index_lines(tmp_path / "t.txt", 2) == ([0, 6, 10], 5)
    assert index_lines(tmp_path / "t.txt", 5) == ([0], 5)
    (tmp_path / "t.txt").write_bytes(b"1 2\n3\n\n44\n")
    assert index_lines(tmp_path / "t.txt", 2) == ([0, 6], 4)
    (tmp_path / "t.txt").write_bytes(b"")
    assert index_lines(tmp_path / "t.txt", 2) == ([], 0)
    (tmp_path / "t.txt.gz").write_bytes(gzip.compress(b"1\n22\n3\n"))
    assert index_lines(tmp_path / "t.txt.gz", 1) == ([0, 2, 5], 3)


@given(lines=st.lists(st.binary(max_size=5).map(lambda b: b.replace(b"\n", b"")), max_size=40), every=st.integers(1, 9))
def test_any_lines_in_any_blocks(tmp_path_factory: object, lines: list[bytes], every: int) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "lines.txt"  # type: ignore[attr-defined]
    for end in (b"", b"\n"):
        content = b"\n".join(lines) + (end if lines else b"")
        path.write_bytes(content)
        whole = content.splitlines(keepends=True) if b"\r" not in content else None
        pieces = content.split(b"\n")
        pieces = [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
        assert whole is None or len(whole) >= len(pieces)
        starts = [sum(map(len, pieces[:i])) for i in range(0, len(pieces), every)]
        with mock.patch.object(blocks, "BLOCK_BYTES", 7):
            assert index_lines(path, every) == (starts, len(pieces))
