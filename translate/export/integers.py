"""A graph in float32 -> the same with bytes between its layers, which processors compute in less time.

Static quantisation as in Jacob et al. 2018 (Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference): bytes between the layers with one scale and zero point per tensor, and signed
weights with one scale per output channel, which onnxruntime fuses into integer convolutions. Weights have seven bits:
without VNNI, x86 adds two products of bytes in 16 bits, which would overflow with eight.

onnx and onnxruntime's quantiser are imported inside the functions: they come with the training extra.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from translate.export.calibration import Feed, observe

if TYPE_CHECKING:
    import onnx_ir
    from onnx import ModelProto

Range = tuple[float, float]

BINS = 2048  # per histogram
SHRINKAGES = np.linspace(1, 0.3, 15)  # factors to try on either end of a range
VECTOR = 8  # output channels that integer convolutions compute at a time
MIN_CHANNELS = 16
COLOUR_MATRIX = (3, 3, 1, 1)  # shape of the weight of a convolution that mixes the colours of each pixel


def pad_output_channels(graph: onnx_ir.Graph) -> None:
    """Pad the output channels of convolutions to widths that suit the vector units, and slice the padding off again.

    In measurements, 8 and 12 channels took two and three times as long as 16, and 20 twice as long as 24. Convolutions
    followed by a ReLU are left as they are, as the slice would prevent their fusion.
    """
    import onnx_ir

    from translate.export.uint8_ends import constant

    for node in list(graph):
        if node.op_type != "Conv" or node.attributes.get_int("group", 1) != 1:
            continue
        parameters = [None if value is None else value.const_value for value in node.inputs[1:]]  # weight and bias
        tensors = [tensor for tensor in parameters if tensor is not None]
        if len(tensors) < len(parameters) or tensors[0].numpy().shape == COLOUR_MATRIX:
            continue
        channels = tensors[0].numpy().shape[0]
        padding = max(-channels % VECTOR, MIN_CHANNELS - channels)
        convolved = node.outputs[0]
        if not padding or any(user.op_type in ("Relu", "LeakyRelu") for user in convolved.consumers()):
            continue
        for position, tensor in enumerate(tensors, 1):
            narrow = tensor.numpy()
            wide = np.pad(narrow, [(0, padding)] + [(0, 0)] * (narrow.ndim - 1))
            node.replace_input_with(position, constant(graph, f"{tensor.name}_wide", wide))
        bounds = [
            constant(graph, f"{convolved.name}_{name}", np.array([number], np.int64))
            for name, number in (("from", 0), ("to", channels), ("axis", 1))
        ]
        cut = onnx_ir.node("Slice", [convolved, *bounds], name=f"{node.name}_cut")
        cut.outputs[0].name = f"{convolved.name}_cut"
        convolved.replace_all_uses_with(cut.outputs[0])
        cut.replace_input_with(0, convolved)
        graph.insert_after(node, cut)


def quantise_graph(
    model: ModelProto,
    feeds: Sequence[Feed],
    operators: Collection[str],
    *,
    zero_points: Mapping[str, int] | None = None,
    float_nodes: Collection[str] = (),
) -> onnx_ir.Model:
    """Insert the quantisation nodes at the ``operators``, with scales from the values that ``feeds`` give rise to.

    The tensors in ``zero_points`` already hold byte values, of scale `BYTE_SCALE`; the nodes named in ``float_nodes``
    are left as they are.
    """
    import onnx_ir
    from onnx import shape_inference
    from onnx_ir.passes.common import RemoveUnusedNodesPass
    from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType, TensorsData

    from translate.export.uint8_ends import BYTE_SCALE

    model = shape_inference.infer_shapes(model)
    found = _ranges(model, feeds, operators)
    quantiser = QDQQuantizer(
        model,
        True,  # one scale per output channel of the weights
        True,  # weights have seven bits
        QuantType.QInt8,
        QuantType.QUInt8,
        TensorsData(
            CalibrationMethod.MinMax,
            {name: (np.float32(low), np.float32(high)) for name, (low, high) in found.items()},
        ),
        [],
        list(float_nodes),
        list(operators),
        {
            "TensorQuantOverrides": {
                name: [{"scale": np.array(BYTE_SCALE, np.float32), "zero_point": np.array(zero, np.uint8)}]
                for name, zero in (zero_points or {}).items()
            }
        },
    )
    quantiser.quantize_model()
    quantised = onnx_ir.from_proto(quantiser.model.model)
    for node in quantised.graph:  # dequantised and immediately quantised again, as at the ends: use the bytes
        before = node.inputs[0].producer() if node.op_type == "QuantizeLinear" and node.inputs[0] else None
        if before is not None and before.op_type == "DequantizeLinear" and _quantisation(before) == _quantisation(node):
            bytes_ = before.inputs[0]
            assert bytes_ is not None
            node.outputs[0].replace_all_uses_with(bytes_)
        for value in node.outputs:
            if not value.is_graph_output():
                value.type = value.shape = None
    quantised.graph.sort()
    RemoveUnusedNodesPass()(quantised)
    return quantised


def file_of(model: onnx_ir.Model, metadata: Mapping[str, str]) -> bytes:
    """The content of an ONNX file of ``model`` with no other metadata than ``metadata``."""
    import onnx_ir

    model.metadata_props.clear()
    model.metadata_props.update(metadata)
    return onnx_ir.to_proto(model).SerializeToString()


def _quantisation(node: onnx_ir.Node) -> list[float]:
    """Scale and zero point of a node that quantises or dequantises, if per tensor."""
    constants = [value.const_value for value in node.inputs[1:] if value is not None]
    return [float(constant.numpy()) for constant in constants if constant is not None and constant.size == 1]


def _ranges(model: ModelProto, feeds: Sequence[Feed], operators: Collection[str]) -> dict[str, Range]:
    """For each tensor that may be quantised, the range of values that its eight bits are to represent."""
    from onnx import TensorProto

    floats = {value.name for value in model.graph.value_info if value.type.tensor_type.elem_type == TensorProto.FLOAT}
    touched = {name for node in model.graph.node if node.op_type in operators for name in (*node.input, *node.output)}
    names = floats & touched
    limits: dict[str, Range] = dict.fromkeys(names, (0.0, 0.0))  # includes zero, as borders are padded with it
    for name, values in observe(model, names, feeds):
        limits[name] = min(limits[name][0], float(values.min())), max(limits[name][1], float(values.max()))
    counts = {name: np.zeros(BINS) for name in names}
    for name, values in observe(model, names, feeds):
        counts[name] += np.histogram(values, BINS, limits[name])[0]
    return {name: _best_range(counts[name], *limits[name]) for name in names}


def _best_range(counts: NDArray[np.float64], low: float, high: float) -> Range:
    """The part of [low, high] in which eight bits represent a histogram's values with the least squared error."""
    width = (high - low) / len(counts)
    values = low + width * (np.arange(len(counts)) + 0.5)

    def error(bounds: Range) -> float:
        scale = (bounds[1] - bounds[0]) / 255 or 1.0
        zero = round(-bounds[0] / scale)
        return float(counts @ np.square((values / scale).round().clip(-zero, 255 - zero) * scale - values))

    return min(((low * a, high * b) for a, b in product(SHRINKAGES, SHRINKAGES)), key=error)
