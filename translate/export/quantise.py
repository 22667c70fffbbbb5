"""A float32 style -> an int8 style: an ONNX file with the same contract that takes about half the time on CPUs.

Static quantisation as in Jacob et al. 2018 (Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference): bytes between the layers with one scale and zero point per tensor, and signed
weights with one scale per output channel, which onnxruntime fuses into integer convolutions. Weights have seven bits:
without VNNI, x86 adds two products of bytes in 16 bits, which would overflow with eight. The scales come from photos,
and from uniform colours and gradients at the edges of the gamut, which are rare in photos.

onnx and onnxruntime's quantiser are imported inside the functions: they come with the training extra.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from translate.errors import UserError
from translate.export.calibration import channel_peaks, domain_of_photo, load_photo, observe, synthetic_pictures
from translate.storage.atomic import write_atomically
from translate.style.contract import StyleInfo
from translate.style.session import read_style
from translate.style.translator import Translator

if TYPE_CHECKING:
    import onnx_ir
    from onnx import ModelProto, NodeProto

Pixels = NDArray[np.uint8]  # [H, W, 3]
Range = tuple[float, float]

MIN_PSNR_DB = 35.0  # against the float32 style; below it the difference is visible
QUANTISED = ("Conv", "Relu", "LeakyRelu", "Add", "Concat", "Resize", "DepthToSpace", "MaxPool", "Slice")
BINS = 2048  # per histogram
SHRINKAGES = np.linspace(1, 0.3, 15)  # factors to try on either end of a range
VECTOR = 8  # output channels that integer convolutions compute at a time
MIN_CHANNELS = 16
COLOUR_MATRIX = (3, 3, 1, 1)  # shape of the weight of a convolution that mixes the colours of each pixel


@dataclass(frozen=True)
class Loss:
    """What an int8 style loses against its float32 style, over photos."""

    psnr_db: float  # mean over the photos
    mean_difference: float  # mean absolute difference in the photo where it is largest, in 8-bit levels

    def __str__(self) -> str:
        return f"PSNR {self.psnr_db:.1f} dB, mean difference per photo up to {self.mean_difference:.2f} of 255"


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
    pictures = [*map(load_photo, photos), *synthetic_pictures()]
    tensors = frozenset().union(*channel_groups(model.graph))
    equalise_channels(model.graph, channel_peaks(onnx_ir.to_proto(model), tensors, pictures, info))
    _pad_output_channels(model.graph)
    quantised = _quantise(onnx_ir.to_proto(model), pictures, info, zero_points)

    info = replace(info, precision="int8", versions=info.versions | {"onnxruntime": onnxruntime.__version__})
    with TemporaryDirectory() as folder:
        unmeasured = Path(folder) / "int8.onnx"
        unmeasured.write_bytes(_with_info(quantised, info))
        loss = measure_loss(unmeasured, source, held_out)
    if loss.psnr_db < MIN_PSNR_DB:
        raise UserError(
            f"{output}: not written: int8 would lose too much, {loss}, below the minimum of {MIN_PSNR_DB:g} dB; "
            "calibrate with more photos of the kind it will convert, or leave <int8> out"
        )
    info = replace(info, psnr_to_fp32=round(loss.psnr_db, 2), mean_difference_to_fp32=round(loss.mean_difference, 3))
    write_atomically(output, _with_info(quantised, info))
    return loss


def measure_loss(style: Path, reference: Path, photos: Sequence[Path]) -> Loss:
    """What ``style`` loses against ``reference``, both on the CPU."""
    one, other = Translator(style, device="cpu"), Translator(reference, device="cpu")
    psnrs, means = [], []
    for number, photo in enumerate(photos):
        picture, domain = load_photo(photo)[None], domain_of_photo(one.info, number)
        difference = one(picture, domain).astype(np.float64) - other(picture, domain)
        squared = max(np.square(difference).mean(), 1 / difference.size)  # equal pictures count as one value off by one
        psnrs.append(10 * math.log10(255**2 / squared))
        means.append(np.abs(difference).mean())
    return Loss(float(np.mean(psnrs)), float(np.max(means)))


def _pad_output_channels(graph: onnx_ir.Graph) -> None:
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


def _quantise(
    model: ModelProto, pictures: Sequence[Pixels], info: StyleInfo, zero_points: dict[str, int]
) -> onnx_ir.Model:
    """Insert the quantisation nodes; the tensors in ``zero_points`` already hold byte values, of scale `BYTE_SCALE`."""
    import onnx_ir
    from onnx import shape_inference
    from onnx_ir.passes.common import RemoveUnusedNodesPass
    from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType, TensorsData

    from translate.export.uint8_ends import BYTE_SCALE, PICTURE

    model = shape_inference.infer_shapes(model)
    # Grouped convolutions of the picture, one group per colour, are seven times as fast in floating point, and matrices
    # of colours would have to be padded. For an enlargement of the picture the quantiser would wait forever;
    # onnxruntime makes it one of bytes by itself.
    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    as_they_are = [
        node.name
        for node in model.graph.node
        if (node.input and node.input[0] == PICTURE and (node.op_type == "Resize" or _grouped(node)))
        or (node.op_type == "Conv" and weights.get(node.input[1]) == COLOUR_MATRIX)
    ]
    ranges = {name: (np.float32(low), np.float32(high)) for name, (low, high) in _ranges(model, pictures, info).items()}
    quantiser = QDQQuantizer(
        model,
        True,  # one scale per output channel of the weights
        True,  # weights have seven bits
        QuantType.QInt8,
        QuantType.QUInt8,
        TensorsData(CalibrationMethod.MinMax, ranges),
        [],
        as_they_are,
        list(QUANTISED),
        {
            "TensorQuantOverrides": {
                name: [{"scale": np.array(BYTE_SCALE, np.float32), "zero_point": np.array(zero, np.uint8)}]
                for name, zero in zero_points.items()
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


def _grouped(node: NodeProto) -> bool:
    return any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute)


def _quantisation(node: onnx_ir.Node) -> list[float]:
    """Scale and zero point of a node that quantises or dequantises, if per tensor."""
    constants = [value.const_value for value in node.inputs[1:] if value is not None]
    return [float(constant.numpy()) for constant in constants if constant is not None and constant.size == 1]


def _ranges(model: ModelProto, pictures: Sequence[Pixels], info: StyleInfo) -> dict[str, Range]:
    """For each tensor that may be quantised, the range of values that its eight bits are to represent."""
    from onnx import TensorProto

    floats = {value.name for value in model.graph.value_info if value.type.tensor_type.elem_type == TensorProto.FLOAT}
    touched = {name for node in model.graph.node if node.op_type in QUANTISED for name in (*node.input, *node.output)}
    names = floats & touched
    limits: dict[str, Range] = dict.fromkeys(names, (0.0, 0.0))  # includes zero, as borders are padded with it
    for name, values in observe(model, names, pictures, info):
        limits[name] = min(limits[name][0], float(values.min())), max(limits[name][1], float(values.max()))
    counts = {name: np.zeros(BINS) for name in names}
    for name, values in observe(model, names, pictures, info):
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


def _with_info(model: onnx_ir.Model, info: StyleInfo) -> bytes:
    import onnx_ir

    model.metadata_props.clear()
    model.metadata_props.update(info.to_metadata())
    return onnx_ir.to_proto(model).SerializeToString()
