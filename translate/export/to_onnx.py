"""A generator -> one ONNX file that keeps the contract of `translate.style.contract`, checked against PyTorch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from models import ConditionalTranslation, Generator
from translate import __version__
from translate.errors import UnusableError, UserError, one_line
from translate.export.calibration import domain_of_photo
from translate.export.conditions import described_condition
from translate.export.graph import DEFAULT_OPSET, require_opset, write_graph
from translate.media.images import from_signed_unit, to_signed_unit
from translate.media.label_maps import label_colours
from translate.storage.atomic import write_atomically
from translate.style.contract import CONDITION, DOMAIN, INPUT, OUTPUT, StyleInfo
from translate.style.session import OnnxRuntimeError, domain_input, onnxruntime_call, read_contract
from translate.weights.checkpoint import DESCRIPTION, find, load_generator

GENERATORS = {"AtoB": "generator", "BtoA": "generator_BA"}  # direction -> the network's name in a checkpoint
PARITY_SIZES = ((1, 1, 1), (1, 64, 64), (2, 37, 53), (3, 7, 130), (1, 131, 95))  # N, H, W


@dataclass(frozen=True)
class Tolerance:
    """How much the file's output may differ from PyTorch's in float32, in 8-bit levels."""

    largest: int
    mean: float


# float32: only values halfway between two levels may round differently. float16 has 11 significant bits, three more
# than 8-bit levels need, and deep networks with normalisation use them up at single values: 6 levels were observed.
TOLERANCES = {"fp32": Tolerance(largest=1, mean=0.01), "fp16": Tolerance(largest=16, mean=0.5)}


@dataclass(frozen=True)
class SizeParity:
    """Differences between PyTorch's output and the file's at one size, in 8-bit levels."""

    shape: tuple[int, int, int]  # N, H, W
    largest: int
    mean: float
    share: float  # of values that differ at all, 0 to 1

    def __str__(self) -> str:
        size = " x ".join(map(str, self.shape))
        return f"{size}: largest difference {self.largest}, mean {self.mean:.4f}, {self.share:.2%} of the values differ"


@dataclass(frozen=True)
class ParityReport:
    """Differences between PyTorch's output and the file's at all `PARITY_SIZES`, in 8-bit levels."""

    sizes: tuple[SizeParity, ...]

    @property
    def largest(self) -> int:
        return max(size.largest for size in self.sizes)

    @property
    def mean(self) -> float:
        """The mean difference at the worst size."""
        return max(size.mean for size in self.sizes)

    def within(self, tolerance: Tolerance) -> bool:
        return self.largest <= tolerance.largest and self.mean <= tolerance.mean


class ExportedStyle(nn.Module):
    """A generator with the contract's inputs and outputs: uint8 [N, H, W, 3] to [N, scale H, scale W, 3].

    A generator of K inputs takes uint8 [N, H, W, 3 K]; with ``labels``, the first channel holds label numbers.

    A generator with domains also takes ``domain``, as the contract defines it: where domains are ``exclusive``, their
    indices, int64 [N]; else attributes of 0 and 1, float32 [N, K]. One with a condition takes its rows in that place,
    and encodes them in float32: values of attributes may be beyond the range of float16.
    """

    def __init__(self, generator: Generator, *, exclusive: bool = True, labels: int = 0, fp16: bool = False) -> None:
        super().__init__()
        self.colours = nn.Buffer(torch.from_numpy(label_colours(labels)).float()) if labels else None
        self.dtype = torch.float16 if fp16 else torch.float32
        self.stride, self.scale = generator.stride, generator.scale
        one_hot = exclusive and generator.domains
        self.one_hot = nn.Buffer(torch.eye(generator.domains, dtype=self.dtype)) if one_hot else None
        self.generator = copy.deepcopy(generator).cpu().to(self.dtype).requires_grad_(False)
        if isinstance(self.generator, ConditionalTranslation) and isinstance(generator, ConditionalTranslation):
            self.generator.condition = copy.deepcopy(generator.condition).cpu().float().requires_grad_(False)
        self.eval()

    def forward(self, image: Tensor, domain: Tensor | None = None) -> Tensor:
        _, height, width, _ = image.shape
        if self.colours is not None:
            image = F.embedding(image[..., 0].long(), self.colours)
        x = to_signed_unit(image.permute(0, 3, 1, 2).float())  # [N, H, W, 3] -> [N, 3, H, W]
        # As multiples of the stride, which the exporter simplifies through all layers, unlike a remainder; and of
        # positive numbers, as ONNX's integer division truncates negative ones.
        right = (width + self.stride - 1) // self.stride * self.stride - width
        bottom = (height + self.stride - 1) // self.stride * self.stride - height
        if self.stride > 1:
            x = F.pad(x, (0, right, 0, bottom), mode="replicate")
        if domain is not None and self.generator.domains:  # a lookup, so that onnxruntime rejects an index out of range
            domain = domain.to(self.dtype) if self.one_hot is None else F.embedding(domain, self.one_hot)  # [N, K]
        x = self.generator(x.to(self.dtype), domain).float()[:, :, : self.scale * height, : self.scale * width]
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
    """The averaged generator of a run or checkpoint for ``direction``, and the metadata of its style.

    ``working_size``, where given, overrides the run's own.
    Raises ``UserError`` where there is no checkpoint or no such generator, ``UnusableError`` where it cannot be loaded.
    """
    name = GENERATORS[direction]
    if direction == "BtoA" and not find(run).has_weights(f"{name}_ema"):
        raise UserError(
            f"<direction> {direction}: {run} has no generator in that direction: its method trains one; leave it out"
        )
    generator, checkpoint = load_generator(run, name)
    config = checkpoint.config
    try:
        method, architecture, training_size = config["method"], config["generator"], config["crop"]
    except KeyError as error:
        raise UnusableError(f"{checkpoint.path / DESCRIPTION}: lacks {error}; train again") from error
    return generator, StyleInfo(
        title=title,
        method=method,
        generator=architecture,
        training_size=training_size,
        licence=licence,
        training_data=training_data,
        checkpoint_sha256=checkpoint.weights_sha256(f"{name}_ema"),
        domains=config.get("domain_names", []),
        exclusive=config.get("exclusive_domains", True),
        inputs=config.get("input_names", []),
        labels=config.get("labels", 0),
        condition=described_condition(checkpoint),
        working_size=config.get("working_size", 0) if working_size is None else working_size,
    )


def export_style(
    generator: Generator, info: StyleInfo, path: Path, *, opset: int = DEFAULT_OPSET, fp16: bool = False
) -> ParityReport:
    """Write ``generator``, in evaluation mode, as the style file ``path``; ``generator`` itself stays unchanged.

    The export fills in the fields of ``info`` that it determines: scale, stride, receptive field, tile safety, opset,
    precision and versions. Raises ``UserError``, and writes nothing, where the generator cannot be exported, the file
    differs from PyTorch by more than `TOLERANCES`, or ``info`` does not name the generator's domains.
    """
    require_opset(opset)
    if bool(info.condition) != (generator.vector > 0):
        raise UserError(f"{path}: not written: its metadata and generator differ in whether there is a condition")
    if len(info.domains) != generator.domains:
        raise UserError(
            f"{path}: not written: generator {info.generator} has {generator.domains} domains, but "
            f"{len(info.domains)} domain names are given"
        )
    info = replace(
        info,
        scale=generator.scale,
        stride=generator.stride,
        receptive_field=generator.receptive_field,
        tile_safe=generator.tile_safe,
        opset=opset,
        precision="fp16" if fp16 else "fp32",
        versions={"picture-translate": __version__, "torch": str(torch.__version__)},
    )
    content = _to_onnx(ExportedStyle(generator, exclusive=info.exclusive, labels=info.labels, fp16=fp16), info)
    try:
        with onnxruntime_call():
            session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        report = _parity(ExportedStyle(generator, exclusive=info.exclusive, labels=info.labels), session, info)
    except OnnxRuntimeError as error:
        raise UserError(f"{path}: not written: onnxruntime cannot run it: {one_line(error)}") from error
    assert read_contract(session, path) == info
    tolerance = TOLERANCES[info.precision]
    if not report.within(tolerance):
        remedy = "leave <fp16> out" if fp16 else "try another <opset>"
        raise UserError(
            f"{path}: not written: it would differ from PyTorch by up to {report.largest} of 255, {report.mean:.3f} "
            f"on average; {info.precision} allows {tolerance.largest} and {tolerance.mean:g}; {remedy}"
        )
    write_atomically(path, content)
    return report


def _to_onnx(style: ExportedStyle, info: StyleInfo) -> bytes:
    """The bytes of the file: graph, weights and metadata."""
    # no size is 1, as torch.export specialises on 1
    example = {
        INPUT: np.zeros((2, style.stride + 2, 2 * style.stride + 3, 3 * info.pictures), np.uint8),
        **_domains(range(2), info),
    }
    free_sizes = {INPUT: {0: "N", 1: "H", 2: "W"}, DOMAIN: {0: "N"}, CONDITION: {0: "N"}}
    factor = f"{style.scale}*" if style.scale > 1 else ""
    return write_graph(
        style,
        example,
        free_sizes={name: free_sizes[name] for name in example},
        output_shape=["N", f"{factor}H", f"{factor}W", 3],  # instead of long expressions of H and W
        opset=info.opset,
        metadata=info.to_metadata(),
        name=info.generator,
    )


def _parity(style: ExportedStyle, session: onnxruntime.InferenceSession, info: StyleInfo) -> ParityReport:
    rng = np.random.default_rng(0)
    sizes = []
    count = 0  # pictures so far
    for shape in PARITY_SIZES:
        image = _test_picture(rng, shape, channels=3 * info.pictures)
        inputs = {INPUT: image, **_domains(range(count, count + shape[0]), info)}
        count += shape[0]
        with torch.inference_mode():
            expected = style(*map(torch.from_numpy, inputs.values())).numpy()
        with onnxruntime_call():
            (found,) = session.run([OUTPUT], inputs)
        assert found.shape == expected.shape, f"{image.shape} became {found.shape}, in PyTorch {expected.shape}"
        difference = np.abs(found.astype(np.int16) - expected)
        sizes.append(SizeParity(shape, int(difference.max()), float(difference.mean()), float(np.mean(difference > 0))))
    return ParityReport(tuple(sizes))


def _domains(numbers: range, info: StyleInfo) -> dict[str, NDArray[Any]]:
    """The second input for the pictures of these ``numbers``, {} where the style has none; domains take turns."""
    return domain_input(info, [domain_of_photo(info, number) for number in numbers])


def _test_picture(rng: np.random.Generator, shape: tuple[int, int, int], *, channels: int) -> NDArray[np.uint8]:
    """uint8 [N, H, W, channels]: random uniform squares with noise, so it has edges and smooth regions, like photos."""
    count, height, width = shape
    cell = 16
    fields = rng.integers(0, 256, (count, -(-height // cell), -(-width // cell), channels))
    fields = fields.repeat(cell, axis=1).repeat(cell, axis=2)[:, :height, :width]
    return np.clip(fields + rng.integers(-6, 7, fields.shape), 0, 255).astype(np.uint8)
