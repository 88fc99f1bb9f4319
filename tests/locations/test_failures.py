"""What cannot be reached, read or written: one line that names the location, in exit code 2, without a secret."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from buckets import KEYS, Bucket

from pairlens.errors import DataError, UsageError
from pairlens.locations import driver
from pairlens.locations.location import location
from pairlens.texts.blocks import read_blocks


def fails(text: str) -> str:
    """The message of reading a location, which is one line."""
    with pytest.raises(UsageError) as error:
        list(read_blocks(location(text)))
    message = str(error.value)
    assert error.value.exit_code == 2
    assert "\n" not in message
    assert not [secret for secret in KEYS.values() if secret in message], message
    return message


def answering(status: str, code: str) -> Any:
    """An answer of S3 to every request."""

    def answer(environ: dict[str, Any], respond: Any) -> list[bytes]:
        respond(f"{status} Failure", [("Content-Type", "application/xml")])
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        return [f"<Error><Code>{code}</Code><Message>of an-access-key and a-secret-key</Message></Error>".encode()]

    return answer


def test_a_file_that_is_missing(bucket: Bucket) -> None:
    assert fails("s3://data/none") == "s3://data/none: No such file or directory"


def test_a_bucket_that_is_missing(bucket: Bucket) -> None:
    assert fails("s3://none-such/k") == "s3://none-such/k: there is no such bucket"


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "ExpiredToken", "SignatureDoesNotMatch"])
def test_a_file_that_may_not_be_read(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(bucket, "_s3", answering("403", code))
    message = fails("s3://data/k")
    assert message.startswith("s3://data/k: permission denied (")
    assert message.endswith("; check the credentials")


@pytest.fixture
def new_driver() -> Iterator[None]:
    """A driver of the test's own, for other settings than all others share."""
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    yield
    S3FileSystem.clear_instance_cache()


def test_no_credentials(bucket: Bucket, new_driver: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fails("s3://data/k").startswith("s3://data/k: no credentials were found")


def test_no_network(bucket: Bucket, new_driver: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert fails("s3://data/k").startswith("s3://data/k: cannot be reached (EndpointConnectionError: ")


def test_a_server_that_always_fails(bucket: Bucket) -> None:
    """The driver makes all attempts; they are not multiplied by ours."""
    bucket.loses = lambda _: True
    assert fails("s3://data/k").startswith("s3://data/k: cannot be reached (ConnectionClosedError")
    assert bucket.requests.total() <= 20


def test_a_server_that_does_not_answer(bucket: Bucket, new_driver: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "READ_TIMEOUT", 0.1)
    monkeypatch.setattr(driver, "ATTEMPTS", 2)
    bucket.put("k", b"")
    bucket.before = lambda _: time.sleep(0.3)
    assert fails("s3://data/k").startswith("s3://data/k: cannot be reached (ReadTimeoutError")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gs://b/none", "gs://b/none: needs gcsfs, which is not installed: pip install gcsfs"),
        ("az://b/none", "az://b/none: needs adlfs, which is not installed: pip install adlfs"),
        ("no-such-thing://b/none", "no-such-thing://b/none: there is no driver for no-such-thing://"),
    ],
)
def test_a_driver_that_is_missing(text: str, message: str) -> None:
    assert fails(text).startswith(message)


@pytest.mark.parametrize(
    ("text", "missing", "message"),
    [
        ("s3://b/none", {"s3fs"}, "s3://b/none: needs s3fs, which is not installed: pip install 'pairlens[s3]'"),
        (
            "s3://b/none",
            {"s3fs", "fsspec"},
            "fsspec and s3fs, which are not installed: pip install 'pairlens[s3]'",
        ),
        ("https://h/none", {"aiohttp"}, "needs aiohttp, which is not installed: pip install 'pairlens[https]'"),
        ("gs://b/none", {"fsspec"}, "gs://b/none: needs fsspec, which is not installed: pip install fsspec"),
    ],
)
def test_an_extra_that_is_missing(text: str, missing: set[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairlens.packages.find_spec", lambda name: None if name in missing else object())
    assert message in fails(text)


def test_attempts_end_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    attempts = 0

    def work() -> None:
        nonlocal attempts
        attempts += 1
        raise OSError(errno.EIO, "passing")

    with pytest.raises(DataError, match="x://y: cannot be reached"):
        driver.retried("x://y", work)
    assert attempts == driver.ATTEMPTS == len(waits) + 1
    assert all(0 <= wait <= 0.2 * 2**attempt for attempt, wait in enumerate(waits, start=1))
    monkeypatch.setattr(driver, "PATIENCE", -1)
    with pytest.raises(DataError):
        driver.retried("x://y", work)
    assert attempts == driver.ATTEMPTS + 1
