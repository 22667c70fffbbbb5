"""Animations through a style: every frame, its duration and its transparency."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from tests.helpers.pictures import draw_photo, files_below
from tests.media.test_images import swapped_primaries
from translate.errors import PictureError
from translate.media.animation import FRAMES, convert_animation
from translate.media.apng import write_apng
from translate.media.frames import MovingOptions
from translate.media.gif import rounded, write_gif
from translate.media.guards import is_animated
from translate.media.images import Picture, load_rgb

Pixels = NDArray[np.uint8]
SUFFIXES = {"GIF": ".gif", "WEBP": ".webp", "PNG": ".png", "AVIF": ".avif"}
DURATIONS = [100, 40, 250, 70]  # milliseconds


def invert(photos: Pixels) -> Pixels:
    return 255 - photos


def drawn(count: int = 4) -> list[Image.Image]:
    """Frames of few colours with a moving disc; on a transparent background each frame must be cleared."""
    y, x = np.mgrid[0:30, 0:40]
    frames = []
    for index in range(count):
        pixels = np.full((30, 40, 4), (60, 120, 180, 255), np.uint8)
        pixels[(x - 8 - 8 * index) ** 2 + (y - 14) ** 2 < 40] = (230, 60, 40 * index, 255)
        frames.append(Image.fromarray(pixels))
    return frames


def with_holes(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """The background becomes transparent, the disc stays."""
    images = []
    for frame in frames:
        pixels = np.array(frame)
        pixels[pixels[..., 0] == 60] = 0
        images.append(Image.fromarray(pixels))
    return images


def write(path: Path, frames: Sequence[Image.Image], **options: Any) -> Path:
    options = {"quality": 100} | options if path.suffix == ".avif" else options
    options = {"duration": DURATIONS[: len(frames)], "loop": 0, "lossless": True, "disposal": 2, **options}
    if path.suffix == ".png":
        options["disposal"] = 0
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


def read(path: Path) -> tuple[list[Pixels], list[int], int | None]:
    """Frames as shown, RGBA; their durations; the loop as stored in the file."""
    with Image.open(path) as image:
        loop = image.info.get("loop")
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.array(frame.convert("RGBA")))
            durations.append(round(frame.info.get("duration", 0)))
    return frames, durations, loop


def difference(some: Sequence[Pixels], others: Sequence[Pixels]) -> float:
    """The largest mean difference of two frames where both are visible; 255 where only one of them is."""
    worst = 0.0
    for a, b in zip(some, others, strict=True):
        seen = a[..., 3:] > 127
        if (seen != (b[..., 3:] > 127)).any():
            return 255
        worst = max(worst, float((np.abs(a[..., :3].astype(int) - b[..., :3]) * seen).mean()))
    return worst


def inverted(frames: Sequence[Pixels]) -> list[Pixels]:
    return [np.dstack((255 - frame[..., :3], frame[..., 3])) for frame in frames]


@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize("source", SUFFIXES)
@pytest.mark.parametrize("holes", [False, True])
def test_every_frame_is_translated(tmp_path: Path, source: str, target: str, holes: bool) -> None:
    path = write(tmp_path / f"in{SUFFIXES[source]}", with_holes(drawn()) if holes else drawn())
    output = tmp_path / "new" / f"out{SUFFIXES[target]}"
    calls: list[tuple[int, int]] = []
    size = convert_animation(path, output, invert, target, on_progress=lambda *call: calls.append(call))
    assert size == (40, 30)
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    frames, durations, loop = read(output)
    assert durations == DURATIONS
    assert loop == (None if target == "AVIF" else 0)
    assert difference(frames, inverted(read(path)[0])) < (6 if target in ("WEBP", "AVIF") else 1)
    assert (frames[0][..., 3].min() == 0) == holes
    assert files_below(tmp_path) == {path.name, f"new/{output.name}"}


def test_transparency_only_in_later_frames(tmp_path: Path) -> None:
    path = write(tmp_path / "in.webp", [drawn()[0], *with_holes(drawn())[1:]])
    convert_animation(path, tmp_path / "out.gif", invert, "GIF")
    assert difference(read(tmp_path / "out.gif")[0], inverted(read(path)[0])) < 1


@pytest.mark.parametrize(
    ("source", "loop", "target", "expected"),
    [
        ("GIF", None, "GIF", None),
        ("GIF", 2, "GIF", 2),
        ("GIF", None, "WEBP", 1),  # a GIF that does not repeat is played once, and so is a WebP of one loop
        ("GIF", 2, "PNG", 3),
        ("WEBP", 1, "GIF", None),
        ("PNG", 3, "GIF", 2),
        ("WEBP", 4, "PNG", 4),
    ],
)
def test_loops(tmp_path: Path, source: str, loop: int | None, target: str, expected: int | None) -> None:
    path = write(tmp_path / f"in{SUFFIXES[source]}", drawn(), loop=loop)
    convert_animation(path, tmp_path / f"out{SUFFIXES[target]}", invert, target)
    assert read(tmp_path / f"out{SUFFIXES[target]}")[2] == expected


def test_durations_a_gif_cannot_hold_add_up(tmp_path: Path) -> None:
    frames = drawn(4)
    path = write(tmp_path / "in.webp", frames, duration=[33, 33, 34, 15])
    convert_animation(path, tmp_path / "out.gif", invert, "GIF")
    assert read(tmp_path / "out.gif")[1] == [30, 40, 30, 20]


def test_a_repeated_frame_lasts_longer(tmp_path: Path) -> None:
    path = write(tmp_path / "in.png", drawn())
    convert_animation(path, tmp_path / "out.gif", lambda photos: np.full_like(photos, 200) - photos // 128, "GIF")
    convert_animation(path, tmp_path / "still.gif", np.zeros_like, "GIF")
    assert sum(read(tmp_path / "out.gif")[1]) == sum(DURATIONS)
    assert len(read(tmp_path / "still.gif")[0]) == 1


def test_many_colours_in_a_gif(tmp_path: Path) -> None:
    """A palette is kept while it fits, so that still parts do not flicker, and replaced when it does not."""
    ground = draw_photo(96, 64)
    frames = []
    for index in range(6):
        pixels = ground.copy() if index < 4 else ground[..., ::-1] // 2
        pixels[20:30, 10 * index : 10 * index + 10] = (255, 0, 255)
        frames.append(Image.fromarray(pixels))
    path = write(tmp_path / "in.png", frames, duration=50)
    convert_animation(path, tmp_path / "out.gif", lambda photos: photos, "GIF")
    shown = read(tmp_path / "out.gif")[0]
    for frame, image in zip(shown, frames, strict=True):
        assert np.abs(frame[..., :3].astype(int) - np.array(image)).mean() < 6
    for before, after in pairwise(shown[:4]):
        np.testing.assert_array_equal(before[32:], after[32:])


def test_still_parts_are_stored_once(tmp_path: Path) -> None:
    ground = draw_photo(96, 64)
    still, moving = [], []
    for index in range(8):
        pixels = ground.copy()
        pixels[index, 0] = pixels[60 - index, 90] = (255, 0, 255)
        still.append(Image.fromarray(pixels))
        moving.append(Image.fromarray(np.roll(ground, 5 * index, axis=1)))
    sizes = []
    for name, frames in (("still", still), ("moving", moving)):
        convert_animation(write(tmp_path / f"{name}.png", frames, duration=50), tmp_path / name, invert, "GIF")
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[0] < sizes[1] / 2


@pytest.mark.parametrize("format", ["GIF", "PNG"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_frames_are_written_as_they_come(tmp_path: Path, format: str, mode: str) -> None:
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (100, 120, len(mode)), np.uint8)) for _ in range(12)]
    path = write(tmp_path / "in.png", frames, duration=50)
    written: list[int] = []

    def translate(photos: Pixels) -> Pixels:
        written.append(sum(path.stat().st_size for path in tmp_path.glob(".translate-*")))
        return 255 - photos

    convert_animation(path, tmp_path / "out", translate, format)
    whole = (tmp_path / "out").stat().st_size
    assert written[6] > whole / 4
    assert written[11] > whole * 3 / 4


@pytest.mark.parametrize("format", ["GIF", "PNG"])
@pytest.mark.parametrize("holes", [False, True])
def test_only_what_changes_is_stored(tmp_path: Path, format: str, holes: bool) -> None:
    frames = (with_holes if holes else list)(drawn())
    path = write(tmp_path / "in.png", frames)
    convert_animation(path, tmp_path / "out", lambda photos: photos, format)
    with Image.open(tmp_path / "out") as image:
        boxes = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            boxes.append(image.dispose_extent if format == "GIF" else image.tile[0][1])  # type: ignore[attr-defined]
    assert boxes[1] != (0, 0, 40, 30)
    assert difference(read(tmp_path / "out")[0], [np.array(frame) for frame in frames]) == 0


@pytest.mark.parametrize(("format", "longest"), [("GIF", 655_350), ("PNG", 65_535_000)])
def test_a_still_part_may_last_longer_than_a_frame_can(tmp_path: Path, format: str, longest: int) -> None:
    black = [Picture(np.zeros((30, 40, 3), np.uint8))] * 4
    durations = [longest - 20, 20, 100, 30]
    with (tmp_path / "out").open("w+b") as file:
        if format == "GIF":
            write_gif(file, black, durations, plays=0, has_clear_pixels=False, options_of=lambda exif: {})
        else:
            write_apng(file, black, durations, plays=0, has_alpha=False, options_of=lambda exif: {})
    assert read(tmp_path / "out")[1] == [longest, 130]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_frames_are_not_accumulated(tmp_path: Path, format: str) -> None:
    """Only results that are being encoded are held in memory."""
    frames = [Image.fromarray(np.full((20, 20, 3), 10 * index, np.uint8)) for index in range(20)]
    path = write(tmp_path / "in.png", frames, duration=50)
    results: list[weakref.ref[Pixels]] = []
    held: list[int] = []

    def translate(photos: Pixels) -> Pixels:
        result = 255 - photos
        held.append(sum(reference() is not None for reference in results))
        results.append(weakref.ref(result))
        return result

    convert_animation(path, tmp_path / "out", translate, format)
    assert len(results) == 20
    assert max(held) <= 2


def test_smaller_and_side_by_side(tmp_path: Path) -> None:
    path = write(tmp_path / "in.gif", drawn())
    options = MovingOptions(max_size=20, compare=True)
    assert convert_animation(path, tmp_path / "out.png", invert, "PNG", options) == (40, 15)
    frames, _, _ = read(tmp_path / "out.png")
    np.testing.assert_array_equal(frames[0][:, 20:, :3], 255 - frames[0][:, :20, :3])


def test_stabilised(tmp_path: Path) -> None:
    ground = draw_photo(40, 30)
    frames = [ground.copy() for _ in range(4)]
    for index, frame in enumerate(frames):
        frame[0, 0] = 60 * index
    path = write(tmp_path / "in.png", [Image.fromarray(frame) for frame in frames])
    rng = np.random.default_rng(0)

    def flicker(photos: Pixels) -> Pixels:
        return rng.integers(0, 256, photos.shape, np.uint8)

    noise = []
    for stabilise in (False, True):
        options = MovingOptions(stabilise=stabilise)
        convert_animation(path, tmp_path / "out.png", flicker, "PNG", options, overwrite=True)
        shown, _, _ = read(tmp_path / "out.png")
        noise.append(np.mean([np.abs(a[20:].astype(int) - b[20:]).mean() for a, b in pairwise(shown)]))
    assert noise[1] < noise[0] / 4


def test_the_still_picture_of_an_animated_png_is_not_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    still = Image.new("RGBA", (40, 30), "white")
    still.save(path, save_all=True, append_images=drawn(), default_image=True, duration=DURATIONS, loop=0)
    convert_animation(path, tmp_path / "out.png", invert, "PNG")
    frames, durations, _ = read(tmp_path / "out.png")
    assert durations == DURATIONS
    assert difference(frames, inverted([np.array(frame) for frame in drawn()])) == 0


def test_colour_profiles_are_applied(tmp_path: Path) -> None:
    frames = [frame.convert("RGB") for frame in drawn()]
    write(tmp_path / "in.png", frames, icc_profile=swapped_primaries())
    convert_animation(tmp_path / "in.png", tmp_path / "out.png", lambda photos: photos, "PNG")
    np.testing.assert_array_equal(read(tmp_path / "out.png")[0][0][..., :3], load_rgb(tmp_path / "in.png"))


@pytest.mark.parametrize("format", SUFFIXES)
def test_is_animated(tmp_path: Path, format: str) -> None:
    suffix = SUFFIXES[format]
    assert is_animated(write(tmp_path / f"many{suffix}", drawn()))
    for mode in ("RGB", "RGBA"):
        drawn()[0].convert(mode).save(tmp_path / f"one{suffix}")
        assert not is_animated(tmp_path / f"one{suffix}")


def test_files_that_are_not_animated(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "empty.gif").touch()
    (tmp_path / "text.gif").write_text("GIF89a and no more")
    (tmp_path / "short.webp").write_bytes(b"RIFF....WEBP")
    for path in (photo, tmp_path / "empty.gif", tmp_path / "text.gif", tmp_path / "short.webp", tmp_path / "none.gif"):
        assert not is_animated(path)


@pytest.mark.parametrize("format", SUFFIXES)
def test_damaged(tmp_path: Path, format: str) -> None:
    source = tmp_path / f"in{SUFFIXES[format]}"
    rng = np.random.default_rng(0)
    write(source, [Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)) for _ in range(4)])
    content = source.read_bytes()
    source.write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(PictureError) as error:
        convert_animation(source, tmp_path / "out.gif", invert, "GIF")
    assert str(error.value).startswith(f"{source}: ")
    assert "\n" not in str(error.value)
    assert files_below(tmp_path) == {source.name}


def test_refusals_name_the_file(tmp_path: Path) -> None:
    source = write(tmp_path / "in.gif", drawn())

    def fail(photos: Pixels) -> Pixels:
        raise PictureError("40 x 30 pixels cannot be translated")

    with pytest.raises(PictureError, match=r"in\.gif: 40 x 30 pixels cannot be translated"):
        convert_animation(source, tmp_path / "out.gif", fail, "GIF")
    with pytest.raises(PictureError, match=r"in\.gif: 40 x 30 pixels are over the limit of 1000; .*max_pixels 1200"):
        convert_animation(source, tmp_path / "out.gif", invert, "GIF", MovingOptions(max_pixels=1000))
    with pytest.raises(PictureError, match=r"none\.gif: no such file"):
        convert_animation(tmp_path / "none.gif", tmp_path / "out.gif", invert, "GIF")
    with pytest.raises(PictureError, match=r"in\.gif.*cannot be written"):
        convert_animation(source, source / "out.gif", invert, "GIF")
    assert files_below(tmp_path) == {"in.gif"}


@pytest.mark.parametrize("mistake", [KeyError, MemoryError, TypeError])
@pytest.mark.parametrize("format", SUFFIXES)
def test_a_mistake_of_the_translation_is_not_blamed_on_the_file(
    tmp_path: Path, format: str, mistake: type[Exception]
) -> None:
    source = write(tmp_path / "in.gif", drawn())
    calls = []

    def fail_later(photos: Pixels) -> Pixels:
        calls.append(photos)
        if len(calls) > 1:
            raise mistake
        return photos

    with pytest.raises(mistake):
        convert_animation(source, tmp_path / "out", fail_later, format)
    assert files_below(tmp_path) == {"in.gif"}


def test_all_frames_together_are_bounded(tmp_path: Path) -> None:
    """A frame of a few bytes may cover any number of pixels, and there may be any number of frames."""
    frames = [Image.new("L", (20, 20), 255 * (number % 2)) for number in range(2 * FRAMES)]
    source = write(tmp_path / "in.gif", frames, duration=40)
    with pytest.raises(PictureError, match=r"in\.gif: all frames together have more than 20000 pixels, .*max_pixels"):
        convert_animation(source, tmp_path / "out.gif", invert, "GIF", MovingOptions(max_pixels=400))
    assert files_below(tmp_path) == {"in.gif"}
    convert_animation(source, tmp_path / "out.gif", invert, "GIF", MovingOptions(max_pixels=800))


def test_a_frame_larger_than_the_first_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "in.gif", drawn())
    content = source.read_bytes()
    last = content.rindex(b"!\xf9") + 8  # the last frame: a comma, its position, its size
    assert content[last : last + 1] == b","
    for reach in (300, 60000):
        size = reach.to_bytes(2, "little") * 2
        source.write_bytes(content[: last + 5] + size + content[last + 9 :])
        with pytest.raises(PictureError, match=r"in\.gif: .*pixels are over the limit of 5000"):
            convert_animation(source, tmp_path / "out.gif", invert, "GIF", MovingOptions(max_pixels=5000))


def test_an_interruption_leaves_no_files(tmp_path: Path) -> None:
    source = write(tmp_path / "in.gif", drawn())
    done: list[int] = []

    def stop(photos: Pixels) -> Pixels:
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        return photos

    with pytest.raises(KeyboardInterrupt):
        convert_animation(source, tmp_path / "out.gif", stop, "GIF")
    assert files_below(tmp_path) == {"in.gif"}


def test_durations_are_rounded_without_drift() -> None:
    assert rounded([16, 17, 17, 100], 10) == [20, 10, 20, 100]
    assert rounded([0, 0], 10) == [0, 0]
