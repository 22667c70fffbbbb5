"""Small sound files with known content."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np


def write_tone(
    path: Path,
    *,
    pitch: float = 440,
    amplitude: float = 0.5,
    seconds: float = 0.3,
    rate: int = 16_000,
    channels: int = 1,
) -> Path:
    """A sine wave of ``pitch`` Hz in each channel, 16-bit WAV."""
    times = np.arange(int(seconds * rate)) / rate
    samples = (32767 * amplitude * np.sin(2 * np.pi * pitch * times)).astype("<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(samples, channels).tobytes())
    return path
