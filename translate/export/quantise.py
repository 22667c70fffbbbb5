"""A float32 style -> an int8 style: an ONNX file with the same contract that takes about half the time on CPUs.

`translate.export.integers` says how. The scales come from photos, and from uniform colours and gradients at the edges
of the gamut, which are rare in photos.

onnx and onnx_ir are imported inside the functions: they come with the training extra.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from translate.errors import UserError
from translate.export.calibration import channel_peaks, domain_of_photo, feeds_of, load_photo, synthetic_pictures
from translate.export.integers import COLOUR_MATRIX, file_of, pad_output_channels, quantise_graph
from translate.storage.atomic import write_atomically
from translate.style.session import read_style
from translate.style.translator import Translator

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Pictures = NDArray[np.uint8]  # [..., H, W, 3]

MIN_PSNR_DB = 35.0  # against the float32 style; below it the difference is visible
QUANTISED = ("Conv", "Relu", "LeakyRelu", "Add", "Concat", "Resize", "DepthToSpace", "MaxPool", "Slice")


@dataclass(frozen=True)
class Loss:
    """What an int8 network loses against its float32 network, over pictures."""

    psnr_db: float  # mean over the pictures
    mean_difference: float  # mean absolute difference in the picture where it is largest, in 8-bit levels

    def __str__(self) -> str:
        return f"PSNR {self.psnr_db:.1f} dB, mean difference per picture up to {self.mean_difference:.2f} of 255"


def quantise_style(source: Path, output: Path, photos: Sequence[Path], held_out: Sequence[Path]) -> Loss:
    """Write the float32 style ``source`` as the int8 style ``output``, calibrated with ``photos``.

    Its loss against ``source`` is measured on ``held_out`` and stored in its metadata. Domains alternate between
    photos. Raises ``UserError``, and writes nothing, where ``source`` is not a float32 style from `export_style`,
    the loss is too large, or there are no photos; ``PictureError`` for a photo that cannot be read.
    """
    import onnx_ir

    from translate.export.equalise import channel_groups, equalise_channels
    from translate.export.uint8_ends import quantise_ends

    if not photos or not held_out:
        raise UserError(f"{output}: not written: give photos to calibrate with, and others to measure the loss on")
    info = read_style(source)
    if info.precision != "fp32":
        raise UserError(f"{source}: is {info.precision}; int8 is made from an fp32 style, export one first")
    model = onnx_ir.load(source)
    zero_points = quantise_ends(model)
    if not zero_points:
        raise UserError(f"{source}: its input and output are not as `translate export` writes them; export it again")
    feeds = list(feeds_of([*map(load_photo, photos), *synthetic_pictures()], info))
    tensors = frozenset().union(*channel_groups(model.graph))
    equalise_channels(model.graph, channel_peaks(onnx_ir.to_proto(model), tensors, feeds))
    pad_output_channels(model.graph)
    proto = onnx_ir.to_proto(model)
    quantised = quantise_graph(proto, feeds, QUANTISED, zero_points=zero_points, float_nodes=_float_nodes(proto))

    info = replace(info, precision="int8", versions=info.versions | {"onnxruntime": onnxruntime.__version__})
    with TemporaryDirectory() as folder:
        unmeasured = Path(folder) / "int8.onnx"
        unmeasured.write_bytes(file_of(quantised, info.to_metadata()))
        loss = measure_loss(unmeasured, source, held_out)
    if loss.psnr_db < MIN_PSNR_DB:
        raise UserError(
            f"{output}: not written: int8 would lose too much, {loss}, below the minimum of {MIN_PSNR_DB:g} dB; "
            "calibrate with more photos of the kind it will convert, or leave <int8> out"
        )
    info = replace(info, psnr_to_fp32=round(loss.psnr_db, 2), mean_difference_to_fp32=round(loss.mean_difference, 3))
    write_atomically(output, file_of(quantised, info.to_metadata()))
    return loss


def measure_loss(style: Path, reference: Path, photos: Sequence[Path]) -> Loss:
    """What ``style`` loses against ``reference``, both on the CPU."""
    one, other = Translator(style, device="cpu"), Translator(reference, device="cpu")

    def pairs() -> Iterator[tuple[Pictures, Pictures]]:
        for number, photo in enumerate(photos):
            picture, domain = load_photo(photo)[None], domain_of_photo(one.info, number)
            yield one(picture, domain), other(picture, domain)

    return loss_between(pairs())


def loss_between(pairs: Iterable[tuple[Pictures, Pictures]]) -> Loss:
    """What the first of each of ``pairs`` lost against the second."""
    psnrs, means = [], []
    for picture, reference in pairs:
        difference = picture.astype(np.float64) - reference
        squared = max(np.square(difference).mean(), 1 / difference.size)  # equal pictures count as one value off by one
        psnrs.append(10 * math.log10(255**2 / squared))
        means.append(np.abs(difference).mean())
    return Loss(float(np.mean(psnrs)), float(np.max(means)))


def _float_nodes(model: ModelProto) -> list[str]:
    """The names of the nodes that are better left in floating point.

    Grouped convolutions of the picture, one group per colour, are seven times as fast there, and matrices of colours
    would have to be padded. For an enlargement of the picture the quantiser would wait forever; onnxruntime makes it
    one of bytes by itself.
    """
    from translate.export.uint8_ends import PICTURE

    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if (node.input and node.input[0] == PICTURE and (node.op_type == "Resize" or _grouped(node)))
        or (node.op_type == "Conv" and weights.get(node.input[1]) == COLOUR_MATRIX)
    ]


def _grouped(node: NodeProto) -> bool:
    return any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute)
