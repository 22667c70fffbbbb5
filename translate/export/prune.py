"""A style file -> the same without hidden channels that never fire: less arithmetic, the same pictures.

Training with ReLUs leaves channels behind that are zero wherever a network looks. Of a convolution, a ReLU and a second
convolution, the one's kernels and the other's weights of such a channel do nothing. Which they are is observed on
pictures, and on fields and ramps at the edges of the gamut, which pictures seldom have.

onnx_ir is imported inside the functions: it comes with the training extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from translate.errors import UserError
from translate.export.calibration import fields, load_photo, session_inputs
from translate.storage.atomic import write_atomically
from translate.style.session import read_style

if TYPE_CHECKING:
    import onnx_ir

VECTOR = 16  # channels in steps of which widths suit processors, integers as well as floats


@dataclass(frozen=True)
class Pair:
    """Two convolutions with a ReLU between them, and nothing else that sees what it gives."""

    before: onnx_ir.Node
    relu: onnx_ir.Node
    after: onnx_ir.Node


def prune_style(source: Path, output: Path, photos: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """Write the style ``source`` without hidden channels that are zero all over ``photos``, as ``output``.

    Returns for each pair of convolutions, by the name of what the first one gives, the channels kept and those it had.
    Raises ``UserError`` where there are no photos, ``PictureError`` for one that cannot be read.
    """
    import onnx_ir

    if not photos:
        raise UserError(f"{output}: not written: give photos to see which channels never fire")
    info = read_style(source)
    model = onnx_ir.load(source)
    pairs = list(_pairs(model.graph))
    outputs = list(model.graph.outputs)
    model.graph.outputs[:] = [pair.relu.outputs[0] for pair in pairs]
    session = onnxruntime.InferenceSession(
        onnx_ir.to_proto(model).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    model.graph.outputs[:] = outputs
    greatest: list[NDArray[np.float32]] = []
    for number, picture in enumerate([*map(load_photo, photos), *fields()]):
        found = [maps.max((0, 2, 3)) for maps in session.run(None, session_inputs(info, number, picture))]
        greatest = [np.maximum(*both) for both in zip(greatest, found, strict=True)] if greatest else found
    kept = {}
    for pair, most in zip(pairs, greatest, strict=True):
        # filled up to whole vectors by channels that do nothing
        width = min(len(most), max(VECTOR, -(-int((most > 0).sum()) // VECTOR) * VECTOR))
        channels = np.sort(np.argsort(-most, kind="stable")[:width])
        kept[pair.before.outputs[0].name or ""] = width, len(most)
        _take(pair.before, 1, channels, axis=0)
        if len(pair.before.inputs) > 2:
            _take(pair.before, 2, channels, axis=0)
        _take(pair.after, 1, channels, axis=1)
    write_atomically(output, onnx_ir.to_proto(model).SerializeToString())
    return kept


def _pairs(graph: onnx_ir.Graph) -> Iterator[Pair]:
    for relu in graph:
        if relu.op_type != "Relu" or relu.outputs[0].is_graph_output():
            continue
        before = relu.inputs[0].producer() if relu.inputs[0] is not None else None
        users = list(relu.outputs[0].consumers())
        if before is None or len(users) != 1 or len(before.outputs[0].consumers()) != 1:
            continue
        convolutions = (before, users[0])
        if all(node.op_type == "Conv" and node.attributes.get_int("group", 1) == 1 for node in convolutions) and all(
            value is not None and value.const_value is not None for node in convolutions for value in node.inputs[1:]
        ):
            yield Pair(before, relu, users[0])


def _take(node: onnx_ir.Node, position: int, channels: NDArray[np.intp], *, axis: int) -> None:
    """Keep ``channels`` of the weights (position 1) or of the bias (2) of a convolution."""
    import onnx_ir

    value = node.inputs[position]
    assert value is not None and value.const_value is not None
    taken = np.ascontiguousarray(value.const_value.numpy().take(channels, axis))
    value.const_value = onnx_ir.tensor(taken, name=value.name)
    value.shape = onnx_ir.Shape(taken.shape)
