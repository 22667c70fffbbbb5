"""The folder that `translate page` writes; `browser/test_static_page.py` opens it."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo
from tests.web.test_page import Elements
from translate.errors import UnusableError, UserError
from translate.style.translator import Translator
from translate.web import onnxruntime_web
from translate.web.static_site import ALONE, HERE, SHARED, build_site, page_html

NODE = shutil.which("node")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the names of onnxruntime's files."""
    folder = tmp_path_factory.mktemp("dist")
    for name in onnxruntime_web.FILES:
        (folder / name).write_bytes(name.encode())
    return folder


def test_the_folder_is_whole(tiny_style: Path, season_style: Path, runtime: Path, tmp_path: Path) -> None:
    styles = {"tiny": tiny_style, "season": season_style}
    size = build_site(tmp_path / "out", styles, runtime=runtime)
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert size == sum(map(len, files.values()))
    site = json.loads(files["styles.json"])
    assert [style["name"] for style in site["styles"]] == ["tiny", "season"] and site["default"] == "tiny"
    assert site["enlarger"] is None  # neither has a working size
    tiny, season = site["styles"]
    assert (tiny["stride"], tiny["halo"], tiny["tile_safe"], tiny["domains"]) == (2, 6, True, [])
    assert season["domains"] == ["spring", "late summer", "autumn"]
    assert files[tiny["file"][2:]] == tiny_style.read_bytes()
    photo, drawn = (Image.open(io.BytesIO(files[tiny["check"][name][2:]])) for name in ("photo", "result"))
    assert np.array_equal(Translator(tiny_style, device="cpu")(np.asarray(photo)[np.newaxis])[0], np.asarray(drawn))

    kept = json.loads(files["files.js"].decode().removeprefix("self.SITE = ").removesuffix(";\n"))
    assert {"index.html" if name == "./" else name[2:] for name in kept["files"]} == set(files) - {
        "files.js",
        "service-worker.js",
    }
    build_site(tmp_path / "again", styles, runtime=runtime)
    assert (tmp_path / "again" / "files.js").read_bytes() == files["files.js"]
    build_site(tmp_path / "other", {"tiny": tiny_style}, runtime=runtime)
    assert kept["version"] not in (tmp_path / "other" / "files.js").read_text()


def test_the_page_finds_all_it_needs() -> None:
    html = page_html()
    elements = Elements(html)
    assert "<!--" not in html and "server" not in html and "{" not in html
    addresses = {
        value
        for _, attributes in elements.all
        for name, value in attributes.items()
        if name in ("src", "href") and value
    }
    assert addresses == {"./icon.svg", "./app.css", "./alone.js"}
    ids = {attributes["id"] for _, attributes in elements.all if "id" in attributes}
    generated = {"ort.js"}
    for name in (*SHARED, *ALONE):
        folder = HERE / ("page" if name in SHARED else "alone")
        text = (folder / name).read_text(encoding="utf-8")
        assert set(re.findall(r'byId\("([\w-]+)"\)', text)) <= ids, name
        assert not re.search(r"https?://(?!www.w3.org)|eval\(|innerHTML|document\.write", text), name
        assert set(re.findall(r'from "\./([\w.]+)"', text)) <= {*SHARED, *ALONE} | generated, name


def test_the_command(run_cli: RunCli, tiny_style: Path, runtime: Path, tmp_path: Path) -> None:
    command = ["page", tmp_path / "out", "--style", tiny_style, "--runtime", runtime]
    assert run_cli(*command).code == 0
    assert (tmp_path / "out" / "index.html").read_text(encoding="utf-8") == page_html()
    again = run_cli(*command)
    assert again.code == 2 and "use --overwrite" in again.err
    assert run_cli(*command, "--overwrite").code == 0
    lacking = run_cli("page", tmp_path / "other", "--style", tiny_style, "--runtime", tmp_path)
    assert lacking.code == 2 and f"--runtime {tmp_path}: lacks ort.wasm.bundle.min.mjs" in lacking.err
    assert not (tmp_path / "other").exists()


def test_npm_is_missing_or_fetches_something_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UnusableError, match=r"npm, which fetches onnxruntime-web@.* is not installed"):
        onnxruntime_web.read_runtime(None)
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\necho other > "$4/onnxruntime-web.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(npm))
    with pytest.raises(UnusableError, match="another onnxruntime-web"):
        onnxruntime_web.read_runtime(None)
    npm.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    with pytest.raises(UnusableError, match=r"cannot fetch onnxruntime-web@.*: no network"):
        onnxruntime_web.read_runtime(None)


def test_a_folder_that_is_a_file(tiny_style: Path, runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        build_site(tmp_path / "out", {"tiny": tiny_style}, runtime=runtime, overwrite=True)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_resizing_equals_pillows(tmp_path: Path) -> None:
    """Bit for bit: shrinking with and without averaging of blocks first, and enlarging."""
    assert NODE is not None
    sizes = [((301, 200), (40, 27)), ((97, 61), (60, 38)), ((50, 40), (83, 66)), ((30, 20), (30, 20))]
    shutil.copy(HERE / "alone" / "resize.js", tmp_path / "resize.mjs")
    (tmp_path / "main.mjs").write_text(
        """
        import fs from "node:fs";
        import { resize, within } from "./resize.mjs";
        const cases = JSON.parse(process.argv[2]);
        for (const [index, [[width, height], to]] of cases.entries()) {
          const rgb = new Uint8Array(fs.readFileSync(`${index}.in`));
          fs.writeFileSync(`${index}.out`, resize({ rgb, width, height }, ...to).rgb);
        }
        console.log(JSON.stringify([within(30, 20, 100), within(301, 200, 40), within(3, 2000, 100)]));
        """
    )
    photos = [draw_photo(*size) for size, _ in sizes]
    for index, photo in enumerate(photos):
        photo.tofile(tmp_path / f"{index}.in")
    command = [NODE, "main.mjs", json.dumps(sizes)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == [[30, 20], [40, 27], [1, 100]]
    for index, (photo, (_, (width, height))) in enumerate(zip(photos, sizes, strict=True)):
        resized = np.fromfile(tmp_path / f"{index}.out", np.uint8).reshape(height, width, 3)
        expected = Image.fromarray(photo).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        assert np.array_equal(resized, np.asarray(expected))
