"""A style file -> the same without hidden channels that never fire: less arithmetic, the same pictures.

Training with ReLUs leaves dead channels: zero at every pixel of every picture. Where a ReLU stands between two
convolutions, the weights that produce or read such a channel do nothing. Dead channels are found by running photos, and
uniform colours and gradients at the edges of the gamut, which photos seldom have.

onnx_ir is imported inside the functions: it comes with the training extra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.export.calibration import channel_peaks, feeds_of, load_photo, synthetic_pictures
from translate.storage.atomic import write_atomically
from translate.style.session import read_style

if TYPE_CHECKING:
    import onnx_ir

CHANNEL_MULTIPLE = 16  # widths that are multiples of this suit the vector units, for int8 as well as float32


@dataclass(frozen=True)
class ConvPair:
    """Two convolutions with a ReLU between them, whose output goes nowhere else."""

    before: onnx_ir.Node
    relu: onnx_ir.Node
    after: onnx_ir.Node


def prune_style(source: Path, output: Path, photos: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """Write the style ``source`` as ``output``, without the hidden channels that are zero on all ``photos``.

    Returns the channels kept and the channels before, by the name of the first convolution's output, for each pair.
    Raises ``UserError`` where there are no photos, ``PictureError`` for one that cannot be read.
    """
    import onnx_ir

    if not photos:
        raise UserError(f"{output}: not written: give photos, to find the channels that never fire")
    info = read_style(source)
    model = onnx_ir.load(source)
    pairs = list(_pairs(model.graph))
    feeds = feeds_of(chain(map(load_photo, photos), synthetic_pictures()), info)
    peaks = channel_peaks(onnx_ir.to_proto(model), [_hidden(pair) for pair in pairs], feeds)
    kept = {}
    for pair in pairs:
        peak = peaks[_hidden(pair)]
        # dead channels fill up the width to a multiple
        multiples = -(-int((peak > 0).sum()) // CHANNEL_MULTIPLE)
        width = min(len(peak), max(1, multiples) * CHANNEL_MULTIPLE)
        channels = np.sort(np.argsort(-peak, kind="stable")[:width])
        kept[pair.before.outputs[0].name or ""] = width, len(peak)
        _keep_channels(pair.before, 1, channels, axis=0)
        if len(pair.before.inputs) > 2:
            _keep_channels(pair.before, 2, channels, axis=0)
        _keep_channels(pair.after, 1, channels, axis=1)
    write_atomically(output, onnx_ir.to_proto(model).SerializeToString())
    return kept


def _hidden(pair: ConvPair) -> str:
    """The name of what passes from one convolution to the other."""
    return pair.relu.outputs[0].name or ""


def _pairs(graph: onnx_ir.Graph) -> Iterator[ConvPair]:
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
            yield ConvPair(before, relu, users[0])


def _keep_channels(node: onnx_ir.Node, position: int, channels: NDArray[np.intp], *, axis: int) -> None:
    """Keep only ``channels`` of a convolution's weights (``position`` 1) or bias (2)."""
    import onnx_ir

    value = node.inputs[position]
    assert value is not None and value.const_value is not None
    kept = np.ascontiguousarray(value.const_value.numpy().take(channels, axis))
    value.const_value = onnx_ir.tensor(kept, name=value.name)
    value.shape = onnx_ir.Shape(kept.shape)
