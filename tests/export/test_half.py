"""float32 style -> float16 style: what it keeps, what its metadata says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.errors import UserError
from translate.export import half
from translate.export.half import halve_style
from translate.export.quantise import Loss
from translate.style.session import read_style
from translate.style.translator import Translator


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for number, path in enumerate(paths):
        Image.fromarray(draw_photo(60 + 9 * number, 41)).save(path)
    return paths


@pytest.mark.parametrize("domains", [[], ["day", "night"]])
def test_it_gives_nearly_the_same_pictures(tmp_path: Path, photos: list[Path], domains: list[str]) -> None:
    style = write_style(tmp_path / "style.onnx", info=style_info(domains=domains))
    loss = halve_style(style, tmp_path / "half.onnx", photos)
    before, after = read_style(style), read_style(tmp_path / "half.onnx")
    assert after.precision == "fp16" and after.psnr_to_fp32 == round(loss.psnr_db, 2) > 50
    assert (after.title, after.domains, after.halo) == (before.title, before.domains, before.halo)
    weights = [tensor for tensor in onnx.load(tmp_path / "half.onnx").graph.initializer if tensor.name[0] == "w"]
    assert {tensor.data_type for tensor in weights} == {onnx.TensorProto.FLOAT16}
    photo = np.stack([draw_photo(33, 47)] * 2)
    one, other = (Translator(path, device="cpu")(photo, *domains[1:]) for path in (style, tmp_path / "half.onnx"))
    assert np.abs(one.astype(int) - other).max() <= 2


def test_what_is_refused(tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    style, output = write_style(tmp_path / "style.onnx"), tmp_path / "half.onnx"
    with pytest.raises(UserError, match="give photos to measure the loss on"):
        halve_style(style, output, [])
    int8 = write_style(tmp_path / "int8.onnx", info=style_info(precision="int8"))
    with pytest.raises(UserError, match="is int8; fp16 is made from an fp32 style"):
        halve_style(int8, output, photos)
    for bad in (44.9, float("nan")):
        monkeypatch.setattr(half, "measure_loss", lambda *given, psnr=bad: Loss(psnr, 1.0))
        with pytest.raises(UserError, match=r"float16 would lose too much, PSNR .* below the minimum of 45 dB"):
            halve_style(style, output, photos)
    assert not output.exists()
