"""Converting animated GIF, WebP, PNG and AVIF files frame by frame, keeping durations, loops and transparency."""

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

from translate.errors import CODEC_ERRORS, PictureError, is_no_space, one_line
from translate.media.codec import codec_call
from translate.media.compose import side_by_side
from translate.media.exif import exif_of_result
from translate.media.formats import ANIMATED, save_options
from translate.media.frames import MovingOptions
from translate.media.guards import reading, require_file, require_pixels
from translate.media.images import Picture, shrink, to_upright
from translate.media.mark import mark
from translate.media.pillow import quiet_pillow
from translate.media.stabilise import Stabiliser
from translate.storage.atomic import atomic_file

Pixels = NDArray[np.uint8]

GIF_UNIT = 10  # milliseconds: a GIF counts in hundredths of a second
GIF_COLOURS = 255  # one of a palette's 256 is kept for transparency
CLEAR = GIF_COLOURS  # the palette index of transparent pixels
OPAQUE_FROM = 128  # alpha from which a pixel counts as opaque; a GIF's pixels are opaque or clear
FRAMES = 50  # all frames together may have this many times the pixels of a single picture
PALETTE_GROWTH = 1.25  # a palette is kept up to this many times the error on the frame it was made for,
PALETTE_SLACK = 0.5  # plus this error, of 255, which is not worth a new palette


@dataclass(frozen=True)
class Animation:
    """What must be known of all frames before the first one is written."""

    durations: list[int]  # milliseconds of each frame
    plays: int  # how often the animation is played; 0: forever
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
) -> tuple[int, int]:
    """Translate the animation ``source``, write it as ``format``, one of `ANIMATED`, and return its width and height.

    ``translate`` gets one frame at a time, uint8 [1, H, W, 3], and returns the same shape; ``on_progress`` is called
    with the number of frames done and in total. A frame that shows nothing new is merged with the one before, which
    then lasts longer.

    Raises ``PictureError`` naming the file if it cannot be read or written, or, without ``overwrite``, if there is an
    ``output`` by then.
    """
    options = options or MovingOptions()
    animation = _scan(source, options.max_pixels)
    pictures = _translated(source, translate, options, on_progress, len(animation.durations))
    images = map(_PaletteQuantiser(animation.has_clear_pixels) if format == "GIF" else _to_image, pictures)
    if format == "PNG":  # Pillow's writer reads the frames twice
        film, *others = images
    else:
        film, others = _FrameStream(images, len(animation.durations)), []
    film_options = _film_options(film, animation, format, options)
    with atomic_file(output, replace=overwrite) as file, quiet_pillow(options.max_pixels):
        try:
            film.save(file, format, append_images=others, **film_options)
        except CODEC_ERRORS as error:
            if isinstance(film, _FrameStream) and error is film.failure:
                raise
            if is_no_space(error):  # which `atomic_file` names
                raise
            raise PictureError(f"{output}: cannot be written as an animated {format}: {one_line(error)}") from error
    return film.size


def _film_options(film: Image.Image, animation: Animation, format: str, options: MovingOptions) -> dict[str, Any]:
    """Pillow's options for this animation: those of a still picture of this format, and more."""
    chosen = save_options(format, options.quality, options.effort, film.info.get("exif"))
    chosen |= {"save_all": True, "duration": animation.durations}
    if format != "GIF":
        return chosen | {"loop": animation.plays}
    chosen["duration"] = _round_durations(animation.durations, GIF_UNIT)
    if animation.plays != 1:
        chosen["loop"] = animation.plays and animation.plays - 1  # a GIF counts the repeats
    if animation.has_clear_pixels:
        return chosen | {"disposal": 2, "optimize": False}  # each frame starts from a transparent picture
    return chosen | {"optimize": True}  # only the changed part of each frame is stored


def _round_durations(durations: list[int], step: int) -> list[int]:
    """Round to multiples of ``step`` so that the running sums stay as close as possible to the original ones."""
    ends = np.floor(np.cumsum([0, *durations]) / step + 0.5).astype(int) * step
    return [int(duration) for duration in np.diff(ends)]


def _scan(source: Path, max_pixels: int) -> Animation:
    durations, has_clear_pixels = [], False
    with _opened(source, max_pixels) as image:
        require_pixels(image, str(source), max_pixels)
        plays = image.info.get("loop")
        for number, frame in enumerate(_frames(image, source, max_pixels), start=1):
            require_pixels(frame, str(source), max_pixels)  # a GIF may grow
            pixels = number * frame.width * frame.height
            if pixels > FRAMES * max_pixels:
                raise PictureError(
                    f"{source}: all frames together have more than {FRAMES * max_pixels} pixels, {FRAMES} times the "
                    f"limit of a picture; raise that with <max_pixels>"
                )
            with reading(str(source), max_pixels):
                with codec_call():
                    frame.load()  # a WebP has its duration only after loading
                durations.append(round(frame.info.get("duration", 0)))
                has_clear_pixels = has_clear_pixels or _has_clear_pixels(frame)
        if plays is None:
            plays = 0 if image.format == "AVIF" else 1  # Pillow does not say; viewers repeat an AVIF
        elif plays and image.format == "GIF":
            plays += 1  # it does not count the first time
    return Animation(durations, plays, has_clear_pixels)


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
            yield replace(result, exif=exif_of_result(kept, result.size, mark("convert")))


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


class _PaletteQuantiser:
    """Reduces the frames of a GIF to palettes. A palette is kept while it fits, so that still parts stay still.

    There is no dithering: the dots would flicker from frame to frame.
    """

    def __init__(self, has_clear_pixels: bool) -> None:
        """``has_clear_pixels``: some pixels of some frames are transparent."""
        self._has_clear_pixels = has_clear_pixels
        self._palette: Image.Image | None = None
        self._max_error = 0.0  # mean error, of 255, up to which the palette is kept

    def __call__(self, picture: Picture) -> Image.Image:
        colours = Image.fromarray(picture.rgb)
        image = self._in_kept_palette(colours)
        if image is None:
            self._palette = colours.quantize(GIF_COLOURS, dither=Image.Dither.NONE)
            image = colours.quantize(palette=self._palette, dither=Image.Dither.NONE)  # as later frames are
            self._max_error = PALETTE_GROWTH * _error(image, colours) + PALETTE_SLACK
        if self._has_clear_pixels:
            palette = (image.getpalette() or [])[: 3 * GIF_COLOURS]
            image = image.copy()
            image.putpalette(palette + [0] * (3 * (CLEAR + 1) - len(palette)))
            if picture.alpha is not None:
                image.paste(CLEAR, mask=Image.fromarray(picture.alpha < OPAQUE_FROM))
            image.info["transparency"] = CLEAR
        image.info["exif"] = picture.exif  # of which a GIF gets the software
        return image

    def _in_kept_palette(self, colours: Image.Image) -> Image.Image | None:
        if self._palette is None:
            return None
        image = colours.quantize(palette=self._palette, dither=Image.Dither.NONE)
        return image if _error(image, colours) <= self._max_error else None


def _error(image: Image.Image, colours: Image.Image) -> float:
    """Mean absolute difference, of 255, between two pictures of the same size."""
    return float(np.abs(np.asarray(image.convert("RGB"), np.int16) - np.asarray(colours)).mean())


class _FrameStream(Image.Image):
    """A multi-frame image whose frames are made only when Pillow's writers seek to them, so that no list is held.

    The GIF writer still keeps what it will write of each frame, one byte per pixel.
    """

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
