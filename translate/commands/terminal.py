"""What the commands have in common: their help, lines for the terminal, the flags of settings, names of pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from translate.errors import UserError, printable, render

FLAGS = {  # of the settings whose flag is not their name
    "all_checkpoints": "--checkpoints all",
    "file": "--config",
    "ray": "--engine ray",
    "recursive": "-r",
    "stabilise": "--stabilize",
    "training": "--against",
}


class HelpAtTheTop(TyperCommand):
    """A command that shows ``--help`` in the first panel of its options, not in a panel of its own."""

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
    """A text of `translate.errors`, in which settings are marked, with their flags."""
    return render(marked, flag)


def say(text: str) -> None:
    """A line on standard error."""
    typer.echo(printable(text), err=True)


def quiet_onnxruntime() -> None:
    """Keep onnxruntime's own lines off standard error; for commands that use it, once they import heavy libraries.

    It cannot tell what a host has set, so that nothing below the commands changes it.
    """
    import onnxruntime

    from translate.style.session import FATAL

    onnxruntime.set_default_logger_severity(FATAL)


PAGE_SUFFIXES = (".html", ".htm")


def require_page_name(output: Path | None) -> None:
    """Raise ``UserError`` for the name of something else than a page."""
    if output is not None and output.suffix.lower() not in PAGE_SUFFIXES:
        raise UserError(f"--output {output}: give a name that ends in .html")
