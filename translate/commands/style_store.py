"""`translate models pack`, `pull`, `remove` and `verify`: styles that are passed on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

import translate.web
from translate.commands.terminal import quiet_onnxruntime, say, warn, with_flags
from translate.errors import ExitCode, UserError, printable
from translate.style.catalogue import INT8 as INT8_SUFFIX
from translate.style.catalogue import find_style, list_styles

if TYPE_CHECKING:
    from translate.style.contract import StyleInfo

PREVIEW_SIDE = 384  # pixels
SAMPLE = Path(translate.web.__file__).parent / "page" / "sample.jpg"

Index = Annotated[
    str | None,
    typer.Option(metavar="URL|FILE", help="another index than the one that comes with the program"),
]


def pull(
    what: Annotated[str, typer.Argument(metavar="NAME|URL|FILE", help="a style in the index, or a packed style")],
    index: Index = None,
    sha256: Annotated[str | None, typer.Option(metavar="HEX", help="the SHA-256 it has to have")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace the style of that name")] = False,
) -> None:
    """Fetch a style, check it, and keep it for use by its name. Repeat the command to resume a download.

    Exit codes: 2 the command cannot be carried out as given; 3 it cannot be downloaded or used.
    """
    from translate.style.store import pull as pull_style

    quiet_onnxruntime()
    manifest = pull_style(
        what, index=index, sha256=sha256, overwrite=overwrite, on_download=lambda url: say(f"downloading {url}")
    )
    say(f"{manifest.title}, licence: {manifest.licence}")
    say(f"use it: translate convert photo.jpg --style {manifest.name}")


def remove(names: Annotated[list[str], typer.Argument(metavar="NAME...", help="styles that were pulled")]) -> None:
    """Remove styles that were pulled."""
    from translate.style.store import remove as remove_style

    for name in names:
        remove_style(name)
        say(f"removed {name}")


def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="default: all")] = None,
) -> None:
    """Check that the files of styles, shipped and pulled, are what they were.

    Exit codes: 1 some have changed; 2 there is no such style.
    """
    from translate.style.catalogue import shipped_files
    from translate.style.store import problem_of, pulled

    problems = {name: problem_of(name) for name in names or [*shipped_files(), *pulled()]}
    for name, problem in problems.items():
        typer.echo(f"{name}: {printable(with_flags(problem or 'sound'))}")
    if any(problems.values()):
        raise typer.Exit(ExitCode.SOME_FAILED)


def pack(
    model: Annotated[str, typer.Argument(metavar="RUN|STYLE", help="folder of a run, .onnx file or name of a style")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="the .zip file to write")],
    name: Annotated[str | None, typer.Option(help="its name \\[default: that of the file to write]")] = None,
    title: Annotated[str | None, typer.Option(help="display name, for a run \\[default: --name]")] = None,
    licence: Annotated[str | None, typer.Option(help="licence of the weights, for a run")] = None,
    card: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="its card, Markdown \\[default: the .md beside the style, or its metadata]"),
    ] = None,
    preview: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="a JPEG \\[default: the .jpg beside the style, or a drawn photo]"),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an existing file")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print its entry for an index, as JSON")] = False,
) -> None:
    """Pack a style with its card, preview and licence in one file, to pass it on; `models pull` takes it.

    Exit codes: 1 it cannot be written; 2 the command cannot be carried out as given; 3 the style cannot be used.
    """
    from translate.style.bundle import require_name, sha256_of, write_bundle
    from translate.style.session import read_style

    if output.suffix.lower() != ".zip":
        raise UserError(f"--output {output}: give a name that ends in .zip")
    if output.exists() and not overwrite:
        raise UserError(f"{output}: exists already; use --overwrite or another name")
    require_name(name := name or output.stem)
    quiet_onnxruntime()
    with _style_of(model, title=title or name, licence=licence, named=title is not None) as style:
        info = read_style(style)
        info.require_same_size()
        contents = _contents(style, info, card, preview)
        manifest = write_bundle(output, name, info, contents, replace=overwrite)
    say(f"wrote {output}")
    if as_json:
        entry = {"name": name, "title": manifest.title, "licence": manifest.licence, "sha256": sha256_of(output)}
        typer.echo(json.dumps({**entry, "bytes": output.stat().st_size, "url": output.name}, ensure_ascii=False))


@contextmanager
def _style_of(model: str, *, title: str, licence: str | None, named: bool) -> Iterator[Path]:
    """The file of a style, which is exported first if ``model`` is a run."""
    if model in list_styles() or not Path(model).is_dir():
        if licence is not None or named:
            raise UserError(f"--title and --licence are for runs; {model} states its own, as `models info` shows")
        yield find_style(model)
        return
    if licence is None:
        raise UserError(f"{model}: give the licence of its weights with --licence, such as 'CC BY-SA 4.0'")
    from translate.commands.export import export

    with TemporaryDirectory() as folder:
        style = Path(folder) / "style.onnx"
        export(Path(model), style, title=title, licence=licence)
        yield style


def _contents(style: Path, info: StyleInfo, card: Path | None, preview: Path | None) -> dict[str, bytes]:
    """What to pack, by member: what is beside the file of the style, unless given or missing."""
    from translate.style.bundle import CARD, INT8, LICENCE, LIMITS, PREVIEW, STYLE

    beside = {
        INT8: style.with_stem(style.stem + INT8_SUFFIX),
        CARD: card or style.with_suffix(".md"),
        PREVIEW: preview or style.with_suffix(".jpg"),
    }
    wanted = [(STYLE, style), *((member, path) for member, path in beside.items() if path.is_file())]
    for given in (card, preview):
        if given is not None and not given.is_file():
            raise UserError(f"{given}: no such file")
    contents = {member: path.read_bytes() for member, path in wanted}
    contents.setdefault(CARD, _card(info).encode())
    if PREVIEW not in contents:
        contents[PREVIEW] = _drawn(style, info)
    contents[LICENCE] = f"{info.title}\n\nLicence: {info.licence}\n\nTraining data: {info.training_data}\n".encode()
    for member, content in contents.items():
        if len(content) > LIMITS[member]:
            raise UserError(f"{member}: has {len(content) / 1e6:.0f} MB, more than {LIMITS[member] / 1e6:g}")
    if not contents[PREVIEW].startswith(b"\xff\xd8"):
        raise UserError(f"--preview {preview}: not a JPEG")
    return contents


def _card(info: StyleInfo) -> str:
    text = (
        f"# {printable(info.title)}\n\nTrained by {printable(info.method)}, generator {printable(info.generator)}, on "
        f"crops of {info.training_size} pixels.\n\n- licence of the weights: {printable(info.licence)}\n"
    )
    return f"{text}- training data: {printable(info.training_data)}\n"


def _drawn(style: Path, info: StyleInfo) -> bytes:
    from translate.convert.preview import draw_styles
    from translate.media.images import Picture, encode_picture

    warn(f"no preview beside {style.name}: the sample photo is drawn")
    return encode_picture(Picture(draw_styles([SAMPLE], {info.title: style}, side=PREVIEW_SIDE)), "JPEG")
