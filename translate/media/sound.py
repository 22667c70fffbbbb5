"""Sound files -> log-mel spectrograms, the usual input of networks that listen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.errors import PictureError, UnusableError, one_line

RATE = 16_000  # samples per second, to which every sound is brought
WINDOW = 1024  # samples per spectrum, 64 ms
HOP = 320  # samples from one spectrum to the next, 20 ms
BANDS = 64
LOWEST, HIGHEST = 40.0, 8000.0  # Hz, of the bands
FLOOR = 1e-10  # power of what counts as silence, -100 dB of a sine wave of full scale
QUIETEST = 1e-4  # the largest amplitude of a silent file, of full scale
MAX_SECONDS = 3600

Samples = NDArray[np.float32]  # [S] in [-1, 1] at `RATE`


@dataclass(frozen=True)
class Sound:
    """The samples of a file, mixed down to one channel, and how the file holds them."""

    samples: Samples
    rate: int  # samples per second
    channels: int

    @property
    def converted(self) -> bool:
        """Whether the file has other channels or another rate."""
        return (self.rate, self.channels) != (RATE, 1)


def read_sound(path: Path) -> Sound:
    """Decode any file that FFmpeg reads: WAV, FLAC, MP3, or the sound of a video.

    Raises ``PictureError`` for one that cannot be decoded, is too long or silent, ``UnusableError`` without PyAV.
    """
    try:
        import av
    except ImportError as error:
        raise UnusableError("sounds need PyAV: pip install 'picture-translate[video]'") from error
    parts: list[NDArray[np.float32]] = []
    count = 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise PictureError(f"{path}: holds no sound")
            stream = container.streams.audio[0]
            rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            for frame in [*container.decode(stream), None]:
                for piece in resampler.resample(frame):
                    parts.append(piece.to_ndarray().reshape(-1).astype(np.float32))
                    count += len(parts[-1])
                if count > MAX_SECONDS * RATE:
                    raise PictureError(f"{path}: is longer than {MAX_SECONDS} s; cut it")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{path}: cannot be read as sound: {one_line(error)}") from error
    samples = np.concatenate(parts) if parts else np.empty(0, np.float32)
    if not len(samples) or float(np.abs(samples).max()) < QUIETEST:
        raise PictureError(f"{path}: is silent; leave it out, or give a sound that can be heard")
    return Sound(samples, rate, channels)


def frames_in(seconds: float) -> int:
    """The spectra of a sound of that length."""
    return 1 + round(seconds * RATE) // HOP


def log_mel(samples: Samples, frames: int) -> NDArray[np.float32]:
    """The log-mel spectrogram [`BANDS`, frames] of the beginning of ``samples``; shorter sounds end in silence.

    The power of Hann windows in triangular bands, equally spaced in mel, in decibels of a sine wave of full scale:
    -1 is -100 dB or less, 1 is 0 dB. Not normalised per sound, so loudness counts.
    """
    wanted = np.zeros((frames - 1) * HOP + WINDOW, np.float32)
    beginning = samples[: (frames - 1) * HOP]
    wanted[WINDOW // 2 : WINDOW // 2 + len(beginning)] = beginning  # spectra are centred on their times
    window = np.hanning(WINDOW + 1)[:-1]
    pieces = np.lib.stride_tricks.sliding_window_view(wanted, WINDOW)[::HOP]  # [frames, WINDOW]
    power = np.abs(np.fft.rfft(pieces * window)) ** 2 / (WINDOW * (window**2).sum() / 4)  # sums to 1 for a full sine
    decibels = 10 * np.log10(np.maximum(power @ mel_filters().T, FLOOR))  # [frames, BANDS]
    spectrogram: NDArray[np.float32] = (decibels.T / 50 + 1).astype(np.float32)
    return spectrogram


@cache
def mel_filters() -> NDArray[np.float64]:
    """Triangles over the frequencies of the spectrum: [`BANDS`, WINDOW / 2 + 1], 1 at each one's middle.

    m = 2595 log10(1 + f / 700) (O'Shaughnessy 1987, Speech Communication; as in HTK). No triangle is narrower than
    the spectrum's resolution, so that none is empty.
    """
    lowest, highest = (2595 * math.log10(1 + frequency / 700) for frequency in (LOWEST, HIGHEST))
    edges = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)  # Hz
    step = RATE / WINDOW  # Hz
    frequencies = np.arange(WINDOW // 2 + 1) * step
    middles = edges[1:-1, None]
    rising = (frequencies - middles) / np.maximum(middles - edges[:-2, None], step)
    falling = (middles - frequencies) / np.maximum(edges[2:, None] - middles, step)
    return np.maximum(0, 1 + np.minimum(rising, falling))
