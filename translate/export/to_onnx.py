"""A generator -> one ONNX file that keeps the contract of `translate.style.contract`, checked against PyTorch.

The graph comes from torch.export, the exporter PyTorch maintains: it proves the number of pictures, height and width
free instead of tracing one size, and its graph comes out folded, without the layout and type changes that the older,
deprecated TorchScript exporter leaves. It takes seconds longer, which an export can bear.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from torch import Tensor, nn
from torch.nn import functional as F

from models import Generator
from translate import __version__
from translate.errors import UnusableError, UserError, one_line
from translate.media.images import from_signed_unit, to_signed_unit
from translate.storage.atomic import write_atomically
from translate.style.contract import DOMAIN, INPUT, OUTPUT, StyleInfo
from translate.style.session import ORT_ERRORS, read_contract
from translate.weights.checkpoint import DESCRIPTION, find, load_generator

OPSETS = range(18, 21)  # the exporter begins at 18; from 21 on onnxruntime lacks kernels on CUDA (its issue 26065)
DEFAULT_OPSET = 18
GENERATORS = {"AtoB": "generator", "BtoA": "generator_BA"}  # by direction: the network's name in a checkpoint
PARITY_SIZES = ((1, 1, 1), (1, 64, 64), (2, 37, 53), (3, 7, 130), (1, 131, 95))  # N, H, W


@dataclass(frozen=True)
class Tolerance:
    """How far the file may be from PyTorch in float32, in steps of 255."""

    largest: int
    mean: float


# float32: only values that lie halfway between two steps may round to the other side. float16 has 11 significant bits,
# three more than the steps need, and a deep network with normalisation spends them at single values: 6 steps were seen.
TOLERANCES = {"fp32": Tolerance(largest=1, mean=0.01), "fp16": Tolerance(largest=16, mean=0.5)}


@dataclass(frozen=True)
class SizeParity:
    """Differences between PyTorch and the file for pictures of one size, in steps of 255."""

    shape: tuple[int, int, int]  # N, H, W
    largest: int
    mean: float
    share: float  # of the values that differ at all, 0 to 1

    def __str__(self) -> str:
        size = " x ".join(map(str, self.shape))
        return f"{size}: largest difference {self.largest}, mean {self.mean:.4f}, {self.share:.2%} of the values differ"


@dataclass(frozen=True)
class ParityReport:
    sizes: tuple[SizeParity, ...]

    @property
    def largest(self) -> int:
        return max(size.largest for size in self.sizes)

    @property
    def mean(self) -> float:
        """The mean difference at the size where it is worst."""
        return max(size.mean for size in self.sizes)

    def within(self, tolerance: Tolerance) -> bool:
        return self.largest <= tolerance.largest and self.mean <= tolerance.mean


class ExportedStyle(nn.Module):
    """A generator between the ends of the contract: uint8 [N, H, W, 3] to the same, any N, H, W >= 1.

    A generator with domains also takes them as the contract has it: positions where they are ``exclusive``, else
    attributes.
    """

    def __init__(self, generator: Generator, *, exclusive: bool = True, fp16: bool = False) -> None:
        super().__init__()
        self.dtype = torch.float16 if fp16 else torch.float32
        self.stride = generator.stride
        self.one_hot = nn.Buffer(torch.eye(generator.domains, dtype=self.dtype)) if exclusive else None
        self.generator = copy.deepcopy(generator).cpu().to(self.dtype).requires_grad_(False)
        self.eval()

    def forward(self, image: Tensor, domain: Tensor | None = None) -> Tensor:
        _, height, width, _ = image.shape
        x = to_signed_unit(image.permute(0, 3, 1, 2).float())  # [N, H, W, 3] -> [N, 3, H, W]
        # Written as multiples of the stride, which the exporter simplifies through all layers, unlike a remainder, and
        # of positive numbers: ONNX's division of negative ones truncates.
        right = (width + self.stride - 1) // self.stride * self.stride - width
        bottom = (height + self.stride - 1) // self.stride * self.stride - height
        x = F.pad(x, (0, right, 0, bottom), mode="replicate")
        if domain is not None:  # a look-up, for onnxruntime then refuses positions that are not there
            domain = domain.to(self.dtype) if self.one_hot is None else F.embedding(domain, self.one_hot)  # [N, K]
        x = self.generator(x.to(self.dtype), domain).float()[:, :, :height, :width]
        return from_signed_unit(x).to(torch.uint8).permute(0, 2, 3, 1)


def load_run(
    run: Path,
    direction: str,
    *,
    title: str,
    licence: str = "unspecified",
    training_data: str = "unspecified",
    working_size: int | None = None,
) -> tuple[Generator, StyleInfo]:
    """The averaged generator of a run or checkpoint that goes in ``direction``, and what its style is to say of itself.

    ``working_size``, where given, goes before the run's own.
    Raises ``UserError`` where there is no checkpoint or no such generator, ``UnusableError`` where it cannot be loaded.
    """
    name = GENERATORS[direction]
    if direction == "BtoA" and not find(run).has_weights(f"{name}_ema"):
        raise UserError(
            f"<direction> {direction}: {run} has no generator that way, its method trains one alone; leave it out"
        )
    generator, checkpoint = load_generator(run, name)
    config = checkpoint.config
    try:
        return generator, StyleInfo(
            title=title,
            method=config["method"],
            generator=config["generator"],
            training_size=config["crop"],
            licence=licence,
            training_data=training_data,
            checkpoint_sha256=checkpoint.weights_sha256(f"{name}_ema"),
            domains=config.get("domain_names", []),
            exclusive=config.get("exclusive_domains", True),
            working_size=config.get("working_size", 0) if working_size is None else working_size,
        )
    except KeyError as error:
        raise UnusableError(f"{checkpoint.path / DESCRIPTION}: does not say {error}; train it anew") from error


def export_style(
    generator: Generator, info: StyleInfo, path: Path, *, opset: int = DEFAULT_OPSET, fp16: bool = False
) -> ParityReport:
    """Write ``generator`` as the style file ``path``, or nothing where it cannot be exported or differs from PyTorch.

    ``generator`` stays as it is; the file holds it in evaluation mode. Of ``info``, what the export itself decides is
    set here: stride, receptive field, tile safety, opset, precision and versions. Raises ``UserError``, also where
    ``info`` does not name the generator's domains.
    """
    if opset not in OPSETS:
        raise UserError(f"<opset> {opset}: choose one of {', '.join(map(str, OPSETS))}")
    if len(info.domains) != generator.domains:
        raise UserError(
            f"{path}: not written: generator {info.generator} has {generator.domains} domains, and the names of "
            f"{len(info.domains)} are given"
        )
    info = replace(
        info,
        stride=generator.stride,
        receptive_field=generator.receptive_field,
        tile_safe=generator.tile_safe,
        opset=opset,
        precision="fp16" if fp16 else "fp32",
        versions={"picture-translate": __version__, "torch": str(torch.__version__)},
    )
    content = _to_onnx(ExportedStyle(generator, exclusive=info.exclusive, fp16=fp16), info)
    try:
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        report = _parity(ExportedStyle(generator, exclusive=info.exclusive), session, info)
    except ORT_ERRORS as error:
        raise UserError(f"{path}: not written: it fails when run: {one_line(error)}") from error
    assert read_contract(session, path) == info
    tolerance = TOLERANCES[info.precision]
    if not report.within(tolerance):
        remedy = "leave <fp16> out" if fp16 else "try another <opset>"
        raise UserError(
            f"{path}: not written: it would differ from PyTorch by up to {report.largest} of 255, {report.mean:.3f} in "
            f"the mean, where {info.precision} allows {tolerance.largest} and {tolerance.mean:g}; {remedy}"
        )
    write_atomically(path, content)
    return report


def _to_onnx(style: ExportedStyle, info: StyleInfo) -> bytes:
    """The content of the file: graph, weights and metadata."""
    # no size is 1, which torch.export would take for a constant
    example = {INPUT: np.zeros((2, style.stride + 2, 2 * style.stride + 3, 3), np.uint8), **_domains(range(2), info)}
    free_sizes = {INPUT: {0: "N", 1: "H", 2: "W"}, DOMAIN: {0: "N"}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the libraries' own doings, which nobody who exports can act on
            program = torch.onnx.export(
                style,
                tuple(map(torch.from_numpy, example.values())),
                dynamo=True,
                input_names=list(example),
                output_names=[OUTPUT],
                dynamic_shapes=tuple(free_sizes[name] for name in example),
                opset_version=info.opset,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = one_line(error.__cause__ or error)
        raise UserError(f"generator {info.generator} cannot be exported to ONNX: {reason}") from error
    assert program is not None
    model = program.model
    ClearMetadataAndDocStringPass()(model)  # where in the source every node came from
    _name_shapes(model.graph)
    model.metadata_props.update(info.to_metadata())
    return onnx_ir.to_proto(model).SerializeToString()


def _name_shapes(graph: onnx_ir.Graph) -> None:
    """Say that the output is as large as the input, and drop what was derived between them: formulas of H and W."""
    for node in graph:
        for value in node.outputs:
            value.shape = None
    graph.outputs[0].shape = graph.inputs[0].shape


def _parity(style: ExportedStyle, session: onnxruntime.InferenceSession, info: StyleInfo) -> ParityReport:
    rng = np.random.default_rng(0)
    sizes = []
    seen = 0  # pictures so far
    for shape in PARITY_SIZES:
        image = _picture(rng, shape)
        inputs = {INPUT: image, **_domains(range(seen, seen + shape[0]), info)}
        seen += shape[0]
        with torch.inference_mode():
            expected = style(*map(torch.from_numpy, inputs.values())).numpy()
        (found,) = session.run([OUTPUT], inputs)
        assert found.shape == image.shape, f"{image.shape} became {found.shape}"
        difference = np.abs(found.astype(np.int16) - expected)
        sizes.append(SizeParity(shape, int(difference.max()), float(difference.mean()), float(np.mean(difference > 0))))
    return ParityReport(tuple(sizes))


def _domains(numbers: range, info: StyleInfo) -> dict[str, NDArray[Any]]:
    """The second input for the pictures of these ``numbers``, {} where the style has none.

    Number by number it goes through the domains; of attributes there hold none, the first, the first two and so on.
    """
    if not info.domains:
        return {}
    count, number = len(info.domains), np.array(numbers)
    if info.exclusive:
        return {DOMAIN: number % count}  # int64 [N]
    return {DOMAIN: (np.arange(count) < number[:, None] % (count + 1)).astype(np.float32)}  # [N, K]


def _picture(rng: np.random.Generator, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """uint8 [N, H, W, 3]: flat fields of random colour with grain, so edges and even regions as photos have them."""
    count, height, width = shape
    cell = 16
    fields = rng.integers(0, 256, (count, -(-height // cell), -(-width // cell), 3))
    fields = fields.repeat(cell, axis=1).repeat(cell, axis=2)[:, :height, :width]
    return np.clip(fields + rng.integers(-6, 7, fields.shape), 0, 255).astype(np.uint8)
