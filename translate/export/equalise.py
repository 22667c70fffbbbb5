"""Scale channels to similar ranges before quantisation, without changing what the network computes.

An int8 tensor has one scale for all its channels, so a channel of small values uses few of the 256 levels. ReLU,
addition and resizing commute with multiplying a channel by a positive number. So a channel can be divided by a factor
in the convolutions that write it and multiplied by it in those that read it: cross-layer equalisation (Nagel et al.
2019, arXiv:1906.04721, section 4.1). Departures: the factors come from observed activations, not from the ranges of the
weights; tensors that are added together, as along residual blocks, share theirs; and they even out half of the
difference on a logarithmic scale, as evening out all of it makes the weights harder to quantise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import onnx_ir
from numpy.typing import NDArray

from translate.export.uint8_ends import constant

COMMUTING = ("Relu", "LeakyRelu", "Add", "Resize", "MaxPool")  # with a positive factor per channel
STRENGTH = 0.5  # share of the difference between channels, on a logarithmic scale, that is evened out
MIN_PEAK = 1e-3  # of the largest channel's peak; smaller peaks are raised to it

Group = frozenset[str]  # names of tensors whose channels share their factors


def channel_groups(graph: onnx_ir.Graph) -> list[Group]:
    """The groups of tensors whose channels may be scaled: only convolutions and `COMMUTING` nodes use them."""
    links: dict[str, set[str]] = defaultdict(set)
    fixed = {value.name for value in (*graph.inputs, *graph.outputs)}
    for node in graph:
        tensors = [value.name or "" for value in _tensors(node)]
        if node.op_type in COMMUTING and _commutes(node):
            for one, other in pairwise(tensors):
                links[one].add(other)
                links[other].add(one)
        elif node.op_type == "Conv" and _weights(node) is not None:
            links.update({name: links[name] for name in tensors})
        else:
            fixed.update(tensors)
    return [group for group in _connected(links) if not group & fixed]


def equalise_channels(graph: onnx_ir.Graph, peaks: Mapping[str, NDArray[np.float32]]) -> None:
    """Scale the weights of ``graph`` in place; its outputs stay the same up to rounding.

    ``peaks``: the largest absolute value per channel, [C], of each tensor in the `channel_groups`.
    """
    for group in channel_groups(graph):
        peak = np.max([peaks[name] for name in sorted(group)], axis=0).astype(np.float64)
        if peak.max() == 0:
            continue
        peak = np.maximum(peak, MIN_PEAK * peak.max())
        factors = (peak / np.exp(np.log(peak).mean())) ** STRENGTH
        for node in graph:
            if node.op_type != "Conv" or _weights(node) is None:
                continue
            if _name(node.outputs[0]) in group:
                _multiply(graph, node, 1, 1 / factors[:, None, None, None])
                _multiply(graph, node, 2, 1 / factors)
            if _name(node.inputs[0]) in group:
                _multiply(graph, node, 1, factors[:, None, None])


def _tensors(node: onnx_ir.Node) -> list[onnx_ir.Value]:
    """The node's outputs, and the inputs that are not constant."""
    return [value for value in (*node.inputs, *node.outputs) if value is not None and value.const_value is None]


def _commutes(node: onnx_ir.Node) -> bool:
    """Whether the node adds no constant, which would need scaling too."""
    return node.op_type != "Add" or len(_tensors(node)) == 3


def _weights(node: onnx_ir.Node) -> onnx_ir.Value | None:
    """The weights of a convolution if they are constant and it has a single group, else ``None``."""
    constants = all(value is None or value.const_value is not None for value in node.inputs[1:])
    return node.inputs[1] if constants and node.attributes.get_int("group", 1) == 1 else None


def _name(value: onnx_ir.Value | None) -> str:
    assert value is not None
    return value.name or ""


def _connected(links: Mapping[str, set[str]]) -> Iterator[Group]:
    """The connected components of a graph, given as the neighbours of each node."""
    remaining = set(links)
    while remaining:
        component, frontier = set[str](), {min(remaining)}
        while frontier:
            component |= frontier
            frontier = {neighbour for name in frontier for neighbour in links[name]} - component
        remaining -= component
        yield frozenset(component)


def _multiply(graph: onnx_ir.Graph, node: onnx_ir.Node, position: int, factors: NDArray[np.float64]) -> None:
    """Multiply the constant input ``position`` of ``node``, if it has one, by ``factors``, for this node only."""
    value = node.inputs[position] if position < len(node.inputs) else None
    if value is None or value.const_value is None:
        return
    scaled = (value.const_value.numpy() * factors).astype(np.float32)
    name = f"{node.name}_{position}_equalised"
    while name in graph.initializers:
        name += "_again"
    node.replace_input_with(position, constant(graph, name, scaled))
