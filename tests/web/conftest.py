"""Servers in this process, on small styles: called directly, and on a loopback port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from translate.web.app import create_app
from translate.web.server import Server, make_server
from translate.web.settings import ServeSettings

Serve = Callable[..., TestClient]
StartServer = Callable[..., tuple[Server, int]]
BASE = "http://localhost"


@pytest.fixture
def serve(tiny_style: Path, season_style: Path) -> Iterator[Serve]:
    """Start a server with the styles `tiny` and `season`, whose other settings may be given; returns its client."""
    with ExitStack() as running:

        def start(*, stopping: Callable[[], bool] = lambda: False, **changes: object) -> TestClient:
            given = {"styles": {"tiny": tiny_style, "season": season_style}, "device": "cpu", "workers": 2}
            settings = ServeSettings(**(given | changes))  # type: ignore[arg-type]
            app = create_app(settings, stopping)
            client = TestClient(app, BASE, raise_server_exceptions=False, follow_redirects=False)
            return running.enter_context(client)

        yield start


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()


@pytest.fixture
def start(tiny_style: Path) -> Iterator[StartServer]:
    """Start a server with the style `tiny` and further settings; returns it and its port."""
    with ExitStack() as running:

        def run(**changes: object) -> tuple[Server, int]:
            given: dict[str, Any] = {"styles": {"tiny": tiny_style}, "device": "cpu", "port": 0, "workers": 2}
            ports: list[int] = []
            settings = ServeSettings(**(given | changes))
            server = make_server(settings, on_start=lambda host, port: ports.append(port))
            thread = threading.Thread(target=server.run)
            thread.start()

            def stop() -> None:
                server.should_exit = True
                thread.join(60)
                assert not thread.is_alive()

            running.callback(stop)
            wait_for(lambda: bool(ports))
            return server, ports[0]

        yield run


def wait_for(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)
