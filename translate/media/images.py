"""The only place that decodes picture files to RGB bytes, and encodes them to files again.

Whatever the file holds (any orientation, colour profile, bit depth, palette, CMYK, transparency), the rest of the
program sees a `Picture`: upright, 8 bits per channel, sRGB. Networks see [-1, 1]; that scaling is here too.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import PictureError, is_no_space, one_line
from translate.media.cicp import read_colour, to_srgb_from
from translate.media.codec import CodecError, codec_call
from translate.media.colour import from_gamma, srgb_transform, to_srgb
from translate.media.description import NO_DESCRIPTION, Description, read_description
from translate.media.exif import SIDEWAYS, read_exif, read_orientation
from translate.media.formats import FORMATS, Effort, save_options
from translate.media.gpu_jpeg import JpegCodec
from translate.media.guards import MAX_PIXELS as MAX_PIXELS
from translate.media.guards import reading, require_few_scans, require_file, require_pixels
from translate.media.jpeg import decode_jpeg, decode_scaled, encode_jpeg, scale_for
from translate.media.kinds import open_image, others_note
from translate.media.modes import narrow_transparent_colour, split_alpha
from translate.media.pillow import quiet_pillow
from translate.storage.remote import RemotePath
from translate.storage.shards import Source, TarMember

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Picture:
    """An upright picture in sRGB."""

    rgb: NDArray[np.uint8]  # [H, W, 3]
    alpha: NDArray[np.uint8] | None = None  # [H, W], 255: opaque
    exif: bytes | None = None  # its orientation is 1 or absent
    format: str = "PNG"  # Pillow's name of the format it was read from
    full_size: tuple[int, int] | None = None  # width and height in its file, where it was decoded at a smaller scale
    note: str | None = None  # what `load_frugally` has to say of the rest of its file
    description: Description = NO_DESCRIPTION  # what else than EXIF its file says of it

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.rgb.shape[1], self.rgb.shape[0]


@dataclass(frozen=True)
class Upright:
    """An upright picture in sRGB, as Pillow holds it."""

    colour: Image.Image  # of mode RGB
    alpha: Image.Image | None  # of mode L
    exif: bytes | None
    format: str
    full_size: tuple[int, int] | None = None  # this and the next two as those of a `Picture`
    note: str | None = None
    description: Description = NO_DESCRIPTION

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.colour.size

    def copy(self) -> Upright:
        return replace(self, colour=self.colour.copy())


def to_signed_unit(pixels: Any) -> Any:
    """[0, 255] -> [-1, 1], the range of the networks. For floating-point arrays and tensors."""
    return pixels / 127.5 - 1


def from_signed_unit(values: Any) -> Any:
    """[-1, 1] -> whole numbers in [0, 255], clipped, in the floating-point type of ``values``."""
    return ((values + 1) * 127.5).round().clip(0, 255)


def load_rgb(path: str | Source) -> NDArray[np.uint8]:
    """The picture as uint8 [H, W, 3], on white where it is transparent; raises as `load_picture` does."""
    return _on_white(load_picture(path))


def load_rgb_within(path: str | Source, longest: int) -> NDArray[np.uint8]:
    """`load_rgb`, scaled down so that the longer side has at most ``longest`` pixels."""
    return shrink(Picture(load_rgb(path)), longest).rgb


def picture_size(path: Source) -> tuple[int, int]:
    """Width and height from the file's header, as stored: EXIF may swap them. Raises as `load_picture` does."""
    return _load(path, MAX_PIXELS, lambda image, file: image.size)


