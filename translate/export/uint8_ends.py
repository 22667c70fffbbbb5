"""Bytes into the first convolution and out of the last addition: the ends of a style's graph without floating point.

An exported style first turns the bytes of the picture into numbers of [-1, 1], and turns them back at the end, as
`translate.export.to_onnx.ExportedStyle` writes it. Here both become steps of quantisation, so that an int8 style moves
single bytes where the picture is largest. A byte b stands for b / 127.5 - 1, which no zero point says exactly, for
those are whole numbers: with the scale 1 / 127.5 and the zero point 128 a byte reads as half a step too little. Who
takes the picture makes up for it: a convolution in its bias (the zeros round the picture then stay half a step off), an
addition to the result on the way out, where half a step more than the other way round is due. Needs the training extra.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx_ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from translate.style.contract import INPUT, OUTPUT

PICTURE, RESULT = "picture", "result"  # the tensors at the ends, float, with the values of bytes
BYTE_SCALE = 1 / 127.5
MIDDLE = 128  # the zero point of the picture

Steps = dict[str, float | None]  # kinds of nodes, with the constant they combine their data with
_MOVERS: Steps = {"Transpose": None, "Pad": None, "Slice": None}  # change no value: bytes and numbers alike
_FROM_BYTES: Steps = {"Cast": None, "Div": 127.5, "Sub": 1.0}  # in this order
_TO_BYTES: Steps = {"Add": 1.0, "Mul": 127.5, "Round": None, "Clip": None, "Cast": None}


def put_bytes_at_the_ends(model: onnx_ir.Model) -> dict[str, int]:
    """Rewrite the ends of ``model`` in place; its values stay, but for rounding and for the zeros round the picture.

    The network then takes `PICTURE`, dequantised from bytes, and gives `RESULT`, quantised to bytes. Returns the zero
    points of the two, whose scale is `BYTE_SCALE`. Empty: the ends are not as the export writes them, nothing is done.
    """
    graph = model.graph
    image = next(value for value in graph.inputs if value.name == INPUT)
    way_in = list(_way_in(image))
    way_out = list(_way_out(graph.outputs[0]))[::-1]
    if _arithmetic(way_in) != list(_FROM_BYTES.items()) or _arithmetic(way_out) != list(_TO_BYTES.items()):
        return {}

    signed = way_in[-1].outputs[0]
    picture = _insert(graph, "DequantizeLinear", [signed, *_bytes(graph, MIDDLE)], PICTURE)
    signed.replace_all_uses_with(picture)
    dequantise = picture.producer()
    assert dequantise is not None
    dequantise.replace_input_with(0, signed)

    leaving = way_out[0]
    result = _data(leaving)
    last = result.producer()
    adds_picture = last is not None and last.op_type == "Add" and picture in last.inputs and len(result.uses()) == 1
    _add_half_a_step(graph, picture, exempt=last if adds_picture else None)
    if adds_picture:
        zero, result.name = MIDDLE, RESULT
    else:
        zero, result = 0, _insert(graph, "Add", [result, constant(graph, "one", np.float32(1))], RESULT)
    quantised = _insert(graph, "QuantizeLinear", [result, *_bytes(graph, zero)], f"{RESULT}_bytes")
    leaving.replace_input_with(_data_position(leaving), quantised)

    for node in (*way_in, *way_out):
        if node.op_type not in _MOVERS:
            node.outputs[0].replace_all_uses_with(_data(node), replace_graph_outputs=True)
    RemoveUnusedNodesPass()(model)
    graph.sort()
    for node in graph:  # numbers became bytes: the types are to be derived anew
        for value in node.outputs:
            value.type = value.shape = None
    output = graph.outputs[0]
    output.name, output.type, output.shape = OUTPUT, image.type, image.shape
    return {PICTURE: MIDDLE, RESULT: zero}


def _way_in(value: onnx_ir.Value) -> Iterator[onnx_ir.Node]:
    """What the picture goes through before the network, as far as nothing else takes it."""
    while True:
        users = [node for node in value.consumers() if node.op_type != "Shape"]
        if len(users) != 1 or not _is_step(users[0], _MOVERS | _FROM_BYTES) or users[0].inputs[0] is not value:
            return
        yield users[0]
        value = users[0].outputs[0]


def _way_out(value: onnx_ir.Value) -> Iterator[onnx_ir.Node]:
    """What the result goes through after the network, backwards."""
    while True:
        node = value.producer()
        if node is None or not _is_step(node, _MOVERS | _TO_BYTES):
            return
        yield node
        value = _data(node)


def _is_step(node: onnx_ir.Node, steps: Steps) -> bool:
    """Whether ``node`` is one of ``steps``, with its constant; padding has to repeat pixels, for a zero is no byte."""
    if node.op_type not in steps or _constant_of(node) != steps[node.op_type]:
        return False
    return node.op_type != "Pad" or node.attributes.get_string("mode", "constant") != "constant"


def _arithmetic(nodes: list[onnx_ir.Node]) -> list[tuple[str, float | None]]:
    return [(node.op_type, _constant_of(node)) for node in nodes if node.op_type not in _MOVERS]


def _constant_of(node: onnx_ir.Node) -> float | None:
    """The scalar that an arithmetic node combines its data with."""
    if node.op_type not in ("Add", "Sub", "Mul", "Div"):
        return None
    constants = [value.const_value for value in node.inputs if value is not None and value.const_value is not None]
    return float(constants[0].numpy()) if len(constants) == 1 and constants[0].size == 1 else None


def _data_position(node: onnx_ir.Node) -> int:
    """Of the input that is not constant: sums and products may have it second."""
    return next(at for at, value in enumerate(node.inputs) if value is not None and value.const_value is None)


def _data(node: onnx_ir.Node) -> onnx_ir.Value:
    value = node.inputs[_data_position(node)]
    assert value is not None
    return value


def _add_half_a_step(graph: onnx_ir.Graph, picture: onnx_ir.Value, *, exempt: onnx_ir.Node | None) -> None:
    """Make up for the zero point wherever ``picture`` is taken, but in ``exempt``."""
    half_step, exact = BYTE_SCALE / 2, None
    for node, position in list(picture.uses()):
        if node is exempt:
            continue
        kernels, biases = (None if value is None else value.const_value for value in (*node.inputs, None, None)[1:3])
        if node.op_type == "Conv" and kernels is not None and biases is not None:
            sums = kernels.numpy().sum((1, 2, 3), dtype=np.float64)  # [out, in, h, w] -> [out]
            offsets = (biases.numpy() + half_step * sums).astype(np.float32)
            node.replace_input_with(2, constant(graph, f"{biases.name}_half_step", offsets))
        else:
            exact = exact or _insert(
                graph, "Add", [picture, constant(graph, "half_step", np.float32(half_step))], "exact_picture"
            )
            node.replace_input_with(position, exact)


def _bytes(graph: onnx_ir.Graph, zero_point: int) -> tuple[onnx_ir.Value, onnx_ir.Value]:
    """Scale and zero point of bytes."""
    return (
        constant(graph, "byte_scale", np.float32(BYTE_SCALE)),
        constant(graph, f"byte_{zero_point}", np.uint8(zero_point)),
    )


def constant(graph: onnx_ir.Graph, name: str, value: Any) -> onnx_ir.Value:
    if name not in graph.initializers:
        graph.register_initializer(onnx_ir.Value(name=name, const_value=onnx_ir.tensor(value, name=name)))
    return graph.initializers[name]


def _insert(graph: onnx_ir.Graph, op_type: str, inputs: list[onnx_ir.Value], name: str) -> onnx_ir.Value:
    """The output, called ``name``, of a new node at the end of ``graph``, which is to be sorted afterwards."""
    node = onnx_ir.node(op_type, inputs, name=f"node_{name}")
    node.outputs[0].name = name
    graph.append(node)
    return node.outputs[0]
