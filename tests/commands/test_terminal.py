"""What all commands have in common."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import write_pairs
from translate.cli import SUBCOMMANDS, app
from translate.commands.terminal import in_the_home_folder


def leaves(command: Any, context: Any) -> Iterator[tuple[str, Any]]:
    """Each command that does something, with its name."""
    if not hasattr(command, "list_commands"):
        yield context.command_path, command
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        yield from leaves(inner, type(context)(inner, info_name=name, parent=context))


def test_every_command_has_quiet_and_verbose() -> None:
    command = typer.main.get_command(app)
    spellings = {
        name: {option for parameter in leaf.params for option in parameter.opts}
        for name, leaf in leaves(command, command.context_class(command))
    }
    assert len(spellings) > len(SUBCOMMANDS)
    missing = [name for name, found in spellings.items() if not {"-q", "--quiet", "-v", "--verbose"} <= found]
    assert missing == []


def test_quiet_leaves_results_and_problems_and_verbose_adds_time_and_memory(tmp_path: Path, run_cli: RunCli) -> None:
    a, b = write_pairs(tmp_path, 3)
    (b / "0.webp").unlink()
    arguments = ("data", "check", "--a", a, "--b", b)
    plain, quiet, verbose = run_cli(*arguments), run_cli(*arguments, "-q"), run_cli(*arguments, "-v")
    assert plain.out == quiet.out == verbose.out and plain.code == quiet.code == 1
    assert plain.err and quiet.err == ""
    assert run_cli(*arguments).err == plain.err  # it is of one command only
    (a / "0.png").unlink()
    assert "peak memory" in run_cli(*arguments, "-v").err
    assert run_cli(*arguments, "-q", "-v").code == 2


def test_the_home_folder_is_expanded_where_the_shell_leaves_it(
    tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_pairs(tmp_path, 3)
    assert run_cli("data", "check", "--a=~/a", "--b=~/b").code == 0
    assert in_the_home_folder(("~", "~/x", "a~/b", "~~/b", None, 3)) == (
        str(tmp_path),
        f"{tmp_path}/x",
        "a~/b",
        "~~/b",
        None,
        3,
    )


def test_a_shell_completes_subcommands_and_options(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "_TRANSLATE_COMPLETE", "complete_bash")
    for words, expected in (("translate eva", b"evaluate"), ("translate export --calib", b"--calibration")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert run_cli().out.split() == [expected]
