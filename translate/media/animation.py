"""Animated GIF, WebP and PNG files through a style, frame by frame: durations, loops and transparency are kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from translate.errors import CODEC_ERRORS, PictureError, one_line
from translate.media.compose import side_by_side
from translate.media.formats import ANIMATED, save_options
from translate.media.frames import MovingOptions
from translate.media.guards import reading, require_file, require_pixels
from translate.media.images import Picture, shrink, to_upright
from translate.media.pillow import quiet_pillow
from translate.media.stabilise import Stabiliser
from translate.storage.atomic import atomic_file

Pixels = NDArray[np.uint8]

GIF_UNIT = 10  # milliseconds: a GIF counts in hundredths of a second
GIF_COLOURS = 255  # of a palette's 256, one is for what is transparent
CLEAR = GIF_COLOURS  # its place
OPAQUE_FROM = 128  # alpha; a GIF's pixels are opaque or clear
FRAMES = 50  # times the pixels that a picture may have are what all frames of an animation may have
WORSE = 1.25  # times the error it had on its own frame, at which a palette is given up for a new one
UNSEEN = 0.5  # of 255: an error on top of that which is not worth a new palette


@dataclass(frozen=True)
class Animation:
    """What has to be known of all frames before the first one is written."""

    durations: list[int]  # milliseconds of each frame
    plays: int  # how often all of it is played; 0: for ever
    clear: bool  # whether some pixel of some frame is more transparent than opaque


def convert_animation(
    source: Path,
    output: Path,
    translate: Callable[[Pixels], Pixels],
    format: str,
    options: MovingOptions | None = None,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[int, int]:
    """Translate the animation ``source`` and write it as ``format``, one of `ANIMATED`; its width and height.

    ``translate`` gets one frame at a time, uint8 [1, H, W, 3], and returns the same shape; ``on_progress`` is told the
    frames done and in all. A frame that shows nothing new is merged with the one before, which then lasts longer.

    Raises ``PictureError`` naming the file where it cannot be read or written.
    """
    options = options or MovingOptions()
    animation = _look_through(source, options.max_pixels)
    pictures = _translated(source, translate, options, on_progress, len(animation.durations))
    images = map(_Palettes(animation.clear) if format == "GIF" else _to_image, pictures)
    if format == "PNG":  # Pillow's writer goes through the frames twice
        film, *others = images
    else:
        film, others = _Film(images, len(animation.durations)), []
    with atomic_file(output) as file, quiet_pillow(options.max_pixels):
        try:
            film.save(file, format, append_images=others, **_film_options(film, animation, format, options))
        except CODEC_ERRORS as error:
            if isinstance(film, _Film) and error is film.failure:
                raise
            raise PictureError(f"{output}: cannot be written as an animated {format}: {one_line(error)}") from error
    return film.size


def _film_options(film: Image.Image, animation: Animation, format: str, options: MovingOptions) -> dict[str, Any]:
    """For Pillow, beside what a still picture of this format is given."""
    chosen = save_options(format, options.quality, options.effort, film.info.get("exif"))
    chosen |= {"save_all": True, "duration": animation.durations}
    if format != "GIF":
        return chosen | {"loop": animation.plays}
    chosen["duration"] = _in_steps(animation.durations, GIF_UNIT)
    if animation.plays != 1:
        chosen["loop"] = animation.plays and animation.plays - 1  # a GIF counts the repeats
    if animation.clear:
        return chosen | {"disposal": 2, "optimize": False}  # each frame starts from a clear picture
    return chosen | {"optimize": True}  # of a frame only what changed is stored


def _in_steps(durations: list[int], step: int) -> list[int]:
    """Durations in multiples of ``step`` whose sums stay as near as can be to those of ``durations``."""
    ends = np.floor(np.cumsum([0, *durations]) / step + 0.5).astype(int) * step
    return [int(duration) for duration in np.diff(ends)]


def _look_through(source: Path, max_pixels: int) -> Animation:
    durations, clear = [], False
    with _opened(source, max_pixels) as image:
        require_pixels(image, str(source), max_pixels)
        plays = image.info.get("loop")
        for number, frame in enumerate(_frames(image, source, max_pixels), start=1):
            require_pixels(frame, str(source), max_pixels)  # a GIF may grow
            pixels = number * frame.width * frame.height
            if pixels > FRAMES * max_pixels:
                raise PictureError(
                    f"{source}: all frames have more than {FRAMES * max_pixels} pixels, {FRAMES} times the limit of a "
                    f"picture; raise that with <max_pixels>"
                )
            with reading(str(source), max_pixels):
                frame.load()  # only then a WebP tells how long it lasts
                durations.append(round(frame.info.get("duration", 0)))
                clear = clear or _has_clear_pixels(frame)
        if plays is None:
            plays = 1
        elif plays and image.format == "GIF":
            plays += 1  # it does not count the first time
    return Animation(durations, plays, clear)


def _translated(
    source: Path,
    translate: Callable[[Pixels], Pixels],
    options: MovingOptions,
    on_progress: Callable[[int, int], None] | None,
    count: int,
) -> Iterator[Picture]:
    """The frames of the result, one after the other."""
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
            if on_progress is not None:
                on_progress(done, count)
            yield side_by_side(photo, result) if options.compare else result


@contextmanager
def _opened(source: Path, max_pixels: int) -> Iterator[Image.Image]:
    require_file(source)
    with reading(str(source), max_pixels):
        image = Image.open(source, formats=ANIMATED)
    with image:
        yield image


def _frames(image: Image.Image, source: Path, max_pixels: int) -> Iterator[Image.Image]:
    """Each frame as it is shown; not the still picture a PNG may hold for programs that show no animations."""
    frames = ImageSequence.Iterator(image)
    for number in itertools.count():
        with reading(str(source), max_pixels):
            frame = next(frames, None)
        if frame is None:
            return
        if number > 0 or not image.info.get("default_image"):
            yield frame


def _has_clear_pixels(frame: Image.Image) -> bool:
    return frame.has_transparency_data and bool(np.asarray(frame.convert("RGBA"))[..., 3].min() < OPAQUE_FROM)


def _to_image(picture: Picture) -> Image.Image:
    pixels = picture.rgb if picture.alpha is None else np.dstack((picture.rgb, picture.alpha))
    image = Image.fromarray(pixels)
    if picture.exif:
        image.info["exif"] = picture.exif
    return image


class _Palettes:
    """Gives each frame of a GIF its colours. A palette is kept while it serves, so that still parts stay still.

    Nothing is dithered: the dots would dance from frame to frame.
    """

    def __init__(self, clear: bool) -> None:
        """``clear``: some pixels of some frames are transparent."""
        self._clear = clear
        self._palette: Image.Image | None = None
        self._bearable = 0.0  # mean error, of 255, up to which the palette is kept

    def __call__(self, picture: Picture) -> Image.Image:
        colours = Image.fromarray(picture.rgb)
        image = self._in_kept_palette(colours)
        if image is None:
            self._palette = colours.quantize(GIF_COLOURS, dither=Image.Dither.NONE)
            image = colours.quantize(palette=self._palette, dither=Image.Dither.NONE)  # as the frames to come
            self._bearable = WORSE * _error(image, colours) + UNSEEN
        if self._clear:
            palette = (image.getpalette() or [])[: 3 * GIF_COLOURS]
            image = image.copy()
            image.putpalette(palette + [0] * (3 * (CLEAR + 1) - len(palette)))
            if picture.alpha is not None:
                image.paste(CLEAR, mask=Image.fromarray(picture.alpha < OPAQUE_FROM))
            image.info["transparency"] = CLEAR
        return image

    def _in_kept_palette(self, colours: Image.Image) -> Image.Image | None:
        if self._palette is None:
            return None
        image = colours.quantize(palette=self._palette, dither=Image.Dither.NONE)
        return image if _error(image, colours) <= self._bearable else None


def _error(image: Image.Image, colours: Image.Image) -> float:
    """Mean absolute difference of two pictures of one size, of 255."""
    return float(np.abs(np.asarray(image.convert("RGB"), np.int16) - np.asarray(colours)).mean())


class _Film(Image.Image):
    """Frames that come into being while Pillow's writers ask for them, by its interface of pictures of several frames.

    So no list of them is held; the writer of GIF still keeps what it will write of each, a byte per pixel.
    """

    def __init__(self, frames: Iterable[Image.Image], count: int) -> None:
        super().__init__()
        self._frames = iter(frames)
        self.n_frames = count
        self._number = -1
        self.failure: Exception | None = None  # what the frames raised: nothing that the writer has to say
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Forwards alone; a writer that has come to the end may say where it began."""
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
