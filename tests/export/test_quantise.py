"""float32 style -> int8 style: what it keeps, what its metadata says, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from models import build_generator
from tests.helpers.networks import lively_mobile
from tests.helpers.paths import PHOTOS
from tests.helpers.pictures import draw_photo, files_below
from tests.helpers.styles import style_info, write_style
from tools.styles.fields import LATTICE, NEIGHBOURS, plain, ramp
from translate.errors import UserError
from translate.export import quantise
from translate.export.calibration import split_photos, synthetic_pictures
from translate.export.quantise import Loss, measure_loss, quantise_style
from translate.export.to_onnx import export_style
from translate.media.images import load_rgb
from translate.style.catalogue import find_style
from translate.style.contract import INPUT
from translate.style.session import read_style
from translate.style.translator import Translator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five drawn pictures of different sizes."""
    folder = tmp_path_factory.mktemp("photos")
    paths = [folder / f"{number}.png" for number in range(5)]
    for number, path in enumerate(paths):
        Image.fromarray(draw_photo(60 + 9 * number, 80 - 7 * number)).save(path)
    return paths


@pytest.fixture(scope="module")
def mobile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of the shipped style's kind, in float32."""
    path = tmp_path_factory.mktemp("mobile") / "mobile.onnx"
    generator = lively_mobile(channels=8, wide_channels=16, dilations=[1, 2], fine_dilations=[1])
    export_style(generator, style_info(title="Mobile", versions={}), path)
    return path


@pytest.fixture(scope="module")
def quantised(mobile: Path, photos: list[Path]) -> tuple[Path, Loss]:
    path = mobile.with_name("int8.onnx")
    return path, quantise_style(mobile, path, photos[1:], photos[:1])


