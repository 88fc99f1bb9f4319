"""Fixtures: an S3 server for all tests of a process, and its empty bucket `data` for each test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from buckets import KEYS, Bucket, serving
from web_server import Web, web_server


@pytest.fixture(scope="session")
def server() -> Iterator[Bucket]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with serving() as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """The bucket `data`; drivers wait no longer than 10 ms before further attempts."""
    for name, value in (KEYS | {"AWS_ENDPOINT_URL": server.url}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    monkeypatch.setattr("pairlens.locations.driver._FIRST_WAIT", 0.005)
    server.empty()
    server.calm()
    yield server
    server.calm()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setattr("pairlens.locations.driver._FIRST_WAIT", 0.005)
    with web_server() as server:
        yield server
