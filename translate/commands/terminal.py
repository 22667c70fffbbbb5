"""Shared by the commands: their help, printing, the flags of settings, and names of pages."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

from translate.errors import UserError, printable, render
from translate.machine import peak_memory_mb

FLAGS = {  # of settings whose flag differs from their name
    "all_checkpoints": "--checkpoints all",
    "file": "--config",
    "ray": "--engine ray",
    "recursive": "-r",
    "stabilise": "--stabilize",
    "training": "--against",
}


class Verbosity:
    """How much the command under way prints, by its ``--quiet`` and ``--verbose``."""

    quiet = False
    verbose = False


class Command(TyperCommand):
    """A command with what all have in common.

    ``--help`` is shown in its first panel of options; ``--quiet`` and ``--verbose`` are there, if it does not define
    them itself; ``~`` at the beginning of values is the home folder, as in `--out=~/run`, where a shell leaves it.
    """

    report_panel: str | None = None  # of --quiet and --verbose in the help

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.shared = [] if any("--quiet" in param.opts for param in self.params) else self._shared_options()
        self.params += self.shared

    def _shared_options(self) -> list[TyperOption]:
        helps = {"quiet": "print only results and problems", "verbose": "print more, at the end time and memory too"}
        return [
            TyperOption(
                param_decls=[name, f"--{name}", f"-{name[0]}"],
                is_flag=True,
                default=False,
                help=text,
                rich_help_panel=self.report_panel,
            )
            for name, text in helps.items()
        ]

    def invoke(self, ctx: Any) -> Any:
        start = time.perf_counter()
        given = {name: in_the_home_folder(value) for name, value in ctx.params.items()}
        Verbosity.quiet, Verbosity.verbose = given["quiet"], given["verbose"]
        if Verbosity.quiet and Verbosity.verbose:
            raise UserError("--quiet and --verbose exclude each other")
        ctx.params = {name: value for name, value in given.items() if name not in {param.name for param in self.shared}}
        result = super().invoke(ctx)
        if self.shared and Verbosity.verbose:
            peak = peak_memory_mb()
            say(f"took {time.perf_counter() - start:.1f} s" + (f", peak memory {peak:.0f} MB" if peak else ""))
        return result

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


def in_the_home_folder(value: Any) -> Any:
    """``value``, or a list's values, with ``~`` or ``~/`` at the beginning of a text replaced by the home folder."""
    if isinstance(value, list | tuple):
        return type(value)(map(in_the_home_folder, value))
    if isinstance(value, str) and (value == "~" or value.startswith("~/")):
        return str(Path(value).expanduser())
    return value


def say(text: str) -> None:
    """Print a line to standard error unless ``--quiet`` is given, with control characters escaped."""
    if not Verbosity.quiet:
        warn(text)


def warn(text: str) -> None:
    """Print a line about a problem to standard error, with control characters escaped."""
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
