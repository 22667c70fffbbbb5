"""Styles in Python: pictures in, translated pictures out.

from translate import load_style

style = load_style("anime")
picture = style("photo.jpg")
picture.save("photo-anime.png")
for name, picture in zip(names, style(names)):
    ...

Whole folders, from file to file, as `translate convert` does:

from translate import ConvertRequest, convert_files

for result in convert_files(ConvertRequest(inputs=["photos"], output="drawn", recursive=True)):
    print(result.source, result.error or result.output)

Pictures from noise:

from translate import load_sampler

picture = load_sampler("faces.onnx")(seed=3)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.convert.conditions import row_of
from translate.convert.conversion import ConvertRequest, Detail, convert_files, working_size
from translate.convert.planning import Domain
from translate.convert.targets import chosen_target
from translate.convert.working_size import AtWorkingSize
from translate.errors import PictureError, UserError
from translate.media.codec import CodecError, fault
from translate.media.images import MAX_PIXELS, Picture, load_picture, to_upright
from translate.media.pillow import quiet_pillow
from translate.style.catalogue import DEFAULT_STYLE, find_sampler
from translate.style.contract import StyleInfo
from translate.style.sampler import Sampler
from translate.style.translator import Translator, open_style

__all__ = ["ConvertRequest", "Sampler", "Style", "convert_files", "load_sampler", "load_style"]

Array = NDArray[np.uint8]
Photo = Image.Image | str | Path | Array
Result = Image.Image | Array
P = TypeVar("P", Image.Image, Array)

AHEAD = 4  # pictures of an iterable decoded ahead of the one being translated


def load_style(
    style: str | Path = DEFAULT_STYLE,
    *,
    device: str = "auto",
    tile: int | None = None,
    detail: Detail = None,
    max_pixels: int = MAX_PIXELS,
) -> Style:
    """Load ``style``: the name of a shipped style, or the path of an .onnx file.

    ``device`` is ``auto`` (a usable GPU if there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:N``. ``tile`` is
    the side in pixels of the tiles that a picture is cut into; 0 never cuts, None cuts large pictures if the style
    allows it. Pictures with more than ``detail`` pixels, at least 64, on their longer side are translated at that size
    and then enlarged to their own; None: at the size the style was made for; "full": at their own size. Files of more
    than ``max_pixels`` are refused.

    Raises ``errors.UnusableError`` if the style or the device cannot be used, ``errors.UserError`` for a tile size
    that the style does not allow, or a ``detail`` below 64.
    """
    translator = open_style(str(style), device=device, tile=tile)
    return Style(translator, max_pixels, working_size(detail, translator.info))


def load_sampler(sampler: str | Path, *, device: str = "auto") -> Sampler:
    """Load ``sampler``, which makes pictures from noise: the name of a shipped one, or the path of an .onnx file.

    ``device`` as for `load_style`. A text for its ``condition`` is what `translate sample --condition` takes, a sound's
    path for example. Raises ``errors.UnusableError`` if the sampler or the device cannot be used.
    """
    return Sampler(find_sampler(str(sampler)), device=device, row_of=row_of)


class Style:
    """A style ready to run, made by `load_style`. It may be called from several threads."""

    def __init__(self, translator: Translator, max_pixels: int = MAX_PIXELS, working_size: int = 0) -> None:
        self._translator = translator
        self._draw = AtWorkingSize(translator, working_size)
        self._max_pixels = max_pixels

    @property
    def info(self) -> StyleInfo:
        """The style's metadata: title, licence, domains and more."""
        return self._translator.info

    @property
    def device(self) -> str:
        """Where it runs: ``cpu`` or ``cuda:N``."""
        return self._translator.device

    def __repr__(self) -> str:
        return f"<Style {self.info.title!r} on {self.device}>"

    # Strings and arrays are iterables too, hence the overlaps; here they mean a path and a picture.
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, photo: str | Path, *, domain: str | Sequence[str] | None = None, condition: str | None = None
    ) -> Image.Image: ...

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, photo: P, *, domain: str | Sequence[str] | None = None, condition: str | None = None
    ) -> P: ...

    @overload
    def __call__(
        self,
        photo: Iterable[Image.Image | str | Path],
        *,
        domain: str | Sequence[str] | None = None,
        condition: str | None = None,
    ) -> Iterator[Image.Image]: ...

    @overload
    def __call__(
        self, photo: Iterable[Array], *, domain: str | Sequence[str] | None = None, condition: str | None = None
    ) -> Iterator[Array]: ...

    @overload
    def __call__(
        self, photo: Iterable[Photo], *, domain: str | Sequence[str] | None = None, condition: str | None = None
    ) -> Iterator[Result]: ...

    def __call__(
        self, photo: Photo | Iterable[Photo], *, domain: str | Sequence[str] | None = None, condition: str | None = None
    ) -> Result | Iterator[Result]:
        """Translate a picture, or each picture of an iterable.

        - A path or a PIL image becomes a PIL image, upright and in sRGB: RGBA with the photo's transparency if it has
          any, else RGB. Any EXIF is in ``info["exif"]``, for ``save(..., exif=...)``.
        - An array, uint8 in sRGB, becomes an array of the same shape: [H, W, 3] or [N, H, W, 3], or either with a
          fourth channel, alpha, which is kept. A grey array, [H, W], becomes [H, W, 3].
        - An iterable of these becomes an iterator of the results in the same order. It takes photos only as results are
          requested, and decodes a few ahead in threads. The first photo with an error ends it, when its turn comes.

        ``domain`` is for styles with domains (``info.domains``): the name of the one to translate to; where the domains
        are attributes, the names of all that the result should have. ``condition`` is for styles with a condition
        (``info.condition``), as `translate convert` takes it.

        Raises ``errors.PictureError`` for a picture that cannot be read or translated, ``errors.UserError`` if
        ``photo`` is none of the above, or ``domain`` or ``condition`` does not suit the style.
        """
        names = [domain] if isinstance(domain, str) else domain
        wanted = chosen_target(self.info, domain=names, condition=condition)
        if isinstance(photo, (str, Path, Image.Image, np.ndarray)) or not isinstance(photo, Iterable):
            return self._translate(_decode(photo, self._max_pixels), wanted)
        return self._translate_each(photo, wanted)

    def _translate_each(self, photos: Iterable[Photo], domain: Domain) -> Iterator[Result]:
        decoders = ThreadPoolExecutor(AHEAD, "decode")
        decoding: deque[Future[Picture | Array]] = deque()
        try:
            for photo in photos:
                decoding.append(decoders.submit(_decode, photo, self._max_pixels))
                if len(decoding) > AHEAD:
                    yield self._translate(decoding.popleft().result(), domain)
            while decoding:
                yield self._translate(decoding.popleft().result(), domain)
        finally:
            decoders.shutdown(wait=True, cancel_futures=True)

    def _translate(self, photo: Picture | Array, domain: Domain) -> Result:
        return self._to_image(photo, domain) if isinstance(photo, Picture) else self._to_array(photo, domain)

    def _to_image(self, photo: Picture, domain: Domain) -> Image.Image:
        image = Image.fromarray(self._draw(photo.rgb[np.newaxis], domain)[0])
        if photo.alpha is not None:
            image.putalpha(Image.fromarray(photo.alpha))
        if photo.exif:
            image.info["exif"] = photo.exif
        return image

    def _to_array(self, photo: Array, domain: Domain) -> Array:
        """[H, W, C] or [N, H, W, C], C 3 or 4 -> the same shape."""
        pictures = photo if photo.ndim == 4 else photo[np.newaxis]
        result = pictures.copy()
        for index in range(len(pictures)):  # one at a time: all of them may not fit in memory
            result[index, ..., :3] = self._draw(pictures[index : index + 1, ..., :3], domain)[0]
        return result.reshape(photo.shape)


