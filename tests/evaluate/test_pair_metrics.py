"""Metrics of one picture against another, against their formulas in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple
from typing import Literal

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tests.helpers.pairs import picture
from tests.helpers.pictures import draw_photo
from translate.evaluate.pair_metrics import PairMetrics, compare_pictures, edge_energy, mean

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

SHAPES = [(47, 61), (64, 48), (11, 30), (17, 16)]  # height, width


def pair(height: int, width: int) -> tuple[Pixels, Pixels]:
    """A drawn picture, and the same one with other colours and noise."""
    one = draw_photo(width, height)
    noise = np.random.default_rng(0).normal(0, 20, one.shape)
    return one, np.clip(one[..., ::-1] * 0.7 + 40 + noise, 0, 255).astype(np.uint8)


def along(values: Floats, window: Floats, axis: int, border: Literal["reflect", "edge"]) -> Floats:
    """``values`` [H, W, ...] correlated with ``window`` along ``axis``."""
    reach = len(window) // 2
    pads = [(reach, reach) if number == axis else (0, 0) for number in range(values.ndim)]
    return sliding_window_view(np.pad(values, pads, mode=border), len(window), axis) @ window


def ssim(one: Pixels, other: Pixels) -> float:
    """Wang et al. 2004, equation 13, of [0, 255], an 11x11 Gaussian window of sigma 1.5, mirrored at the border."""
    x, y = one.astype(np.float64), other.astype(np.float64)
    window = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window /= window.sum()

    def local(values: Floats) -> Floats:
        return along(along(values, window, 0, "reflect"), window, 1, "reflect")

    mx, my = local(x), local(y)
    vx, vy, vxy = local(x * x) - mx * mx, local(y * y) - my * my, local(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * vxy + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))))


def edge_agreement(one: Pixels, other: Pixels) -> float:
    luma = [image @ np.array([0.299, 0.587, 0.114]) for image in (one, other)]
    slope, smooth = np.array([-1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    strengths = [
        np.hypot(*(along(along(values, slope, axis, "edge"), smooth, 1 - axis, "edge") for axis in (0, 1)))
        for values in luma
    ]
    return float(np.corrcoef(strengths[0].ravel(), strengths[1].ravel())[0, 1])


def lab(rgb: Floats) -> Floats:
    """sRGB in [0, 1], [3], to CIELAB under D65 (IEC 61966-2-1, CIE 15)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    t = np.array(matrix) @ linear / [0.95047, 1.0, 1.08883]
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def colour_shift(one: Pixels, other: Pixels) -> float:
    height, width, _ = one.shape
    blocks = [(slice(y, y + 16), slice(x, x + 16)) for y in range(0, height, 16) for x in range(0, width, 16)]
    return float(
        np.mean([np.linalg.norm(np.subtract(*(lab(i[b].mean((0, 1)) / 255) for i in (one, other)))) for b in blocks])
    )


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_the_formulas(height: int, width: int) -> None:
    one, other = pair(height, width)
    found = compare_pictures(one, other)
    difference = one.astype(np.float64) - other
    assert found.psnr_db == pytest.approx(10 * math.log10(255**2 / np.square(difference).mean()), abs=1e-3)
    assert found.l1 == pytest.approx(np.abs(difference).mean(), abs=1e-3)
    assert found.ssim == pytest.approx(ssim(one, other), abs=3e-4)
    assert found.edge_agreement == pytest.approx(edge_agreement(one, other), abs=1e-4)
    assert found.colour_shift == pytest.approx(colour_shift(one, other), abs=0.02)
    assert 0.05 < found.ssim < 0.95 and 0.05 < found.edge_agreement < 0.95 and found.colour_shift > 5


def test_metrics_are_symmetric() -> None:
    one, other = pair(47, 61)
    assert astuple(compare_pictures(one, other)) == pytest.approx(astuple(compare_pictures(other, one)), rel=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (50, 60)])
def test_equal_pictures(size: tuple[int, int]) -> None:
    one = picture(1, width=size[1], height=size[0])
    found = compare_pictures(one, one.copy())
    assert math.isinf(found.psnr_db) and (found.l1, found.colour_shift) == (0, 0)
    assert found.ssim == pytest.approx(1, abs=3e-4) and found.edge_agreement == pytest.approx(1)


def shifted_colour(one: Pixels) -> Pixels:
    return (one.astype(int) * [0.6, 0.8, 1.0]).astype(np.uint8)


def blurred(one: Pixels) -> Pixels:
    box = np.full(9, 1 / 9)
    return along(along(one.astype(np.float64), box, 0, "edge"), box, 1, "edge").astype(np.uint8)


@pytest.mark.parametrize(("change", "colour"), [(shifted_colour, True), (blurred, False)])
def test_colour_and_edges_are_measured_separately(change: Callable[[Pixels], Pixels], colour: bool) -> None:
    one = draw_photo(128, 96)
    found = compare_pictures(one, change(one))
    assert (found.colour_shift > 8) == colour
    assert (found.edge_agreement > 0.9) == colour


def test_edge_agreement_of_flat_pictures() -> None:
    flat, other = np.full((20, 20, 3), (13, 77, 201), np.uint8), np.full((20, 20, 3), 90, np.uint8)
    assert compare_pictures(flat, other).edge_agreement == 1
    assert compare_pictures(flat, draw_photo(20, 20)).edge_agreement == 0
    faint = flat.copy()
    faint[:, 10:] += 1  # a single step is an edge
    assert compare_pictures(faint, faint[::-1]).edge_agreement == pytest.approx(1)


def test_edge_energy_is_the_mean_square_of_the_slope() -> None:
    ramp = np.broadcast_to(np.arange(0, 200, 5, dtype=np.uint8)[None, :, None], (20, 40, 3)).copy()
    expected = (5 / 255) ** 2 * 38 / 40 + (2.5 / 255) ** 2 * 2 / 40  # half of the slope at the replicated borders
    assert edge_energy(ramp) == pytest.approx(expected, rel=1e-4)
    assert edge_energy(np.full_like(ramp, 90)) < 1e-12


def test_the_mean() -> None:
    found = mean([PairMetrics(20, 0.5, 10, -0.5, 4), PairMetrics(30, 0.7, 20, 0.5, 6)])
    assert astuple(found) == pytest.approx((25, 0.6, 15, 0, 5))
    with pytest.raises(ValueError, match="no metrics"):
        mean([])


def test_sizes_have_to_be_the_same() -> None:
    with pytest.raises(ValueError, match=r"\(4, 5, 3\) and \(5, 4, 3\)"):
        compare_pictures(picture(0, width=5, height=4), picture(0, width=4, height=5))
