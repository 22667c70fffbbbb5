"""Reports as HTML pages: texts are escaped, nothing is fetched, all content is in the page."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.helpers.pairs import picture
from tests.helpers.pictures import draw_photo
from translate.errors import PictureError
from translate.report.page import MAX_SIDE, Page

NASTY = "<script>alert(1)</script> & \"quotes\" 'single' {{ 7 * 7 }}"
VOID = {"meta", "img", "br", "link", "input"}


class Document(HTMLParser):
    """A parsed page: its elements, its texts, and the elements still open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def pictures(self) -> list[Image.Image]:
        contents = [str(image["src"]).partition("base64,")[2] for image in self.named("img")]
        return [Image.open(io.BytesIO(base64.b64decode(content))) for content in contents]


def drawn(label: str = "loss") -> Figure:
    figure = Figure(figsize=(4, 2))
    axes = figure.subplots()
    axes.plot([1, 2, 3], [3, 1, 2], label=label)
    axes.legend()
    return figure


def written(page: Page, folder: Path) -> Document:
    page.write(folder / "page.html")
    document = Document((folder / "page.html").read_text(encoding="utf-8"))
    assert not document.open
    return document


def test_every_text_is_escaped(tmp_path: Path) -> None:
    texts = [f"{NASTY} {number}" for number in range(14)]
    page = Page(texts[0], texts[1])
    page.heading(texts[2])
    page.text(texts[3])
    page.callout("bad", texts[4], texts[5])
    page.table([texts[6]], [[texts[7]]])
    page.pictures([[(draw_photo(20, 10), texts[8])]], texts[9], [texts[10]])
    page.plot(drawn(f"--> {texts[11]}"), texts[12])
    document = written(page, tmp_path)
    assert not document.named("script")
    for number in {*range(13)} - {11}:
        assert texts[number] in document.texts, number
    assert document.named("img")[0]["alt"] == texts[8]


def test_nothing_is_fetched(tmp_path: Path) -> None:
    page = Page("A page")
    page.plot(drawn(), "The loss")
    page.pictures([[(draw_photo(20, 10), "drawn")]])
    document = written(page, tmp_path)
    sources = [
        str(value)
        for tag, attributes in document.elements
        for name, value in attributes.items()
        if name in {"src", "srcset", "href", "xlink:href", "data", "action", "poster"} and tag != "svg"
    ]
    assert sources and all(source.startswith(("data:image/webp;base64,", "#")) for source in sources)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html)) and "@import" not in html
    assert "default-src 'none'" in html


def test_ids_of_plots_are_unique(tmp_path: Path) -> None:
    page = Page("Two plots")
    page.plot(drawn(), "one")
    page.plot(drawn(), "two")
    document = written(page, tmp_path)
    names = [str(attributes["id"]) for _, attributes in document.elements if "id" in attributes]
    assert len(names) > 20 and len(set(names)) == len(names)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    referred = set(re.findall(r'(?:href="#|url\(#)([^")]+)', html))
    assert referred and referred <= set(names)
    assert [svg["viewbox"] is not None for svg in document.named("svg")] == [True, True]


def test_pictures_are_scaled_down_and_unchanged_otherwise(tmp_path: Path) -> None:
    pixels = picture(1, width=800, height=400)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    small = np.full((10, 20, 3), (200, 40, 90), np.uint8)
    page = Page("Pictures")
    page.pictures([[(tmp_path / "photo.png", "a file"), (pixels, "an array")], [(small, "small")]], "All", ["one"])
    document = written(page, tmp_path)
    found = document.pictures()
    assert [shown.size for shown in found] == [(MAX_SIDE, MAX_SIDE // 2)] * 2 + [(20, 10)]
    expected = np.asarray(Image.fromarray(pixels).resize((320, 160), Image.Resampling.LANCZOS), np.int16)
    for shown in found[:2]:
        assert np.abs(np.asarray(shown.convert("RGB"), np.int16) - expected).mean() < 4
    assert np.abs(np.asarray(found[2].convert("RGB"), np.int16) - small).max() < 6
    for caption in ("a file", "an array", "small", "All", "one"):
        assert caption in document.texts


def test_short_rows_are_filled_up(tmp_path: Path) -> None:
    page = Page("Rows")
    cell = (draw_photo(8, 8), "x")
    page.pictures([[cell], [cell, cell, cell]])
    page.pictures([])  # draws nothing
    page.write(tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    grid = html[html.index('<div class="grid"') :]
    assert "repeat(3, " in grid
    assert re.findall(r"<(img|div)", grid)[1:] == ["img", "div", "div", "img", "img", "img"]


def test_numbers_are_right_aligned(tmp_path: Path) -> None:
    page = Page("Table")
    page.table(["model", "PSNR"], [["cel", "21.5 dB"], ["mine", "-"], ["2 models", "−3 ± 1"]])
    page.table(["none"], [])
    document = written(page, tmp_path)
    assert [cell.get("class") for cell in document.named("td")] == [None, "number"] * 3
    assert [cell.get("class") for cell in document.named("th")] == [None, "number", None]


def test_file_names_of_invalid_text_are_escaped(tmp_path: Path) -> None:
    assert "photo-\\udcff.jpg" in written(Page("photo-\udcff.jpg"), tmp_path).texts


def test_errors_name_the_file(tmp_path: Path) -> None:
    page = Page("Broken")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8nothing")
    with pytest.raises(PictureError, match=r"broken\.jpg"):
        page.pictures([[(tmp_path / "broken.jpg", "")]])
    (tmp_path / "file").touch()
    with pytest.raises(PictureError, match="cannot be written"):
        page.write(tmp_path / "file" / "page.html")
    assert not list(tmp_path.rglob("*.html"))
