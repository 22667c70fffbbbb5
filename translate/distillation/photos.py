"""The photos to learn from: found, named, and brought to the scale at which the style is learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from translate.distillation.drawn import is_drawn, key_of, write_drawn
from translate.distillation.failures import Failure
from translate.distillation.request import MIN_PHOTOS
from translate.errors import PictureError, UserError, literal, one_line
from translate.media.images import load_rgb_within
from translate.storage.folders import find_images


def named_photos(folder: Path) -> dict[str, Path]:
    """The photos below ``folder`` by name: the path in it without suffix, with ``/`` between folders.

    Raises ``UserError`` where two photos have the same name, or there are fewer than `MIN_PHOTOS`.
    """
    photos: dict[str, Path] = {}
    for path in find_images(folder, recursive=True):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in photos:
            raise UserError(f"{folder}: {photos[name].name} and {path.name} differ only in suffix; rename one of them")
        photos[name] = path
    require_enough(len(photos), f"photos in {folder}")
    return photos


def require_enough(count: int, what: str, left_out: Sequence[Failure] = ()) -> None:
    """Raise ``UserError`` where ``count`` is too few to learn from."""
    if count < MIN_PHOTOS:
        others = f"; {len(left_out)} are left out, such as {literal(str(left_out[0]))}" if left_out else ""
        raise UserError(f"{what}: {count}; give {MIN_PHOTOS} at least, better a hundred{others}")


def prepare_photos(
    photos: Mapping[str, Path], folder: Path, *, scale: int, workers: int
) -> tuple[dict[str, Path], list[Failure]]:
    """Write ``folder``/NAME.png for each photo: upright, sRGB, on white, longer side at most ``scale`` pixels.

    Photos that have not changed since are not written again. Returns the written ones by name, and the photos that
    cannot be read. Raises ``PictureError`` where one cannot be written.
    """

    def prepare(name: str) -> Failure | None:
        try:
            content = photos[name].read_bytes()
            key = key_of(content, str(scale).encode())
            if is_drawn(folder, name, key):
                return None
            picture = load_rgb_within(photos[name], scale)
        except PictureError as error:
            return Failure(name, one_line(error))
        except OSError as error:
            return Failure(name, f"cannot be read: {error.strerror or one_line(error)}")
        write_drawn(folder, name, picture, key)
        return None

    with ThreadPoolExecutor(workers) as pool:
        failures = [failure for failure in pool.map(prepare, sorted(photos)) if failure is not None]
    missing = {failure.name for failure in failures}
    return {name: folder / f"{name}.png" for name in sorted(photos) if name not in missing}, failures