def load_picture(source: str | Source | bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a file, or the content of one; the first frame of an animation or a multi-page TIFF.

    Raises ``PictureError`` naming the file if it is missing, not a picture, damaged, cut short, or has more than
    ``max_pixels``.
    """
    return _load(source, max_pixels, _to_picture)


def load_frugally(
    source: str | Source | bytes,
    *,
    max_pixels: int,
    large: int,
    admit_large: Callable[[], object],
    enough: int | None = None,
    jpeg: JpegCodec | None = None,
) -> Picture | Upright:
    """Like `load_picture`, but return a picture of more than ``large`` pixels as Pillow holds it, without a copy.

    ``admit_large`` is called before such a picture takes memory; it may wait. With ``enough``, a JPEG is decoded at the
    smallest of the scales 1, 1/2, 1/4 and 1/8 at which its longer side has that many pixels. Its ``note`` says which
    pages or frames were not taken. ``jpeg`` decodes those JPEGs that it can, at their full size.
    """

    def decode(image: Image.Image, file: IO[bytes]) -> Picture | Upright:
        scale, note = 1 if enough is None else scale_for(image, enough), others_note(image)
        if image.width * image.height <= large:
            return replace(_to_picture(image, file, scale, jpeg), note=note)
        admit_large()
        return replace(to_upright(image, scale), note=note)

    return _load(source, max_pixels, decode)


Loaded = TypeVar("Loaded")


def _load(source: str | Source | bytes, max_pixels: int, decode: Callable[[Image.Image, IO[bytes]], Loaded]) -> Loaded:
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source), "standard input", max_pixels, decode)
    if isinstance(source, RemotePath | TarMember):
        return _decode(io.BytesIO(source.read_bytes()), str(source), max_pixels, decode)
    path = Path(source)
    require_file(path)
    try:
        with path.open("rb") as file:
            return _decode(file if file.seekable() else io.BytesIO(file.read()), str(path), max_pixels, decode)
    except OSError as error:
        raise PictureError(f"{path}: cannot be read: {error.strerror or one_line(error)}") from error


def _decode(file: IO[bytes], name: str, max_pixels: int, decode: Callable[[Image.Image, IO[bytes]], Loaded]) -> Loaded:
    with open_image(file, name, max_pixels) as image:
        require_pixels(image, name, max_pixels)
        require_few_scans(image, file, name)
        with reading(name, max_pixels):
            return decode(image, file)


def _to_picture(image: Image.Image, file: IO[bytes], scale: int = 1, jpeg: JpegCodec | None = None) -> Picture:
    quickly = _decode_quickly(image, file, scale, jpeg)
    if quickly is not None:
        return quickly
    upright = to_upright(image, scale)
    alpha = None if upright.alpha is None else np.array(upright.alpha)
    whole = Picture(np.array(upright.colour), alpha, upright.exif, upright.format, upright.full_size)
    return replace(whole, description=upright.description)


def _decode_quickly(image: Image.Image, file: IO[bytes], scale: int, jpeg: JpegCodec | None) -> Picture | None:
    """The picture, if it is an RGB JPEG stored upright in sRGB; None if not, or if only Pillow can decode it."""
    if (image.format, image.mode) != ("JPEG", "RGB"):
        return None
    profile = image.info.get("icc_profile")
    if read_orientation(image) != 1 or (profile and srgb_transform(profile, "RGB") is not None):
        return None
    file.seek(0)
    rgb = decode_jpeg(file.read(), image.size, scale, jpeg)
    full_size = image.size if scale > 1 else None
    if rgb is None:
        return None
    description = read_description(image)
    return Picture(rgb, exif=read_exif(image), description=description, format="JPEG", full_size=full_size)


def to_upright(image: Image.Image, scale: int = 1) -> Upright:
    """Decode an opened file, a JPEG to 1/``scale`` of its size; raises ``CodecError`` if it is damaged."""
    full_size, stated = image.size, read_colour(image)
    with codec_call():
        narrow_transparent_colour(image)
        if scale > 1:
            decode_scaled(image, scale)
        image.load()
    colour, alpha = split_alpha(image)
    profile = image.info.get("icc_profile")
    colour = to_srgb(colour, None if stated else profile)
    if stated is not None:
        colour = to_srgb_from(colour, stated)
    elif not profile and "srgb" not in image.info:
        colour = from_gamma(colour, image.info.get("gamma"))
    orientation = read_orientation(image)
    turn = _TURNS.get(orientation)
    if turn is not None:
        colour = colour.transpose(turn)
        alpha = None if alpha is None else alpha.transpose(turn)
    if orientation in SIDEWAYS:
        full_size = full_size[1], full_size[0]
    format = "JPEG" if image.format == "MPO" else image.format  # MPO: a JPEG followed by others
    full = full_size if scale > 1 else None
    return Upright(colour, alpha, read_exif(image), format or "PNG", full, description=read_description(image))


def shrink(picture: Picture, max_side: int) -> Picture:
    """Scale down so that the longer side has at most ``max_side`` pixels; smaller pictures are unchanged."""
    size = size_within(picture.size, max_side)
    if size == picture.size:
        return picture
    # Pillow weights RGBA by its alpha here, so that hidden colours do not bleed into visible edges.
    pixels = np.array(_to_image(picture, alpha=True).resize(size, Image.Resampling.LANCZOS))
    return replace(picture, rgb=pixels[..., :3], alpha=None if picture.alpha is None else pixels[..., 3])


def size_within(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Width and height in the proportions of ``size``, the longer one at most ``max_side``; at least 1."""
    longer = max(size)
    if longer <= max_side:
        return size
    width, height = (max(1, round(side * (max_side / longer))) for side in size)
    return width, height


def _to_image(picture: Picture, *, alpha: bool) -> Image.Image:
    """RGBA; or RGB if the picture has no alpha, or on white if ``alpha`` is not wanted."""
    if picture.alpha is None or not alpha:
        return Image.fromarray(_on_white(picture))
    return Image.fromarray(np.dstack((picture.rgb, picture.alpha)))


def _on_white(picture: Picture) -> NDArray[np.uint8]:
    if picture.alpha is None:
        return picture.rgb
    opacity = picture.alpha[..., np.newaxis].astype(np.uint16)
    return ((picture.rgb * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)


def encode_picture(
    picture: Picture, format: str, quality: int | None = None, effort: Effort = "normal", jpeg: JpegCodec | None = None
) -> bytes:
    """The content of a file in ``format``, one of `FORMATS`.

    JPEG and BMP cannot hold transparency: the picture is laid on white. GIF keeps 256 colours, and pixels that are
    opaque or clear. BMP and GIF cannot hold EXIF, and JPEG none over 64 KiB; for descriptions see `description`.
    ``quality``, 1 to 100, is for JPEG, WebP and AVIF; ``effort`` is the time spent on smaller files. ``jpeg`` encodes
    those JPEGs that it can, but not where ``effort`` is "small".
    Raises ``PictureError``, without a file name, if the format cannot hold the picture (too many pixels per side).
    """
    if format == "JPEG" and effort != "small":
        rgb = _on_white(picture)
        with writing(picture.size, format):
            options = save_options(format, quality, effort, picture.exif, picture.description)
            return encode_jpeg(rgb, options["quality"], options.get("exif"), options.get("extra", b""), jpeg)
    image, buffer = _to_image(picture, alpha=FORMATS[format].alpha), io.BytesIO()
    with writing(picture.size, format):
        options = save_options(format, quality, effort, picture.exif, picture.description)
        with codec_call():
            image.save(buffer, format, **options)
    return buffer.getvalue()


@contextmanager
def writing(size: tuple[int, int], format: str) -> Iterator[None]:
    """Turn an encoder's errors about a picture of ``size``, width and height, into a ``PictureError`` without a name.

    The calls to the encoder have to be in `codec_call`: other errors are mistakes in this program and pass through, as
    does an ``OSError`` for lack of room on the disk.
    """
    try:
        with quiet_pillow():
            yield
    except CodecError as error:
        if is_no_space(error.cause):  # no fault of the format: for whoever has opened the file
            raise error.cause from None
        what = "{} x {} pixels".format(*size)
        raise PictureError(
            f"{what} cannot be written as {format}: {one_line(error.cause)}; try <format> png"
        ) from error.cause
