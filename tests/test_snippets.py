"""The snippets of docs/export.md, which use an exported style without this program."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from tests.helpers.documentation import blocks
from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo
from translate.style.translator import Translator

PAGE = "docs/export.md"
NODE = shutil.which("node")
COMPILER = shutil.which("g++")
HEADERS = os.environ.get("ONNXRUNTIME_INCLUDE", "")
ONNXRUNTIME_WEB = os.environ.get("ONNXRUNTIME_WEB", "")  # the folder dist of the npm package
MAIN = """
import fs from "node:fs";
import * as ort from "onnxruntime-web";
globalThis.ImageData = class { constructor(data, width, height) { Object.assign(this, { data, width, height }); } };
const { draw } = await import("./draw.mjs");
ort.env.wasm.numThreads = 1; // those of the build for browsers need one
const session = await ort.InferenceSession.create(new Uint8Array(fs.readFileSync("mine.onnx")));
const drawn = await draw(session, new ImageData(new Uint8ClampedArray(fs.readFileSync("photo.rgba")), 61, 47));
fs.writeFileSync("drawn.rgba", drawn.data);
console.log(drawn.width, drawn.height);
"""


def test_python(photo: Path, tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny_style, "mine.onnx")
    (snippet,) = blocks(PAGE, "python")
    exec(snippet, {})
    expected = Translator(tiny_style, device="cpu")(np.asarray(Image.open(photo))[np.newaxis])[0]
    assert np.array_equal(np.asarray(Image.open("drawn.png")), expected)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(not ONNXRUNTIME_WEB, reason="ONNXRUNTIME_WEB does not name the folder dist of onnxruntime-web")
def test_javascript(tiny_style: Path, tmp_path: Path) -> None:
    assert NODE is not None
    package = tmp_path / "node_modules" / "onnxruntime-web"
    package.mkdir(parents=True)
    (package / "dist").symlink_to(Path(ONNXRUNTIME_WEB).absolute())
    (package / "package.json").write_text('{"exports": "./dist/ort.wasm.bundle.min.mjs"}')  # as the page takes it
    shutil.copy(tiny_style, tmp_path / "mine.onnx")
    (snippet,) = blocks(PAGE, "js")
    (tmp_path / "draw.mjs").write_text(snippet)
    (tmp_path / "main.mjs").write_text(MAIN)
    photo = draw_photo(61, 47)
    (tmp_path / "photo.rgba").write_bytes(Image.fromarray(photo).convert("RGBA").tobytes())
    done = subprocess.run([NODE, "main.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "61 47\n", done.stderr[-1000:]
    drawn = np.frombuffer((tmp_path / "drawn.rgba").read_bytes(), np.uint8).reshape(47, 61, 4)
    expected = Translator(tiny_style, device="cpu")(photo[np.newaxis])[0]
    assert np.abs(drawn[..., :3].astype(int) - expected).max() <= 1
    assert (drawn[..., 3] == 255).all()


@pytest.mark.skipif(COMPILER is None, reason="g++ is not installed")
@pytest.mark.skipif(not HEADERS, reason="ONNXRUNTIME_INCLUDE does not name the folder of onnxruntime_cxx_api.h")
def test_cpp(tiny_style: Path, tmp_path: Path) -> None:
    assert COMPILER is not None
    (library,) = Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so.*")
    (snippet,) = blocks(PAGE, "cpp")
    (tmp_path / "draw.cpp").write_text(snippet)
    (tmp_path / "libonnxruntime.so.1").symlink_to(library)  # the name that it is found by
    linked = ["libonnxruntime.so.1", f"-Wl,-rpath,{tmp_path}"]
    warned = ["-Wall", "-Werror", "-isystem", HEADERS]
    subprocess.run([COMPILER, "-std=c++17", *warned, "draw.cpp", "-o", "draw", *linked], cwd=tmp_path, check=True)
    photo = io.BytesIO()
    Image.fromarray(draw_photo(61, 47)).save(photo, "PPM")
    drawn = subprocess.run([tmp_path / "draw", tiny_style], input=photo.getvalue(), capture_output=True, check=True)
    expected = Translator(tiny_style, device="cpu")(draw_photo(61, 47)[np.newaxis])[0]
    assert np.abs(np.asarray(Image.open(io.BytesIO(drawn.stdout))).astype(int) - expected).max() <= 1


def test_the_contract_is_told_as_it_is() -> None:
    """The table of names, types and shapes, against a style in the package."""
    graph = onnx.load(ROOT / "assets" / "styles" / "cel.onnx").graph
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    for tensor, kind in ((graph.input[0], "input"), (graph.output[0], "output")):
        shape = ", ".join(side.dim_param or str(side.dim_value) for side in tensor.type.tensor_type.shape.dim)
        element = onnx.helper.tensor_dtype_to_np_dtype(tensor.type.tensor_type.elem_type)
        assert f"| `{tensor.name}` | {kind} | {element} | [{shape}] |" in text
