"""`translate export`: from a training run to one ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(help="folder of the run, or of one of its checkpoints")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the .onnx file to write")],
    opset: Annotated[int | None, typer.Option(help="ONNX operator set version")] = None,
    fp16: Annotated[bool, typer.Option("--fp16", help="half precision inside; the ends stay uint8")] = False,
    title: Annotated[str, typer.Option(help="name shown by `translate models`; default: the file's")] = "",
    licence: Annotated[str, typer.Option(help="licence of the weights")] = "unspecified",
    training_data: Annotated[str, typer.Option(help="what it was trained on, with attributions")] = "unspecified",
) -> None:
    """Write the run's averaged generator as one self-contained ONNX file, checked against PyTorch."""
