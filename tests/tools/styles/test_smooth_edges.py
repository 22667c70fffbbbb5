"""Smoothing of edges: the function, and the tool that applies it to a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from kornia.color import rgb_to_grayscale
from PIL import Image
from typer.testing import CliRunner, Result

from tests.helpers.pictures import files_below
from tools.styles.smooth_edges import batches_of_one_size, main
from translate.data.smooth_edges import smooth_edges
from translate.media.images import from_signed_unit, load_rgb, to_signed_unit


def drawing() -> torch.Tensor:
    """A bright field with a dark square from 12 to 28 and a soft ramp at the bottom: float [1, 3, 48, 40]."""
    image = torch.full((1, 3, 48, 40), 0.8)
    image[..., 12:28, 12:28] = -0.7
    image[..., 36:48, :] = torch.linspace(0.8, 0.5, 12).view(-1, 1)
    return image


def test_changes_only_pixels_near_edges() -> None:
    image = drawing()
    changed = (smooth_edges(image) != image).any(dim=1)[0]
    rows, columns = torch.meshgrid(torch.arange(48), torch.arange(40), indexing="ij")
    # how far a pixel is from the square's outline, which runs between pixels
    outside = torch.maximum((rows - 19.5).abs(), (columns - 19.5).abs())
    assert bool(changed[(outside - 8).abs() < 2].all())
    assert not bool(changed[(outside - 8).abs() > 4].any())  # neither the field nor the ramp


def test_softens_the_edge_and_keeps_the_range() -> None:
    image = drawing()
    smoothed = smooth_edges(image)
    steepest = [rgb_to_grayscale(picture).diff(dim=-1).abs().max() for picture in (image, smoothed)]
    assert steepest[1] < 0.5 * steepest[0]
    assert image.min() <= smoothed.min() and smoothed.max() <= image.max()


def test_each_picture_is_smoothed_independently() -> None:
    images = torch.cat([drawing(), drawing().flip(-2), torch.rand(1, 3, 48, 40) * 2 - 1])
    separately = torch.cat([smooth_edges(image[None]) for image in images])
    torch.testing.assert_close(smooth_edges(images), separately)


def test_pictures_of_a_batch_have_the_same_size() -> None:
    sizes = [(Path(name), (width, 4)) for name, width in zip("abcdef", (5, 7, 5, 5, 7, 5), strict=True)]
    batches = batches_of_one_size(sizes, 3)
    assert sorted(len(batch) for batch in batches) == [1, 2, 3]
    width_of = dict(sizes)
    assert all(len({width_of[path] for path in batch}) == 1 for batch in batches)
    assert sorted(path for batch in batches for path in batch) == sorted(width_of)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("art")
    (folder / "sub").mkdir()
    pixels = from_signed_unit(drawing())[0].permute(1, 2, 0).byte().numpy()
    Image.fromarray(pixels).save(folder / "one.png")
    Image.fromarray(np.ascontiguousarray(pixels[::-1])).save(folder / "sub" / "two.webp", lossless=True)
    Image.fromarray(pixels[:30]).save(folder / "sub" / "three.bmp")
    return folder


def run_tool(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_tool_writes_each_picture_under_its_name_and_continues_after_a_broken_one(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes(b"no picture")
    done = run_tool(folder, tmp_path / "out", "--device", "cpu", "--batch", 2)
    assert done.exit_code == 1
    assert "broken.png" in done.stderr and "3 pictures" in done.stdout and "1 failed" in done.stdout
    assert files_below(tmp_path / "out") == {"one.png", "sub/two.png", "sub/three.png"}
    source = to_signed_unit(torch.from_numpy(load_rgb(folder / "sub" / "two.webp")).permute(2, 0, 1).float())
    expected = from_signed_unit(smooth_edges(source[None]))[0].permute(1, 2, 0).byte().numpy()
    np.testing.assert_array_equal(load_rgb(tmp_path / "out" / "sub" / "two.png"), expected)


def test_tool_refuses_a_missing_folder(tmp_path: Path) -> None:
    done = run_tool(tmp_path / "nowhere", tmp_path / "out")
    assert done.exit_code == 2 and done.stderr == f"{tmp_path / 'nowhere'}: no such folder\n"


def test_tool_refuses_names_that_would_collide(folder: Path, tmp_path: Path) -> None:
    for name in ("same.png", "same.bmp"):
        Image.open(folder / "one.png").save(tmp_path / name)
    done = run_tool(tmp_path, tmp_path / "out", "--device", "cpu")
    assert done.exit_code == 2 and "differ only in the suffix" in done.stderr
    assert not (tmp_path / "out").exists()
