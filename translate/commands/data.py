"""`translate data`: draw pictures for a first training, check those for a long one, and pack them into tars."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from translate.commands.terminal import Command, Verbosity, flag, say
from translate.errors import ExitCode, PictureError, UserError, printable, render
from translate.storage.shards import Source

WAYS = (
    "give --data DIR (A and B side by side), or --a DIR and --b DIR (with --unpaired: not pairs), or --inputs DIR "
    "--inputs DIR and --b DIR, or --domains DIR (a folder per domain), or --images DIR, alone or with "
    "--attributes TABLE and --columns"
)
MAX_LISTED = 11  # problems of names: a hint and ten examples

data_app = typer.Typer(
    help="Draw pictures for a first training, check those for a long one, and pack them into tars.",
    no_args_is_help=True,
)


@data_app.command(cls=Command)
def check(
    data: Annotated[Path | None, typer.Option(help="folder of pictures with A and B side by side")] = None,
    a: Annotated[Path | None, typer.Option("--a", help="folder of the A side")] = None,
    b: Annotated[Path | None, typer.Option("--b", help="folder of the B side")] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(help="instead of --a: a folder of input pictures; twice or more, as for train pix2pix"),
    ] = None,
    unpaired: Annotated[bool, typer.Option("--unpaired", help="--a and --b are not pairs")] = False,
    domains: Annotated[Path | None, typer.Option(help="folder with a subfolder of pictures per domain")] = None,
    images: Annotated[Path | None, typer.Option(help="folder of pictures; --attributes describes them")] = None,
    attributes: Annotated[Path | None, typer.Option(help="table: file names, 0/1 columns; or CelebA's format")] = None,
    columns: Annotated[str, typer.Option(help="attributes to use, separated by commas; empty: all 0/1 columns")] = "",
    a_suffix: Annotated[
        str, typer.Option(help="of --a only pictures whose names end so before the extension, matched by the rest")
    ] = "",
    b_suffix: Annotated[str, typer.Option(help="the same for --b: _leftImg8bit for Cityscapes")] = "",
    crop: Annotated[
        int | None, typer.Option(min=1, help="side in pixels of the training crops: tells of smaller pictures")
    ] = None,
    scale: Annotated[
        int, typer.Option(min=1, help="for a generator that enlarges: B is this many times as high and wide as A")
    ] = 1,
) -> None:
    """Report unmatched, unreadable, mismatched and missing pictures, and folders with too few; exit code 1 if any.

    Problems go to standard output; a summary and the skipped columns of a table go to standard error.
    """
    from translate.data.attributes import match_attributes
    from translate.data.check import measure
    from translate.data.doubts import doubts
    from translate.data.pairing import (
        LabelledPictures,
        PairedFolders,
        SinglePictures,
        Size,
        UnpairedFolders,
        find_domains,
        find_pictures,
        find_unpaired,
        match_inputs,
        match_pairs,
    )

    found: PairedFolders | UnpairedFolders | LabelledPictures | SinglePictures
    match data, a, b, domains, images, attributes, unpaired, columns:
        case None, None, Path(), None, None, None, False, "" if inputs and not a_suffix:
            found = match_inputs(inputs, b, b_suffix=b_suffix)
        case _ if inputs:
            raise UserError(WAYS)
        case Path(), None, None, None, None, None, False, "":
            found = match_pairs(data=data)
        case None, Path(), Path(), None, None, None, _, "":
            found = find_unpaired(a, b) if unpaired else match_pairs(a=a, b=b, a_suffix=a_suffix, b_suffix=b_suffix)
        case None, None, None, Path(), None, None, False, "":
            found = find_domains(domains)
        case None, None, None, None, Path(), None, False, "":
            found = find_pictures(images)
        case None, None, None, None, Path(), Path(), False, _:
            found = match_attributes(images, attributes, columns=columns)
        case _:
            raise UserError(WAYS)

    problems = 0

    def report(problem: str) -> None:
        nonlocal problems
        problems += 1
        typer.echo(printable(problem))

    for number, problem in enumerate(found.problems):
        if number < MAX_LISTED or Verbosity.verbose:
            report(render(problem, flag))
        else:
            problems += 1
    if len(found.problems) > MAX_LISTED and not Verbosity.verbose:
        typer.echo(f"... and {len(found.problems) - MAX_LISTED} more of these; --verbose lists them")
    sizes: dict[Source, Size] = {}
    for path, size in measure(found.files):
        if isinstance(size, PictureError):
            report(size.described(flag))
        else:
            sizes[path] = size
    if isinstance(found, PairedFolders):
        for problem in found.mismatches(sizes, scale=scale):
            report(problem)
        for remark in (*found.remarks, *doubts(found.pairs)):
            say(remark)
    if isinstance(found, LabelledPictures):
        for column in found.skipped:
            say(f"skipped {column}")
    if crop is not None and (smaller := smaller_than(crop, sizes, halved=data is not None)):
        say(smaller)
    say(f"{found.summary()}; {describe_sizes(sizes.values())}{problems} problems")
    if problems:
        raise typer.Exit(ExitCode.SOME_FAILED)


def smaller_than(crop: int, sizes: Mapping[Source, tuple[int, int]], *, halved: bool) -> str | None:
    """A line about pictures that are smaller than ``crop``; None where there are none.

    ``halved``: each picture holds A and B.
    """
    small = [path for path, (width, height) in sizes.items() if min(width // (1 + halved), height) < crop]
    if not small:
        return None
    width, height = sizes[small[0]]
    return (
        f"{len(small)} of {len(sizes)} pictures are smaller than the crop of {crop}, such as {small[0]} with "
        f"{width}x{height}: training fills them up by mirroring; give a smaller --crop, or larger pictures"
    )


def describe_sizes(sizes: Collection[tuple[int, int]]) -> str:
    """``40x36 pixels; `` or ``40x36 to 64x64 pixels; ``, by area; empty without sizes."""
    if not sizes:
        return ""
    smallest, largest = (f"{w}x{h}" for w, h in (choose(sizes, key=math.prod) for choose in (min, max)))
    return f"{smallest} pixels; " if smallest == largest else f"{smallest} to {largest} pixels; "


@data_app.command(cls=Command)
def shard(
    folder: Annotated[Path, typer.Argument(help="folder that holds the folders a and b, pairs or not")],
    out: Annotated[Path, typer.Argument(help="beginning of the tars' names: OUT-000.tar and so on")],
    size_mb: Annotated[int, typer.Option(min=1, help="size of each tar in MB, about")] = 500,
) -> None:
    """Pack training pictures into tars for `train --shards`, as WebDataset reads them too; each gets an index.

    The files are taken as they are: `sub/1.jpg` of a becomes `sub/1.a.jpg`. The tars may then be put into a store.
    """
    from translate.data.shards import write_shards

    made = list(write_shards(folder.expanduser(), out.expanduser(), size_mb=size_mb))
    last = made[-1].stem.rpartition("-")[2]
    say(f"{len(made)} tars: --shards '{out}-{{{'0' * len(last)}..{last}}}.tar'")


@data_app.command(cls=Command)
def demo(
    name: Annotated[Literal["facades", "grade", "seasons"], typer.Argument(metavar="facades|grade|seasons")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="folder to write, new or empty")],
    count: Annotated[int, typer.Option(min=1, max=99_999, help="pictures in each folder to train on")] = 200,
    size: Annotated[int, typer.Option(min=32, max=2048, help="side in pixels of a picture")] = 256,
    seed: Annotated[int, typer.Option(min=0, help="another number draws other pictures")] = 0,
) -> None:
    """Draw pictures for a first training; nothing is downloaded.

    facades: maps of labels and the house fronts that they describe, side by side. grade: landscapes, and the same in
    the colours of a film, side by side. seasons: landscapes in summer and others in winter, in two folders. Beside
    these comes a folder of inputs to convert afterwards.
    """
    from translate.data.demo.writing import TO_CONVERT, TRAINING, write_demo

    drawn = Counter(path.parent.name for path in write_demo(name, out, count=count, size=size, seed=seed))
    say(f"{out}: " + ", ".join(f"{pictures} pictures in {folder}" for folder, pictures in drawn.items()))
    method, options = ("cut", ("--a", "--b")) if name == "seasons" else ("pix2pix", ("--data",))
    data = " ".join(
        f"{option} {shlex.quote(str(out / folder))}" for option, folder in zip(options, TRAINING[name], strict=True)
    )
    say(f"to train on them: translate train {method} {data} --preset light --out RUN")
    say(f"then: translate convert {shlex.quote(str(out / TO_CONVERT[name]))} -o RESULTS --style RUN")
