"""`translate sample --invent`: captions from noise, and with `--pictures` a picture of each."""

from __future__ import annotations

import csv
import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from translate.commands.terminal import say, warn
from translate.errors import UserError, printable

if TYPE_CHECKING:
    from translate.style.conditions import ConditionInfo
    from translate.style.sampler import Pictures, Sampler

CAPTIONS = "captions.csv"  # in a folder of pictures, as `translate train cgan --captions` reads it
WIDTH, LINE = 192, 22  # of a caption below its picture: pixels, characters per line


def sample_invented(
    run: str,
    pictures: str | None,
    output: Path | None,
    *,
    seeds: Sequence[int],
    truncation: float | None,
    strength: float,
    device: str,
    overwrite: bool,
) -> None:
    """Print the captions that ``run`` makes, or write what the sampler ``pictures`` makes of each.

    That is a sheet that names them, or a folder of pictures with a table. A caption of which the sampler knows no word
    gets no picture; a warning names it. Raises ``UserError`` for a sampler that takes no captions, where it knows no
    word of any, and for an output that does not suit.
    """
    from translate.train.invention import invented

    if pictures is None:
        if output is not None:
            raise UserError(f"--output {output}: captions are printed; draw them with --pictures, or leave it out")
        for caption in invented(Path(run), seeds):
            typer.echo(printable(caption))
        return
    from translate.convert.sampling import kind_of, paths_in, refuse_existing
    from translate.evaluate.models import sampler_file
    from translate.style.latents import noise
    from translate.style.sampler import Sampler

    if output is None or (kind := kind_of(output)) == "moving":
        raise UserError(f"--pictures {pictures}: give --output, a folder or a name that ends in .png or .jpg")
    names = [named(seed) for seed in seeds]
    refuse_existing(
        [*paths_in(output, names), output / CAPTIONS] if kind == "folder" else [output], overwrite=overwrite
    )
    with sampler_file(pictures) as file:
        sampler = Sampler(file, device=device)
        info = captions_of(sampler, pictures)
        captions = known_captions(dict(zip(seeds, invented(Path(run), seeds), strict=True)), sampler, info)
        rows = [info.row(text) for text in captions.values()]
        z = noise(list(captions), sampler.info.z_dim, truncation=truncation)
        write = write_folder if kind == "folder" else write_sheet
        write(output, captions, sampler.with_rows(z, rows, strength))
    say(f"wrote {output}")


def known_captions(captions: Mapping[int, str], sampler: Sampler, info: ConditionInfo) -> dict[int, str]:
    """Those of ``captions`` of which ``sampler`` knows a word, after warnings of what they lose."""
    from translate.convert.conditions import remarks_on
    from translate.style.conditions import some_of

    known = {seed: text for seed, text in captions.items() if info.vocabulary.knows_any(text)}
    lost = [repr(printable(text)) for seed, text in captions.items() if seed not in known]
    if not known:
        raise UserError(f"--pictures: {sampler.info.title} knows no word of {some_of(lost)}; {info.advice}")
    if lost:
        warn(f"{sampler.info.title}: knows no word of {some_of(lost)}")
    for remark in remarks_on(info, list(known.values())):
        warn(f"{sampler.info.title}: {remark}")
    return known


def captions_of(sampler: Sampler, name: str) -> ConditionInfo:
    """What ``sampler`` takes. Raises ``UserError`` where that is no captions."""
    info = sampler.info.conditions
    if info is None or info.kind != "captions":
        what = "no condition" if info is None else info.kind
        raise UserError(f"--pictures {name}: takes {what}, not captions; give a run of cgan with --captions")
    return info


def named(seed: int) -> str:
    """The name of the picture of ``seed`` in a folder."""
    return f"seed-{seed:06}"


def write_folder(folder: Path, captions: Mapping[int, str], pictures: Pictures) -> None:
    """A picture for each of ``captions``, by seed, and their table."""
    from translate.convert.sampling import paths_in, write_pictures
    from translate.storage.atomic import write_atomically

    paths = paths_in(folder, [named(seed) for seed in captions])
    write_pictures(paths, pictures)
    table = io.StringIO()
    lines = csv.writer(table, lineterminator="\n")
    lines.writerow(["file", "text"])
    lines.writerows(zip((path.name for path in paths), captions.values(), strict=True))
    write_atomically(folder / CAPTIONS, table.getvalue().encode())


def write_sheet(output: Path, captions: Mapping[int, str], pictures: Pictures) -> None:
    """The pictures in about as many rows as columns, each above its caption."""
    from translate.convert.sampling import write_still
    from translate.media.sheet import Cell, draw_sheet

    texts = captions.values()
    cells = [Cell(picture, textwrap.wrap(text, LINE)) for picture, text in zip(pictures, texts, strict=True)]
    columns = math.ceil(math.sqrt(len(cells)))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    write_still(output, draw_sheet(rows, least_width=WIDTH))
