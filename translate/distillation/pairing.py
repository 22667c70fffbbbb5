"""Finished pictures brought onto their photos; those that do not fit are refused.

A style learns what becomes of each pixel, so that a picture has to show the same things in the same places. The edges
of photo and picture are compared at every shift within `SEARCHED`: the best correlation tells where the picture
belongs, and whether it is a picture of this photo at all. The colours may differ in any way.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from translate.distillation.drawn import Pixels, is_drawn, key_of, resized_like, same_aspect, write_drawn
from translate.distillation.failures import Failure
from translate.errors import PictureError, UserError, printable
from translate.media.images import Picture, load_rgb, shrink
from translate.media.sheet import Cell, draw_sheet
from translate.storage.folders import find_images

# Shares of the longer side, so that nothing depends on the scale.
EDGE_SIGMA = 1 / 128  # standard deviation of the blur of edges: how far a style may move its lines
SEARCHED = 0.08  # the largest shift that is recognised as one
MAX_SHIFT = 0.02  # the largest that is undone: at the border, the picture has nothing to show for it

# Correlations of edges at the best shift, measured on assets/photos at 384 pixels. With pictures of the same photo: the
# style anime 0.90 to 0.96, cel 0.93 to 0.97, inverted 1, four levels per channel 0.82 to 0.95, blurred by 1 % of the
# longer side 0.67 to 0.87 and by 2 % 0.37 to 0.62, pencil 0.56 to 0.79, Canny's edges alone 0.35 to 0.70, bent by up
# to 2 % of the longer side 0.37 to 0.49 and by 4 % 0.17 to 0.21. With pictures of other photos: 0.05 to 0.15.
LEAST_AGREEMENT = 0.25
# All but those bent by 4 % agree better with the photo than with its mirror image, by 0.24 to 0.94. Mirrored ones, of
# the photos, anime and cel, agree worse by 0.75 to 0.94.
MIRROR_LEAD = 0.1
# Moving back what was not shifted gains nothing with crisp pictures, and up to 0.05 with soft ones, whose edges do lie
# elsewhere. The photos, anime and cel, shifted by 2 to 20 pixels, are found to the pixel.
LEAST_GAIN = 0.01
FLAT = 1e-3  # deviation of edge strengths, 1 to 2 in photos; one pixel brighter by 1 of 255 gives 0.005

MOST_SHOWN = 6  # refused pairs on a sheet
SHOWN_SIDE = 320  # pixels of the longer side of a picture there

Edges = NDArray[np.float32]  # [H, W], without unit


class PairError(Exception):
    """Why a picture cannot be learnt from; the text follows the photo's name: "lake: its picture is mirrored"."""


@dataclass(frozen=True)
class Alignment:
    """A finished picture where it belongs."""

    picture: Pixels  # of the photo's size, moved back by ``shift``
    shift: tuple[int, int]  # pixels, at the photo's size, by which it lay too far to the right and down
    agreement: float  # correlation of the edges of photo and picture, up to 1: equal


def align(photo: Pixels, picture: Pixels) -> Alignment:
    """``picture`` in the size of ``photo``, shifted so that its edges lie on those of ``photo``.

    What a shift leaves empty is filled with the border's pixels. Raises ``PairError`` for a picture of another aspect
    ratio, a mirrored one, one shifted by more than `MAX_SHIFT`, and one whose edges lie elsewhere.
    """
    if not same_aspect(picture, photo):
        (height, width), (photo_height, photo_width) = picture.shape[:2], photo.shape[:2]
        raise PairError(
            f"its picture has another aspect ratio: {width}x{height}, the photo {photo_width}x{photo_height}"
        )
    picture = resized_like(picture, photo)
    here, there = find_edges(photo), find_edges(picture)
    for name, edges in (("the photo", here), ("its picture", there)):
        if edges.std() < FLAT:
            raise PairError(f"{name} shows no edges, which pictures are compared by")
    shift, agreement = _register(here, there)
    mirrored = _register(here, np.ascontiguousarray(there[:, ::-1]))[1]
    if mirrored >= max(LEAST_AGREEMENT, agreement + MIRROR_LEAD):
        raise PairError("its picture is mirrored")
    if agreement < LEAST_AGREEMENT:
        raise PairError("its picture shows another photo, or moves what is in it")
    right, down = shift
    if max(abs(right), abs(down)) > MAX_SHIFT * max(photo.shape[:2]):
        raise PairError(f"its picture is shifted by {abs(right)} x {abs(down)} pixels")
    return Alignment(_moved(picture, right, down), shift, agreement)


def find_edges(picture: Pixels) -> Edges:
    """Where ``picture`` has edges: Sobel's magnitude of the luma, blurred, without its local mean.

    The root brings faint edges nearer to strong ones, whose strengths styles change most. The local mean says only
    where there is much detail, in which photos resemble each other: most have it in the middle.
    """
    sigma = EDGE_SIGMA * max(picture.shape[:2])
    luma = _blur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32), sigma / 2)  # without grain and hatching
    edges = np.sqrt(np.hypot(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)))
    edges = _blur(edges, sigma)
    return np.asarray(edges - _blur(edges, 4 * sigma), np.float32)


