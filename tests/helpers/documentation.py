"""The fenced blocks and the commands of README and of the pages in docs/."""

from __future__ import annotations

import re
import shlex

from tests.helpers.paths import ROOT


def blocks(page: str, language: str) -> list[str]:
    """The content of the blocks in ``language`` of ``page``, a path relative to the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def pages_of_the_site() -> list[str]:
    """The pages in the order of the navigation, relative to docs/."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    return re.findall(r": (\S+\.md)$", navigation, re.MULTILINE)


def commands(page: str) -> list[str]:
    """The commands in the blocks ``sh`` of ``page``, one line each, without the comments after them."""
    lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    bare = [re.sub(r"(^|\s+)# .*$", "", line).strip() for line in lines]
    return [line for line in bare if line]


def words(command: str) -> tuple[str, ...]:
    """The words of a command, by which two that differ only in spaces are the same."""
    return tuple(shlex.split(command))
