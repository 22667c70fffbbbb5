"""Write pictures with smoothed edges, for `translate train animegan --smoothed OUT`.

    python -m tools.styles.smooth_edges IN OUT [--device auto] [--batch 16]

OUT gets each picture of IN under its relative path, as PNG. Without such a folder, training smooths the edges of its
crops itself. Make one to save that time, unless training scales its pictures down.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Annotated, NoReturn

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.progress import track

from translate.data.check import measure
from translate.data.pairing import Size
from translate.data.smooth_edges import smooth_edges
from translate.errors import ExitCode, PictureError, UserError, one_line, render
from translate.media.images import Picture, encode_picture, from_signed_unit, load_rgb, to_signed_unit
from translate.storage.atomic import write_atomically
from translate.storage.folders import find_images

MIN_SIDE = 3  # pixels


def smooth(pictures: list[NDArray[np.uint8]], device: torch.device) -> NDArray[np.uint8]:
    """Smooth the edges of pictures of the same size: N of uint8 [H, W, 3] -> uint8 [N, H, W, 3]."""
    bytes_in = torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2)
    smoothed = from_signed_unit(smooth_edges(to_signed_unit(bytes_in.float())))
    return smoothed.to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def batches_of_one_size(sizes: list[tuple[Path, Size]], batch: int) -> list[list[Path]]:
    """The files in batches of at most ``batch`` pictures of the same size."""
    groups = []
    for _, same in groupby(sorted(sizes, key=lambda item: item[1]), key=lambda item: item[1]):
        files = [path for path, _ in same]
        groups += [files[start : start + batch] for start in range(0, len(files), batch)]
    return groups


def refuse(reason: str) -> NoReturn:
    """Print ``reason`` and exit with the code for wrong usage."""
    typer.echo(reason, err=True)
    raise typer.Exit(ExitCode.USAGE)


def main(
    source: Annotated[Path, typer.Argument(metavar="IN", help="folder of pictures")],
    out: Annotated[Path, typer.Argument(help="folder to write")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N")] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="pictures of the same size per batch")] = 16,
) -> None:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        files = find_images(source, recursive=True)
        torch_device = torch.device(device)
        torch.empty(0, device=torch_device)
    except UserError as error:
        refuse(str(error))
    except (RuntimeError, AssertionError) as error:  # PyTorch without CUDA raises AssertionError
        refuse(f"--device {device}: {render(one_line(error))}")
    targets = {path: (out / path.relative_to(source)).with_suffix(".png") for path in files}
    if len(set(targets.values())) < len(files):
        refuse(f"{source}: contains pictures whose names differ only in the suffix")
    usable: list[tuple[Path, Size]] = []
    failed = 0
    for path, size in measure(files):
        if isinstance(size, PictureError) or min(size) < MIN_SIDE:
            typer.echo(size if isinstance(size, PictureError) else f"{path}: side under {MIN_SIDE} pixels", err=True)
            failed += 1
        else:
            usable.append((path, size))

    def write(path: Path, pixels: NDArray[np.uint8]) -> None:
        write_atomically(targets[path], encode_picture(Picture(pixels), "PNG"))

    with ThreadPoolExecutor() as pool:
        for group in track(batches_of_one_size(usable, batch), description="pictures"):
            list(pool.map(write, group, smooth(list(pool.map(load_rgb, group)), torch_device)))
    typer.echo(f"{len(usable)} pictures -> {out}" + (f", {failed} failed" if failed else ""))
    raise typer.Exit(ExitCode.SOME_FAILED if failed else ExitCode.OK)


if __name__ == "__main__":
    typer.run(main)
