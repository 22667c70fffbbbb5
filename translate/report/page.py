"""A report as one HTML page with embedded pictures and plots, which fetches nothing and runs no script."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import jinja2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from translate.media.images import Picture, encode_picture, load_rgb, shrink
from translate.storage.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Captioned = tuple[NDArray[np.uint8] | Path, str]  # a picture, uint8 [H, W, 3] in sRGB or a file, and its caption

MAX_SIDE = 320  # pixels, of a picture in the page
MIN_COLUMN_WIDTH = 136  # pixels, as in the template: 8.5rem
QUALITY = 88  # of WebP

_TEMPLATE = Path(__file__).with_name("page.html.jinja")
_NUMBER = re.compile(r"[-+−]?(\.?\d|inf|nan)|[–—-]$")  # the start of a cell with a number, or a dash for none
_SVG_ID = re.compile(r'(\bid="|\bhref="#|\burl\(#)')


class Page:
    """A page that is filled from top to bottom. All texts are plain text and get escaped."""

    def __init__(self, title: str, lead: str = "") -> None:
        self.title, self.lead = title, lead
        self._parts: list[dict[str, Any]] = []
        self._plots = 0

    def heading(self, text: str) -> None:
        """Add a section heading."""
        self._add("heading", text=text)

    def text(self, paragraph: str) -> None:
        """Add a paragraph; its line breaks are kept."""
        self._add("text", text=paragraph)

    def callout(self, kind: Literal["good", "bad", "note"], title: str, text: str = "") -> None:
        """Add a highlighted box: a verdict, a warning or a remark."""
        self._add("callout", tone=kind, title=title, text=text)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table; columns of numbers and dashes only are right-aligned."""
        columns = list(zip(*rows, strict=True)) or [()] * len(header)
        numeric = [bool(column) and all(map(_NUMBER.match, column)) for column in columns]
        self._add(
            "table",
            header=list(zip(header, numeric, strict=True)),
            rows=[list(zip(row, numeric, strict=True)) for row in rows],
        )

    def plot(self, figure: Figure, caption: str) -> None:
        """Add ``figure`` as SVG, without its background; in dark mode its lightness is inverted."""
        content = io.StringIO()
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(content, format="svg", transparent=True, bbox_inches="tight", metadata=no_metadata)
        svg = content.getvalue()
        self._plots += 1
        # matplotlib numbers the elements of every figure from 1; ids have to be unique in a page
        svg = _SVG_ID.sub(rf"\g<1>plot{self._plots}-", svg[svg.index("<svg") :])
        self._add("plot", svg=Markup(svg), caption=caption)

    def pictures(self, rows: Sequence[Sequence[Captioned]], caption: str = "", header: Sequence[str] = ()) -> None:
        """Add a grid of pictures with captions; ``header`` names the columns. Rows may differ in length.

        Larger pictures are scaled down to 320 pixels per side. Raises ``PictureError`` where a file cannot be read.
        """
        columns = max([len(header), *map(len, rows)], default=0)
        if not columns:
            return
        cells = [cell for row in rows for cell in [*(_cell(*shown) for shown in row), *[None] * (columns - len(row))]]
        widest = max([MIN_COLUMN_WIDTH, *(cell["width"] for cell in cells if cell is not None)])
        named = [*header, *[""] * (columns - len(header))] if header else []
        self._add("pictures", columns=columns, widest=widest, header=named, cells=cells, caption=caption)

    def write(self, path: Path) -> None:
        """Write the page whole or not at all. Raises ``PictureError`` where it cannot be written."""
        environment = jinja2.Environment(
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
        html = template.render(title=self.title, lead=self.lead, parts=self._parts)
        # a file name may hold bytes that are not valid text
        write_atomically(path, html.encode("utf-8", "backslashreplace"))

    def _add(self, kind: str, **content: Any) -> None:
        self._parts.append({"kind": kind, **content})


def _cell(picture: NDArray[np.uint8] | Path, caption: str) -> dict[str, Any]:
    """The template's values for a picture."""
    small = shrink(Picture(load_rgb(picture) if isinstance(picture, Path) else picture), MAX_SIDE)
    width, height = small.size
    content = base64.b64encode(encode_picture(small, "WEBP", QUALITY)).decode("ascii")
    return {"content": content, "width": width, "height": height, "caption": caption}
