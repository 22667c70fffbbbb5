"""The page without a server: the same pixels as the command line's, offline, in the tray of the server's page."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from tests.web.browser.conftest import OpenAt, drop, serving, until, wait_until_idle
from translate.convert.working_size import AtWorkingSize
from translate.style.translator import Translator
from translate.web.static_site import build_site

RUNTIME = os.environ.get("ONNXRUNTIME_WEB", "")  # the folder dist of the npm package

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RUNTIME, reason="ONNXRUNTIME_WEB does not name the folder dist of onnxruntime-web"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    small = style_info(working_size=200)
    seasons = style_info(domains=["spring", "autumn"])
    styles = {
        "tiny": write_style(folder / "tiny.onnx"),
        "small": write_style(folder / "small.onnx", info=small),
        "season": write_style(folder / "season.onnx", info=seasons),
    }
    build_site(folder / "page", styles, runtime=Path(RUNTIME))
    return folder


@pytest.fixture
def server(site: Path) -> Iterator[ThreadingHTTPServer]:
    with serving(site / "page") as running:
        yield running


@pytest.fixture
def page(server: ThreadingHTTPServer, open_at: OpenAt) -> Any:
    """The page once it is kept for use offline, and isolated."""
    shown = open_at(f"http://127.0.0.1:{server.server_port}/")
    until(
        shown, "crossOriginIsolated && document.querySelectorAll('.card').length === 3"
    )  # after it loads itself again
    return shown


def png(width: int, height: int, *, alpha: bool = False) -> tuple[bytes, Any]:
    """A photo as a file, and its pixels."""
    pixels = draw_photo(width, height)
    picture = Image.fromarray(pixels)
    if alpha:
        picture.putalpha(Image.fromarray(np.where(pixels[..., 0] > 99, 255, 0).astype(np.uint8)))
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue(), pixels


def save(page: Any, tile: int) -> Any:
    with page.expect_download() as download:
        page.locator(".tile").nth(tile).get_by_text("Download").click()
    return Image.open(download.value.path())


def largest_difference(picture: Any, expected: Any) -> int:
    return int(np.abs(np.asarray(picture.convert("RGB")).astype(int) - expected).max())


def test_pixels_are_those_of_the_command_line(page: Any, site: Path) -> None:
    """In one piece, in tiles, and at the working size with the enlarging network."""
    cases = [("tiny", 61, 47), ("tiny", 1700, 90), ("small", 330, 211), ("small", 1400, 901), ("season", 80, 60)]
    for style, width, height in cases:
        content, pixels = png(width, height)
        page.check(f"input[value={style}]")
        domain = None
        if style == "season":
            domain = ("autumn",)
            page.select_option("#domain", "autumn")
        drop(page, ("photo.png", "image/png", content))
        wait_until_idle(page, 1)
        translator = Translator(site / f"{style}.onnx", device="cpu")
        expected = AtWorkingSize(translator, translator.info.working_size)(pixels[np.newaxis], domain)[0]
        drawn = save(page, 0)
        assert drawn.size == (width, height)
        # the second pass of the enlarging network makes more of single values that were rounded differently
        allowed = 4 if width == 1400 else 1
        assert largest_difference(drawn, expected) <= allowed, (style, width, height)
        page.click("#clear")


def test_it_works_offline(page: Any, server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()
    page.reload()
    until(page, "document.querySelectorAll('.card').length === 3")
    content, pixels = png(90, 60)
    page.locator("#strength").fill("0")
    drop(page, ("a.png", "image/png", content), ("b/../a.png", "image/png", content), ("a.txt", "text/plain", b"text"))
    wait_until_idle(page, 3)
    assert page.inner_text("#count") == "2 of 3 pictures done, 1 failed"
    assert page.locator(".tile").nth(2).locator(".state").inner_text() == "Not a picture that this browser reads."
    with page.expect_download() as download:
        page.click("#zip")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a-tiny.png", "b_.._a-tiny.png"]
        stored = Image.open(io.BytesIO(archive.read("a-tiny.png")))
        assert largest_difference(stored, pixels) == 0  # at strength 0


def test_transparency_formats_and_cancelling(page: Any) -> None:
    content, _ = png(90, 60, alpha=True)
    page.select_option("#format", "webp")
    drop(page, ("a.png", "image/png", content))
    wait_until_idle(page, 1)
    drawn = save(page, 0)
    assert drawn.format == "WEBP" and set(np.unique(np.asarray(drawn)[..., 3])) == {0, 255}
    large, _ = png(2400, 1600)
    drop(page, ("b.png", "image/png", large), ("c.png", "image/png", large))
    page.click("#cancel")
    assert page.inner_text("#count") == "1 of 3 pictures done, 2 cancelled"
    page.select_option("#format", "jpg")
    page.locator("#again").click()
    wait_until_idle(page, 3)
    assert save(page, 1).format == "JPEG"


def test_a_browser_that_draws_otherwise_is_told_so(server: ThreadingHTTPServer, site: Path, open_at: OpenAt) -> None:
    expected = site / "page" / "style-0.png"
    kept = expected.read_bytes()
    try:
        Image.open(io.BytesIO(kept)).point(lambda value: value ^ 8).save(expected)
        shown = open_at(f"http://127.0.0.1:{server.server_port}/", service_workers="block")
        until(shown, "document.getElementById('notice').textContent.includes('by 8 of 255')")
        drop(shown, ("a.png", "image/png", png(9, 9)[0]))
        wait_until_idle(shown, 1)
        assert shown.inner_text("#count") == "0 of 1 picture done, 1 failed"
    finally:
        expected.write_bytes(kept)
