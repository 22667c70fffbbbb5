"""The page of docs/export.md, which uses an exported style without this program."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.documentation import blocks
from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo
from tests.web.browser.conftest import OpenAt, serving
from translate.style.translator import Translator

STYLE = ROOT / "assets" / "styles" / "cel.onnx"
RUNTIME = os.environ.get("ONNXRUNTIME_WEB", "")  # the folder dist of the npm package
PIXELS = "[...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 61, 47).data]"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RUNTIME, reason="ONNXRUNTIME_WEB does not name the folder dist of onnxruntime-web"),
]


def test_the_page_draws_a_photo(open_at: OpenAt, tmp_path: Path) -> None:
    (tmp_path / "node_modules" / "onnxruntime-web").mkdir(parents=True)
    (tmp_path / "node_modules" / "onnxruntime-web" / "dist").symlink_to(Path(RUNTIME).absolute())
    shutil.copy(STYLE, tmp_path / "mine.onnx")
    for name, language in (("draw.mjs", "js"), ("index.html", "html")):
        (snippet,) = blocks("docs/export.md", language)
        (tmp_path / name).write_text(snippet)
    (tmp_path / "favicon.ico").touch()  # browsers ask for it
    photo = draw_photo(61, 47)
    content = io.BytesIO()
    Image.fromarray(photo).save(content, "PNG")

    with serving(tmp_path) as server:
        page = open_at(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("() => document.querySelector('input').onchange !== null")
        page.set_input_files("input", {"name": "photo.png", "mimeType": "image/png", "buffer": content.getvalue()})
        page.wait_for_function("document.querySelector('canvas').width === 61")
        expected = Translator(STYLE, device="cpu")(photo[np.newaxis])[0].astype(int)
        for _ in range(100):
            drawn = np.array(page.evaluate(PIXELS)).reshape(47, 61, 4)[..., :3]
            if np.abs(drawn - expected).max() <= 1:
                return
            page.wait_for_timeout(50)
    raise AssertionError("the canvas does not show the translation")
