"""`translate sample --inputs`: several pictures translated together, one result or a film."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from translate.commands.terminal import say
from translate.errors import UserError


def sample_inputs(
    model: str, inputs: Sequence[Path], drive: Path | None, output: Path, *, device: str, overwrite: bool
) -> None:
    """Write what ``model`` makes of the pictures ``inputs``, and of each one of ``drive`` as the last input.

    Raises ``UserError`` where the output or the number of pictures does not suit, ``PictureError`` for a picture that
    cannot be used.
    """
    from translate.convert.driving import Drive, translate_driven, translate_together
    from translate.convert.sampling import kind_of, paths_in, refuse_existing, write_moving, write_still
    from translate.evaluate.models import model_file
    from translate.style.translator import Translator

    kind = kind_of(output)
    if (drive is None) != (kind == "still"):
        what = "one picture; give a name that ends in .png" if drive is None else "a film; give a folder, .mp4 or .gif"
        raise UserError(f"--output {output}: {'--drive' if drive else '--inputs'} makes {what}")
    driven = None if drive is None else Drive.open(drive)
    names = [] if driven is None else [Path(name).with_suffix("").as_posix() for name in driven.names]
    written = paths_in(output, names or ["frame-000000"]) if kind == "folder" else [output]
    refuse_existing(written, overwrite=overwrite)
    with model_file(model) as file:
        translator = Translator(file, device=device, inputs=len(inputs) + (drive is not None))
        if driven is None:
            write_still(output, translate_together(translator, inputs))
        elif kind == "moving":
            write_moving(output, translate_driven(translator, inputs, driven), rate=driven.rate)
        else:
            for number, picture in enumerate(translate_driven(translator, inputs, driven)):
                name = names[number] if names else f"frame-{number:06}"
                write_still(output / f"{name}.png", picture)
    say(f"wrote {output}")
