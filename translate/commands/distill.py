"""`translate distill`: a slow way to pictures becomes a fast style."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from translate.commands.terminal import quiet_onnxruntime, say, warn
from translate.errors import printable
from translate.machine import usable_cores

if TYPE_CHECKING:
    from translate.distillation.pipeline import Distilled


def distill(
    photos: Annotated[Path, typer.Argument(metavar="PHOTOS", help="folder of photos, subfolders too")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the .onnx file to write", rich_help_panel="Look")],
    teacher: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="a command that makes the picture {output} of the photo {input}, both PNG",
            rich_help_panel="Look",
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="instead: finished pictures, named like the photos", rich_help_panel="Look"),
    ] = None,
    size: Annotated[
        Literal["small", "medium", "large"] | None,
        typer.Option(
            help="of the network \\[default: medium, or the largest that --minutes allow]",
            show_default=False,
            rich_help_panel="Training",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="of training at most \\[default: until the held-out pictures get no better]",
            show_default=False,
            rich_help_panel="Training",
        ),
    ] = None,
    max_steps: Annotated[
        int, typer.Option(min=0, help="steps of training at most; 0: no limit", rich_help_panel="Training")
    ] = 0,
    scale: Annotated[
        int | None,
        typer.Option(
            help="longest side in pixels at which pictures are made and learnt \\[default: 768]",
            show_default=False,
            rich_help_panel="Look",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="teachers run at a time \\[default: one per core]",
            show_default=False,
            rich_help_panel="Look",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="seconds that the teacher may take for a picture", rich_help_panel="Look")
    ] = 600,
    precision: Annotated[
        Literal["fp32", "bf16"] | None,
        typer.Option(
            help="of training \\[default: bf16 where the processor has instructions for it]",
            show_default=False,
            rich_help_panel="Training",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the training", rich_help_panel="Training")] = 0,
    work: Annotated[
        Path | None,
        typer.Option(
            help="folder for what is made on the way \\[default: beside the output]",
            show_default=False,
            rich_help_panel="Files",
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(help="display name \\[default: that of the file]", show_default=False, rich_help_panel="Files"),
    ] = None,
    licence: Annotated[str, typer.Option(help="licence of the weights", rich_help_panel="Files")] = "unspecified",
    training_data: Annotated[
        str, typer.Option(help="what it learns from, with attributions", rich_help_panel="Files")
    ] = "unspecified",
    explain: Annotated[
        bool, typer.Option("--explain", help="only print the plan, with times", rich_help_panel="Files")
    ] = False,
) -> None:
    """Make a fast style of a slow teacher: a filter, a script, a service, or pictures finished by hand.

    Writes STYLE.onnx, its int8 variant, a card with measurements and a preview. Repeating the command resumes.
    """
    from translate.distillation.pipeline import distill as carry_out
    from translate.distillation.pipeline import explain as explained
    from translate.distillation.request import DistillRequest

    quiet_onnxruntime()
    request = DistillRequest(
        photos=photos,
        output=output,
        teacher=teacher,
        pairs=pairs,
        size=size,
        minutes=minutes,
        max_steps=max_steps,
        scale=scale,
        work=work,
        workers=workers or usable_cores(),
        timeout=timeout,
        title=title,
        licence=licence,
        training_data=training_data,
        seed=seed,
        precision=precision,
    )
    if explain:
        for line in explained(request):
            typer.echo(line)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops the teachers too, as Ctrl-C does
    made = carry_out(request, say=say)
    for line in made.warnings:
        warn(line)
    _report(made)


def _report(made: Distilled) -> None:
    """Print what was made and measured, and what to do with it."""
    found = made.measures
    name, lowest = found.worst
    typer.echo(
        f"{made.style}: {found.psnr_db:.1f} dB to the pictures of {found.count} held-out photos (untouched photos "
        f"{found.photo_psnr_db:.1f} dB), lowest {lowest:.1f} dB ({printable(name)}), SSIM {found.ssim:.3f}"
    )
    times = [f"{found.seconds_per_photo:.2f} s for a photo"]
    if found.seconds_int8 is not None:
        times.append(f"{found.seconds_int8:.2f} s in eight bits")
    if found.teacher_seconds is not None:
        times.append(f"{found.teacher_seconds:.2f} s by the teacher")
    typer.echo(", ".join(times))
    typer.echo(f"look at {made.preview}; everything measured is in {made.card}, the command too")
    typer.echo(f"convert with it: translate convert PHOTOS --style {made.int8} (without a GPU), or {made.style}")
