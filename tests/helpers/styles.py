"""Small styles that keep the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from translate.style.conditions import ConditionInfo
from translate.style.contract import CONDITION, DOMAIN, INPUT, OUTPUT, StyleInfo

STRIDE = 2


LOOKS = ConditionInfo(kind="attributes", shape=[2], names=["night", "fog"], usual=[0.0, 0.0])
REACH = 5  # pixels that the tiny style looks to the left of a pixel and above it; 4 to the right and below


def style_info(**changes: object) -> StyleInfo:
    facts: dict[str, object] = {
        "title": "Tiny",
        "method": "none",
        "generator": "handmade",
        "stride": STRIDE,
        "receptive_field": 2 * REACH + 1,
        "tile_safe": True,
        "training_size": 64,
        "opset": 18,
        "precision": "fp32",
        "licence": "CC0-1.0",
        "training_data": "none",
        "checkpoint_sha256": "0" * 64,
    }
    return StyleInfo(**{**facts, **changes})  # type: ignore[arg-type]


def write_style(
    path: Path,
    *,
    info: StyleInfo | None = None,
    metadata: dict[str, str] | None = None,
    whole_picture: bool = False,
    extra_input: bool = False,
    input_name: str = INPUT,
) -> Path:
    """An ONNX file: three 3x3 convolutions with zero padding, the first of stride 2, then a nearest-pixel upsampling.

    With a ``scale`` in ``info``, each pixel of the result is repeated that many times along both axes.
    ``whole_picture`` subtracts each channel's mean over the picture, so that tiles differ from the whole. Each domain
    in ``info`` adds 0.5 to one of the channels, in turn, before the last activation; so do the values of a condition,
    which `LOOKS` describes.
    """
    info = info or style_info(tile_safe=not whole_picture, receptive_field=0 if whole_picture else 2 * REACH + 1)
    looks = len(LOOKS.names) if info.condition else len(info.domains)
    second = CONDITION if info.condition else DOMAIN
    rng = np.random.default_rng(0)
    constants: dict[str, NDArray[Any]] = {
        "stride": np.array([STRIDE], np.int64),
        "no_pads": np.zeros(6, np.int64),
        "starts": np.array([0, 0], np.int64),
        "rows_and_columns": np.array([2, 3], np.int64),
        "scales": np.array([1, 1, 2, 2], np.float32),
        "half_range": np.array(127.5, np.float32),
        "one": np.array(1, np.float32),
        "zero": np.array(0, np.float32),
        "white": np.array(255, np.float32),
        "enlargement": np.array([1, 1, info.scale, info.scale], np.float32),
        "w1": rng.normal(0, 0.4, (6, 3, 3, 3)).astype(np.float32),
        "w2": rng.normal(0, 0.3, (6, 6, 3, 3)).astype(np.float32),
        "w3": rng.normal(0, 0.3, (3, 6, 3, 3)).astype(np.float32),
        "shifts": 0.5 * np.eye(3, dtype=np.float32)[np.arange(looks) % 3],  # [K, 3]
    }
    node = helper.make_node
    shift = [
        node("Gather", ["shifts", DOMAIN], ["shift"])
        if info.exclusive and info.domains
        else node("MatMul", [second, "shifts"], ["shift"]),
        node("Unsqueeze", ["shift", "rows_and_columns"], ["planes"]),
        node("Add", ["c3", "planes"], ["shifted"]),
    ]
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    enlarge = [node("Resize", ["cropped", "", "enlargement"], ["enlarged"], **nearest)]
    nodes = [
        node("Cast", [input_name], ["float"], to=TensorProto.FLOAT),
        node("Transpose", ["float"], ["nchw"], perm=[0, 3, 1, 2]),
        node("Div", ["nchw", "half_range"], ["scaled"]),
        node("Sub", ["scaled", "one"], ["signed"]),
        # pad the bottom and the right up to the stride
        node("Shape", ["nchw"], ["size"], start=2, end=4),
        node("Mod", ["size", "stride"], ["over"]),
        node("Sub", ["stride", "over"], ["short"]),
        node("Mod", ["short", "stride"], ["pad_end"]),
        node("Concat", ["no_pads", "pad_end"], ["pads"], axis=0),
        node("Pad", ["signed", "pads"], ["padded"], mode="edge"),
        node("Conv", ["padded", "w1"], ["c1"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"]),
        node("Conv", ["r1", "w2"], ["c2"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["c2"], ["r2"]),
        node("Resize", ["r2", "", "scales"], ["up"], **nearest),
        node("Conv", ["up", "w3"], ["c3"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        *(shift if looks else [node("Identity", ["c3"], ["shifted"])]),
        node("ReduceMean", ["shifted", "rows_and_columns"], ["mean"], keepdims=1),
        node("Sub", ["shifted", "mean"], ["centred"]),
        node("Tanh", ["centred" if whole_picture else "shifted"], ["tanh"]),
        node("Slice", ["tanh", "starts", "size", "rows_and_columns"], ["cropped"]),
        *(enlarge if info.scale > 1 else [node("Identity", ["cropped"], ["enlarged"])]),
        node("Add", ["enlarged", "one"], ["positive"]),
        node("Mul", ["positive", "half_range"], ["bytes"]),
        node("Round", ["bytes"], ["round"]),
        node("Clip", ["round", "zero", "white"], ["clipped"]),
        node("Transpose", ["clipped"], ["nhwc"], perm=[0, 2, 3, 1]),
        node("Cast", ["nhwc"], [OUTPUT], to=TensorProto.UINT8),
    ]
    shape: list[str | int | None] = ["N", "H", "W", 3]
    inputs = [helper.make_tensor_value_info(input_name, TensorProto.UINT8, shape)]
    if extra_input or (info.domains and info.exclusive):
        inputs.append(helper.make_tensor_value_info(DOMAIN, TensorProto.INT64, ["N"]))
    elif looks:
        inputs.append(helper.make_tensor_value_info(second, TensorProto.FLOAT, ["N", looks]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        inputs,
        [helper.make_tensor_value_info(OUTPUT, TensorProto.UINT8, ["N", "height", "width", 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, info.to_metadata() if metadata is None else metadata)
    onnx.save(model, path)
    return path
