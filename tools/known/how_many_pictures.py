"""How many pictures does a training need? The same network and steps on more and more of them, judged on others.

    python -m tools.known.how_many_pictures pairs PHOTOS PICTURES TEST_PHOTOS TEST_PICTURES OUT --counts 25,50,100,300
    python -m tools.known.how_many_pictures drawings PHOTOS ART TEST_PHOTOS TEST_ART OUT --counts 50,100,300

``pairs``: pix2pix with the network of the style ``anime``; pictures have the names of their photos. PSNR and SSIM to
the true pictures, on the test photos and on as many of those trained on: where these part, the network has learnt
pictures by heart. ``drawings``: CUT from all PHOTOS to a number of drawings from ART. KID, MMD of texture, precision
and recall against TEST_ART, and the share of results that are close to drawings trained on.

Each larger set contains the smaller ones. OUT gets N/run, N/style.onnx, N/test, table.csv, plot.png and sheet.jpg;
repeating the command resumes it.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tools.known.sheets import save_sheet
from translate import ConvertRequest, convert_files
from translate.config import CutConfig, Pix2PixConfig, TrainConfig
from translate.evaluate.evaluation import Pictures, compare_all, evaluate, match_by_name
from translate.evaluate.extractors import build_extractor
from translate.evaluate.set_metrics import spaced_indices
from translate.export.to_onnx import export_style, load_run
from translate.media.images import load_rgb
from translate.storage.atomic import write_atomically
from translate.storage.folders import find_images
from translate.train.loop import train

Row = dict[str, float]
Judge = Callable[[int, Path], Row]  # of the number of pictures and the folder for it
SHOWN, SHOWN_SIDE = 5, 200  # photos in the sheet, and the side of each in pixels

Folder = Annotated[Path, typer.Argument()]
Counts = Annotated[str, typer.Option(help="separated by commas")]
Steps = Annotated[int, typer.Option(min=1, help="of each run")]
Config = Annotated[Path | None, typer.Option(help="TOML file with further settings of the runs")]
app = typer.Typer(pretty_exceptions_enable=False, help=__doc__)


def some(folder: Path, count: int, out: Path) -> Path:
    """``out``, with links to ``count`` pictures of ``folder``, always in the same random order."""
    found = find_images(folder, recursive=False)
    if count > len(found):
        raise typer.BadParameter(f"{folder} holds {len(found)} pictures, not {count}")
    random.Random(0).shuffle(found)
    out.mkdir(parents=True, exist_ok=True)
    for path in found[:count]:
        if not (out / path.name).is_symlink():
            (out / path.name).symlink_to(path.resolve())
    return out


def trained_style(
    method: type[TrainConfig], preset: str, a: Path, b: Path, folder: Path, steps: int, config: Path | None
) -> Path:
    """The style that training from ``a`` to ``b`` gives, in ``folder``, beside the run."""
    file = folder / "style.onnx"
    if not file.exists():
        given: dict[str, Any] = {"a": a, "b": b, "out": folder / "run", "steps": steps, "sample_every": 0}
        train(method.resolve(given, preset=preset, file=config))
        export_style(*load_run(folder / "run", "AtoB", title=f"{folder.name} pictures"), file)
    return file


def translated(photos: Path, style: Path, out: Path) -> Pictures:
    """``photos`` in the style, as PNG."""
    request = ConvertRequest(
        inputs=[photos], output=out, style=style, format="png", detail="full", skip_existing=True, again=True
    )
    for result in convert_files(request):
        if result.error:
            raise typer.BadParameter(f"{result.source}: {result.error}")
    return Pictures.below(out, least=1)


def compare_counts(counts: str, out: Path, judge: Judge, shown: Pictures, plotted: dict[str, list[str]]) -> None:
    """Judge each count; write the table, the plot of columns by title, and the sheet: a photo, then each result."""
    numbers = [int(count) for count in counts.split(",")]
    rows: dict[int, Row] = {}
    for number in numbers:
        rows[number] = judge(number, out / str(number))
        write_table(rows, out / "table.csv")
        plot(rows, plotted).savefig(out / "plot.png", dpi=120)
    photos = shown.only(spaced_indices(len(shown.paths), SHOWN)).paths
    results = [[out / str(number) / "test" / f"{photo.stem}.png" for number in numbers] for photo in photos]
    rows_shown = zip(photos, results, strict=True)
    save_sheet([[square(path) for path in (photo, *made)] for photo, made in rows_shown], out / "sheet.jpg")
    typer.echo((out / "table.csv").read_text(encoding="utf-8"), nl=False)


def square(path: Path) -> NDArray[np.uint8]:
    """The middle of the picture, `SHOWN_SIDE` pixels wide and high."""
    return np.asarray(ImageOps.fit(Image.fromarray(load_rgb(path)), (SHOWN_SIDE, SHOWN_SIDE)))


def write_table(rows: dict[int, Row], path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["pictures", *next(iter(rows.values()))])
    for count, row in rows.items():
        writer.writerow([count, *(f"{value:.4f}" for value in row.values())])
    write_atomically(path, text.getvalue().encode())


def plot(rows: dict[int, Row], plotted: dict[str, list[str]]) -> Figure:
    """A diagram for each title, of its columns by the number of pictures."""
    figure = Figure(figsize=(4.2 * len(plotted), 3.4), layout="constrained")
    for axes, (title, names) in zip(figure.subplots(1, len(plotted)), plotted.items(), strict=True):
        for name in names:
            axes.plot(list(rows), [row[name] for row in rows.values()], "o-", label=name.replace("_", " "))
        axes.set(xscale="log", xlabel="pictures trained on", title=title)
        axes.set_xticks(list(rows), [str(count) for count in rows])
        axes.minorticks_off()
        axes.legend()
    return figure


@app.command()
def pairs(
    photos: Folder,
    pictures: Folder,
    test_photos: Folder,
    test_pictures: Folder,
    out: Folder,
    counts: Counts = "25,50,100,300",
    steps: Steps = 1500,
    config: Config = None,
) -> None:
    """Photos and pictures of them."""

    def judge(count: int, folder: Path) -> Row:
        a, b = some(photos, count, folder / "a"), some(pictures, count, folder / "b")
        style = trained_style(Pix2PixConfig, "painted", a, b, folder, steps, config)
        seen = some(photos, min(count, len(find_images(test_photos, recursive=False))), folder / "seen")
        row: Row = {}
        for name, inputs, truths in (("test", test_photos, test_pictures), ("training", seen, b)):
            outputs = translated(inputs, style, folder / ("test" if name == "test" else "again"))
            metrics = compare_all(match_by_name(outputs, Pictures.below(truths, least=1)))
            row |= {f"psnr_db_{name}": metrics.psnr_db, f"ssim_{name}": metrics.ssim}
        return row

    plotted = {
        "PSNR, dB: higher is better": ["psnr_db_test", "psnr_db_training"],
        "SSIM: higher is better": ["ssim_test", "ssim_training"],
    }
    compare_counts(counts, out, judge, Pictures.below(test_photos), plotted)


@app.command()
def drawings(
    photos: Folder,
    art: Folder,
    test_photos: Folder,
    test_art: Folder,
    out: Folder,
    counts: Counts = "50,100,300",
    steps: Steps = 2500,
    config: Config = None,
) -> None:
    """Photos, and drawings of other things."""
    extractor = build_extractor("efficientnet-lite0", device="cpu")

    def judge(count: int, folder: Path) -> Row:
        b = some(art, count, folder / "art")
        style = trained_style(CutConfig, "light", photos, b, folder, steps, config)
        outputs = translated(test_photos, style, folder / "test")
        found = evaluate(outputs, Pictures.below(test_art), extractor, training=Pictures.below(b)).metrics
        return {name: found[name] for name in ("kid", "mmd_texture", "precision", "recall", "memorised_share")}

    plotted = {
        "KID: lower is better": ["kid"],
        "MMD of texture: lower is better": ["mmd_texture"],
        "Higher is better": ["precision", "recall"],
    }
    compare_counts(counts, out, judge, Pictures.below(test_photos), plotted)


if __name__ == "__main__":
    app()
