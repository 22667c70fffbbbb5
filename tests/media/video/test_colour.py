"""High dynamic range becomes the standard range, and is tagged as that."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.video.test_convert import frames_of, write_video
from translate.media.video.colour import BT709, BT2020, HLG, PQ, Colour, to_standard_range
from translate.media.video.convert import convert_video

HDR10 = Colour(matrix=BT2020, primaries=BT2020, transfer=PQ, range=1)
STUDIO_HLG = Colour(matrix=BT2020, primaries=BT2020, transfer=HLG, range=1)


def grey(code: float, colour: Colour) -> int:
    """What becomes of a grey of ``code``, in [0, 1]."""
    (pixel,) = to_standard_range(np.full((1, 3), round(65535 * code), np.uint16), colour)
    assert np.ptp(pixel) <= 1
    return int(pixel[1])


@pytest.mark.parametrize(
    ("colour", "code", "nits"),
    [  # ITU-R BT.2408: light of grey cards and white sheets by signal
        (HDR10, 0.38, 26),
        (HDR10, 0.58, 203),
        (STUDIO_HLG, 0.38, 26),
        (STUDIO_HLG, 0.75, 203),
    ],
)
def test_light_by_signal(colour: Colour, code: float, nits: int) -> None:
    light = nits / 203
    shown = light if light < 0.5 else 0.5 + 0.5 * (1 - np.exp(-(light - 0.5) / 0.5))
    assert abs(grey(code, colour) - 255 * shown ** (1 / 2.4)) <= 4


@pytest.mark.parametrize("colour", [HDR10, STUDIO_HLG])
def test_more_light_is_never_darker(colour: Colour) -> None:
    levels = [grey(code, colour) for code in np.linspace(0, 1, 40)]
    assert levels == sorted(levels) and levels[0] == 0 and levels[-1] >= 254


def test_a_saturated_highlight_keeps_its_hue() -> None:
    codes = np.array([[65535, 40000, 40000]], np.uint16)
    red, green, blue = to_standard_range(codes, Colour(matrix=BT709, primaries=BT709, transfer=PQ, range=1))[0]
    assert red >= 254 and green == blue < 120


def test_a_film_of_high_range_is_tagged_as_what_it_becomes(tmp_path: Path) -> None:
    codes = np.full((48, 64, 3), 148, np.uint8)  # 203 cd/m2, a white sheet
    codes[:, 32:] = 97
    source = write_video(tmp_path / "in.mp4", [codes] * 3, pixel_format="yuv420p10le", colour=HDR10)
    convert_video(source, tmp_path / "out.mp4", lambda photos: photos)
    with av.open(str(tmp_path / "out.mp4")) as made:
        context = made.streams.video[0].codec_context
        assert (int(context.color_trc), int(context.color_primaries), int(context.colorspace)) == (BT709,) * 3
    shown = frames_of(tmp_path / "out.mp4")[0]
    assert np.abs(shown[24, 8].astype(int) - grey(148 / 255, HDR10)).max() <= 4
    assert np.abs(shown[24, 56].astype(int) - grey(97 / 255, HDR10)).max() <= 4
