"""A real S3 server on this machine, moto's, with a proxy in front that injects faults and counts requests."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

Respond = Callable[..., Any]

KEYS = {
    "AWS_ACCESS_KEY_ID": "an-access-key",
    "AWS_SECRET_ACCESS_KEY": "a-secret-key",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Bucket:
    """The server, as a WSGI application around moto's, and its bucket `data`.

    Attributes:
        rate: the share of requests with a fault.
        served: the bytes of objects sent.
        requests: the number of requests by method.
        faults: the number of injected faults by kind.
        before: called with the environment of each request before it is answered.
        loses: whether the answer to a request is lost.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        self._s3 = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.calm()

    def calm(self) -> None:
        """No faults from now on, and counts from zero."""
        self.rate, self.served = 0.0, 0
        self._random = random.Random(0)
        self.requests: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.before: Callable[[dict[str, Any]], None] = lambda _: None
        self.loses: Callable[[dict[str, Any]], bool] = lambda _: False

    def misbehave(self, rate: float, seed: int = 0) -> None:
        self.rate, self._random = rate, random.Random(seed)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # ---- content, without a request -------------------------------------------------------------------------------

    @property
    def _keys(self) -> Any:
        from moto.s3.models import s3_backends

        return s3_backends["123456789012"]["aws"].buckets["data"]

    def empty(self) -> None:
        from moto.s3.models import s3_backends

        backend = s3_backends["123456789012"]["aws"]
        backend.reset()
        backend.create_bucket("data", "us-east-1")

    def put(self, key: str, content: bytes) -> None:
        from moto.s3.models import s3_backends

        s3_backends["123456789012"]["aws"].put_object("data", key, content)

    def get(self, key: str) -> bytes:
        return bytes(self._keys.keys[key].value)

    def names(self) -> set[str]:
        return set(self._keys.keys)

    def unfinished(self) -> int:
        """The number of uploads that have parts, which cost money, and were neither finished nor removed."""
        return sum(len(upload.partlist) > 0 for upload in self._keys.multiparts.values())

    # ---- requests ------------------------------------------------------------------------------------------------

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        self.requests[environ["REQUEST_METHOD"]] += 1
        self.before(environ)
        kind = ""
        if self._random.random() < self.rate:
            kind = self._random.choice(["500", "503", "refused", "cut", "lost", "slow"])
            self.faults[kind] += 1
        if kind in ("500", "503"):
            return self._fail(environ, respond, kind)
        if kind == "refused":
            hang_up(environ)
        if kind == "slow":
            time.sleep(0.2)
        content = b"".join(self._s3(environ, respond))
        self.served += len(content)
        if kind == "lost" or self.loses(environ):
            hang_up(environ)
        return cut(environ, content) if kind == "cut" and content else [content]

    def _fail(self, environ: dict[str, Any], respond: Respond, status: str) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        code = {"500": "InternalError", "503": "SlowDown"}[status]
        respond(f"{status} Failure", [("Content-Type", "application/xml")])
        return [f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>".encode()]


def hang_up(environ: dict[str, Any]) -> NoReturn:
    with suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError  # which the server passes over


def cut(environ: dict[str, Any], content: bytes) -> Iterator[bytes]:
    """Half of an answer, and then no connection."""
    yield content[: len(content) // 2]
    hang_up(environ)


@contextmanager
def serving() -> Iterator[Bucket]:
    bucket = Bucket()
    try:
        yield bucket
    finally:
        bucket.stop()
