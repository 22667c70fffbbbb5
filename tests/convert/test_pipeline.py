"""Files through the pipeline: nothing lost, nothing half-written, memory flat."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from translate.convert import pipeline
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import Domain, Job, plan
from translate.errors import NoSpaceError, PictureError, UnusableError
from translate.media import images
from translate.media.compose import blend, side_by_side
from translate.media.images import Picture, Upright, load_rgb
from translate.storage import atomic

Pixels = NDArray[np.uint8]
COUNT = 12


def invert(photos: Pixels, domain: Domain = None) -> Pixels:
    return 255 - photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(COUNT):
        Image.fromarray(draw_photo(20 + index, 15)).save(folder / f"{index:02}.png")
    return folder


def jobs_of(photos: Path) -> list[Job]:
    return plan([str(photos)], str(photos.parent / "out"))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_full_disk_stops_the_conversion(photos: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    written = iter(range(3))

    def flush(descriptor: int) -> None:
        if next(written, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", flush)
    results = []
    with pytest.raises(NoSpaceError, match="no room for results; make some and repeat with skip_existing"):
        for result in run_jobs(jobs_of(photos), invert, Options(workers=workers)):
            results.append(result)
    converted = [result.output.name for result in results if result.error is None and isinstance(result.output, Path)]
    assert len(converted) == 3 and files_below(photos.parent / "out") == set(converted)
    failed = [result.error for result in results if result.error is not None]
    assert 1 <= len(failed) <= 1 + workers
    assert all(error.endswith("cannot be written: No space left on device") for error in failed)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF"])
def test_a_disk_that_is_full_while_an_animation_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green")]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:])
    jobs = plan([str(tmp_path / "in.gif")], str(tmp_path / f"out.{format.lower()}"))

    def open_full(folder: Path) -> tuple[Path, IO[bytes]]:
        return folder / "none", Path("/dev/full").open("w+b")

    monkeypatch.setattr(atomic, "_open_temporary", open_full)
    with pytest.raises(NoSpaceError):
        list(run_jobs(jobs, invert, Options()))


@pytest.mark.parametrize("workers", [1, 3, 20])
def test_all_are_converted_in_order_and_the_sources_are_unchanged(photos: Path, workers: int) -> None:
    before = {path.name: path.read_bytes() for path in photos.iterdir()}
    jobs = jobs_of(photos)
    results = list(run_jobs(jobs, invert, Options(workers=workers)))
    assert [result.job for result in results] == jobs
    assert [result.error for result in results] == [None] * COUNT
    assert [result.size for result in results] == [(20 + index, 15) for index in range(COUNT)]
    assert all(result.seconds > 0 for result in results)
    for job in jobs:
        assert job.source is not None
        assert job.output is not None
        np.testing.assert_array_equal(load_rgb(job.output), 255 - load_rgb(job.source))
    assert {path.name: path.read_bytes() for path in photos.iterdir()} == before
    assert files_below(photos.parent / "out") == set(before)


def test_an_unreadable_file_is_one_result_and_the_rest_is_converted(photos: Path) -> None:
    (photos / "03.png").write_bytes(b"no picture")
    (photos / "05.png").unlink()
    jobs = [Job(source=photos / f"{n:02}.png", output=photos.parent / f"{n}.png", format="PNG") for n in range(COUNT)]
    results = list(run_jobs(jobs, invert, Options(workers=2)))
    failed = {index: result.error for index, result in enumerate(results) if result.error}
    assert failed.keys() == {3, 5}
    assert failed[3].startswith(f"{photos / '03.png'}: not a picture")
    assert failed[5] == f"{photos / '05.png'}: no such file"
    assert len(list(photos.parent.glob("*.png"))) == COUNT - 2


def test_a_picture_that_cannot_be_translated_or_written_is_one_result(photos: Path, tmp_path: Path) -> None:
    def picky(pixels: Pixels, domain: Domain) -> Pixels:
        if pixels.shape[2] == 22:
            raise PictureError("22 x 15 pixels cannot be translated")
        return invert(pixels)

    jobs = jobs_of(photos)
    (tmp_path / "file").touch()
    jobs[4] = replace(jobs[4], output=tmp_path / "file" / "04.png")
    results = list(run_jobs(jobs, picky, Options()))
    assert results[2].error == f"{photos / '02.png'}: 22 x 15 pixels cannot be translated"
    assert results[4].error is not None
    assert results[4].error.startswith(f"{tmp_path / 'file' / '04.png'}: cannot be written")
    assert sum(result.error is None for result in results) == COUNT - 2
    assert len(files_below(tmp_path / "out")) == COUNT - 2


def test_a_picture_too_large_for_the_memory_is_one_result(photos: Path) -> None:
    def greedy(pixels: Pixels, domain: Domain) -> Pixels:
        raise MemoryError

    results = list(run_jobs(jobs_of(photos)[:2], greedy, Options()))
    assert [result.error for result in results] == [
        f"{photos / name}: too large for the memory; try max_size" for name in ("00.png", "01.png")
    ]


def test_skipped_jobs_are_results_and_touch_nothing(photos: Path) -> None:
    jobs = [replace(job, skip=True) for job in jobs_of(photos)]
    results = list(run_jobs(jobs, invert, Options()))
    assert [result.job.skip for result in results] == [True] * COUNT
    assert not (photos.parent / "out").exists()


def test_a_photo_for_several_domains_is_decoded_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def load(source: Path, **limits: Any) -> Picture | Upright:
        decoded.append(source.name)
        return images.load_frugally(source, **limits)

    def translate(pixels: Pixels, domain: Domain) -> Pixels:
        return pixels // (2 if domain == ("half",) else 3)

    monkeypatch.setattr(pipeline, "load_frugally", load)
    (photos / "03.png").write_bytes(b"no picture")
    jobs = plan([str(photos)], str(photos.parent / "out"), domains=[("half",), ("third",)])
    jobs[0], jobs[3] = replace(jobs[0], skip=True), replace(jobs[3], skip=True)
    results = list(run_jobs(jobs, translate, Options(workers=2)))
    assert sorted(decoded) == sorted(path.name for path in photos.iterdir())
    assert [result.job for result in results] == jobs
    assert [index for index, result in enumerate(results) if result.error] == [6, 7]
    for job, result in zip(jobs, results, strict=True):
        assert job.output is not None and job.source is not None and job.domain is not None
        assert job.output.exists() == (not job.skip and result.error is None)
        if job.output.exists():
            np.testing.assert_array_equal(load_rgb(job.output), translate(load_rgb(job.source), job.domain))


def test_memory_stays_flat(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files there are, only a few are decoded or waiting to be encoded at a time."""
    workers = 2
    lock = threading.Lock()
    decoded = translated = encoded = 0

    def load(source: Path, **limits: Any) -> Picture | Upright:
        nonlocal decoded
        with lock:
            decoded += 1
            assert decoded - translated <= workers + 1
        return images.load_frugally(source, **limits)

    def encode(*arguments: object) -> bytes:
        nonlocal encoded
        with lock:
            encoded += 1
        return images.encode_picture(*arguments)  # type: ignore[arg-type]

    def translate(pixels: Pixels, domain: Domain) -> Pixels:
        nonlocal translated
        with lock:
            translated += 1
            assert translated - encoded <= 2 * workers + 1
        return pixels

    monkeypatch.setattr(pipeline, "load_frugally", load)
    monkeypatch.setattr(pipeline, "encode_picture", encode)
    assert all(result.error is None for result in run_jobs(jobs_of(photos), translate, Options(workers=workers)))
    assert decoded == translated == encoded == COUNT


