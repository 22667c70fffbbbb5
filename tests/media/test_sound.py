"""Sound files become log-mel spectrograms, whatever their rate and channels; what says nothing is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pictures import draw_photo
from tests.helpers.sounds import write_tone
from translate.errors import PictureError
from translate.media.sound import BANDS, RATE, frames_in, log_mel, mel_filters, read_sound
from translate.media.video.write import write_video


def test_a_tone_is_loudest_in_the_band_of_its_pitch(tmp_path: Path) -> None:
    for pitch in (200, 1000, 4000):
        tone = read_sound(write_tone(tmp_path / f"{pitch}.wav", pitch=pitch))
        band = int(log_mel(tone.samples, 10).mean(1).argmax())
        middle = mel_filters()[band].argmax() * RATE / 1024
        assert middle == pytest.approx(pitch, rel=0.15)


def test_the_values_are_decibels_of_full_scale(tmp_path: Path) -> None:
    loud, quiet = (
        log_mel(read_sound(write_tone(tmp_path / f"{dB}.wav", pitch=1000, amplitude=10 ** (dB / 20))).samples, 10)
        for dB in (-6, -26)
    )
    assert 50 * (loud.max() - 1) == pytest.approx(-6, abs=1)
    assert loud.max() - quiet.max() == pytest.approx(20 / 50, abs=0.01)


def test_every_length_gives_the_same_shape(tmp_path: Path) -> None:
    frames = frames_in(0.5)
    short, long = (
        log_mel(read_sound(write_tone(tmp_path / f"{seconds}.wav", seconds=seconds)).samples, frames)
        for seconds in (0.1, 2.0)
    )
    assert short.shape == long.shape == (BANDS, frames)
    assert short[:, -5:].max() == -1 and long[:, -5:].max() > 0.5  # the rest of a short sound is silence
    assert (mel_filters().max(1) > 0).all()


def test_other_rates_and_channels_are_converted(tmp_path: Path) -> None:
    plain = read_sound(write_tone(tmp_path / "plain.wav", pitch=500))
    studio = read_sound(write_tone(tmp_path / "studio.wav", pitch=500, rate=96_000, channels=2))
    assert not plain.converted and studio.converted and (studio.rate, studio.channels) == (96_000, 2)
    one, other = (log_mel(sound.samples, 10) for sound in (plain, studio))
    loud = one > 0
    assert np.abs(one - other)[loud].max() < 0.1


def test_what_cannot_be_heard_is_refused_by_name(tmp_path: Path) -> None:
    broken, empty = tmp_path / "broken.wav", tmp_path / "empty.wav"
    broken.write_bytes(b"RIFF and nothing more")
    write_tone(empty, seconds=0)
    write_video(tmp_path / "dumb.mp4", draw_photo(32, 32)[None], rate=5)
    for path, problem in (
        (broken, r"broken\.wav: cannot be read as sound"),
        (empty, r"empty\.wav: "),
        (write_tone(tmp_path / "still.wav", amplitude=0), r"still\.wav: is silent; leave it out"),
        (tmp_path / "dumb.mp4", r"dumb\.mp4: holds no sound"),
        (tmp_path / "none.wav", r"none\.wav: cannot be read as sound"),
    ):
        with pytest.raises(PictureError, match=problem):
            read_sound(path)
