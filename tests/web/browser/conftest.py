"""Headless Chromium, driven by Playwright; `tools/release/check_pages.sh` installs what these tests need."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.web.conftest import StartServer

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DROP = """(files) => {
  const transfer = new DataTransfer();
  for (const [name, type, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""

Open = Callable[..., Any]  # keyword options of the window -> a page of Playwright
OpenAt = Callable[..., Any]  # likewise, of an address


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with playwright_api.sync_playwright() as playwright:
        options = ["--no-sandbox"] if root else []  # the sandbox does not work for root
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


@pytest.fixture
def open_at(browser: Any) -> Iterator[OpenAt]:
    """Open an address in a window of its own, which may get further options.

    At the end nothing may have been requested from another server, nor anything been reported as an error.
    """
    contexts: list[Any] = []
    faults: list[str] = []

    def run(address: str, **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if is_fault(said) else None)
        page.on(
            "request",
            lambda request: None if request.url.startswith((address, "blob:", "data:")) else faults.append(request.url),
        )
        page.goto(address)
        return page

    yield run
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def opened(open_at: OpenAt, start: StartServer, tiny_style: Path, season_style: Path) -> Open:
    """Open the page of a server with two styles."""
    _, port = start(styles={"season": season_style, "tiny": tiny_style})

    def run(**options: Any) -> Any:
        page = open_at(f"http://127.0.0.1:{port}/", **options)
        until(page, "[...document.querySelectorAll('.card img')].filter((image) => image.naturalWidth).length === 2")
        return page

    return run


@contextmanager
def serving(folder: Path) -> Iterator[ThreadingHTTPServer]:
    """A web server of the files in ``folder``, for this machine alone."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


def drop(page: Any, *files: tuple[str, str, bytes]) -> None:
    """Drop files, each a name, a media type and its content, on ``page``."""
    page.evaluate(DROP, [(name, kind, base64.b64encode(content).decode()) for name, kind, content in files])


def is_fault(said: Any) -> bool:
    """Chromium also reports answers that refuse a file, as they have to, as errors."""
    return said.type == "error" and "status of 422" not in said.text


def until(page: Any, condition: str) -> None:
    """Wait until the expression is true. Playwright's own way evaluates texts in the page, which its CSP forbids."""
    for _ in range(1200):
        with suppress(playwright_api.Error):  # while the page is loaded anew
            if page.evaluate(condition):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"it never became true: {condition}; {page.inner_text('main')}")


def wait_until_idle(page: Any, tiles: int) -> None:
    until(page, f"document.querySelectorAll('.tile').length === {tiles} && document.getElementById('cancel').hidden")
