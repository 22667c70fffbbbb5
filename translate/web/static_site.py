"""The page without a server: a folder of static files that translates in the browser.

The files of ``page/`` that both pages share, those of ``alone/``, onnxruntime for browsers, and the styles as they are:
WebAssembly runs the same float32 graphs.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from translate.errors import UserError
from translate.media.images import load_rgb
from translate.storage.atomic import write_atomically
from translate.style.catalogue import DEFAULT_STYLE, find_enlarger
from translate.style.contract import StyleInfo
from translate.style.session import read_style
from translate.style.translator import Translator
from translate.web.onnxruntime_web import read_runtime
from translate.web.style_entry import SAMPLE, StyleEntry, draw_preview

HERE = Path(__file__).parent
SHARED = ("app.css", "compare.js", "gather.js", "icon.svg", "looks.js", "text.js", "tray.js")  # of page/
ALONE = ("alone.js", "local.js", "painter.js", "resize.js", "worker.js", "zip.js", "service-worker.js")
CHECK_SIZE = (112, 84)  # of the picture that a browser draws at the start, compared with ours
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src 'self' blob:; media-src blob:; base-uri 'none'; form-action 'none'"
)
# Of index.html: what only the server's page has, and, in a comment, what stands there instead.
_EITHER = re.compile(r" *<!--server-->.*?<!--alone(?:-->| *\n(.*?)-->)\n?", re.DOTALL)
Files = dict[str, bytes]


def build_site(
    folder: Path, styles: Mapping[str, Path], *, runtime: Path | None = None, overwrite: bool = False
) -> int:
    """Write the page with ``styles``, name -> file, into ``folder``; returns its size in bytes.

    ``runtime``: a folder with the files of onnxruntime-web; None: npm fetches them. Raises ``UserError`` where
    ``folder`` holds anything, unless ``overwrite``, and as `read_runtime` and `StyleEntry.read` do.
    """
    if folder.exists() and not (folder.is_dir() and (overwrite or not any(folder.iterdir()))):
        raise UserError(f"{folder}: exists already; use <overwrite> or another name")
    entries = [StyleEntry.read(name, file) for name, file in styles.items()]
    files = read_runtime(runtime) | _own_files() | _style_files(entries)
    files["files.js"] = _site_script(files)
    for name, content in sorted(files.items()):
        write_atomically(folder / name, content)
    return sum(map(len, files.values()))


def page_html() -> str:
    """index.html of the page without a server."""
    html = (HERE / "page" / "index.html").read_text(encoding="utf-8")
    html = _EITHER.sub(lambda found: found[1] or "", html)
    return html.replace('"/static/', '"./').replace("{policy}", POLICY).replace("all of it from this server", "its own")


def _own_files() -> Files:
    shared = {name: (HERE / "page" / name).read_bytes() for name in SHARED}
    alone = {name: (HERE / "alone" / name).read_bytes() for name in ALONE}
    return shared | alone | {"index.html": page_html().encode()}


def _style_files(entries: list[StyleEntry]) -> Files:
    """The styles, what is drawn with them here, the network that enlarges if it is needed, and styles.json."""
    photo = Image.fromarray(load_rgb(SAMPLE)).resize(CHECK_SIZE, Image.Resampling.LANCZOS)
    files: Files = {"check.png": _png(photo)}
    described = []
    for number, entry in enumerate(entries):
        entry.info.require_no_condition("a page")
        translator = Translator(entry.file, device="cpu")
        domain = entry.info.domains[0] if entry.info.domains else None
        drawn = Image.fromarray(translator(np.asarray(photo)[np.newaxis], domain)[0])
        base = f"style-{number}"  # names of styles may hold anything
        files |= {
            f"{base}.onnx": entry.file.read_bytes(),
            f"{base}.webp": draw_preview(translator),
            f"{base}.png": _png(drawn),
        }
        described.append(
            entry.described()
            | _network(entry.info, f"{base}.onnx")
            | {"preview": f"./{base}.webp", "card": None, "check": {"photo": "./check.png", "result": f"./{base}.png"}}
        )
    site: dict[str, Any] = {"styles": described, "enlarger": None}
    names = [entry.name for entry in entries]
    site["default"] = DEFAULT_STYLE if DEFAULT_STYLE in names else names[0]
    if any(entry.info.working_size for entry in entries):
        enlarger = find_enlarger()
        files["enlarger.onnx"] = enlarger.read_bytes()
        site["enlarger"] = _network(read_style(enlarger), "enlarger.onnx")
    return files | {"styles.json": json.dumps(site, indent=1).encode()}


def _network(info: StyleInfo, file: str) -> dict[str, Any]:
    """What running the file in tiles needs."""
    return {
        "file": f"./{file}",
        "scale": info.scale,
        "stride": info.stride,
        "halo": info.halo,
        "tile_safe": info.tile_safe and info.receptive_field > 0,
        "domains": info.domains,
        "exclusive": info.exclusive,
    }


def _png(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def _site_script(files: Files) -> bytes:
    """What the service worker keeps; the version changes with any of it."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    kept = sorted({"./" if name == "index.html" else f"./{name}" for name in files} - {"./service-worker.js"})
    site = {"version": digest.hexdigest()[:16], "files": kept, "policy": POLICY}
    return f"self.SITE = {json.dumps(site)};\n".encode()
