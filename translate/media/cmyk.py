"""The colours of CMYK pictures without a profile: those of a common offset print, by a profile computed here.

Viewers show such pictures as US Web Coated (SWOP) or a similar print; the formula R = 255 (1 - C) (1 - K) makes them
too bright and too saturated. The profile follows the equations of Neugebauer (Die theoretischen Grundlagen des
Mehrfarbenbuchdrucks, 1937): dots of area c, m, y and k overlap by chance, so that each of the 16 overprints covers a
known share of the paper, and their light adds up. Departures: the exponent 1/n of Yule and Nielsen (The penetration of
light into paper and its effect on halftone reproduction, 1951), and inks over black absorb independently of it.
"""

from __future__ import annotations

import itertools
import struct
from functools import cache

import numpy as np
from numpy.typing import NDArray

# What one ink or several over each other look like in sRGB, printed on coated paper by SWOP; the paper is white.
_OVERPRINTS = {
    "": (255, 255, 255),
    "c": (0, 174, 239),
    "m": (236, 0, 140),
    "y": (255, 242, 0),
    "my": (237, 28, 36),
    "cy": (0, 166, 81),
    "cm": (46, 49, 146),
    "cmy": (54, 53, 52),
    "k": (35, 31, 32),
}
_YULE_NIELSEN = 2.0  # n: 1 if no light spread in the paper, 2 if it spread evenly
_GRID = 9  # nodes per ink
_SRGB_TO_XYZ = (  # of linear light, for the white D50, as in the sRGB profile of the ICC
    (0.4360747, 0.3850649, 0.1430804),
    (0.2225045, 0.7168786, 0.0606169),
    (0.0139322, 0.0971045, 0.7141733),
)
_D50 = (0.9642, 1.0, 0.8249)


def printed(inks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of C, M, Y and K, [..., 4] in [0, 1] -> linear light of R, G and B, [..., 3] in [0, 1]."""
    light = np.zeros((*inks.shape[:-1], 3))
    for chosen in itertools.product((False, True), repeat=4):
        share = np.where(chosen, inks, 1 - inks).prod(axis=-1)
        coloured = "".join(name for name, there in zip("cmy", chosen, strict=False) if there)
        overprint = _linear(_OVERPRINTS[coloured]) * (_linear(_OVERPRINTS["k"]) if chosen[3] else 1)
        light += share[..., np.newaxis] * overprint ** (1 / _YULE_NIELSEN)
    return light**_YULE_NIELSEN


@cache
def default_profile() -> bytes:
    """An ICC profile from CMYK to Lab, of `printed` on a grid."""
    steps = np.linspace(0, 1, _GRID)
    inks = np.stack(np.meshgrid(steps, steps, steps, steps, indexing="ij"), axis=-1)  # C changes slowest
    lab = _to_lab(printed(inks).reshape(-1, 3))
    lab += 0, 128, 128  # as version 2 of the ICC's standard encodes them
    scaled = lab * (0xFF00 / 100, 0x100, 0x100)
    nodes = scaled.round().clip(0, 0xFFFF).astype(">u2").tobytes()
    identity = struct.pack(">2H", 0, 0xFFFF)
    matrix = struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    table = b"mft2" + bytes(4) + bytes([4, 3, _GRID, 0]) + matrix + struct.pack(">2H", 2, 2)
    return _profile({b"A2B0": table + identity * 4 + nodes + identity * 3})


def _profile(tags: dict[bytes, bytes]) -> bytes:
    white = struct.pack(">3i", *(round(value * 65536) for value in _D50))
    tags = tags | {b"wtpt": b"XYZ " + bytes(4) + white, b"cprt": b"text" + bytes(4) + b"none\0\0\0\0"}
    offset = 128 + 4 + 12 * len(tags)
    directory, content = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        directory += name + struct.pack(">II", offset + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    header = struct.pack(">I4sI4s4s4s", offset + len(content), bytes(4), 0x02400000, b"spac", b"CMYK", b"Lab ")
    return (header + bytes(12) + b"acsp" + bytes(28) + white).ljust(128, b"\0") + directory + content


def _linear(srgb: tuple[int, int, int]) -> NDArray[np.float64]:
    """sRGB in [0, 255] -> linear light in [0, 1] (IEC 61966-2-1)."""
    values = np.array(srgb) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _to_lab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light of sRGB, [N, 3] -> CIE L*a*b* for the white D50."""
    relative = light @ np.array(_SRGB_TO_XYZ).T / _D50
    root = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
