"""What is printed while files are converted."""

from __future__ import annotations

import time

import pytest

from translate.commands.convert_report import VideoForecast


def test_a_long_video_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    resumed = VideoForecast(50)
    unknown, short = VideoForecast(0), VideoForecast(0)
    now += 5
    assert resumed(55, 160) is None  # too early to tell
    now += 15
    assert resumed(60, 160) == "about 3 more minutes for 100 frames, 2 s each"
    assert unknown(10, None) is None and short(1000, 2000) is None
    now += 100
    assert resumed(61, 160) is None
