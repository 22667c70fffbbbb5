"""The command line `translate`: assembles the subcommands and turns errors into one line and an exit code.

Nothing imported here may import torch or onnxruntime: `translate --help` has to answer at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from translate import __version__
from translate.commands.convert import convert
from translate.commands.data import data_app
from translate.commands.export import export
from translate.commands.models import models_app
from translate.commands.train import train_app
from translate.errors import ExitCode, UserError, one_line

TRAINING_LIBRARIES = {"torch", "torchvision", "albumentations", "cv2", "accelerate", "safetensors", "onnx", "onnx_ir"}

app = typer.Typer(
    name="translate",
    help="Train image-to-image translation on your own folders, export it, convert photos with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(convert)
app.add_typer(train_app, name="train")
app.command()(export)
app.add_typer(data_app, name="data")
app.add_typer(models_app, name="models")


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
        app()
    except UserError as error:
        typer.echo(f"translate: {one_line(error)}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("translate: interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except ModuleNotFoundError as error:
        if error.name not in TRAINING_LIBRARIES:
            raise
        typer.echo(f"translate: needs {error.name}: pip install 'picture-translate[train]'", err=True)
        sys.exit(ExitCode.UNUSABLE)
    except BrokenPipeError:  # the reader of our standard output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.SOME_FAILED)
