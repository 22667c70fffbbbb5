"""What a page says about a style: its name, a sentence, its licence, a small picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from translate.media.images import Picture, encode_picture, load_rgb
from translate.style.contract import StyleInfo
from translate.style.session import first_target, read_style
from translate.style.translator import Translator

SAMPLE = Path(__file__).parent / "page" / "sample.jpg"
_LINK = re.compile(r"\s*\(?\[([^]]*)\]\([^)]*\)\)?")  # of Markdown
_SENTENCE = re.compile(r"(.+?[.;])(?=\s|$)")


@dataclass(frozen=True)
class StyleEntry:
    """What is said about a style."""

    name: str
    file: Path
    info: StyleInfo
    card: str | None  # Markdown

    @classmethod
    def read(cls, name: str, file: Path) -> StyleEntry:
        """The style at ``file``. Raises ``UnusableError`` if it is none, ``UserError`` if it enlarges."""
        info = read_style(file)
        info.require_same_size()
        card = file.with_suffix(".md")
        return cls(name, file, info, card.read_text(encoding="utf-8") if card.is_file() else None)

    @property
    def summary(self) -> str:
        """What it does, in a sentence: the first of its card."""
        paragraphs = (self.card or "").split("\n\n")
        text = " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
        sentence = _SENTENCE.match(_LINK.sub("", text))
        return sentence[1].rstrip(";.") if sentence else self.info.title

    def described(self) -> dict[str, Any]:
        """As JSON shows it."""
        base = f"/v1/styles/{self.name}"
        return {
            "name": self.name,
            "title": self.info.title,
            "summary": self.summary,
            "licence": self.info.licence,
            "domains": self.info.domains,
            "exclusive": self.info.exclusive,
            "working_size": self.info.working_size,
            "preview": f"{base}/preview",
            "card": f"{base}/card" if self.card else None,
        }


def draw_preview(translator: Translator) -> bytes:
    """The sample photo in the style of ``translator``, the first of its domains where it has some, as WebP."""
    domain = first_target(translator.info)
    drawn = translator(load_rgb(SAMPLE)[np.newaxis], domain)[0]
    return encode_picture(Picture(drawn), "WEBP")
