"""The command line `translate`: assembles the subcommands and turns errors into one line and an exit code.

A subcommand's module is imported only when the subcommand is requested. Neither this module nor those may import torch,
onnxruntime, numpy or Pillow at the top: `translate --help` and conversions have to start fast.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from translate import __version__
from translate.commands.terminal import Command, with_flags
from translate.errors import ExitCode, UserError, one_line

TRAINING_LIBRARIES = {
    *("torch", "torchvision", "albumentations", "cv2", "accelerate", "safetensors", "onnx", "onnx_ir"),
    *("kornia", "torchmetrics", "torch_fidelity", "scipy", "matplotlib", "jinja2", "markupsafe"),
}
SERVING_LIBRARIES = {"starlette", "uvicorn", "h11", "prometheus_client", "watchfiles"}
# name -> the module, and the name in it of the command or group of commands
SUBCOMMANDS = {
    "convert": ("translate.commands.convert", "convert"),
    "upscale": ("translate.commands.upscale", "upscale"),
    "train": ("translate.commands.train", "train_app"),
    "distill": ("translate.commands.distill", "distill"),
    "sample": ("translate.commands.sample", "sample"),
    "export": ("translate.commands.export", "export"),
    "evaluate": ("translate.commands.evaluate", "evaluate"),
    "compare": ("translate.commands.compare", "compare"),
    "data": ("translate.commands.data", "data_app"),
    "models": ("translate.commands.models", "models_app"),
    "diagnose": ("translate.commands.diagnose", "diagnose"),
    "doctor": ("translate.commands.doctor", "doctor"),
    "serve": ("translate.commands.serve", "serve"),
    "page": ("translate.commands.page", "page"),
    "watch": ("translate.commands.watch", "watch"),
}


class Subcommands(TyperGroup):
    """The subcommands, each imported when it is requested."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(SUBCOMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in SUBCOMMANDS:
            return None
        module, name = SUBCOMMANDS[cmd_name]
        subcommand, group = getattr(import_module(module), name), typer.Typer(add_completion=False)
        group.callback()(options)  # without a callback, Typer would not make a group of a single command
        if isinstance(subcommand, typer.Typer):
            group.add_typer(subcommand, name=cmd_name)
        else:
            group.command(cmd_name, cls=Command)(subcommand)
        return typer.main.get_group(group).get_command(ctx, cmd_name)


app = typer.Typer(
    name="translate",
    cls=Subcommands,
    help="Train image-to-image translation on your own folders, export it, convert photos with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(value: bool) -> None:
    if value:
        typer.echo(f"translate {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="print the version and exit")
    ] = False,
) -> None:
    """Options that stand before the subcommand."""


def main() -> None:
    """The entry point of the console command."""
    try:
        app(prog_name="translate")  # by any other name, as of `python -m translate`, completion would not find it
    except UserError as error:
        typer.echo(f"translate: {with_flags(one_line(error))}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("translate: interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except ModuleNotFoundError as error:
        extra = "train" if error.name in TRAINING_LIBRARIES else "serve" if error.name in SERVING_LIBRARIES else None
        if extra is None:
            raise
        typer.echo(f"translate: needs {error.name}: pip install 'picture-translate[{extra}]'", err=True)
        sys.exit(ExitCode.UNUSABLE)
    except BrokenPipeError:  # the reader of our standard output has exited, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.SOME_FAILED)
