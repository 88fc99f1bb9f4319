"""A web server of files in memory, with or without ranges, whose connections break and which may want a signature."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """The server's files by path, and how it treats requests.

    Attributes:
        ranges: whether a range of a file can be asked for.
        breaks: after how many bytes the connection of the next answers breaks, each of which uses one up.
        status: the statuses of the next answers, each of which uses one up.
        query: what a request must have after `?`.
        denies: whether the status of a missing file is 403.
        requests: every request: method, path with query, range.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.ranges, self.query = True, ""
        self.breaks: list[int] = []
        self.denies = False
        self.status: list[int] = []
        self.requests: list[tuple[str, str, str]] = []
        self.url = ""


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_HEAD(self) -> None:
            self._answer(b"")

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, body: bytes | None) -> None:
            asked = self.headers.get("Range", "")
            web.requests.append((self.command, self.path, asked))
            path, _, query = self.path.partition("?")
            if web.status:
                self.send_error(web.status.pop(0))
                return
            if path not in web.files or query != web.query:
                self.send_error(404 if path not in web.files and not web.denies else 403)
                return
            content, start = web.files[path], 0
            if asked and web.ranges:
                start = int(asked.removeprefix("bytes=").partition("-")[0])
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            if path in web.tags:
                self.send_header("ETag", web.tags[path])
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if body is None:
                self.wfile.write(content[start:][: web.breaks[0] if web.breaks else None])
                if web.breaks:
                    time.sleep(0.1)  # what a client has not read when the connection breaks, it may lose
                    web.breaks.pop(0)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    web.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
