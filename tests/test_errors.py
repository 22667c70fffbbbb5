"""How an error names settings: in Python, nested in another error, and on the command line."""

from __future__ import annotations

import ast
import json
import pickle
import re
from functools import cache
from pathlib import Path

import pytest
import typer

from tests.helpers.command_line import RunCli
from tests.helpers.paths import ROOT
from translate import ConvertRequest, convert_files
from translate.cli import app
from translate.commands.terminal import FLAGS, flag, with_flags
from translate.errors import MAX_NESTING, PictureError, UserError, literal, one_line, parse_nested, render

MARKS = re.compile(r"<([a-z][a-z0-9_]*)>")
# commands of other programs, and whole commands of this one
COMMANDS = re.compile(r"pip install [^;]*|--nproc_per_node|`translate [^`]*(?:`|$)")


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_nested_brackets_are_bounded(opened: str) -> None:
    closed = {"[": "]", '{"a":': "}"}[opened]
    assert parse_nested(json.loads, opened * MAX_NESTING + "1" + closed * MAX_NESTING)
    for depth in (MAX_NESTING + 1, 300, 100_000):
        with pytest.raises(ValueError, match="more than 50 brackets inside each other"):
            parse_nested(json.loads, opened * depth + "1" + closed * depth)


def test_settings_have_python_names_unless_a_front_end_renames_them() -> None:
    error = UserError("<max_size> 64: too small; leave <tile> out, or <style>, <ray>; see (<x> y) and <tile>")
    assert str(error) == "max_size 64: too small; leave tile out, or style, ray; see (<x> y) and tile"
    assert error.described(str.upper) == "MAX_SIZE 64: too small; leave TILE out, or STYLE, RAY; see (<x> y) and TILE"
    assert error.marked.startswith("<max_size> 64: ")
    assert pickle.loads(pickle.dumps(error)).marked == error.marked


@pytest.mark.parametrize(
    "text",
    ["<x y>: gone", "<B>", "<1>", "<>", "a<b> c", "photos/<b>.jpg: gone", "<b>.jpg: gone", "-<b>- <-b>", "1 < b > 0"],
)
def test_text_that_only_looks_like_a_mark_is_unchanged(text: str) -> None:
    assert str(UserError(text)) == with_flags(text) == text


@pytest.mark.parametrize("text", ["<html> <b> is <lambda>", "<<>", "<<>b>", "<<><b>", "plain"])
def test_foreign_text_is_shown_verbatim(text: str) -> None:
    assert render(literal(text)) == with_flags(literal(text)) == text
    assert with_flags(f"<tile> 8: {one_line(ValueError(text))}") == f"--tile 8: {text}"


def test_a_nested_error_is_described_as_the_outer_one_is() -> None:
    inner = PictureError("10 x 10 pixels: too many;\n try <max_size>")
    assert one_line(inner) == "10 x 10 pixels: too many; try <max_size>"
    for outer in (UserError(f"<photos>: {one_line(inner)}"), UserError(f"<photos>: {inner.marked}")):
        assert with_flags(one_line(outer)) == "--photos: 10 x 10 pixels: too many; try --max-size"
        assert "<" not in str(outer)
    assert one_line(UserError()) == "UserError" and one_line(KeyError()) == "KeyError"


def test_flags() -> None:
    assert flag("cpus_per_worker") == "--cpus-per-worker"
    assert with_flags("<ray>: <stabilise> and <recursive>") == "--engine ray: --stabilize and -r"


def test_the_command_line_shows_flags(run_cli: RunCli, photo: Path, tiny_style: Path) -> None:
    done = run_cli("convert", photo, "--style", tiny_style, "--domain", "winter")
    assert (done.code, done.err) == (
        2,
        "translate: --domain winter: 'Tiny' has no domains to choose from; leave it out\n",
    )


def test_a_failed_picture_has_flags_on_the_command_line_and_names_in_python(
    run_cli: RunCli, photo: Path, tiny_style: Path
) -> None:
    done = run_cli("convert", photo, "--style", tiny_style, "--max-pixels", 10, "--json", "--quiet")
    printed = re.fullmatch(r"failed: (.*raise it with --max-pixels \d+)\n", done.err)
    assert printed is not None and json.loads(done.out)["files"][0]["error"] == printed[1]
    (result,) = convert_files(ConvertRequest(inputs=[photo], style=tiny_style, max_pixels=10))
    assert result.error == printed[1].replace("--max-pixels", "max_pixels")
    assert pickle.loads(pickle.dumps(result)) == result


@cache
def texts_raised() -> list[tuple[str, str]]:
    """The texts of errors raised in the library: the module, and each piece of text."""
    found = []
    for path in sorted((ROOT / "translate").rglob("*.py")):
        if "commands" in path.parts or path.name == "cli.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.append((str(path.relative_to(ROOT)), part.value))
    return found


def test_the_library_raises_no_flags() -> None:
    texts = texts_raised()
    assert sum(bool(MARKS.search(text)) for _, text in texts) > 50
    assert not [(module, text) for module, text in texts if re.search(r"(?<!\S)--?[a-z]", COMMANDS.sub("", text))]


def test_every_setting_in_an_error_is_an_option() -> None:
    options = options_of(typer.main.get_command(app))
    settings = {setting for _, text in texts_raised() for setting in MARKS.findall(text)} | set(FLAGS)
    assert len(settings) > 30
    assert not [setting for setting in settings if flag(setting).split()[0] not in options]


def options_of(command: object) -> set[str]:
    """The flags of a command and of all its subcommands."""
    context = typer.Context(command)  # type: ignore[arg-type]
    own = {name for parameter in getattr(command, "params", []) for name in parameter.opts}
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    return own.union(*(options_of(command.get_command(context, name)) for name in names))  # type: ignore[attr-defined]
