"""TIFF files of kinds that Pillow cannot write, made from the values that they should hold."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

SHORT, LONG = 3, 4  # field types
SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}  # by numpy's kind of type


def tiff(
    values: NDArray[Any],
    *,
    bits: int | None = None,
    photometric: int = 1,
    extra: int | None = None,
    endian: Literal["<", ">"] = "<",
    deflate: bool = False,
    rows_per_strip: int | None = None,
    tags: dict[int, int] | None = None,
) -> bytes:
    """A TIFF of one picture, [H, W] or [H, W, C], in values of ``bits``, by default those of the array's type.

    ``photometric``: 0 white is zero, 1 black is zero, 2 RGB, 5 CMYK, 8 CIELab; ``extra``: what the last sample is, 1
    premultiplied alpha, 2 alpha.
    """
    height, width = values.shape[:2]
    samples = 1 if values.ndim == 2 else values.shape[2]
    bits = bits or 8 * values.itemsize
    rows = rows_per_strip or height
    strips = [_packed(values[start : start + rows], bits, endian) for start in range(0, height, rows)]
    if deflate:
        strips = [zlib.compress(strip) for strip in strips]
    fields: dict[int, tuple[int, list[int]]] = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [bits] * samples),
        259: (SHORT, [8 if deflate else 1]),
        262: (SHORT, [photometric]),
        273: (LONG, [0] * len(strips)),
        277: (SHORT, [samples]),
        278: (LONG, [rows]),
        279: (LONG, [len(strip) for strip in strips]),
        339: (SHORT, [SAMPLE_FORMATS[values.dtype.kind]] * samples),
        **({} if extra is None else {338: (SHORT, [extra])}),
        **{tag: (SHORT, [value]) for tag, value in (tags or {}).items()},
    }
    long_ones = {tag: 4 * len(numbers) for tag, (_, numbers) in fields.items() if len(numbers) > 1}
    start = 8 + 2 + 12 * len(fields) + 4 + sum(long_ones.values())  # of the first strip
    fields[273] = LONG, [start + sum(map(len, strips[:number])) for number in range(len(strips))]
    return _file(fields, endian) + b"".join(strips)


def _file(fields: dict[int, tuple[int, list[int]]], endian: str) -> bytes:
    """Everything before the pixels. Lists of numbers come after the directory, four bytes for each number."""
    directory, lists = struct.pack(f"{endian}H", len(fields)), b""
    after = 8 + 2 + 12 * len(fields) + 4
    for tag in sorted(fields):
        kind, numbers = fields[tag]
        packed = struct.pack(f"{endian}{len(numbers)}{'H' if kind == SHORT else 'L'}", *numbers)
        if len(numbers) > 1:
            where = struct.pack(f"{endian}L", after + len(lists))
            if len(packed) <= 4:
                where = packed.ljust(4, b"\0")
            lists += packed.ljust(4 * len(numbers), b"\0")
        else:
            where = packed.ljust(4, b"\0")
        directory += struct.pack(f"{endian}HHL", tag, kind, len(numbers)) + where
    return (b"II*\0" if endian == "<" else b"MM\0*") + struct.pack(f"{endian}L", 8) + directory + bytes(4) + lists


def _packed(rows: NDArray[Any], bits: int, endian: Literal["<", ">"]) -> bytes:
    """The values of ``rows``; if their number of bits is not that of a type, each row fills whole bytes."""
    if bits == 8 * rows.itemsize:
        return rows.astype(rows.dtype.newbyteorder(endian)).tobytes()
    content = b""
    for row in rows.reshape(len(rows), -1):
        digits = "".join(f"{int(value):0{bits}b}" for value in row)
        digits += "0" * (-len(digits) % 8)
        content += int(digits, 2).to_bytes(len(digits) // 8)
    return content


def ramp(white: float, dtype: str) -> NDArray[Any]:
    """A grey ramp [16, 16] from 0 to ``white``, whose values in 8 bits are 0 to 255 in order."""
    values = np.linspace(0, white, 256).reshape(16, 16)
    return (values if dtype.startswith("f") else values.round()).astype(dtype)
