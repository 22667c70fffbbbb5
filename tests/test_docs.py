"""The documentation: every relative link leads to something, every page is in the site's navigation."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.helpers.command_line import RunCli
from tests.helpers.documentation import commands, pages_of_the_site, words
from tests.helpers.paths import ROOT
from tests.helpers.styles import style_info, write_style
from tools.release.site_pages import linked, outside
from translate.errors import ExitCode
from translate.style.catalogue import VARIABLE

PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").glob("**/*.md"), *(ROOT / name for name in outside() if name[-3:] == ".md")]
)
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and Python-Markdown make them."""
    headings = HEADING.findall(re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_navigation() -> None:
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").glob("**/*.md")}
    assert sorted(pages_of_the_site()) == sorted(pages | {path for path in outside() if path.endswith(".md")})


def test_names_in_the_glossary_exist() -> None:
    """A name in backquotes before `in [file](path)` is defined in that file."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    found = re.findall(r"((?:`\w+`(?: and |, )?)+)\s+in\s+\[[^\]]*\]\(\.\./([^)]+\.py)\)", text)
    assert len(found) > 20
    missing = [
        f"{name} in {path}"
        for names, path in found
        for name in re.findall(r"`(\w+)`", names)
        if not re.search(rf"(def|class) {name}\b|\"{name}\"", (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_links_of_the_site() -> None:
    site = {"faq.md", "index.md", "serve.md", "assets/gallery.jpg", "assets/styles/cel.md", "SECURITY.md"}

    def on_site(text: str, source: str = "docs/faq.md") -> str:
        return linked(text, source=source, site=site)

    assert on_site("![six](../assets/gallery.jpg)") == "![six](assets/gallery.jpg)"
    assert on_site("[card](../assets/styles/cel.md#figures)") == "[card](assets/styles/cel.md#figures)"
    assert on_site("[back](../../docs/faq.md)", "assets/styles/cel.md") == "[back](../../faq.md)"
    assert on_site("[home](../README.md#export)") == "[home](index.md)"
    assert on_site("[blocks.py](../models/blocks.py)") == "`models/blocks.py`"
    assert on_site("[the layers](../models/blocks.py)") == "the layers (`models/blocks.py`)"
    assert on_site("[away](https://example.org/a.md)") == "[away](https://example.org/a.md)"
    assert on_site("[lost](nowhere.md)") == "[lost](nowhere.md)"
    assert on_site("```sh\n[x](../models/blocks.py)\n```") == "```sh\n[x](../models/blocks.py)\n```"


def test_passing_a_style_on(run_cli: RunCli, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "styles"))
    write_style(tmp_path / "dabs.onnx", info=style_info(licence="CC0-1.0"))
    (tmp_path / "photos").mkdir()
    shutil.copy(photo, tmp_path / "photos")
    for line in commands("docs/styles.md"):
        program, *arguments = words(line)
        if "runs/mine" not in arguments:  # exporting has tests of its own
            assert program == "translate" and run_cli(*arguments).code == ExitCode.OK, line
    assert (tmp_path / "dabbed" / "photo.jpg").is_file()
