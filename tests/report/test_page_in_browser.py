"""A page as a browser shows it. Needs Chromium; `tools/release/check_pages.sh` installs it where it can."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.report.page import Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
PHONE = 400  # pixels wide

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed"),
]

# Shows the page in a frame, as windows cannot be as narrow as a phone. The page itself stays unchanged.
FRAME = """<!doctype html><iframe src="{page}" width="{width}" height="2000" style="border: 0"></iframe><script>
addEventListener("load", () => {{
  const {{contentWindow: view, contentDocument: shown}} = document.querySelector("iframe");
  const measured = document.createElement("pre");
  measured.id = "measured";
  measured.textContent = JSON.stringify({{
    width: view.innerWidth,
    overflow: shown.documentElement.scrollWidth - view.innerWidth,
    pictures: [...shown.images].map(image => image.naturalWidth),
    plots: [...shown.querySelectorAll("svg")].map(plot => plot.getBoundingClientRect().width),
    fetched: view.performance.getEntriesByType("resource").map(file => file.name).filter(name => !/^data:/.test(name)),
  }});
  document.body.append(measured);
}});
</script>"""

Browse = Callable[..., str]
Measure = Callable[[str, int], dict[str, Any]]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address that serves the test's folder: browsers isolate local files, and record no requests for them."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Open an address in a window 1200 pixels wide, with further options; returns the browser's standard output."""

    def run(address: str, *options: str) -> str:
        assert BROWSER is not None
        command = [BROWSER, "--headless", "--disable-gpu", "--hide-scrollbars", "--window-size=1200,2000"]
        command += [f"--user-data-dir={tmp_path / 'profile'}", *options, address]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # the sandbox does not work for root
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def measure(browse: Browse, site: str, tmp_path: Path) -> Measure:
    """Measurements of a page in the test's folder, shown in a frame of a given width."""

    def run(name: str, width: int) -> dict[str, Any]:
        (tmp_path / "frame.html").write_text(FRAME.format(page=name, width=width), encoding="utf-8")
        dom = browse(f"{site}/frame.html", "--dump-dom")
        found = re.search(r'<pre id="measured">(.*?)</pre>', dom)
        assert found is not None, dom
        return json.loads(html.unescape(found[1]))

    return run


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page with every kind of content, wider than a phone where possible."""
    page = Page("Models <compared> & measured", "a_name_without_any_space_" * 8)
    page.callout("good", "A good result")
    page.callout("bad", "A bad result", "a/long/path/without/spaces" * 6)
    page.heading("The table")
    page.table(["model", *(f"a long heading {number}" for number in range(9))], [["cel", *["1234.567"] * 9]])
    page.heading("The plot")
    figure = Figure(figsize=(9, 3))
    figure.subplots().plot([1, 3, 2])
    page.plot(figure, "a curve")
    page.heading("The pictures")
    cells = [(draw_photo(400, 300), "wide"), (draw_photo(30, 40), "a_caption_without_any_space_" * 4)]
    page.pictures([cells * 3], "six of them", [f"column {number}" for number in range(6)])
    page.write(tmp_path / "page.html")
    return tmp_path / "page.html"


def test_everything_is_shown(browse: Browse, page: Path, tmp_path: Path) -> None:
    dom = browse(page.as_uri(), "--dump-dom")
    for text in ("<h1>Models &lt;compared&gt; &amp; measured</h1>", "<h2>The table</h2>", "<h2>The pictures</h2>"):
        assert text in dom
    browse(page.as_uri(), f"--screenshot={tmp_path / 'shot.png'}")
    shot = np.asarray(Image.open(tmp_path / "shot.png").convert("RGB"))
    assert shot.shape[1] == 1200
    red, blue = ((np.abs(shot.astype(int) - colour).max(-1) < 25).sum() for colour in ((230, 40, 40), (20, 90, 200)))
    assert min(red, blue) > 2000  # of the drawn pictures
    assert (shot < 100).all(-1).sum() > 2000  # letters and lines


@pytest.mark.parametrize("width", [PHONE, 1200])
def test_pictures_are_whole_and_nothing_overflows(measure: Measure, page: Path, width: int) -> None:
    found = measure(page.name, width)
    assert found["width"] == width
    assert found["overflow"] <= 0
    assert found["pictures"] == [320, 30] * 3
    assert all(100 < plot <= width for plot in found["plots"]) and len(found["plots"]) == 1
    assert found["fetched"] == []


def test_defects_are_detected(measure: Measure, page: Path, tmp_path: Path) -> None:
    rules = r'<meta http-equiv="Content-Security-Policy"[^>]*>'
    wrong = '<img src="other.png"><div style="width: 600px">wide</div>'
    text = re.sub(rules, "", page.read_text(encoding="utf-8")).replace("</body>", f"{wrong}</body>")
    (tmp_path / "wrong.html").write_text(text, encoding="utf-8")
    found = measure("wrong.html", PHONE)
    assert [name.rpartition("/")[2] for name in found["fetched"]] == ["other.png"]
    assert found["pictures"][-1] == 0 and found["overflow"] > 0
