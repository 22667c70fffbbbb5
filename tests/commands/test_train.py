"""The options of `translate train METHOD`: one per setting, in panels."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
import typer

from translate.commands.terminal import flag
from translate.commands.train import train_app
from translate.config import CONFIGS, PANELS

GROUP: Any = typer.main.get_group(train_app)


def options_by_panel(method: str) -> dict[str, list[str]]:
    """The options as the help shows them."""
    command = GROUP.commands[method]
    panels: dict[str, list[str]] = {}
    for option in command.get_params(typer.Context(command)):
        panels.setdefault(option.rich_help_panel, []).append(option.opts[0])
    return panels


@pytest.mark.parametrize("method", CONFIGS)
def test_every_option_is_in_a_panel(method: str) -> None:
    panels = options_by_panel(method)
    assert tuple(panels) == PANELS
    shown = [option for options in panels.values() for option in options]
    settings = [flag(spec.name) for spec in fields(CONFIGS[method])]
    assert sorted(shown) == sorted([*settings, "--config", "--dry-run", "--quiet", "--verbose", "--help"])


@pytest.mark.parametrize(
    ("method", "learns_from"),
    [
        ("pix2pix", ["--data", "--a", "--b", "--shards"]),
        ("cyclegan", ["--a", "--b", "--shards"]),
        ("cut", ["--a", "--b", "--shards"]),
        ("animegan", ["--a", "--b", "--shards"]),
        ("stargan", ["--domains", "--images", "--attributes"]),
        ("gan", ["--images"]),
        ("cgan", ["--images", "--attributes", "--classes", "--captions", "--audio", "--embeddings"]),
        ("glo", ["--images"]),
        ("gon", ["--images"]),
    ],
)
def test_the_first_panel_holds_what_a_run_needs(method: str, learns_from: list[str]) -> None:
    first = options_by_panel(method)[PANELS[0]]
    assert first[: len(learns_from) + 3] == [*learns_from, "--out", "--preset", "--config"]
    assert len(first) <= len(learns_from) + 11
