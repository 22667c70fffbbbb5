"""Shared by the commands: their help, printing, the flags of settings, and names of pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from translate.errors import UserError, printable, render

FLAGS = {  # of settings whose flag differs from their name
    "all_checkpoints": "--checkpoints all",
    "file": "--config",
    "ray": "--engine ray",
    "recursive": "-r",
    "stabilise": "--stabilize",
    "training": "--against",
}


class HelpAtTheTop(TyperCommand):
    """A command that shows ``--help`` in its first panel of options instead of a separate one."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)
        *given, help_option = params
        panels = (param.rich_help_panel for param in given if param.param_type_name == "option")
        help_option.rich_help_panel = next(panels, None)
        return params


def flag(setting: str) -> str:
    """The command-line flag of a setting, by its Python name."""
    return FLAGS.get(setting, "--" + setting.replace("_", "-"))


def with_flags(marked: str) -> str:
    """Replace the marked settings in a text of `translate.errors` by their flags."""
    return render(marked, flag)


def say(text: str) -> None:
    """Print a line to standard error, with control characters escaped."""
    typer.echo(printable(text), err=True)


def quiet_onnxruntime() -> None:
    """Keep onnxruntime's own messages off standard error; called by commands when they import heavy libraries.

    The previous severity cannot be queried and restored, so only commands change it.
    """
    import onnxruntime

    from translate.style.session import FATAL

    onnxruntime.set_default_logger_severity(FATAL)


PAGE_SUFFIXES = (".html", ".htm")


def require_page_name(output: Path | None) -> None:
    """Raise ``UserError`` where ``output`` does not have the suffix of an HTML page."""
    if output is not None and output.suffix.lower() not in PAGE_SUFFIXES:
        raise UserError(f"--output {output}: give a name that ends in .html")
