"""A style with quantised input and output gives the same pictures, without floating point there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from models import build_generator
from tests.helpers.networks import lively_mobile
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.export.to_onnx import export_style
from translate.export.uint8_ends import PICTURE, RESULT, quantise_ends
from translate.style.catalogue import find_style
from translate.style.contract import DOMAIN, INPUT

pytestmark = pytest.mark.slow


@pytest.fixture(
    scope="module",
    params=["plain", "seasons", "cel", "antialiased", "soft base", "toned", "mobile with domains", "upscale"],
)
def style(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The picture goes to convolutions, is also added to the result, is filtered, joined by domains, or enlarged."""
    if request.param == "cel":
        return find_style("cel")
    path = tmp_path_factory.mktemp("styles") / "style.onnx"
    if request.param == "upscale":
        torch.manual_seed(0)
        export_style(build_generator("upscale", channels=8), style_info(), path)
        return path
    info = style_info(domains=[] if request.param in ("plain", "antialiased", "soft base", "toned") else ["a", "b"])
    options: dict[str, dict[str, Any]] = {
        "antialiased": {"antialias": True},
        "soft base": {"soft_base": True},
        "toned": {"tones": [[0, 0, 0], [255, 255, 255]]},
        "mobile with domains": {"domains": 2},
    }
    if request.param not in options:
        return write_style(path, info=info)
    narrow = {"channels": 8, "wide_channels": 8, "dilations": [1], "fine_dilations": [1]}
    export_style(lively_mobile(**narrow, **options[request.param]), info, path)
    return path


def run(model: bytes, image: NDArray[np.uint8]) -> NDArray[np.int64]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs: dict[str, NDArray[Any]] = {INPUT: image}
    if len(session.get_inputs()) > 1:
        inputs[DOMAIN] = np.array([1])
    (result,) = session.run(None, inputs)
    return result.astype(np.int64)


def test_pictures_stay_the_same(style: Path) -> None:
    model = onnx_ir.load(style)
    zero_points = quantise_ends(model)
    assert zero_points[PICTURE] == 128
    image = draw_photo(61, 47)[None]
    difference = np.abs(run(onnx_ir.to_proto(model).SerializeToString(), image) - run(style.read_bytes(), image))
    assert difference.max() <= 1  # rounding, and half a step in the zero padding
    assert difference[:, 8:-8, 8:-8].mean() < 0.02


def test_ends_have_no_floating_point_arithmetic(style: Path) -> None:
    model = onnx_ir.load(style)
    quantise_ends(model)
    nodes = {node.op_type: node for node in onnx_ir.to_proto(model).graph.node}
    assert not {"Cast", "Round", "Clip"} & nodes.keys()
    assert nodes["DequantizeLinear"].output[0] == PICTURE
    assert nodes["QuantizeLinear"].input[0] == RESULT
    onnx.checker.check_model(onnx_ir.to_proto(model))


@pytest.mark.parametrize("constant", ["half_range", "one"])
def test_unknown_ends_stay_as_they_are(tiny_style: Path, constant: str) -> None:
    proto = onnx.load(tiny_style)
    for initializer in proto.graph.initializer:
        if initializer.name == constant:
            initializer.CopyFrom(onnx.numpy_helper.from_array(np.array(100, np.float32), constant))
    model = onnx_ir.from_proto(proto)
    before = onnx_ir.to_proto(model).SerializeToString()
    assert quantise_ends(model) == {}
    assert onnx_ir.to_proto(model).SerializeToString() == before
