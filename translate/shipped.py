"""The styles that come with the program, by name."""

from __future__ import annotations

from pathlib import Path

from translate.errors import UnusableError

DEFAULT_STYLE = "cel"
_HERE = Path(__file__).parent
FOLDERS = (_HERE / "styles", _HERE.parent / "assets" / "styles")  # in an installed wheel, in a checkout


def list_styles() -> dict[str, Path]:
    """Name -> ONNX file, sorted by name."""
    return {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.onnx"))}


def find_style(name_or_path: str) -> Path:
    """The file of a shipped style, or ``name_or_path`` itself where it is a file; raises ``UnusableError``."""
    styles = list_styles()
    if name_or_path in styles:
        return styles[name_or_path]
    path = Path(name_or_path)
    if path.is_file():
        return path
    known = ", ".join(styles) or "none"
    raise UnusableError(
        f"--style {name_or_path}: neither a file nor a shipped style; shipped: {known}; "
        "the path of an .onnx file works too"
    )
