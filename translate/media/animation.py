"""Converting animated GIF, WebP, PNG and AVIF files frame by frame, keeping durations, loops and transparency."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from translate.errors import CODEC_ERRORS, PictureError, is_no_space, one_line
from translate.media.apng import write_apng
from translate.media.codec import CodecError, codec_call
from translate.media.compose import side_by_side
from translate.media.exif import exif_of_result
from translate.media.formats import ANIMATED, save_options
from translate.media.frames import MovingOptions
from translate.media.gif import OPAQUE_FROM, write_gif
from translate.media.guards import reading, require_file, require_pixels
from translate.media.images import Picture, shrink, to_upright
from translate.media.mark import mark
from translate.media.pillow import quiet_pillow
from translate.media.stabilise import Stabiliser
from translate.storage.atomic import atomic_file

Pixels = NDArray[np.uint8]

FRAMES = 50  # all frames together may have this many times the pixels of a single picture


@dataclass(frozen=True)
class Animation:
    """What must be known of all frames before the first one is written."""

    durations: list[int]  # milliseconds of each frame
    plays: int  # how often the animation is played; 0: forever
    has_alpha: bool  # whether any frame has
    has_clear_pixels: bool  # whether any pixel of any frame is more transparent than opaque


def convert_animation(
    source: Path,
    output: Path,
    translate: Callable[[Pixels], Pixels],
    format: str,
    options: MovingOptions | None = None,
    *,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
    enlarge_alpha: Callable[[Pixels], Pixels] | None = None,
) -> tuple[int, int]:
    """Translate the animation ``source``, write it as ``format``, one of `ANIMATED`, and return its width and height.

    ``translate`` gets one frame at a time, uint8 [1, H, W, 3], and returns the same shape, or ``options.enlarged``
    times as high and wide; ``enlarge_alpha`` then does that with transparency, [H, W]. ``on_progress`` is called with
    the number of frames done and in total. A frame that shows nothing new is merged with the one before, which then
    lasts longer.

    Raises ``PictureError`` naming the file if it cannot be read or written, or, without ``overwrite``, if there is an
    ``output`` by then.
    """
    options = options or MovingOptions()
    animation = _scan(source, options.max_pixels, options.enlarged)
    pictures = _translated(source, translate, options, on_progress, len(animation.durations))
    if enlarge_alpha is not None:
        pictures = _with_alpha(pictures, enlarge_alpha)
    with atomic_file(output, replace=overwrite) as file, quiet_pillow(options.max_pixels):
        try:
            return _write(file, pictures, animation, format, options)
        except CodecError as error:
            raise PictureError(
                f"{output}: cannot be written as an animated {format}: {one_line(error.cause)}"
            ) from error.cause


def _write(
    file: IO[bytes], pictures: Iterator[Picture], animation: Animation, format: str, options: MovingOptions
) -> tuple[int, int]:
    """Write the frames as they come, and return their width and height. Raises ``CodecError``, and what they raise."""
    options_of = partial(save_options, format, options.quality, options.effort)
    durations, plays = animation.durations, animation.plays
    if format == "PNG":
        return write_apng(file, pictures, durations, plays=plays, has_alpha=animation.has_alpha, options_of=options_of)
    if format == "GIF":
        clear = animation.has_clear_pixels
        return write_gif(file, pictures, durations, plays=plays, has_clear_pixels=clear, options_of=options_of)
    film = _FrameStream(map(_to_image, pictures), len(durations))
    chosen = options_of(film.info.get("exif"))
    try:
        film.save(file, format, save_all=True, duration=durations, loop=plays, **chosen)
    except CODEC_ERRORS as error:
        if error is film.failure or is_no_space(error):  # which `atomic_file` names
            raise
        raise CodecError(error) from error
    return film.size


def _scan(source: Path, max_pixels: int, enlarged: int) -> Animation:
    durations, has_alpha, has_clear_pixels = [], False, False
    with _opened(source, max_pixels) as image:
        require_pixels(image, str(source), max_pixels)
        plays = image.info.get("loop")
        for number, frame in enumerate(_frames(image, source, max_pixels), start=1):
            require_pixels(frame, str(source), max_pixels)  # a GIF may grow
            pixels = number * frame.width * frame.height * enlarged**2
            if pixels > FRAMES * max_pixels:
                raise PictureError(
                    f"{source}: all frames together have more than {FRAMES * max_pixels} pixels, {FRAMES} times the "
                    f"limit of a picture; raise that with <max_pixels>"
                )
            with reading(str(source), max_pixels):
                with codec_call():
                    frame.load()  # a WebP has its duration only after loading
                    has_alpha = has_alpha or frame.has_transparency_data
                durations.append(round(frame.info.get("duration", 0)))
                has_clear_pixels = has_clear_pixels or _has_clear_pixels(frame)
        if plays is None:
            plays = 0 if image.format == "AVIF" else 1  # Pillow does not say; viewers repeat an AVIF
        elif plays and image.format == "GIF":
            plays += 1  # it does not count the first time
    return Animation(durations, plays, has_alpha, has_clear_pixels)


def _translated(
    source: Path,
    translate: Callable[[Pixels], Pixels],
    options: MovingOptions,
    on_progress: Callable[[int, int], None] | None,
    count: int,
) -> Iterator[Picture]:
    """The frames of the result, one at a time."""
    stabiliser = Stabiliser() if options.stabilise else None
    with _opened(source, options.max_pixels) as image:
        for done, frame in enumerate(_frames(image, source, options.max_pixels), start=1):
            with reading(str(source), options.max_pixels):
                upright = to_upright(frame)
                alpha = None if upright.alpha is None else np.array(upright.alpha)
                photo = Picture(np.array(upright.colour), alpha, upright.exif, upright.format)
            if options.max_size is not None:
                photo = shrink(photo, options.max_size)
            photos = photo.rgb[np.newaxis]
            try:
                results = translate(photos)
            except PictureError as error:
                raise PictureError(f"{source}: {error.marked}") from error
            if stabiliser is not None:
                results = stabiliser(photos, results)
            result = replace(photo, rgb=results[0])
            if options.compare:
                result = side_by_side(photo, result)
            if on_progress is not None:
                on_progress(done, count)
            kept = None if options.strip_metadata else photo.exif
            yield replace(result, exif=exif_of_result(kept, result.size, mark(options.action)))


def _with_alpha(pictures: Iterator[Picture], enlarge: Callable[[Pixels], Pixels]) -> Iterator[Picture]:
    for picture in pictures:
        yield picture if picture.alpha is None else replace(picture, alpha=enlarge(picture.alpha))


@contextmanager
def _opened(source: Path, max_pixels: int) -> Iterator[Image.Image]:
    require_file(source)
    with reading(str(source), max_pixels), codec_call():
        image = Image.open(source, formats=ANIMATED)
    with image:
        yield image


def _frames(image: Image.Image, source: Path, max_pixels: int) -> Iterator[Image.Image]:
    """Each frame as shown, without the still picture that a PNG may hold for programs that cannot show animations."""
    frames = ImageSequence.Iterator(image)
    for number in itertools.count():
        with reading(str(source), max_pixels), codec_call():
            frame = next(frames, None)
        if frame is None:
            return
        if number > 0 or not image.info.get("default_image"):
            yield frame


def _has_clear_pixels(frame: Image.Image) -> bool:
    with codec_call():
        if not frame.has_transparency_data:
            return False
        alpha = np.asarray(frame.convert("RGBA"))[..., 3]
    return bool(alpha.min() < OPAQUE_FROM)


def _to_image(picture: Picture) -> Image.Image:
    pixels = picture.rgb if picture.alpha is None else np.dstack((picture.rgb, picture.alpha))
    image = Image.fromarray(pixels)
    if picture.exif:
        image.info["exif"] = picture.exif
    return image


class _FrameStream(Image.Image):
    """A multi-frame image whose frames are made only when Pillow's writer of WebP seeks to them: no list is held."""

    def __init__(self, frames: Iterable[Image.Image], count: int) -> None:
        super().__init__()
        self._frames = iter(frames)
        self.n_frames, self.is_animated = count, count > 1
        self._number = -1
        self.failure: Exception | None = None  # what making a frame raised, as opposed to Pillow's own errors
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Forwards only; seeking anywhere but to the next frame, as writers do at the end, does nothing."""
        if frame == self._number + 1:
            try:
                image = next(self._frames, None)
            except Exception as error:
                self.failure = error
                raise
            if image is None:
                raise EOFError("no more frames")
            self.im, self._mode, self._size = image.im, image.mode, image.size
            self.palette, self.info = image.palette, image.info
            self._number = frame

    def tell(self) -> int:
        return self._number
