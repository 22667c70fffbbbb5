"""The styles that come with the program, by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from translate.errors import UnusableError
from translate.machine import int8_is_fast

DEFAULT_STYLE = "anime"
INT8 = "-int8"  # suffix of the name of a style's int8 variant
_HERE = Path(__file__).parent
FOLDERS = (_HERE / "shipped", _HERE.parents[1] / "assets" / "styles")  # in an installed wheel, in a checkout
ENLARGERS = "enlargers"  # a subfolder of each of these: networks that enlarge are no looks to choose from
ENLARGER = "upscale"
SAMPLERS = "samplers"  # likewise: networks that make pictures from noise


def list_styles() -> dict[str, Path]:
    """Name -> ONNX file, sorted by name, without the int8 variants."""
    files = _files()
    variants = {name + INT8 for name in files}
    return {name: path for name, path in files.items() if name not in variants}


def find_style(name_or_path: str) -> Path:
    """The file of a shipped style, or ``name_or_path`` itself if it is a file; raises ``UnusableError`` if neither.

    An int8 variant can be named too, such as ``cel-int8``.
    """
    files = _files()
    if name_or_path in files:
        return files[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    known = ", ".join(list_styles()) or "none"
    raise UnusableError(
        f"<style> {name_or_path}: neither a file nor a shipped style; shipped: {known}; "
        "the path of an .onnx file works too, and for `translate convert` the folder of a training run"
    )


def find_enlarger() -> Path:
    """The file of the shipped network that enlarges drawn pictures; raises ``UnusableError`` if it is missing."""
    files = _enlargers()
    if ENLARGER not in files:
        raise UnusableError(f"{ENLARGER}.onnx, which enlarges pictures, is missing from this installation")
    return files[ENLARGER]


def list_samplers() -> dict[str, Path]:
    """Name -> ONNX file of the shipped samplers, sorted by name."""
    return _files_in([folder / SAMPLERS for folder in FOLDERS])


def find_sampler(name_or_path: str) -> Path:
    """As `find_style`, for samplers."""
    path = list_samplers().get(name_or_path, Path(name_or_path))
    if path.is_file():
        return path
    if name_or_path in _files():
        raise UnusableError(f"{name_or_path}: is a style, which translates pictures: use `translate convert --style`")
    known = ", ".join(list_samplers()) or "none"
    raise UnusableError(
        f"{name_or_path}: neither a file nor a shipped sampler; shipped: {known}; the path of an .onnx file works too"
    )


def variant_for(path: Path, device: str) -> Path:
    """The best file to use on ``device`` for the style at ``path``, which `find_style` found.

    For a shipped style on ``cpu``, where int8 is fast, that is its int8 variant, if there is one; otherwise ``path``.
    """
    variant = path.with_stem(path.stem + INT8)
    wanted = device == "cpu" and path in list_styles().values() and int8_is_fast()
    return variant if wanted and variant.is_file() else path


def _files() -> dict[str, Path]:
    return _files_in(FOLDERS)


def _enlargers() -> dict[str, Path]:
    return _files_in([folder / ENLARGERS for folder in FOLDERS])


def _files_in(folders: Iterable[Path]) -> dict[str, Path]:
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.onnx"))}
