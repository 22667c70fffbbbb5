"""A report as one HTML page: pictures and plots are inside it, it fetches nothing and runs no script."""

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

Shown = tuple[NDArray[np.uint8] | Path, str]  # a picture, [H, W, 3] in sRGB or a file, and its caption

MOST_PIXELS = 320  # a side of a picture in the page
NARROWEST = 136  # pixels of a column, so that small pictures are seen: 8.5rem
QUALITY = 88  # of WebP

_TEMPLATE = Path(__file__).with_name("page.html.jinja")
_FIGURE = re.compile(r"[-+−]?(\.?\d|inf|nan)|[–—-]$")  # what a cell with a number, or with none, begins with
_SVG_ID = re.compile(r'(\bid="|\bhref="#|\burl\(#)')


class Page:
    """A page that grows from top to bottom. All texts are plain: they are escaped, whatever they hold."""

    def __init__(self, title: str, lead: str = "") -> None:
        self.title, self.lead = title, lead
        self._parts: list[dict[str, Any]] = []
        self._plots = 0

    def heading(self, text: str) -> None:
        self._add("heading", text=text)

    def text(self, paragraph: str) -> None:
        """A paragraph; line ends in it are kept."""
        self._add("text", text=paragraph)

    def callout(self, kind: Literal["good", "bad", "note"], title: str, text: str = "") -> None:
        """A verdict, a warning or a remark that shall not be overlooked."""
        self._add("callout", tone=kind, title=title, text=text)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns whose every cell is a number or a dash are set flush right."""
        columns = list(zip(*rows, strict=True)) or [()] * len(header)
        figures = [bool(column) and all(map(_FIGURE.match, column)) for column in columns]
        self._add(
            "table",
            header=list(zip(header, figures, strict=True)),
            rows=[list(zip(row, figures, strict=True)) for row in rows],
        )

    def plot(self, figure: Figure, caption: str) -> None:
        """``figure`` as SVG, without its background; on a dark page its lightness is inverted."""
        content = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(content, format="svg", transparent=True, bbox_inches="tight", metadata=nothing)
        svg = content.getvalue()
        self._plots += 1
        # matplotlib numbers its elements anew in every figure; within one page no two may have the same name
        svg = _SVG_ID.sub(rf"\g<1>plot{self._plots}-", svg[svg.index("<svg") :])
        self._add("plot", svg=Markup(svg), caption=caption)

    def pictures(self, rows: Sequence[Sequence[Shown]], caption: str = "", header: Sequence[str] = ()) -> None:
        """A grid of pictures, each with its caption; ``header`` names the columns. Rows may be of different lengths.

        Larger pictures are scaled down to 320 pixels per side. Raises ``PictureError`` where a file cannot be read.
        """
        columns = max([len(header), *map(len, rows)], default=0)
        if not columns:
            return
        cells = [cell for row in rows for cell in [*(_cell(*shown) for shown in row), *[None] * (columns - len(row))]]
        widest = max([NARROWEST, *(cell["width"] for cell in cells if cell is not None)])
        named = [*header, *[""] * (columns - len(header))] if header else []
        self._add("pictures", columns=columns, widest=widest, header=named, cells=cells, caption=caption)

    def write(self, path: Path) -> None:
        """Write the page whole or not at all. Raises ``PictureError`` where it cannot be written."""
        environment = jinja2.Environment(
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
        html = template.render(title=self.title, lead=self.lead, parts=self._parts)
        # a file's name may hold bytes that are no text
        write_atomically(path, html.encode("utf-8", "backslashreplace"))

    def _add(self, kind: str, **content: Any) -> None:
        self._parts.append({"kind": kind, **content})


def _cell(picture: NDArray[np.uint8] | Path, caption: str) -> dict[str, Any]:
    """What the template shows of a picture."""
    small = shrink(Picture(load_rgb(picture) if isinstance(picture, Path) else picture), MOST_PIXELS)
    width, height = small.size
    content = base64.b64encode(encode_picture(small, "WEBP", QUALITY)).decode("ascii")
    return {"content": content, "width": width, "height": height, "caption": caption}
