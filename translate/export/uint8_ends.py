"""Bytes straight into the first convolution and out of the last addition: no floating point at a style's ends.

An exported style scales bytes to [-1, 1] first and back at the end, see `translate.export.to_onnx.ExportedStyle`. Here
both become quantisation steps, so that an int8 style moves single bytes where the tensors are largest.

A byte b means b / 127.5 - 1. That is a zero point of 127.5, but zero points are integers: with scale 1 / 127.5 and zero
point 128 all values are half a step too low. Convolutions of the picture correct this in their bias (their zero padding
stays half a step off). Where the picture, or the picture enlarged, is added to the result last, nothing is needed: the
output has zero point 128 too, which adds the half step back. Needs the training extra.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx_ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from translate.style.contract import INPUT, OUTPUT

# names of the float tensors at the ends, which take byte values only; the second is the picture enlarged
PICTURE, ENLARGED, RESULT = "picture", "enlarged", "result"
BYTE_SCALE = 1 / 127.5
ZERO_POINT = 128  # of the picture

Steps = dict[str, float | None]  # operator type -> the scalar it is applied with
_LAYOUT_STEPS: Steps = {"Transpose": None, "Pad": None, "Slice": None}  # change no value: work on bytes too
_FROM_BYTES: Steps = {"Cast": None, "Div": 127.5, "Sub": 1.0}  # in this order
_TO_BYTES: Steps = {"Add": 1.0, "Mul": 127.5, "Round": None, "Clip": None, "Cast": None}


def quantise_ends(model: onnx_ir.Model) -> dict[str, int]:
    """Rewrite the ends of ``model`` in place; its output changes by rounding and at zero padding only.

    The network then takes `PICTURE`, dequantised from bytes, and returns `RESULT`, quantised to bytes. Returns the zero
    points of both, and of `ENLARGED` where there is one; the scale of all is `BYTE_SCALE`. Empty, with ``model``
    unchanged, where its ends are not those of `export_style`.
    """
    graph, output_shape = model.graph, model.graph.outputs[0].shape
    image = next(value for value in graph.inputs if value.name == INPUT)
    input_nodes = list(_input_nodes(image))
    output_nodes = list(_output_nodes(graph.outputs[0]))[::-1]
    if _arithmetic(input_nodes) != list(_FROM_BYTES.items()) or _arithmetic(output_nodes) != list(_TO_BYTES.items()):
        return {}

    signed = input_nodes[-1].outputs[0]
    picture = _insert(graph, "DequantizeLinear", [signed, *_scale_and_zero_point(graph, ZERO_POINT)], PICTURE)
    signed.replace_all_uses_with(picture)
    dequantise = picture.producer()
    assert dequantise is not None
    dequantise.replace_input_with(0, signed)

    leaving = output_nodes[0]
    result = _data(leaving)
    last = result.producer()
    carrier = _carrier(picture, last) if last is not None and len(result.uses()) == 1 else None
    _correct_half_step(graph, picture, exempt=carrier)
    zero_points = {PICTURE: ZERO_POINT}
    if carrier is not None and carrier.op_type == "Resize":
        carrier.outputs[0].name = ENLARGED
        zero_points[ENLARGED] = ZERO_POINT
    if carrier is not None:
        zero, result.name = ZERO_POINT, RESULT
    else:
        zero, result = 0, _insert(graph, "Add", [result, constant(graph, "one", np.float32(1))], RESULT)
    quantised = _insert(graph, "QuantizeLinear", [result, *_scale_and_zero_point(graph, zero)], f"{RESULT}_bytes")
    leaving.replace_input_with(_data_index(leaving), quantised)

    for node in (*input_nodes, *output_nodes):
        if node.op_type not in _LAYOUT_STEPS:
            node.outputs[0].replace_all_uses_with(_data(node), replace_graph_outputs=True)
    RemoveUnusedNodesPass()(model)
    graph.sort()
    for node in graph:  # some are bytes now: types and shapes have to be inferred again
        for value in node.outputs:
            value.type = value.shape = None
    output = graph.outputs[0]
    output.name, output.type, output.shape = OUTPUT, image.type, output_shape
    return zero_points | {RESULT: zero}


def _input_nodes(value: onnx_ir.Value) -> Iterator[onnx_ir.Node]:
    """The nodes from the picture to the network, as long as there is a single consumer."""
    while True:
        users = [node for node in value.consumers() if node.op_type != "Shape"]
        if len(users) != 1 or not _is_step(users[0], _LAYOUT_STEPS | _FROM_BYTES) or users[0].inputs[0] is not value:
            return
        yield users[0]
        value = users[0].outputs[0]


def _output_nodes(value: onnx_ir.Value) -> Iterator[onnx_ir.Node]:
    """The nodes from the output back to the network."""
    while True:
        node = value.producer()
        if node is None or not _is_step(node, _LAYOUT_STEPS | _TO_BYTES):
            return
        yield node
        value = _data(node)


def _carrier(picture: onnx_ir.Value, last: onnx_ir.Node) -> onnx_ir.Node | None:
    """The consumer of ``picture`` through which the sum ``last`` adds it to the result: itself, or an enlargement."""
    if last.op_type != "Add":
        return None
    return next(
        (
            node
            for node in picture.consumers()
            if node is last or (node.op_type == "Resize" and list(node.outputs[0].consumers()) == [last])
        ),
        None,
    )


def _is_step(node: onnx_ir.Node, steps: Steps) -> bool:
    """Whether ``node`` is one of ``steps``, with its scalar; zero padding is not: 0 in [-1, 1] is no byte."""
    if node.op_type not in steps or _scalar_operand(node) != steps[node.op_type]:
        return False
    return node.op_type != "Pad" or node.attributes.get_string("mode", "constant") != "constant"


def _arithmetic(nodes: list[onnx_ir.Node]) -> list[tuple[str, float | None]]:
    return [(node.op_type, _scalar_operand(node)) for node in nodes if node.op_type not in _LAYOUT_STEPS]


def _scalar_operand(node: onnx_ir.Node) -> float | None:
    """The scalar operand of an arithmetic node."""
    if node.op_type not in ("Add", "Sub", "Mul", "Div"):
        return None
    constants = [value.const_value for value in node.inputs if value is not None and value.const_value is not None]
    return float(constants[0].numpy()) if len(constants) == 1 and constants[0].size == 1 else None


def _data_index(node: onnx_ir.Node) -> int:
    """Index of the input that is not constant; in sums and products it may be the second."""
    return next(index for index, value in enumerate(node.inputs) if value is not None and value.const_value is None)


def _data(node: onnx_ir.Node) -> onnx_ir.Value:
    value = node.inputs[_data_index(node)]
    assert value is not None
    return value


def _correct_half_step(graph: onnx_ir.Graph, picture: onnx_ir.Value, *, exempt: onnx_ir.Node | None) -> None:
    """Correct for the zero point at every consumer of ``picture`` but ``exempt``."""
    half_step, exact = BYTE_SCALE / 2, None
    for node, position in list(picture.uses()):
        if node is exempt:
            continue
        kernels, biases = (None if value is None else value.const_value for value in (*node.inputs, None, None)[1:3])
        if node.op_type == "Conv" and kernels is not None and (biases is not None or len(node.inputs) == 2):
            sums = kernels.numpy().sum((1, 2, 3), dtype=np.float64)  # [out, in, h, w] -> [out]
            offsets = (half_step * sums + (0 if biases is None else biases.numpy())).astype(np.float32)
            node.resize_inputs(3)
            node.replace_input_with(2, constant(graph, f"{kernels.name}_half_step", offsets))
        else:
            exact = exact or _insert(
                graph, "Add", [picture, constant(graph, "half_step", np.float32(half_step))], "exact_picture"
            )
            node.replace_input_with(position, exact)


def _scale_and_zero_point(graph: onnx_ir.Graph, zero_point: int) -> tuple[onnx_ir.Value, onnx_ir.Value]:
    """Scale and zero point, as constants."""
    return (
        constant(graph, "byte_scale", np.float32(BYTE_SCALE)),
        constant(graph, f"byte_{zero_point}", np.uint8(zero_point)),
    )


def constant(graph: onnx_ir.Graph, name: str, value: Any) -> onnx_ir.Value:
    """The initializer ``name`` of ``graph``; made of ``value``, an array or scalar, where there is none yet."""
    if name not in graph.initializers:
        graph.register_initializer(onnx_ir.Value(name=name, const_value=onnx_ir.tensor(value, name=name)))
    return graph.initializers[name]


def _insert(graph: onnx_ir.Graph, op_type: str, inputs: list[onnx_ir.Value], name: str) -> onnx_ir.Value:
    """Append a node to ``graph``, which has to be sorted afterwards; returns its output, called ``name``."""
    node = onnx_ir.node(op_type, inputs, name=f"node_{name}")
    node.outputs[0].name = name
    graph.append(node)
    return node.outputs[0]
