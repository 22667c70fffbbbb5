"""A web server on this machine whose answers a test decides, and which it may make lie."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(answers: dict[str, Answer]) -> Iterator[str]:
    """The URL of a server that answers GET by path, without a trailing slash; other paths are not found."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.get(self.path, lambda handler: handler.send_error(404))(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the client hung up, as it should on a liar
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def send(content: bytes, *, headers: dict[str, str] | None = None, stop_after: int | None = None) -> Answer:
    """Answer with ``content``, or the part of it that is requested; ``stop_after``: hang up after so many bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        first = int((handler.headers.get("Range") or "bytes=0-")[len("bytes=") : -1])
        if first >= len(content):
            handler.send_error(416)
            return
        handler.send_response(206 if first else 200)
        given = {"Content-Length": str(len(content) - first), "Accept-Ranges": "bytes"}
        if first:
            given["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        given |= headers or {}
        for name, value in given.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content[first:][:stop_after])

    return answer


def without_ranges(content: bytes, *, stop_after: int | None = None, length: int | None = None) -> Answer:
    """Answer with ``content``, whatever part is requested; ``length``: what the header says."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content[:stop_after])

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Send bytes until the client hangs up."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(1 << 16))


def redirect(to: str) -> Answer:
    """Send the client elsewhere."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer
