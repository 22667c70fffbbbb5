"""The page of the server as people use it: by pointer, by finger, by keyboard alone."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.web.browser.conftest import Open, drop, until, wait_until_idle
from translate.web.conversion import FileConverter

AXE = os.environ.get("AXE", "")  # the file axe.min.js
PHONE = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DARK = {"color_scheme": "dark"}
RECORD = """() => {
  window.seen = [];
  const total = document.getElementById("total");
  new MutationObserver(() => seen.push(total.value)).observe(total, { attributes: true });
}"""

pytestmark = pytest.mark.slow


def photo_of(width: int, height: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(draw_photo(width, height)).save(content, "JPEG")
    return content.getvalue()


PHOTOS = [(f"photo {number}.jpg", "image/jpeg", photo_of(120 + number, 90)) for number in range(12)]


def test_twelve_photos_and_wrong_files(opened: Open) -> None:
    page = opened()
    page.evaluate(RECORD)
    drop(page, *PHOTOS, ("<img src=x>.pdf", "application/pdf", b"%PDF-1.4"), ("empty.jpg", "image/jpeg", b""))
    wait_until_idle(page, 14)
    assert page.inner_text("#count") == "12 of 14 pictures done, 2 failed"
    seen = page.evaluate("seen")
    assert seen == sorted(seen) and seen[-1] == 1 and len(set(seen)) > 12

    tiles = page.locator(".tile").all()
    sizes = page.evaluate("[...document.querySelectorAll('.drawn')].map((image) => image.naturalWidth)")
    assert sizes == [120 + number for number in range(12)]
    assert tiles[0].locator(".state").inner_text() == "120 × 90"
    assert "not a picture" in tiles[12].locator(".state").inner_text()
    assert tiles[12].locator(".name").inner_text() == "<img src=x>.pdf"
    assert "empty" in tiles[13].locator(".state").inner_text()

    with page.expect_download() as download:
        page.click("#zip")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == sorted(f"photo {number}-season.jpg" for number in range(12))
        assert archive.testzip() is None
    with page.expect_download() as download:
        tiles[3].get_by_text("Download").click()
    assert download.value.suggested_filename == "photo 3-season.jpg"
    assert Image.open(download.value.path()).size == (123, 90)

    page.check("input[value=tiny]")
    page.get_by_text("Draw again: tiny").click()
    until(page, "!document.getElementById('cancel').hidden")
    wait_until_idle(page, 14)
    assert tiles[0].locator(".badge").inner_text() == "tiny"
    page.click("#clear")
    assert page.locator("#tray").is_hidden() and page.evaluate("document.activeElement.id") == "choose"


def test_the_border_and_the_lens(opened: Open) -> None:
    page = opened()
    drop(page, ("wide.jpg", "image/jpeg", photo_of(600, 300)))
    wait_until_idle(page, 1)
    page.get_by_text("Compare").click()
    box = page.locator("#stage").bounding_box()
    assert box["width"] > 500
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 60)
    page.mouse.up()
    assert page.input_value("#cut") == "25"
    assert "25%" in page.evaluate("getComputedStyle(document.getElementById('after')).clipPath")
    page.locator("#cut").press("ArrowRight")
    assert page.input_value("#cut") == "26"

    page.click("#lens-toggle")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    left, right = page.evaluate("""() => {
      const lens = document.getElementById("lens").getContext("2d");
      return [lens.getImageData(110, 220, 1, 1), lens.getImageData(330, 220, 1, 1)].map(({ data }) => [...data]);
    }""")
    assert left[3] == right[3] == 255 and left != right  # the photo, and what was drawn of it
    page.keyboard.press("Escape")
    assert page.locator("#compare").is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Compare"


def test_cancelling(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    convert = FileConverter.convert

    def held(self: FileConverter, *arguments: Any) -> Any:
        begun.set()
        go_on.wait(60)
        return convert(self, *arguments)

    monkeypatch.setattr(FileConverter, "convert", held)
    page = opened()
    drop(page, *PHOTOS[:4])
    assert begun.wait(60)
    page.locator(".tile").first.get_by_text("Cancel").click()
    assert page.locator(".tile").first.locator(".state").inner_text() == "Cancelled"
    page.click("#cancel")
    assert page.inner_text("#count") == "0 of 4 pictures done, 4 cancelled"
    go_on.set()
    drop(page, PHOTOS[5])
    wait_until_idle(page, 5)
    assert page.inner_text("#count") == "1 of 5 pictures done, 4 cancelled"


def test_a_phone(opened: Open, tmp_path: Path) -> None:
    page = opened(**PHONE)
    (tmp_path / f"{'a_long_name_' * 9}.jpg").write_bytes(PHOTOS[0][2])
    with page.expect_file_chooser() as chooser:
        page.tap("#camera")
    chooser.value.set_files(tmp_path / f"{'a_long_name_' * 9}.jpg")
    wait_until_idle(page, 1)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_text("Compare").tap()
    assert page.evaluate("document.getElementById('compare').scrollWidth - innerWidth") <= 0
    buttons = page.locator("button:visible").all()
    assert buttons and all(min(box["width"], box["height"]) >= 24 for box in (one.bounding_box() for one in buttons))


def test_the_keyboard_alone(opened: Open, tmp_path: Path) -> None:
    page = opened()
    (tmp_path / "a.jpg").write_bytes(PHOTOS[0][2])

    def tab_to(wanted: str) -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({wanted!r})"):
                outline = page.evaluate("""() => {
                  const shown = document.activeElement.closest(".card") ?? document.activeElement;
                  return getComputedStyle(shown).outlineStyle;
                }""")
                assert outline == "solid", wanted
                return
        raise AssertionError(f"the keyboard does not reach {wanted}")

    tab_to("[name=style]")
    page.keyboard.press("ArrowDown")
    assert page.locator("input[value=tiny]").is_checked()
    tab_to("#strength")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#strength-is") == "95 %"
    tab_to("#choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(tmp_path / "a.jpg")
    wait_until_idle(page, 1)
    tab_to(".tile .primary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "cut"
    tab_to("#lens-toggle")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.id") == "lens"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.getElementById('lens').style.left") == "52%"
    page.keyboard.press("Escape")
    tab_to(".tile button[aria-label^=Download]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "a-tiny.jpg"


@pytest.mark.skipif(not AXE, reason="AXE does not name the file axe.min.js")
@pytest.mark.parametrize("window", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_serious(opened: Open, window: dict[str, Any]) -> None:
    page = opened(**window, reduced_motion="reduce")
    assert serious(page) == []
    drop(page, *PHOTOS[:2], ("a.pdf", "application/pdf", b"%PDF-1.4"))
    wait_until_idle(page, 3)
    assert serious(page) == []
    page.get_by_text("Compare").first.click()
    page.click("#lens-toggle")
    assert serious(page) == []
    page.goto(page.url + "docs")
    assert serious(page) == []


def serious(page: Any) -> list[str]:
    """What axe-core finds in ``page`` that is serious or critical."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