def test_decoding_goes_on_during_translation_and_translation_during_encoding(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_decoded, second_translated = threading.Event(), threading.Event()
    names: list[str] = []

    def load(source: Path, **limits: Any) -> Picture | Upright:
        if source.name == "01.png":
            second_decoded.set()
        return images.load_frugally(source, **limits)

    def translate(pixels: Pixels, domain: Domain) -> Pixels:
        if not names:
            assert second_decoded.wait(20)
        else:
            second_translated.set()
        names.append("translated")
        return pixels

    def encode(*arguments: object) -> bytes:
        assert second_translated.wait(20)
        return images.encode_picture(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "load_frugally", load)
    monkeypatch.setattr(pipeline, "encode_picture", encode)
    results = list(run_jobs(jobs_of(photos)[:2], translate, Options(workers=1)))
    assert [result.error for result in results] == [None, None]


def test_results_come_as_soon_as_they_are_written(photos: Path) -> None:
    """Otherwise a progress bar would stall while many pictures wait for slow translations."""
    calls = 0

    def translate(pixels: Pixels, domain: Domain) -> Pixels:
        nonlocal calls
        calls += 1
        while calls > 1 and not files_below(photos.parent / "out"):
            time.sleep(0.01)
        return pixels

    results = run_jobs(jobs_of(photos), translate, Options(workers=2))
    assert next(results).error is None
    assert calls < COUNT
    assert len(list(results)) == COUNT - 1


def test_jobs_are_taken_as_they_are_needed(photos: Path) -> None:
    taken = 0

    def endless() -> Iterator[Job]:
        nonlocal taken
        while True:
            taken += 1
            yield Job(source=photos / f"{taken % 2:02}.png", output=photos.parent / f"{taken}.png", format="PNG")

    results = run_jobs(endless(), invert, Options(workers=2))
    for _ in range(5):
        assert next(results).error is None
    results.close()  # type: ignore[attr-defined]
    assert taken <= 5 + 2 * (2 + 1)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), UnusableError("the style broke its contract")])
