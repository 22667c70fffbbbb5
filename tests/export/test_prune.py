"""Pruned styles give the same pictures with fewer channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from models.mobile import ResidualBlock
from tests.helpers.networks import lively_mobile
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info
from translate.errors import UserError
from translate.export.prune import prune_style
from translate.export.to_onnx import export_style
from translate.style.session import read_style
from translate.style.translator import Translator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the hidden channels, 18 of 48 fire in the first block, all in the second, none in the third."""
    path = tmp_path_factory.mktemp("style") / "style.onnx"
    generator = lively_mobile(channels=32, wide_channels=48, dilations=[1, 2], fine_dilations=[1])
    hidden = [module.spread.bias for module in generator.modules() if isinstance(module, ResidualBlock)]
    with torch.no_grad():
        for bias, idle in zip(hidden, (30, 0, 32), strict=True):
            assert bias is not None
            bias[:idle], bias[idle:] = -1e4, 1
    export_style(generator, style_info(title="Prunable", versions={}), path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.fromarray(draw_photo(60 + 9 * number, 80 - 7 * number)).save(path)
    return paths


def test_channels_that_never_fire_are_removed(style: Path, photos: list[Path], tmp_path: Path) -> None:
    pruned = tmp_path / "pruned.onnx"
    kept = prune_style(style, pruned, photos)
    assert list(kept.values()) == [(32, 48), (48, 48), (16, 32)]
    onnx.checker.check_model(onnx.load(pruned), full_check=True)
    shapes = {value.name: list(value.dims) for value in onnx.load(pruned).graph.initializer}
    assert shapes["generator.body.0.spread.weight"] == [32, 48, 3, 3]
    assert shapes["generator.body.0.spread.bias"] == [32]
    assert shapes["generator.body.0.refine.weight"] == [48, 32, 3, 3]
    assert pruned.stat().st_size < style.stat().st_size


def test_pictures_and_metadata_stay_the_same(style: Path, photos: list[Path], tmp_path: Path) -> None:
    pruned = tmp_path / "pruned.onnx"
    prune_style(style, pruned, photos)
    assert read_style(pruned) == read_style(style)
    one, other = Translator(pruned, device="cpu"), Translator(style, device="cpu")
    image = draw_photo(97, 71)[None]
    assert np.abs(one(image).astype(int) - other(image)).max() <= 1


def test_channels_of_every_domain_are_kept(season_style: Path, photos: list[Path], tmp_path: Path) -> None:
    pruned = tmp_path / "pruned.onnx"
    prune_style(season_style, pruned, photos)
    one, other = Translator(pruned, device="cpu"), Translator(season_style, device="cpu")
    image = draw_photo(61, 47)[None]
    for season in ("spring", "autumn"):
        assert np.abs(one(image, season).astype(int) - other(image, season)).max() <= 1


def test_without_photos_nothing_is_written(style: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give photos"):
        prune_style(style, tmp_path / "pruned.onnx", [])
    assert list(tmp_path.iterdir()) == []
