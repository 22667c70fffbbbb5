"""Equalised channels: the same results, more even peaks, and no change where scaling is impossible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from tests.helpers.networks import lively_mobile
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info
from translate.export.calibration import channel_peaks, feeds_of
from translate.export.equalise import channel_groups, equalise_channels
from translate.export.to_onnx import export_style
from translate.style.contract import INPUT

pytestmark = pytest.mark.slow

INFO = style_info()
PHOTO = draw_photo(64, 48)


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network in which some channels have values a hundred times those of others."""
    path = tmp_path_factory.mktemp("style") / "style.onnx"
    generator = lively_mobile(channels=8, wide_channels=8, dilations=[1, 2], fine_dilations=[1])
    with torch.no_grad():
        for block in (*generator.body, *generator.fine):
            block.spread.weight[::2] *= 100
            block.refine.weight[:, ::2] /= 100
    export_style(generator, INFO, path)
    return path


def picture(model: onnx_ir.Model) -> NDArray[np.int64]:
    session = onnxruntime.InferenceSession(onnx_ir.to_proto(model).SerializeToString())
    (result,) = session.run(None, {INPUT: PHOTO[None]})
    return result.astype(np.int64)


def peaks_of(model: onnx_ir.Model) -> dict[str, NDArray[np.float32]]:
    names = frozenset[str]().union(*channel_groups(model.graph))
    return channel_peaks(onnx_ir.to_proto(model), names, feeds_of([PHOTO], INFO))


def unevenness(peaks: dict[str, NDArray[np.float32]], group: frozenset[str]) -> float:
    """The largest peak divided by the smallest, of channels that fire."""
    peak = np.max([peaks[name] for name in group], axis=0)
    return float(peak.max() / peak[peak > 0].min())


def test_pictures_stay_and_peaks_become_more_even(style: Path) -> None:
    model = onnx_ir.load(style)
    before, peaks = picture(model), peaks_of(model)
    equalise_channels(model.graph, peaks)
    after = peaks_of(model)
    assert np.abs(picture(model) - before).max() <= 1  # rounding
    groups = channel_groups(model.graph)
    hidden = [group for group in groups if len(group) == 2]
    assert len(groups) == 5 and len(hidden) == 3  # the streams of both resolutions, and a tensor inside each block
    for group in hidden:
        assert unevenness(peaks, group) > 50
        assert unevenness(after, group) == pytest.approx(unevenness(peaks, group) ** 0.5, rel=0.01)


def test_ends_and_concatenated_pictures_are_in_no_group(style: Path) -> None:
    graph = onnx_ir.load(style).graph
    grouped = frozenset[str]().union(*channel_groups(graph))
    for node in graph:
        if node.op_type in ("DepthToSpace", "Div", "Sub", "Transpose", "Pad"):
            assert not {value.name for value in (*node.inputs, *node.outputs) if value is not None} & grouped


def test_added_constants_prevent_scaling() -> None:
    """A bias in a separate addition would need scaling too."""
    floats = onnx_ir.TensorType(onnx_ir.DataType.FLOAT)
    shape = onnx_ir.Shape([1, 2, "h", "w"])
    picture, maps, shifted, result = (
        onnx_ir.Value(name=name, type=floats, shape=shape) for name in ("picture", "maps", "shifted", "result")
    )
    weights = [
        onnx_ir.Value(name=name, const_value=onnx_ir.tensor(np.ones(size, np.float32), name=name))
        for name, size in (("first", (2, 2, 1, 1)), ("bias", (1, 2, 1, 1)), ("second", (2, 2, 1, 1)))
    ]
    nodes = [
        onnx_ir.node("Conv", [picture, weights[0]], outputs=[maps]),
        onnx_ir.node("Add", [maps, weights[1]], outputs=[shifted]),
        onnx_ir.node("Conv", [shifted, weights[2]], outputs=[result]),
    ]
    graph = onnx_ir.Graph([picture], [result], nodes=nodes, initializers=weights, opset_imports={"": 18})
    assert channel_groups(graph) == []