def _blur(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _register(here: Edges, there: Edges) -> tuple[tuple[int, int], float]:
    """By how many pixels ``there`` lies to the right of ``here`` and below it, and their correlation if moved back.

    (0, 0) where moving it back gains less than `LEAST_GAIN`.
    """
    height, width = here.shape
    most = round(SEARCHED * max(height, width))
    x, y = min(most, width // 4), min(most, height // 4)  # the margin that a shift may take from the picture
    inside = there[y : height - y, x : width - x]
    found = cv2.matchTemplate(here, inside, cv2.TM_CCOEFF_NORMED)  # Pearson's correlation at each place: [2y+1, 2x+1]
    top, left = np.unravel_index(found.argmax(), found.shape)
    if found[top, left] - found[y, x] < LEAST_GAIN:
        top, left = y, x
    return (x - int(left), y - int(top)), float(found[top, left])


def _moved(picture: Pixels, right: int, down: int) -> Pixels:
    """``picture`` moved back to the left and up, its border repeated."""
    height, width = picture.shape[:2]
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + right, 0, width - 1)
    return picture[rows[:, np.newaxis], columns]


def match_pairs(
    photos: Mapping[str, Path],
    pairs: Path,
    drawn: Path,
    *,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[Failure]:
    """Write the picture in ``pairs`` of each of ``photos``, by name, as ``drawn``/NAME.png, aligned to the photo.

    A picture has the photo's name, or at least its last part, if that is unique among the photos; the suffix does not
    count. After each photo ``on_done`` gets the number of photos done and of all. Returns the photos without a fitting
    picture, sorted by name; for one of those ``drawn`` may still hold an earlier one.

    Raises ``UserError`` where no picture has a photo's name or there is no folder ``pairs``, ``PictureError`` where a
    picture cannot be written.
    """
    found = _find_pictures(photos, pairs)
    failures = []
    for number, name in enumerate(sorted(photos), 1):
        try:
            _write_aligned(name, photos[name], found[name], drawn)
        except PairError as error:
            failures.append(Failure(name, str(error)))
        on_done(number, len(photos))
    if not any(found.values()):
        raise UserError(f"<pairs> {pairs}: no picture is named like a photo; name each one like its photo")
    return failures


def _find_pictures(photos: Mapping[str, Path], pairs: Path) -> dict[str, list[Path]]:
    """The pictures of each photo: one, unless it is missing or several have its name."""
    by_name, by_stem = defaultdict(list), defaultdict(list)
    for path in find_images(pairs, recursive=True):
        by_name[path.relative_to(pairs).with_suffix("").as_posix()].append(path)
        by_stem[path.stem].append(path)
    stems = {name: PurePosixPath(name).name for name in photos}
    shared = {stem for stem, count in Counter(stems.values()).items() if count > 1}
    return {
        name: by_name.get(name) or ([] if stem in shared else by_stem.get(stem, [])) for name, stem in stems.items()
    }


def _write_aligned(name: str, photo: Path, found: Sequence[Path], drawn: Path) -> None:
    """Align the only one of ``found`` to ``photo``, unless ``drawn`` has it. Raises ``PairError`` as `align` does."""
    if not found:
        raise PairError("no picture has its name")
    if len(found) > 1:
        raise PairError(f"several pictures have its name: {', '.join(printable(str(path)) for path in found)}")
    try:
        key = key_of(photo.read_bytes(), found[0].read_bytes())
        if is_drawn(drawn, name, key):
            return
        pixels, picture = load_rgb(photo), load_rgb(found[0])
    except (OSError, PictureError) as error:
        raise PairError(printable(str(error))) from error
    write_drawn(drawn, name, align(pixels, picture).picture, key)


def draw_refused(photos: Mapping[str, Path], pairs: Path, failures: Sequence[Failure]) -> Pixels | None:
    """The first `MOST_SHOWN` refused pairs as uint8 [H, W, 3]: in a row the photo, the picture and their edges.

    The photo's edges are red, the picture's cyan; where both lie is white. None where no photo has a readable picture.
    """
    found = _find_pictures(photos, pairs)
    rows: list[list[Cell]] = []
    for failure in failures:
        files = found.get(failure.name, [])
        if len(files) != 1 or len(rows) == MOST_SHOWN:
            continue
        try:
            photo, picture = (
                shrink(Picture(load_rgb(path)), SHOWN_SIDE).rgb for path in (photos[failure.name], files[0])
            )
        except PictureError:
            continue
        rows.append([Cell(photo), Cell(picture), Cell(_draw_edges(photo, picture))])
    return draw_sheet(rows) if rows else None


def _draw_edges(photo: Pixels, picture: Pixels) -> Pixels:
    red, cyan = (_brightness(find_edges(pixels)) for pixels in (photo, resized_like(picture, photo)))
    return np.dstack((red, cyan, cyan))


def _brightness(edges: Edges) -> NDArray[np.uint8]:
    """The strongest hundredth of the edges as 255."""
    white = max(float(np.quantile(edges, 0.99)), FLAT)
    return (255 * edges / white).clip(0, 255).astype(np.uint8)
