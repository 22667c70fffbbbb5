"""The page's files: nothing from elsewhere, nothing inline, and every element that the modules look for is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import StartServer
from translate.web.app import FILES, PAGE

HTML = (PAGE / "index.html").read_text(encoding="utf-8")
CSS = (PAGE / "app.css").read_text(encoding="utf-8")
THEMES = CSS.split("@media (prefers-color-scheme: dark)")
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(PAGE.glob("*.js"))}
NODE = shutil.which("node")
VOID = {"meta", "link", "img", "input", "path", "circle", "rect", "br"}


class Elements(HTMLParser):
    """The elements of a page: name, attributes, and the text inside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[int, str] = {}
        self._open: list[int] = []
        self.feed(html)
        assert not self._open, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(len(self.all) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.all[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self.texts[index] = self.texts.get(index, "") + data


ELEMENTS = Elements(HTML)
IDS = [attributes["id"] for _, attributes in ELEMENTS.all if "id" in attributes]


def test_the_server_serves_every_file(client: TestClient) -> None:
    assert client.get("/").text == HTML
    for name in FILES:
        answer = client.get(f"/static/{name}")
        assert answer.content == FILES[name] and answer.headers["content-type"] != "application/octet-stream"


def test_nothing_comes_from_elsewhere() -> None:
    for _, attributes in ELEMENTS.all:
        for name in ("src", "href", "action", "poster", "srcset"):
            address = attributes.get(name) or "/"
            assert address.startswith("/") and not address.startswith("//")
            assert not address.startswith("/static/") or address.removeprefix("/static/") in FILES
    for text in (CSS, *SCRIPTS.values()):
        assert not re.search(r"https?://|@import|url\(|eval\(|innerHTML|insertAdjacentHTML|document\.write", text)
    for name, text in SCRIPTS.items():
        imported = re.findall(r'from "\./([\w.]+)"', text)
        assert set(imported) <= set(SCRIPTS), name
        assert len(imported) == len(re.findall(r"^import ", text, re.MULTILINE))


def test_nothing_is_inline() -> None:
    for index, (tag, attributes) in enumerate(ELEMENTS.all):
        assert "style" not in attributes and not [name for name in attributes if name.startswith("on")]
        assert tag != "style" and not (tag == "script" and ELEMENTS.texts.get(index, "").strip())


def test_the_modules_find_their_elements() -> None:
    assert len(IDS) == len(set(IDS))
    for text in SCRIPTS.values():
        assert set(re.findall(r'byId\("([\w-]+)"\)', text)) <= set(IDS)
    used = {match for text in (HTML, *SCRIPTS.values()) for match in re.findall(r"[\w-]+", text)}
    assert set(re.findall(r"\.([a-z][\w-]*)(?=[^{};]*\{)", re.sub(r"\d*\.\d+", "", CSS))) <= used


def test_everything_has_a_name_for_screen_readers() -> None:
    labelled = {
        attributes["for"] for tag, attributes in ELEMENTS.all if tag in ("label", "output") and "for" in attributes
    }
    for index, (tag, attributes) in enumerate(ELEMENTS.all):
        named = {"aria-label", "aria-labelledby"} & set(attributes)
        if tag in ("input", "select") and "hidden" not in attributes and attributes.get("name") != "style":
            assert named or attributes["id"] in labelled, attributes
        if tag == "img":
            assert "alt" in attributes
        if tag == "button":
            assert ELEMENTS.texts.get(index, "").strip() or attributes["id"] == "again"
        if tag in ("dialog", "canvas") or (tag == "progress" and "id" in attributes):
            assert named
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attributes.get(name, IDS[0]) in IDS
    assert 'lang="en"' in HTML and "<h1" in HTML and 'role="status"' in HTML and 'role="alert"' in HTML


def test_it_adapts_to_phones_darkness_and_calm() -> None:
    assert "width=device-width" in HTML
    for query in ("(max-width: 34rem)", "(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"):
        assert f"@media {query}" in CSS
    light, dark = (set(re.findall(r"(--[\w-]+):", part)) for part in THEMES)
    assert set(re.findall(r"var\((--[\w-]+)\)", CSS)) <= light | {"--cut"}  # the last is set where the border is
    assert {name for name in light if name != "--radius"} <= dark


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_stand_out(theme: int) -> None:
    """WCAG 2 asks for a contrast of 4.5 to 1."""
    colours = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{3,6});", THEMES[theme].partition("}")[0]))

    def luminance(name: str) -> float:
        digits = colours[name][1:]
        digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
        parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    pairs = [
        (ink, paper) for ink in ("--ink", "--soft", "--accent", "--bad") for paper in ("--paper", "--panel", "--shade")
    ]
    for ink, paper in [*pairs, ("--on-accent", "--accent"), ("--ink", "--accent-soft")]:
        low, high = sorted((luminance(ink), luminance(paper)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, paper)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_the_modules_parse(name: str, tmp_path: Path) -> None:
    assert NODE is not None
    copy = tmp_path / f"{name}.mjs"
    copy.write_text(SCRIPTS[name], encoding="utf-8")
    done = subprocess.run([NODE, "--check", copy], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_texts_and_parsing(tmp_path: Path) -> None:
    assert NODE is not None
    (tmp_path / "text.mjs").write_text(SCRIPTS["text.js"], encoding="utf-8")
    (tmp_path / "main.mjs").write_text(
        """
        import * as text from "./text.mjs";
        const items = [{ state: "done" }, { state: "sending", sent: 0.6 }, { state: "failed" }, { state: "queued" }];
        console.log(JSON.stringify([
          text.summary(items), text.totalProgress(items), text.totalProgress([]),
          text.parseEvents('data: {"a":1}\\n\\n: still here\\n\\nevent: end\\ndata: {}\\n\\ndata: {"b"'),
          text.positionIn({ left: 10, top: 20, width: 100, height: 50 }, 60, 500),
          items.map(text.stateText), text.megabytes(1500), text.megabytes(64e6), text.duration(600),
          text.stateText({ state: "running", progress: 0.25 }),
        ]));
        """
    )
    done = subprocess.run([NODE, tmp_path / "main.mjs"], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [
        "1 of 4 pictures done, 1 failed",
        pytest.approx(0.55),
        0,
        {
            "events": [{"type": "message", "data": '{"a":1}'}, {"type": "end", "data": "{}"}],
            "rest": 'data: {"b"',
        },
        [0.5, 1],
        ["Done", "Sending, 60 %", "It failed", "Waiting"],
        "2 kB",
        "64 MB",
        "10 minutes",
        "Drawing, 25 %",
    ]


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_page_at_work(start: StartServer, tiny_style: Path, season_style: Path, photo: Path) -> None:
    """From the token to an empty tray, in a stand-in for a browser."""
    assert NODE is not None
    token = "a long enough secret"
    _, port = start(token=token, styles={"tiny": tiny_style, "season": season_style})
    script = Path(__file__).with_name("stand_in_browser.mjs")
    command = [NODE, *map(str, (script, f"http://127.0.0.1:{port}", PAGE, photo, token))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    drawn = {"state": "61 × 47", "buttons": ["Compare", "Download", "Remove"]}
    refused = said["first"]["tiles"][2]
    assert refused["state"].startswith("_b_.pdf: not a picture this program reads") and refused["buttons"] == ["Remove"]
    assert said["first"] == {
        "count": "2 of 3 pictures done, 1 failed",
        "tiles": [drawn | {"style": "tiny"}, drawn | {"style": "tiny"}, refused],
        "zip": True,
        "again": False,
    }
    assert said["offered"] == "Draw again: season"
    assert said["second"]["tiles"][:2] == [drawn | {"style": "season"}] * 2
    assert said["compared"] | {"open": True, "lens": "48%"} == said["compared"]
    assert said["compared"]["title"] in ("photo-season.jpg", "photo-season (2).jpg")  # whichever was done first
    assert said["cancelled"] == "2 of 4 pictures done, 1 failed, 1 cancelled"
    assert said["cleared"] is True and said["notice"] == ""
