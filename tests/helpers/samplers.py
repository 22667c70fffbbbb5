"""Small samplers with known answers that keep the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from translate.style.conditions import ConditionInfo
from translate.style.contract import CONDITION, OUTPUT
from translate.style.sampler_contract import NOISE, SamplerInfo

Z_DIM, SIZE = 3, 8
CONDITIONS = ConditionInfo(kind="attributes", shape=[3], names=["red", "green", "blue"], usual=[0.0, 0.0, 0.0])


def sampler_info(**changes: object) -> SamplerInfo:
    facts: dict[str, object] = {
        "title": "Flat",
        "method": "none",
        "generator": "handmade",
        "z_dim": Z_DIM,
        "size": SIZE,
        "licence": "CC0-1.0",
        "training_data": "none",
        "checkpoint_sha256": "0" * 64,
        "opset": 18,
    }
    return SamplerInfo(**{**facts, **changes})  # type: ignore[arg-type]


def write_sampler(path: Path, *, info: SamplerInfo | None = None, metadata: dict[str, str] | None = None) -> Path:
    """An ONNX file that makes pictures of one colour: red, green and blue are 128 + 20 z, rounded, each by its z.

    With a condition of three values, which `CONDITIONS` describes, those values are added to z; so are the numbers of
    three words.
    """
    info = info or sampler_info()
    of_words = '"captions"' in info.condition
    node = helper.make_node
    nodes = [
        *([node("Cast", [CONDITION], ["values"], to=TensorProto.FLOAT)] if info.condition else []),
        node("Add", [NOISE, "values"], ["shifted"]) if info.condition else node("Identity", [NOISE], ["shifted"]),
        node("Mul", ["shifted", "contrast"], ["scaled"]),
        node("Add", ["scaled", "grey"], ["colour"]),
        node("Round", ["colour"], ["whole"]),
        node("Clip", ["whole", "black", "white"], ["clipped"]),
        node("Cast", ["clipped"], ["bytes"], to=TensorProto.UINT8),
        node("Unsqueeze", ["bytes", "rows_and_columns"], ["pixel"]),
        node("Expand", ["pixel", "square"], [OUTPUT]),  # [N, 1, 1, 3] -> [N, H, W, 3]
    ]
    constants: dict[str, NDArray[Any]] = {
        "contrast": np.array(20, np.float32),
        "grey": np.array(128, np.float32),
        "black": np.array(0, np.float32),
        "white": np.array(255, np.float32),
        "rows_and_columns": np.array([1, 2], np.int64),
        "square": np.array([1, SIZE, SIZE, 3], np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "flat",
        [
            helper.make_tensor_value_info(name, kind, ["N", Z_DIM])
            for name, kind in (
                (NOISE, TensorProto.FLOAT),
                (CONDITION, TensorProto.INT64 if of_words else TensorProto.FLOAT),
            )
            if name == NOISE or info.condition
        ],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.UINT8, ["N", SIZE, SIZE, 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, info.to_metadata() if metadata is None else metadata)
    onnx.save(model, path)
    return path
