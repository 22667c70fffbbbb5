"""`translate export`: from a training run to one ONNX file."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer

from translate.commands.terminal import quiet_onnxruntime, say
from translate.errors import UserError
from translate.style.contract import MAX_NUMBER


def export(
    run: Annotated[Path, typer.Argument(help="folder of a run or of one of its checkpoints")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the .onnx file to write")],
    direction: Annotated[
        Literal["AtoB", "BtoA"],
        typer.Option(help="which generator, for runs that train one per direction, as cyclegan does"),
    ] = "AtoB",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an existing file")] = False,
    strength: Annotated[
        float, typer.Option(min=0, help="how strong the style is: 1.1 for a tenth stronger than trained")
    ] = 1.0,
    opset: Annotated[int | None, typer.Option(help="ONNX opset version \\[default: 18]", show_default=False)] = None,
    fp16: Annotated[bool, typer.Option("--fp16", help="half precision inside; input and output stay uint8")] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="eight bits inside, for CPUs; styles also need --calibration")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="remove hidden channels that never fire; needs --calibration")
    ] = False,
    calibration: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="photos like those to be converted, for --int8 and --prune"),
    ] = None,
    title: Annotated[str | None, typer.Option(help="display name \\[default: the name of the file]")] = None,
    licence: Annotated[str, typer.Option(help="licence of the weights")] = "unspecified",
    training_data: Annotated[str, typer.Option(help="what it was trained on, with attributions")] = "unspecified",
    working_size: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_NUMBER,
            help="longest side in pixels of the pictures it is made for; 0: unspecified \\[default: the run's]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the run's averaged generator as one self-contained ONNX file, checked against PyTorch."""
    if output.suffix.lower() != ".onnx":
        raise UserError(f"--output {output}: give a name that ends in .onnx")
    if output.exists() and not overwrite:
        raise UserError(f"{output}: exists already; use --overwrite or another name")
    if int8 and fp16:
        raise UserError("--int8 and --fp16 exclude each other")
    from translate.export.calibration import split_photos
    from translate.export.graph import DEFAULT_OPSET
    from translate.export.prune import prune_style
    from translate.export.quantise import quantise_style
    from translate.export.to_onnx import export_style, load_run
    from translate.storage.folders import find_images
    from translate.weights.checkpoint import find

    quiet_onnxruntime()
    if find(run).from_noise:
        if direction != "AtoB" or strength != 1 or fp16 or prune or calibration or working_size is not None:
            raise UserError(
                f"{run}: makes pictures from noise: leave out --direction, --strength, --fp16, --prune, --calibration "
                "and --working-size"
            )
        write_sampler(run, output, int8=int8, opset=opset, title=title, licence=licence, training_data=training_data)
        return
    if (int8 or prune) != (calibration is not None):
        raise UserError("--int8 and --prune need --calibration DIR, a folder of photos, and no other option takes one")
    photos = [] if calibration is None else find_images(calibration, recursive=True)
    parts = split_photos(photos) if int8 else None
    generator, info = load_run(
        run,
        direction,
        title=title or output.stem,
        licence=licence,
        training_data=training_data,
        working_size=working_size,
    )
    if info.inputs and calibration is not None:
        raise UserError(
            f"{run}: translates {info.pictures} pictures together, and --calibration has one at a time; leave out "
            "--int8, --prune and --calibration"
        )
    if info.labels and calibration is not None:
        raise UserError(f"{run}: translates maps of labels, not photos; leave out --int8, --prune and --calibration")
    if strength != 1:
        try:
            generator.amplify(strength)
        except ValueError as error:
            raise UserError(f"--strength {strength:g}: {error}") from error
    with TemporaryDirectory() as folder:
        exported = output if calibration is None else Path(folder) / "exported.onnx"
        report = export_style(generator, info, exported, opset=opset or DEFAULT_OPSET, fp16=fp16)
        kept = {}
        if prune:
            pruned = output if parts is None else Path(folder) / "pruned.onnx"
            kept = prune_style(exported, pruned, photos)
            exported = pruned
        loss = None if parts is None else quantise_style(exported, output, *parts)
    say(f"{find(run).path} -> {output}, {output.stat().st_size / 1e6:.2f} MB")
    for size in report.sizes:
        say(f"  against PyTorch at {size}")
    if prune:
        channels, left = sum(had for _, had in kept.values()), sum(left for left, _ in kept.values())
        say(f"  pruned: {left} of {channels} hidden channels left, judged by {len(photos)} photos")
    if loss is not None:
        say(f"  int8 against float32 on photos it was not calibrated with: {loss}")


def write_sampler(
    run: Path, output: Path, *, int8: bool, opset: int | None, title: str | None, licence: str, training_data: str
) -> None:
    """Write the averaged generator of a run that makes pictures from noise."""
    from translate.export.graph import DEFAULT_OPSET
    from translate.export.quantise_sampler import quantise_sampler
    from translate.export.sampler import export_sampler, load_sampler_run
    from translate.weights.checkpoint import find

    generator, info = load_sampler_run(run, title=title or output.stem, licence=licence, training_data=training_data)
    with TemporaryDirectory() as folder:
        exported = Path(folder) / "exported.onnx" if int8 else output
        report = export_sampler(generator, info, exported, opset=opset or DEFAULT_OPSET)
        loss = quantise_sampler(exported, output) if int8 else None
    say(f"{find(run).path} -> {output}, a sampler, {output.stat().st_size / 1e6:.2f} MB")
    for size in report.sizes:
        say(f"  against PyTorch at {size}")
    if loss is not None:
        say(f"  int8 against float32 on other noise: {loss}")
