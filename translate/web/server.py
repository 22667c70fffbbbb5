"""Running the application with uvicorn: bounds on connections, and a stop that lets requests finish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from translate.web.app import create_app
from translate.web.problems import MEDIA_TYPE, Problem
from translate.web.settings import ServeSettings

MAX_HEADER_BYTES = 32_000  # of a request's line and headers
HEADER_SECONDS = 10.0  # in which they have to come
IDLE_SECONDS = 15  # that a connection is kept between requests
MAX_CONNECTIONS = 1000
GRACE_SECONDS = 150  # for requests in work, when the server is told to stop


class Protocol(H11Protocol):
    """uvicorn's, with a time limit for headers, and problem documents for what is no HTTP."""

    _deadline: asyncio.TimerHandle | None = None  # for the headers that are on their way

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._limit_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._release_headers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:  # the headers are there
            self._release_headers()
        elif self._deadline is None:  # those of another request on this connection have begun
            self._limit_headers()

    def _limit_headers(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._refuse_slow_headers)

    def _release_headers(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send_400_response(self, msg: str) -> None:
        """Answer what h11 does not understand; called by uvicorn."""
        if self.conn.our_state is not h11.IDLE and self.conn.our_state is not h11.SEND_RESPONSE:
            self.transport.close()  # an answer is on its way already
            return
        self._answer(Problem("bad-request", "this is no valid HTTP, or its headers are too large"))

    def _refuse_slow_headers(self) -> None:
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._answer(Problem("too-slow", f"no complete headers came in {HEADER_SECONDS:g} seconds"))

    def _answer(self, problem: Problem) -> None:
        body = problem.body
        headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
        for event in (
            h11.Response(status_code=problem.status, headers=headers),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server(uvicorn.Server):
    """uvicorn's, which reports its address once it listens there."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[str, int], object]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            address = self.servers[0].sockets[0].getsockname()
            self._on_start(address[0], address[1])


def make_server(settings: ServeSettings, on_start: Callable[[str, int], object] = lambda host, port: None) -> Server:
    """A server that runs once its ``run`` is called, until it gets SIGINT or SIGTERM, or its ``should_exit`` is set.

    ``on_start`` is called with the address it listens at. Raises as `create_app` does.
    """
    servers: list[Server] = []
    app = create_app(settings, stopping=lambda: bool(servers) and servers[0].should_exit)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Protocol,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=settings.behind_proxy,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    servers.append(Server(config, on_start))
    return servers[0]
