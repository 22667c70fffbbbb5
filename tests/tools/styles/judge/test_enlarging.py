"""The judge of enlarging: pictures are compared with themselves, and better enlarging gets better figures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from models.features import FeatureNetwork, efficientnet_lite0
from tests.helpers.pairs import picture
from tools.styles.judge.enlarging import PLAIN, Size, measure, resized, row
from tools.styles.judge.variants import Pixels


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return efficientnet_lite0()


def by_repeating(small: Pixels, size: Size) -> Pixels:
    return resized(small, size, filter=Image.Resampling.NEAREST)


def test_flat_pictures_come_back_as_they_were(network: FeatureNetwork) -> None:
    flat = np.full((33, 50, 3), 90, np.uint8)
    (found,) = measure(PLAIN["bicubic"], [flat], 4, network)
    assert found.psnr_db == float("inf") and row("bicubic", [found])[:3] == ["bicubic", "60.00", "60.00"]


def test_smooth_interpolation_is_better_than_repeated_pixels(network: FeatureNetwork) -> None:
    pictures = [picture(1, width=64, height=48), picture(2, width=50, height=66)]
    smooth, blocks = (measure(enlarge, pictures, 2, network) for enlarge in (PLAIN["bicubic"], by_repeating))
    assert len(smooth) == 2
    assert all(one.psnr_db > other.psnr_db and one.ssim > other.ssim for one, other in zip(smooth, blocks, strict=True))
