"""Files of web servers: with and without ranges, over connections that break, with signatures that stay secret."""

from __future__ import annotations

import gzip
import random

import pytest
from web_server import Web

from pairlens.errors import DataError
from pairlens.locations.location import location
from pairlens.texts.blocks import read_blocks
from pairlens.texts.split_paths import split_paths

CONTENT = random.Random(1).randbytes(1_500_000)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("start", [0, 1, 999_999, 1_500_000, 1_600_000])
def test_blocks_are_those_from_any_byte_on(web: Web, ranges: bool, start: int) -> None:
    web.ranges, web.files = ranges, {"/a/k": CONTENT, "/a/k.gz": gzip.compress(CONTENT, 1)}
    assert b"".join(read_blocks(location(f"{web.url}/a/k"), start=start)) == CONTENT[start:]
    assert b"".join(read_blocks(location(f"{web.url}/a/k.gz"), start=start)) == CONTENT[start:]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_is_continued(web: Web, ranges: bool) -> None:
    """At the byte reached; without ranges, the file is sent from its beginning, and what is known is skipped."""
    web.ranges, web.files, web.breaks = ranges, {"/k": CONTENT}, [0, 400_000, 1, 400_001]
    assert b"".join(read_blocks(location(f"{web.url}/k"))) == CONTENT
    asked = [int(given.removeprefix("bytes=").removesuffix("-") or 0) for *_, given in web.requests]
    assert len(asked) == 5
    assert asked == sorted(asked)
    assert asked[2] > 0


def test_passing_faults_are_tried_again(web: Web) -> None:
    web.files = {"/k": CONTENT}
    web.status = [500, 503, 429]
    assert b"".join(read_blocks(location(f"{web.url}/k"))) == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_another_version_is_noticed_when_reading_is_continued(web: Web, ranges: bool) -> None:
    web.ranges, web.files, web.tags, web.breaks = ranges, {"/k": CONTENT}, {"/k": '"1"'}, [400_000]
    with location(f"{web.url}/k").open("rb") as file:
        file.read(1000)
        web.tags = {"/k": '"2"'}
        with pytest.raises(DataError, match="changed while it was read"):
            file.read()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "No such file or directory"),
        (403, "permission denied; check the credentials"),
        (401, "permission denied; check the credentials"),
        (418, "cannot be reached (status 418)"),
    ],
)
def test_a_refusal_is_one_line(web: Web, status: int, message: str) -> None:
    web.files, web.status = {"/k": b""}, [status] * 9
    address = location(f"{web.url}/k?signature=secret")
    with pytest.raises(DataError) as error:
        list(read_blocks(address))
    assert str(error.value) == f"{web.url}/k: {message}"


def test_no_server(web: Web) -> None:
    with pytest.raises(DataError) as error:
        list(read_blocks(location("http://127.0.0.1:9/k?signature=secret")))
    assert str(error.value).startswith("http://127.0.0.1:9/k: cannot be reached (ConnectionRefusedError")
    assert "secret" not in str(error.value)


def test_a_signature_is_sent_with_every_request(web: Web) -> None:
    web.files, web.query = {"/d/t.query.txt": b"1\n", "/d/t.value.txt.gz": b""}, "signature=secret"
    found = split_paths(location(f"{web.url}/d/t?signature=secret"))
    assert str(found.query) == f"{web.url}/d/t.query.txt"
    assert str(found.value) == f"{web.url}/d/t.value.txt.gz"
    assert found.label is None
    assert all(path.endswith("?signature=secret") for _, path, _ in web.requests)
    assert found.query.read_text() == "1\n"


def test_a_server_that_denies_what_it_has_not(web: Web) -> None:
    """As buckets do over HTTP; a file that has to be there is denied when it is read."""
    web.files = {"/t.query.txt": b"1\n", "/t.value.txt": b"1\n"}
    web.denies = True
    assert split_paths(location(f"{web.url}/t")).label is None
    assert not location(f"{web.url}/none").exists()
    with pytest.raises(DataError, match="permission denied"):
        location(f"{web.url}/none").read_bytes()


def test_nothing_is_listed(web: Web) -> None:
    """A page of a web server is no folder, whatever its links are."""
    web.files = {"/d": b"<a href='k'>k</a>", "/d/": b"<a href='k'>k</a>"}
    assert not location(f"{web.url}/d").is_dir()
    assert list(location(f"{web.url}/d").iterdir()) == []
