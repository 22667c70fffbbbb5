"""JPEG decoded and encoded on an NVIDIA GPU by nvImageCodec, which has engines for it on some.

https://docs.nvidia.com/cuda/nvimagecodec; written for nvidia-nvimgcodec 0.9, of the extra ``cuda``. What it does
not take goes back to the processor, picture by picture: CMYK, greys, other colour spaces and turned photos do not come
here at all (`images`), and photos that are needed at 1/2 of their size or less are decoded faster where only that part
of the coefficients is decoded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from translate.errors import UnusableError, one_line
from translate.media.codec import CodecError, codec_call

PACKAGE = "nvidia.nvimgcodec"
SMOOTH = ":fancy_upsampling=1"  # chroma is interpolated as libjpeg-turbo does it, instead of repeated


class JpegCodec(Protocol):
    """Takes the place of libjpeg-turbo for the pictures that it can take."""

    def decode(self, content: bytes, size: tuple[int, int]) -> NDArray[np.uint8] | None:
        """uint8 [H, W, 3] of the JPEG ``content``, as stored; None: it cannot. ``size``: W, H in its header."""

    def encode(self, rgb: NDArray[np.uint8], quality: int) -> bytes | None:
        """A baseline JPEG of 4:4:4 from uint8 [H, W, 3], without EXIF; None: it cannot."""


class GpuJpeg:
    """`JpegCodec` on GPU ``number``; may be called from several threads, each of which has its own decoder and encoder.

    ``on_remark`` is told the first time that a picture goes back to the processor. Raises ``UnusableError`` if
    nvImageCodec is missing or does not start.
    """

    def __init__(self, number: int = 0, *, on_remark: Callable[[str], object] = lambda remark: None) -> None:
        try:
            self._library: Any = import_module(PACKAGE)
        except ImportError as error:
            raise UnusableError(
                f"<gpu_jpeg>: nvImageCodec cannot be loaded ({one_line(error)}); "
                "pip install 'picture-translate[cuda]' brings it"
            ) from error
        self._number, self._on_remark, self._told = number, on_remark, threading.Lock()
        self._own = threading.local()
        try:
            with codec_call():
                self._decoder()
        except CodecError as error:
            raise UnusableError(f"<gpu_jpeg>: nvImageCodec does not start: {one_line(error.cause)}") from error

    def decode(self, content: bytes, size: tuple[int, int]) -> NDArray[np.uint8] | None:
        """As `JpegCodec.decode`."""
        try:
            with codec_call():
                image = self._decoder().decode(content, params=self._own.decoding)
                pixels = None if image is None else np.asarray(image.cpu())
        except CodecError as error:
            self._tell("decoded", one_line(error.cause))
            return None
        if pixels is None or pixels.shape != (size[1], size[0], 3) or pixels.dtype != np.uint8:
            self._tell("decoded", "nothing, or other pixels than its header says")
            return None
        return pixels

    def encode(self, rgb: NDArray[np.uint8], quality: int) -> bytes | None:
        """As `JpegCodec.encode`."""
        library = self._library
        try:
            with codec_call():
                params = library.EncodeParams(
                    quality_type=library.QualityType.QUALITY,
                    quality_value=quality,
                    chroma_subsampling=library.ChromaSubsampling.CSS_444,
                )
                image = library.as_image(np.ascontiguousarray(rgb))
                content = self._encoder().encode(image, codec="jpeg", params=params)
        except CodecError as error:
            self._tell("encoded", one_line(error.cause))
            return None
        if content is None:
            self._tell("encoded", "nothing")
            return None
        return bytes(content)

    def _decoder(self) -> Any:
        if "decoder" not in self._own.__dict__:
            library = self._library
            self._own.decoding = library.DecodeParams(apply_exif_orientation=False)
            self._own.decoder = library.Decoder(device_id=self._number, max_num_cpu_threads=1, options=SMOOTH)
        return self._own.decoder

    def _encoder(self) -> Any:
        if "encoder" not in self._own.__dict__:
            self._own.encoder = self._library.Encoder(device_id=self._number, max_num_cpu_threads=1)
        return self._own.encoder

    def _tell(self, done: str, reason: str) -> None:
        if self._told.acquire(blocking=False):  # and never released
            self._on_remark(f"a picture could not be {done} on the GPU ({reason}); the processor does that for such")
