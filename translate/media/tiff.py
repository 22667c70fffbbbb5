"""TIFF files of kinds that Pillow does not know: deep or floating-point colours, with or without transparency.

Read are grey, RGB, CMYK and CIELab of 1 to 16, 32 or 64 bits, uncompressed or deflated, in strips of interleaved
samples (Adobe: TIFF Revision 6.0, 1992). Everything else raises ``NotImplementedError``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from translate.media.colour import to_srgb
from translate.media.modes import to_8_bits

_GREYS, _RGB, _CMYK, _LAB = (0, 1), 2, 5, 8  # photometric interpretations; grey 0: white is zero
_CHANNELS = {0: 1, 1: 1, _RGB: 3, _CMYK: 4, _LAB: 3}
_PREMULTIPLIED, _ALPHA = 1, 2  # what an extra sample is
_NONE, _DEFLATE, _ADOBE_DEFLATE = 1, 32946, 8  # compressions
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3  # predictors
_KINDS = {1: "u", 2: "i", 3: "f"}  # sample formats, as numpy's kinds of types


class UnusualTiff(ImageFile.ImageFile):
    """Opened from a file like Pillow's own pictures; of mode L, LA, RGB, RGBA, CMYK or LAB."""

    format = "TIFF"
    tag_v2: Any  # as that of Pillow's own, from which it reads EXIF

    def _open(self) -> None:
        assert self.fp is not None  # it is open until `close`
        self.tag_v2 = TiffImagePlugin.ImageFileDirectory_v2(self.fp.read(8))
        self.fp.seek(self.tag_v2.next)
        self.tag_v2.load(self.fp)
        self._size = self._one("ImageWidth"), self._one("ImageLength")
        self._photometric, self._bits = self._one("PhotometricInterpretation"), self._one("BitsPerSample")
        self._samples = self._one("SamplesPerPixel", 1)
        self._channels = _CHANNELS.get(self._photometric, 0)
        extra = self._all("ExtraSamples", ())[:1]
        self._extra = extra[0] if extra else None
        self._require_known()
        self._type = self._sample_type()
        has_alpha = self._samples > self._channels and self._extra in (_PREMULTIPLIED, _ALPHA)
        plain = {1: "L", _RGB: "RGB", _CMYK: "CMYK", _LAB: "LAB"}.get(max(self._photometric, 1), "RGB")
        self._mode = plain if not has_alpha else "LA" if plain == "L" else "RGBA"
        self.decoding_bytes = self._samples * (2 * self._type.itemsize + 9)  # per pixel, at the peak of `load`
        if 34675 in self.tag_v2:
            self.info["icc_profile"] = self.tag_v2[34675]

    def load(self) -> Any:
        if self._im is None:
            values = np.concatenate(list(self._strips()))
            self.im = self._in_8_bits(values).im
        return None

    def _in_8_bits(self, values: NDArray[Any]) -> Image.Image:
        """Values of all samples, [H, W, samples] -> the picture in its mode."""
        if self._photometric == _LAB:
            colour = _lab_in_8_bits(values[..., :3], self._bits)
        else:
            colour = to_8_bits(values[..., : self._channels], self._bits, white_is_zero=self._photometric == 0)
        if self._mode not in ("LA", "RGBA"):
            return Image.fromarray(colour.squeeze(-1) if self._mode == "L" else colour, self._mode)
        alpha = to_8_bits(values[..., self._channels], self._bits)
        if self._extra == _PREMULTIPLIED:
            opacity = np.maximum(alpha, 1)[..., np.newaxis].astype(np.float32)
            colour = (colour * (255 / opacity)).round().clip(0, 255).astype(np.uint8)
        if self._photometric in (_CMYK, _LAB):  # there is no mode of these with alpha
            inks = Image.fromarray(colour, "CMYK" if self._photometric == _CMYK else "LAB")
            colour = np.asarray(to_srgb(inks, self.info.pop("icc_profile", None)))
        return Image.fromarray(np.dstack((colour, alpha)), self._mode)

    def _strips(self) -> Iterator[NDArray[Any]]:
        """The values of each strip, [rows, W, samples]."""
        assert self.fp is not None
        width, height = self.size
        rows_per_strip = min(self._one("RowsPerStrip", height), height)
        places = zip(self._all("StripOffsets"), self._all("StripByteCounts"), strict=True)
        for top, (offset, length) in zip(range(0, height, rows_per_strip), places, strict=True):
            rows = min(rows_per_strip, height - top)
            row_bytes = -(-width * self._samples * self._bits // 8)
            self.fp.seek(offset)
            content = self.fp.read(min(length, rows * row_bytes + (1 << 16)))
            if self._one("Compression", _NONE) != _NONE:
                content = zlib.decompressobj().decompress(content, rows * row_bytes)
            if len(content) < rows * row_bytes:
                raise OSError("image file is truncated")
            stored = np.frombuffer(content, np.uint8, rows * row_bytes).reshape(rows, row_bytes)
            yield self._values(stored).reshape(rows, width, self._samples)

    def _values(self, stored: NDArray[np.uint8]) -> NDArray[Any]:
        """Bytes of rows -> the values in them, [rows, W * samples]."""
        predictor = self._one("Predictor", 1)
        if predictor == _FLOAT_DIFFERENCES:  # of bytes: all the highest of a row first
            summed = _running_sums(stored, self._samples).reshape(len(stored), self._type.itemsize, -1)
            return summed.transpose(0, 2, 1).copy().view(self._type.newbyteorder(">"))[..., 0]
        if 8 * self._type.itemsize == self._bits:
            values = stored.view(self._type).astype(self._type.newbyteorder("="), copy=False)
            return _running_sums(values, self._samples) if predictor == _DIFFERENCES else values
        count = self.size[0] * self._samples
        bits = np.unpackbits(stored, axis=1)[:, : count * self._bits].reshape(len(stored), count, self._bits)
        return bits @ (1 << np.arange(self._bits - 1, -1, -1, dtype=np.uint16))

    def _sample_type(self) -> np.dtype[Any]:
        """The type of the stored values; of other numbers of bits than types have, the next larger one."""
        kind = _KINDS.get(self._one("SampleFormat", 1), "")
        size = next((size for size in (1, 2, 4, 8) if self._bits <= 8 * size), 0)
        exact = self._bits == 8 * size
        if not kind or not size or (not exact and (kind != "u" or size > 2)) or (kind == "f" and size == 1):
            raise NotImplementedError(f"samples of {self._bits} bits, format {self._one('SampleFormat', 1)}")
        return np.dtype(f"{'>' if self.tag_v2.prefix == b'MM' else '<'}{kind}{size}")

    def _require_known(self) -> None:
        if not self._channels or self._samples < self._channels:
            raise NotImplementedError(f"photometric interpretation {self._photometric}")
        if len(set(self._all("BitsPerSample"))) > 1 or self._one("PlanarConfiguration", 1) != 1:
            raise NotImplementedError("samples of several sizes, or in separate planes")
        if self._one("Compression", _NONE) not in (_NONE, _DEFLATE, _ADOBE_DEFLATE) or 322 in self.tag_v2:
            raise NotImplementedError("compressed samples of this kind, or tiles")

    def _all(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """The numbers of a tag. Raises ``KeyError`` if it is missing and there is no default."""
        values = self.tag_v2.get(_TAGS[name], default)
        if values is None:
            raise KeyError(name)
        return tuple(values) if isinstance(values, tuple) else (values,)

    def _one(self, name: str, default: int | None = None) -> int:
        return int(self._all(name, None if default is None else (default,))[0])


_TAGS = {
    "ImageWidth": 256,
    "ImageLength": 257,
    "BitsPerSample": 258,
    "Compression": 259,
    "PhotometricInterpretation": 262,
    "StripOffsets": 273,
    "SamplesPerPixel": 277,
    "RowsPerStrip": 278,
    "StripByteCounts": 279,
    "PlanarConfiguration": 284,
    "Predictor": 317,
    "ExtraSamples": 338,
    "SampleFormat": 339,
}


def _running_sums(values: NDArray[Any], samples: int) -> NDArray[Any]:
    """Differences between neighbours in a row -> values, modulo the type's range."""
    rows, count = values.shape
    return np.cumsum(values.reshape(rows, count // samples, samples), axis=1, dtype=values.dtype).reshape(rows, count)


def _lab_in_8_bits(values: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """CIELab as a TIFF stores it, [..., 3] of 8 or 16 bits, a and b signed -> as Pillow does, with 128 for 0."""
    if values.dtype.kind == "f" or bits not in (8, 16):
        raise NotImplementedError(f"CIELab of {bits} bits")
    unit = 1 << (bits - 8)
    lightness = values[..., 0].astype(np.float32) * (255 / (256 * unit - 1))
    signed = values[..., 1:].astype(f"i{bits // 8}").astype(np.float32) / unit + 128
    return np.dstack((lightness, signed)).round().clip(0, 255).astype(np.uint8)
