"""Which files belong together when queries and values are in several parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.errors import DataError
from pairlens.jobs.input_files import find_parts, find_text_parts


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(parts: tuple[tuple[Path, ...], ...]) -> list[tuple[str, ...]]:
    return [tuple(path.name for path in part) for part in parts]


def test_two_files_need_no_corresponding_names(tmp_path: Path) -> None:
    assert find_text_parts(Path("a"), Path("b")) == ((Path("a"), Path("b")),)
    touch(tmp_path, "x1.txt", "y2.txt")
    assert names(find_text_parts(tmp_path / "x*", tmp_path / "y*")) == [("x1.txt", "y2.txt")]


def test_patterns_and_directories_are_sorted(tmp_path: Path) -> None:
    touch(tmp_path, *(f"p/{i}.{side}.txt.gz" for i in ("b", "a", "10", "9") for side in ("query", "value")))
    expected = [(f"{i}.query.txt.gz", f"{i}.value.txt.gz") for i in ("10", "9", "a", "b")]
    assert names(find_text_parts(tmp_path / "p/*.query.txt.gz", tmp_path / "p/*.value.txt.gz")) == expected
    touch(tmp_path, "q/1.query.txt", "q/2.query.txt", "v/1.value.txt", "v/2.value.txt", "v/.hidden", "v/below/x")
    assert names(find_text_parts(tmp_path / "q", tmp_path / "v")) == [
        ("1.query.txt", "1.value.txt"),
        ("2.query.txt", "2.value.txt"),
    ]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path, "[a]*.txt", "ab.txt")
    assert find_parts(tmp_path / "[a]*.txt") == [tmp_path / "[a]*.txt"]
    assert find_parts(tmp_path / "a*.txt") == [tmp_path / "ab.txt"]


@pytest.mark.parametrize(
    ("query", "value"),
    [("[12].query", "[12].value"), ("a[b]", "c[d]"), ("qs", "vs"), ("?.query", "?.value")],
)
def test_names_that_correspond(tmp_path: Path, query: str, value: str) -> None:
    for i in (1, 2):
        touch(
            tmp_path, f"{i}.query", f"{i}.value", f"a[b]/{i}", f"c[d]/{i}", f"qs/{i}.queries.txt", f"vs/{i}.values.txt"
        )
    assert len(find_text_parts(tmp_path / query, tmp_path / value)) == 2


def test_one_directory_is_not_both_sides(tmp_path: Path) -> None:
    touch(tmp_path, "1.query.txt", "1.value.txt")
    with pytest.raises(DataError, match="has the queries and the values; give a pattern for each"):
        find_text_parts(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["1.q", "2.q", "1.v"], "2.q: has no counterpart in {}/*.v; every part needs a file of queries and of values"),
        (["1.q", "1.v", "2.v"], "2.v: has no counterpart in {}/*.q; "),
        (["1.q", "3.q", "1.v", "2.v"], "3.q: would be paired with {}/2.v; give parts corresponding names"),
        (["1.v", "2.v"], "*.q: no file matches"),
    ],
)
def test_names_that_do_not_pair_up(tmp_path: Path, files: list[str], message: str) -> None:
    touch(tmp_path, *files)
    with pytest.raises(DataError) as error:
        find_text_parts(tmp_path / "*.q", tmp_path / "*.v")
    assert str(error.value).startswith(f"{tmp_path}/{message.format(tmp_path)}")


def test_an_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the directory has no files"):
        find_parts(tmp_path)