def test_a_network_that_enlarges_keeps_its_size_and_flat_regions(photos: list[Path], tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = build_generator("upscale", channels=8)
    generator.amplify(0)  # bilinear enlargement, which bytes can hold
    export_style(generator, style_info(), tmp_path / "large.onnx")
    loss = quantise_style(tmp_path / "large.onnx", tmp_path / "int8.onnx", photos[1:], photos[:1])
    assert loss.psnr_db > 55
    translator = Translator(tmp_path / "int8.onnx", device="cpu")
    assert translator.info.scale == 2
    white = np.full((1, 9, 14, 3), 255, np.uint8)
    assert np.array_equal(translator(white), white.repeat(2, axis=1).repeat(2, axis=2))


def test_metadata_contain_precision_and_loss(mobile: Path, quantised: tuple[Path, Loss], photos: list[Path]) -> None:
    path, loss = quantised
    before, after = read_style(mobile), read_style(path)
    assert loss == measure_loss(path, mobile, photos[:1])
    assert after.psnr_to_fp32 == pytest.approx(loss.psnr_db, abs=0.01)
    assert after.mean_difference_to_fp32 == pytest.approx(loss.mean_difference, abs=0.001)
    assert (after.precision, after.versions["onnxruntime"]) == ("int8", onnxruntime.__version__)
    kept = replace(after, precision="fp32", versions=before.versions, psnr_to_fp32=None, mean_difference_to_fp32=None)
    assert kept == before


def test_it_gives_nearly_the_same_pictures_of_any_size(mobile: Path, quantised: tuple[Path, Loss]) -> None:
    one, other = Translator(quantised[0], device="cpu"), Translator(mobile, device="cpu")
    for count, height, width in ((1, 1, 1), (2, 37, 53), (1, 80, 90)):
        images = np.stack([draw_photo(width, height)] * count)
        difference = np.abs(one(images).astype(int) - other(images))
        assert difference.mean() < 3
    assert quantised[1].psnr_db > 40


def test_every_convolution_is_integer(quantised: tuple[Path, Loss]) -> None:
    """Their inputs and outputs are bytes, and pixels are not converted before or after."""
    model = onnx.load(quantised[0])
    onnx.checker.check_model(model)
    made_by = {name: node.op_type for node in model.graph.node for name in node.output}
    used_by = {name: node.op_type for node in model.graph.node for name in node.input}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 10
    for node in convolutions:
        assert {made_by[name] for name in node.input} == {"DequantizeLinear"}
        assert used_by[node.output[0]] == "QuantizeLinear"
    assert not {"Cast", "Round", "Clip", "Relu"} & set(made_by.values())
    weights = [onnx.numpy_helper.to_array(v) for v in model.graph.initializer if v.data_type == onnx.TensorProto.INT8]
    kernels = [weight for weight in weights if weight.ndim == 4]
    assert len(kernels) == 10
    assert all(np.abs(kernel).max() <= 64 for kernel in kernels)
    # the convolutions of 8 and 12 channels that no ReLU follows are padded to 16
    assert sorted(len(kernel) for kernel in kernels) == [8, 8, *[16] * 8]


def test_tiles_equal_the_whole(quantised: tuple[Path, Loss]) -> None:
    image = draw_photo(300, 200)[None]
    tiled = Translator(quantised[0], device="cpu", tile=128)(image)
    assert np.array_equal(tiled, Translator(quantised[0], device="cpu")(image))


def test_domains_are_kept(season_style: Path, face_style: Path, photos: list[Path], tmp_path: Path) -> None:
    image = draw_photo(61, 47)[None]
    for style, domains in ((season_style, ("spring", "autumn")), (face_style, ("blond", ["smiling", "glasses"]))):
        path = tmp_path / style.name
        quantise_style(style, path, photos[1:], photos[:1])
        one, other = Translator(path, device="cpu"), Translator(style, device="cpu")
        for domain in domains:
            assert np.abs(one(image, domain).astype(int) - other(image, domain)).mean() < 3


def test_too_large_a_loss_is_refused(
    mobile: Path, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantise, "MIN_PSNR_DB", 90.0)
    with pytest.raises(UserError, match=r"out.onnx: not written: .* PSNR \d+\.\d dB.* minimum of 90 dB; calibrate"):
        quantise_style(mobile, tmp_path / "out.onnx", photos[1:], photos[:1])
    assert files_below(tmp_path) == set()


def test_missing_photos_are_refused(mobile: Path, photos: list[Path], tmp_path: Path) -> None:
    for calibration, held_out in ((photos, []), ([], photos)):
        with pytest.raises(UserError, match="give photos to calibrate with, and others"):
            quantise_style(mobile, tmp_path / "out.onnx", calibration, held_out)


def test_only_float32_styles_can_be_quantised(
    tiny_style: Path, quantised: tuple[Path, Loss], photos: list[Path], tmp_path: Path
) -> None:
    proto = onnx.load(tiny_style)
    for initializer in proto.graph.initializer:
        if initializer.name == "half_range":
            initializer.CopyFrom(onnx.numpy_helper.from_array(np.array(100, np.float32), "half_range"))
    onnx.save(proto, tmp_path / "other.onnx")
    half = write_style(tmp_path / "half.onnx", info=style_info(precision="fp16"))
    for source, problem in (
        (tmp_path / "other.onnx", "its input and output are not as"),
        (half, "is fp16; int8 is made from"),
        (quantised[0], "is int8; int8 is made from"),
    ):
        with pytest.raises(UserError, match=problem):
            quantise_style(source, tmp_path / "out.onnx", photos[1:], photos[:1])
    assert not (tmp_path / "out.onnx").exists()


def test_a_fifth_of_the_photos_is_held_out() -> None:
    calibration, held_out = split_photos([Path(f"{number:03}.jpg") for number in range(100)])
    assert (len(calibration), len(held_out)) == (32, 8)
    assert not set(calibration) & set(held_out)
    assert min(calibration + held_out) == Path("000.jpg") and max(calibration + held_out) > Path("095.jpg")
    assert [len(part) for part in split_photos([Path(f"{number}.jpg") for number in range(5)])] == [4, 1]
    with pytest.raises(UserError, match="calibration: 4 photos; give a folder of at least 5"):
        split_photos([Path(f"{number}.jpg") for number in range(4)])


def test_synthetic_pictures_reach_the_edges_of_the_gamut() -> None:
    pictures = list(synthetic_pictures())
    assert len(pictures) == 27 + 54
    colours = {tuple(picture[0, 0].tolist()) for picture in pictures if len(np.unique(picture[0], axis=0)) == 1}
    assert colours == set(LATTICE)


@pytest.fixture(scope="module")
def shipped() -> tuple[Translator, Translator]:
    """`cel-int8` and `cel`."""
    return Translator(find_style("cel-int8"), device="cpu"), Translator(find_style("cel"), device="cpu")


def largest_difference(shipped: tuple[Translator, Translator], picture: NDArray[np.uint8]) -> int:
    one, other = (translator(picture[None]).astype(int) for translator in shipped)
    return int(np.abs(one - other).max())


def test_shipped_on_photos() -> None:
    loss = measure_loss(find_style("cel-int8"), find_style("cel"), [PHOTOS / "lake.jpg", PHOTOS / "portrait.jpg"])
    assert loss.psnr_db > 43 and loss.mean_difference < 1.5


def test_shipped_on_plain_fields_and_ramps(shipped: tuple[Translator, Translator]) -> None:
    assert max(largest_difference(shipped, plain(colour)) for colour in LATTICE) <= 12
    assert max(largest_difference(shipped, ramp(*ends)) for ends in NEIGHBOURS) <= 20


def test_shipped_integers_do_not_overflow(shipped: tuple[Translator, Translator]) -> None:
    """Without optimisation, onnxruntime computes the same in floating point, where sums of bytes cannot overflow."""
    photo = load_rgb(PHOTOS / "street.jpg")[None, 100:340, 100:460]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(find_style("cel-int8"), options, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {INPUT: photo})
    assert np.abs(shipped[0](photo).astype(int) - expected).mean() < 0.05


def test_shipped_tiles_equal_the_whole(shipped: tuple[Translator, Translator]) -> None:
    photo = load_rgb(PHOTOS / "spices.jpg")[:413, :517]
    tiled = Translator(find_style("cel-int8"), device="cpu", tile=128)(photo[None])
    assert np.array_equal(tiled, shipped[0](photo[None]))


def test_shipped_has_the_same_weights(shipped: tuple[Translator, Translator]) -> None:
    assert shipped[0].info.checkpoint_sha256 == shipped[1].info.checkpoint_sha256
    assert find_style("cel-int8").stat().st_size < 400_000
