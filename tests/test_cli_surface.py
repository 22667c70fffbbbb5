"""The interface that users and scripts rely on: every command's options, their defaults, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import typer.main

from tests.helpers.paths import DATA
from translate.cli import app
from translate.errors import ExitCode

SURFACE = DATA / "cli-surface.json"


def surface(command: Any, context: Any) -> dict[str, Any]:
    """The parameters of each command below, with their spellings and defaults."""
    if hasattr(command, "list_commands"):
        found = {name: command.get_command(context, name) for name in command.list_commands(context)}
        return {name: surface(inner, type(context)(inner, parent=context)) for name, inner in found.items() if inner}
    return {
        parameter.name or "": {
            "options": sorted([*parameter.opts, *parameter.secondary_opts]),
            "default": str(parameter.default),
            "required": parameter.required,
            "several": bool(getattr(parameter, "multiple", False)) or parameter.nargs != 1,
        }
        for parameter in command.params
    }


def test_options_and_defaults_are_unchanged() -> None:
    command = typer.main.get_command(app)
    found = surface(command, command.context_class(command))
    known = json.loads(SURFACE.read_text(encoding="utf-8"))
    assert found.keys() == known.keys()
    for name in known:
        assert found[name] == known[name], name


def helps(command: Any, context: Any) -> Iterator[str]:
    """The help text of each parameter of each command."""
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            yield from helps(inner, type(context)(inner, parent=context))
    else:
        yield from (getattr(parameter, "help", None) or "" for parameter in command.params)


def test_defaults_in_help_are_not_taken_for_markup() -> None:
    """Rich drops what is in brackets, unless a backslash stands before it."""
    command = typer.main.get_command(app)
    texts = list(helps(command, command.context_class(command)))
    assert any("\\[default" in text for text in texts)
    assert not [text for text in texts if "[default" in text.replace("\\[", "")]


def test_exit_codes_are_unchanged() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "SOME_FAILED": 1,
        "USAGE": 2,
        "UNUSABLE": 3,
        "INTERRUPTED": 130,
    }
