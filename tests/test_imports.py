"""Importing the program, and converting with it, leaves the settings of the host process unchanged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.test_layers import MODULES, NAMES, imports, name_of, unit
from translate.cli import SERVING_LIBRARIES

CONVERTING = ("errors", "machine", "storage", "media", "style", "convert", "api")
COMMANDS = [path for path in MODULES if path.parent.name == "commands" and path.name != "terminal.py"]
PATHS = {name_of(path): path for path in MODULES}

# Changes that other libraries make on import are not ours to fix, hence the first line. onnxruntime's severity cannot
# be queried.
WATCH = """
import ctypes, importlib, os, sys, warnings, av, numpy, onnxruntime, simplejpeg
from PIL import Image, _imaging

touched = []
onnxruntime.set_default_logger_severity = touched.append
try:
    set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
except (OSError, AttributeError):
    set_handler = lambda handler: None

def state():
    handler = set_handler(None)
    set_handler(handler)
    return Image.MAX_IMAGE_PIXELS, list(warnings.filters), dict(os.environ), handler, list(touched)

before = state()
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", WATCH + code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_importing_changes_nothing() -> None:
    names = sorted(name for name in NAMES if unit(name) in CONVERTING)
    run(f"for name in {names!r}: importlib.import_module(name)\nassert state() == before, (before, state())")


def test_converting_changes_nothing(tiny_style: Path, tmp_path: Path) -> None:
    good, damaged = tmp_path / "good.tif", tmp_path / "damaged.tif"
    Image.fromarray(draw_photo(40, 24)).save(good, compression="tiff_adobe_deflate")
    damaged.write_bytes(good.read_bytes().replace(b"x\x9c", b"x\x00"))
    run(
        "from translate import ConvertRequest, convert_files, load_style\n"
        "from translate.errors import PictureError\n"
        f"style, good, damaged = {str(tiny_style)!r}, {str(good)!r}, {str(damaged)!r}\n"
        "load_style(style, device='cpu')(good)\n"
        "try: load_style(style, device='cpu')(damaged)\n"
        "except PictureError: pass\n"
        f"output = {str(tmp_path / 'out')!r}\n"
        "request = ConvertRequest(inputs=[good, damaged], output=output, style=style, device='cpu')\n"
        "assert [result.error is None for result in convert_files(request)] == [True, False]\n"
        "assert state() == before, (before, state())\n"
    )


@pytest.mark.slow
def test_importing_the_augmentation_leaves_the_environment() -> None:
    run("import cv2, albumentations\nbefore = state()\nimport translate.data.augment\nassert state() == before")


def reached(name: str, found: set[str]) -> set[str]:
    """``found``, and everything else that the module ``name`` imports when it runs, directly or indirectly."""
    for imported in imports(PATHS[name], for_types=False) - found:
        found.add(imported)
        if imported in PATHS:
            reached(imported, found)
    return found


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_each_command_that_uses_onnxruntime_keeps_it_quiet(path: Path) -> None:
    """Or, for a part of commands, each command that imports it does."""
    if "onnxruntime" in reached(name_of(path), {"translate.commands.terminal"}):
        commands = [other for other in COMMANDS if name_of(path) in imports(other, for_types=False)] or [path]
        assert all("quiet_onnxruntime()" in each.read_text(encoding="utf-8") for each in commands)


@pytest.mark.parametrize("name", [name for name in PATHS if name.startswith("translate.web.")])
def test_what_the_server_lacks_is_named_with_its_extra(name: str) -> None:
    """A missing library is one line with the remedy only if `cli` knows it."""
    foreign = {found for found in imports(PATHS[name]) if not found.startswith("translate")} - sys.stdlib_module_names
    assert foreign <= SERVING_LIBRARIES | {"numpy", "onnxruntime", "PIL", "rich", "typer"}
