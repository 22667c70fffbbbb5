"""A server in this process, on small styles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from translate.web.app import create_app
from translate.web.settings import ServeSettings

Serve = Callable[..., TestClient]
BASE = "http://localhost"


@pytest.fixture
def serve(tiny_style: Path, season_style: Path) -> Iterator[Serve]:
    """Start a server with the styles `tiny` and `season`, whose other settings may be given; returns its client."""
    with ExitStack() as running:

        def start(*, headers: dict[str, str] | None = None, stopping: object = None, **changes: object) -> TestClient:
            given = {"styles": {"tiny": tiny_style, "season": season_style}, "device": "cpu", "workers": 2}
            settings = ServeSettings(**(given | changes))  # type: ignore[arg-type]
            app = create_app(settings, *([stopping] if stopping else []))  # type: ignore[list-item]
            client = TestClient(app, BASE, raise_server_exceptions=False, headers=headers, follow_redirects=False)
            return running.enter_context(client)

        yield start


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()
