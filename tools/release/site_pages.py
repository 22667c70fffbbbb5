"""Hook of mkdocs: pages and pictures of the site that lie outside docs/, and the links between all of them.

In the repository, links lead from file to file. On the site, those to pages and pictures lead there; a link to anything
else, such as a module, becomes its text followed by the path.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OUTSIDE = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "assets/*.jpg", "assets/styles/**/*.md")
DOCS = "docs/"
_FENCE = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)\s#]+)(?P<anchor>#[^)]*)?\)")


def outside() -> list[str]:
    """The files outside docs/ that are part of the site, relative to the repository."""
    return sorted(path.relative_to(ROOT).as_posix() for pattern in OUTSIDE for path in ROOT.glob(pattern))


def on_files(files: Any, config: Any) -> Any:
    """Add the files outside docs/ under their paths in the repository."""
    from mkdocs.structure.files import File

    for path in outside():
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, files: Any, **_: Any) -> str:
    """Let the links of a page lead to where their targets are on the site."""
    site = {file.src_uri for file in files}
    inside = page.file.src_uri not in outside()
    return linked(markdown, source=(DOCS if inside else "") + page.file.src_uri, site=site)


def linked(markdown: str, *, source: str, site: set[str]) -> str:
    """``markdown``, a file at ``source`` in the repository, with links for a site that has the pages ``site``."""

    def replaced(found: re.Match[str]) -> str:
        path, anchor = found["path"], found["anchor"] or ""
        if "://" in path or path.startswith("mailto:"):
            return found[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        page = target.removeprefix(DOCS)
        if page == "README.md":
            page, anchor = "index.md", ""
        if page in site:
            here = posixpath.dirname(source.removeprefix(DOCS))
            return f"{found['image']}[{found['text']}]({posixpath.relpath(page, here or '.')}{anchor})"
        if not (ROOT / target).exists():
            return found[0]  # mkdocs reports it
        shown = found["text"].strip("`")
        return f"`{target}`" if shown == target or target.endswith(f"/{shown}") else f"{found['text']} (`{target}`)"

    parts = _FENCE.split(markdown)
    return "".join(part if index % 2 else _LINK.sub(replaced, part) for index, part in enumerate(parts))
