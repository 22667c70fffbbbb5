"""Large pictures, translated in place, come out like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from translate.convert import pipeline, strips
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import Job
from translate.convert.working_size import AtWorkingSize
from translate.errors import PictureError
from translate.media import images
from translate.media.images import load_picture
from translate.style import enlarger
from translate.style import translator as inference
from translate.style.translator import Translator

EXACT = 96  # from this quality on, JPEGs of normal size use the exact transform, as large ones always do


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat pictures as large ones, with strips of a few rows."""
    monkeypatch.setattr(pipeline, "LARGE", 100)
    monkeypatch.setattr(inference, "STRIP", 16)
    monkeypatch.setattr(enlarger, "STRIP", 16 * 70)


def converted(translator: Translator, source: Path, output: Path, **options: object) -> None:
    format = {".png": "PNG", ".jpg": "JPEG"}[output.suffix]
    results = list(run_jobs([Job(source=source, output=output, format=format)], translator, Options(**options)))  # type: ignore[arg-type]
    assert [result.error for result in results] == [None]
    assert results[0].size == Image.open(source).size


@pytest.mark.parametrize("strength", [1.0, 0.4])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("working_size", [0, 40])
def test_a_large_picture_is_converted_like_any_other(
    tmp_path: Path,
    tiny_style: Path,
    mode: str,
    strength: float,
    working_size: int,
    small_is_large: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: dict[str, Any] = {"strength": strength, "working_size": working_size, "quality": EXACT}
    exif = Image.Exif()
    exif[271] = "Maker"
    image = Image.fromarray(np.dstack((draw_photo(70, 53), draw_photo(70, 53)[..., 0]))).convert(mode)
    image.save(tmp_path / "photo.png", exif=exif.tobytes())
    translator = Translator(tiny_style, device="cpu")
    for name in ("large.png", "large.jpg"):
        converted(translator, tmp_path / "photo.png", tmp_path / name, **options)
    monkeypatch.setattr(pipeline, "LARGE", 10**6)
    for name in ("usual.png", "usual.jpg"):
        converted(translator, tmp_path / "photo.png", tmp_path / name, **options)
    found, expected = load_picture(tmp_path / "large.png"), load_picture(tmp_path / "usual.png")
    np.testing.assert_array_equal(found.rgb, expected.rgb)
    assert (found.alpha is None) == (expected.alpha is None) == (mode != "RGBA")
    if found.alpha is not None:
        np.testing.assert_array_equal(found.alpha, expected.alpha)
    assert Image.open(tmp_path / "large.png").getexif()[271] == "Maker"
    jpeg, usual = (load_picture(tmp_path / f"{name}.jpg").rgb.astype(int) for name in ("large", "usual"))
    assert np.abs(jpeg - usual).max() <= 1  # pixels laid on white are rounded once or twice


def test_one_large_picture_at_a_time(
    tmp_path: Path, tiny_style: Path, small_is_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(4):
        Image.fromarray(draw_photo(70, 53)).save(tmp_path / f"{index}.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:200])  # cut short: it must release the lock too
    held = most = 0

    def decode(image: Image.Image, scale: int) -> images.Upright:
        nonlocal held, most
        held += 1
        most = max(most, held)
        return original(image, scale)

    def save(*given: object) -> None:
        nonlocal held
        held -= 1

    original = images.to_upright
    monkeypatch.setattr(images, "to_upright", decode)
    monkeypatch.setattr(pipeline, "save_large", save)
    jobs = [Job(source=tmp_path / f"{n}.png", output=tmp_path / f"out{n}.png", format="PNG") for n in range(4)]
    results = list(run_jobs(jobs, Translator(tiny_style, device="cpu"), Options(workers=4, translate_workers=2)))
    assert [result.error is None for result in results] == [True, True, False, True]
    assert most <= 2  # the one cut short counts until the end


def test_a_mistake_of_ours_is_not_blamed_on_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise KeyError("a mistake of ours")

    photo = images.to_upright(Image.fromarray(draw_photo(70, 53)))
    monkeypatch.setattr(strips, "save_options", broken)
    with (tmp_path / "out.png").open("wb") as file, pytest.raises(KeyError, match="a mistake of ours"):
        strips.save_large(photo, file, "PNG", None, "normal")


def test_strips_are_read_once_from_top_to_bottom(tiny_style: Path) -> None:
    translator = Translator(tiny_style, device="cpu")
    photo = draw_photo(40, 1200)
    read: list[tuple[int, int]] = []
    rows: list[np.ndarray] = []

    def take(top: int, bottom: int) -> np.ndarray:
        assert top == (read[-1][1] if read else 0)
        assert sum(map(len, rows)) <= top  # no row is written before it is read
        read.append((top, bottom))
        return photo[top:bottom]

    def put(top: int, translated: np.ndarray) -> None:
        assert top == sum(map(len, rows))
        rows.append(translated)

    translator.in_strips(take, put, (40, 1200))
    assert len(rows) > 1
    np.testing.assert_array_equal(np.concatenate(rows), translator(photo[np.newaxis])[0])


def test_a_style_that_needs_the_whole_picture_says_so(tmp_path: Path, whole_style: Path, small_is_large: None) -> None:
    Image.fromarray(draw_photo(70, 53)).save(tmp_path / "photo.png")
    job = Job(source=tmp_path / "photo.png", output=tmp_path / "out.png", format="PNG")
    (result,) = run_jobs([job], Translator(whole_style, device="cpu"), Options())
    assert result.error is not None
    assert "looks at the whole picture at once; try max_size" in result.error
    assert not (tmp_path / "out.png").exists()


def test_at_a_working_size_any_style_can_translate_a_large_picture(
    tmp_path: Path, whole_style: Path, small_is_large: None
) -> None:
    photo = draw_photo(70, 53)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    translator = Translator(whole_style, device="cpu")
    converted(translator, tmp_path / "photo.png", tmp_path / "out.png", working_size=40)
    expected = AtWorkingSize(translator, 40)(photo[np.newaxis])[0]
    np.testing.assert_array_equal(load_picture(tmp_path / "out.png").rgb, expected)


def test_each_domain_of_a_large_picture_is_made_from_the_photo(
    tmp_path: Path, season_style: Path, small_is_large: None
) -> None:
    Image.fromarray(draw_photo(170, 153)).save(tmp_path / "photo.jpg")
    translator = Translator(season_style, device="cpu")
    jobs = [
        Job(source=tmp_path / "photo.jpg", output=tmp_path / f"{domain}.png", format="PNG", domain=(domain,))
        for domain in ("spring", "autumn", "spring")
    ]
    jobs[2] = replace(jobs[2], output=tmp_path / "again.png")
    assert [result.error for result in run_jobs(jobs, translator, Options(working_size=64))] == [None] * 3
    spring, autumn, again = (load_picture(tmp_path / f"{name}.png").rgb for name in ("spring", "autumn", "again"))
    np.testing.assert_array_equal(spring, again)
    assert (spring != autumn).any() and spring.shape == (153, 170, 3)


def test_memory_cuts_or_refuses(whole_style: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = draw_photo(300, 200)[np.newaxis]
    whole = Translator(tiny_style, device="cpu")
    frugal = Translator(tiny_style, device="cpu", memory=1)
    shapes: list[tuple[int, ...]] = []
    run = frugal._run_whole

    def seen(images: np.ndarray, condition: dict[str, np.ndarray]) -> np.ndarray:
        shapes.append(images.shape)
        return run(images, condition)

    monkeypatch.setattr(frugal, "_run_whole", seen)
    np.testing.assert_array_equal(frugal(photo), whole(photo))
    assert len(shapes) > 1
    with pytest.raises(PictureError, match=r"0.1 MP would take about 144 MB, over memory 100, .* try max_size"):
        Translator(whole_style, device="cpu", memory=100)(photo)