def _decode(photo: Photo, max_pixels: int) -> Picture | Array:
    """A `Picture`, or uint8 [H, W, C] or [N, H, W, C] if ``photo`` is an array. Raises ``UserError``."""
    if isinstance(photo, (str, Path)):
        return load_picture(photo, max_pixels=max_pixels)
    if isinstance(photo, Image.Image):
        return _from_image(photo)
    if not isinstance(photo, np.ndarray):
        raise UserError(f"a photo of type {type(photo).__name__}: give a path, a PIL image or a uint8 array")
    channels = photo.shape[-1] if photo.ndim in (3, 4) else 3 if photo.ndim == 2 else 0
    if photo.dtype != np.uint8 or channels not in (3, 4) or 0 in photo.shape[-3:]:
        raise UserError(
            f"an array of {photo.dtype} {list(photo.shape)}: give uint8 [H, W, 3], [N, H, W, 3], the same with "
            "a fourth channel for alpha, or [H, W]"
        )
    return np.repeat(photo[..., np.newaxis], 3, axis=-1) if photo.ndim == 2 else photo


def _from_image(image: Image.Image) -> Picture:
    if 0 in image.size:
        raise PictureError(f"an image of {image.width} x {image.height} pixels: there is nothing to translate")
    try:
        with quiet_pillow():
            upright = to_upright(image)
    except CodecError as error:
        name = getattr(image, "filename", "") or "an image"
        raise PictureError(f"{name}: {fault(error.cause)}") from error.cause
    alpha = None if upright.alpha is None else np.array(upright.alpha)
    return Picture(np.array(upright.colour), alpha, upright.exif, upright.format)