def test_stopping_leaves_only_whole_files(photos: Path, stop: BaseException) -> None:
    calls = 0

    def translate(pixels: Pixels, domain: Domain) -> Pixels:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise stop
        return pixels

    with pytest.raises(type(stop)):
        list(run_jobs(jobs_of(photos), translate, Options(workers=2)))
    written = files_below(photos.parent / "out")
    assert len(written) <= 6
    for name in written:
        np.testing.assert_array_equal(load_rgb(photos.parent / "out" / name), load_rgb(photos / name))
    assert not any(thread.name.startswith("convert") for thread in threading.enumerate())


def test_max_size_and_pixel_limit(photos: Path) -> None:
    jobs = jobs_of(photos)
    results = list(run_jobs(jobs, invert, Options(max_size=10)))
    assert {max(result.size or (0, 0)) for result in results} == {10}
    again = [replace(job, if_there="overwrite") for job in jobs]
    results = list(run_jobs(again, invert, Options(max_pixels=20 * 15)))
    assert results[0].error is None
    assert "over the limit of 300; raise it with max_pixels 315" in str(results[1].error)


def test_alpha_and_exif_are_carried(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271] = "Maker"
    rgba = np.dstack((draw_photo(20, 15), draw_photo(20, 15)[..., 0]))
    Image.fromarray(rgba).save(tmp_path / "in.png", exif=exif.tobytes())
    list(run_jobs(plan([str(tmp_path / "in.png")], str(tmp_path / "out.png")), invert, Options()))
    result = images.load_picture(tmp_path / "out.png")
    np.testing.assert_array_equal(result.rgb, 255 - rgba[..., :3])
    np.testing.assert_array_equal(result.alpha, rgba[..., 3])
    assert Image.open(tmp_path / "out.png").getexif()[271] == "Maker"


def test_blend() -> None:
    photo, result = np.full((2, 2, 3), 100, np.uint8), np.full((2, 2, 3), 40, np.uint8)
    assert blend(photo, result, 0).tolist() == photo.tolist()
    assert blend(photo, result, 1).tolist() == result.tolist()
    assert set(blend(photo, result, 0.25).flat) == {85}


def test_side_by_side() -> None:
    left = Picture(np.zeros((2, 3, 3), np.uint8), np.full((2, 3), 9, np.uint8))
    both = side_by_side(left, replace(left, rgb=left.rgb + 1))
    assert both.rgb[0, :, 0].tolist() == [0, 0, 0, 1, 1, 1]
    assert both.alpha is not None
    assert both.alpha.shape == (2, 6)


@pytest.mark.parametrize(
    ("name", "format", "note"),
    [
        ("scan.tif", "TIFF", "holds the first of 3 pages"),
        ("moving.gif", "GIF", "holds the first of 3 frames"),
        ("moving.avif", "AVIF", "holds the first of 3 frames"),
        ("stereo.jpg", "MPO", None),
    ],
)
def test_pages_and_frames_that_are_not_taken_are_told(tmp_path: Path, name: str, format: str, note: str | None) -> None:
    pages = [Image.new("RGB", (20, 15), colour) for colour in ("red", "green", "blue")]
    pages[0].save(tmp_path / name, format, save_all=True, append_images=pages[1:])
    notes: list[tuple[Job, str]] = []
    jobs = plan([str(tmp_path / name)], str(tmp_path / "out.bmp"))
    options = Options(on_note=lambda job, text: notes.append((job, text)))
    (result,) = run_jobs(jobs, invert, options)
    assert result.error is None
    assert notes == ([] if note is None else [(jobs[0], note)])
