"""The styles that come with the program and those that were pulled, by name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from translate.errors import UnusableError, UserError
from translate.machine import int8_is_fast

DEFAULT_STYLE = "anime"
INT8, FP16 = "-int8", "-fp16"  # suffixes of the names of a style's variants for CPUs and for GPUs
_HERE = Path(__file__).parent
FOLDERS = (_HERE / "shipped", _HERE.parents[1] / "assets" / "styles")  # in an installed wheel, in a checkout
ENLARGERS = "enlargers"  # a subfolder of each of these: networks that enlarge are no looks to choose from
ENLARGER = "upscale"
SAMPLERS = "samplers"  # likewise: networks that make pictures from noise
VARIABLE = "TRANSLATE_STYLES"  # environment variable: another folder for pulled styles; empty: none


def list_styles() -> dict[str, Path]:
    """Name -> ONNX file, sorted by name, without their variants."""
    files = _files()
    variants = {name + suffix for name in files for suffix in (INT8, FP16)}
    return {name: path for name, path in files.items() if name not in variants}


def find_style(name_or_path: str) -> Path:
    """The file of a style by name, or ``name_or_path`` itself if it is a file; raises ``UnusableError`` if neither.

    A variant can be named too, such as ``cel-int8``.
    """
    files = _files()
    if name_or_path in files:
        return files[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    shipped = shipped_files()
    known = ", ".join(name for name in list_styles() if name in shipped) or "none"
    pulled = ", ".join(name for name in list_styles() if name not in shipped)
    raise UnusableError(
        f"<style> {name_or_path}: neither a file nor a shipped style; shipped: {known}; "
        + (f"pulled: {pulled}; " if pulled else "")
        + "the path of an .onnx file works too, and for `translate convert` the folder of a training run"
    )


def named_styles(names: Iterable[str]) -> dict[str, Path]:
    """Name -> file of several styles, in that order. Raises as `find_style`, and ``UserError`` for two of one name."""
    found: dict[str, Path] = {}
    for name in names:
        path = find_style(name)
        if path.stem in found:
            raise UserError(f"<style> {name}: another style is called {path.stem} already; rename one of the files")
        found[path.stem] = path
    return found


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

    For a style with a name, that is its int8 variant on ``cpu``, where int8 is fast, and its float16 variant on a GPU,
    if there is one; otherwise ``path``.
    """
    suffix = FP16 if device != "cpu" else INT8 if int8_is_fast() else ""
    variant = path.with_stem(path.stem + suffix)
    return variant if path in list_styles().values() and variant.is_file() else path


def store_folder() -> Path | None:
    """The folder of the pulled styles, whether it exists or not; None: there are none."""
    given = os.environ.get(VARIABLE)
    if given == "":
        return None
    return Path(given or platformdirs.user_data_path("picture-translate", appauthor=False) / "styles")


def shipped_files() -> dict[str, Path]:
    """Name -> ONNX file of the styles that come with the program, int8 variants among them."""
    return _files_in(FOLDERS)


def _files() -> dict[str, Path]:
    """Shipped and pulled files by name, sorted; a shipped one has its name to itself."""
    root = store_folder()
    pulled = [] if root is None else [folder for folder in root.glob("[!.]*") if folder.is_dir()]
    own = {name: path for name, path in _files_in(pulled).items() if name.removesuffix(INT8) == path.parent.name}
    return dict(sorted((own | shipped_files()).items()))


def _enlargers() -> dict[str, Path]:
    return _files_in([folder / ENLARGERS for folder in FOLDERS])


def _files_in(folders: Iterable[Path]) -> dict[str, Path]:
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.onnx"))}
