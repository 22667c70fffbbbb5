"""A noise generator -> one ONNX file that keeps the contract of samplers, checked against PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models import NoiseGenerator
from translate import __version__
from translate.errors import UnusableError, UserError, one_line
from translate.export.conditions import described_condition
from translate.export.graph import DEFAULT_OPSET, require_opset, write_graph
from translate.export.to_onnx import TOLERANCES, ParityReport, SizeParity
from translate.media.images import from_signed_unit
from translate.storage.atomic import write_atomically
from translate.style.contract import CONDITION, OUTPUT
from translate.style.latents import noise
from translate.style.sampler import read_sampler_contract
from translate.style.sampler_contract import NOISE, STRENGTH, SamplerInfo
from translate.style.session import OnnxRuntimeError, onnxruntime_call
from translate.weights.checkpoint import DESCRIPTION, load_noise_generator

PARITY_COUNTS = (1, 4, 7)  # pictures at a time


class ExportedSampler(nn.Module):
    """A noise generator with the contract's inputs and output: float32 [N, z_dim] to uint8 [N, size, size, 3]."""

    def __init__(self, generator: NoiseGenerator) -> None:
        super().__init__()
        self.generator = copy.deepcopy(generator).cpu().float().requires_grad_(False)
        self.eval()
        _keep_only_normalised_weights(self.generator)
        _fold_batch_normalisation(self.generator)

    def forward(self, z: Tensor, condition: Tensor | None = None, strength: Tensor | None = None) -> Tensor:
        given = [each for each in (condition, strength) if each is not None]
        return from_signed_unit(self.generator(z, *given)).to(torch.uint8).permute(0, 2, 3, 1)


def _keep_only_normalised_weights(network: nn.Module) -> None:
    """Replace spectral normalisation, in evaluation mode, by the weights that it gives.

    Not by PyTorch's own function, which takes the property ``weight`` from a class that copies of a network share.
    """
    for module in list(network.modules()):
        if parametrize.is_parametrized(module, "weight"):
            weight = getattr(module, "weight").detach()  # noqa: B009  a plain attribute would be typed as a module
            module.__class__ = parametrize.type_before_parametrizations(module)
            del module.parametrizations
            module.register_parameter("weight", nn.Parameter(weight, requires_grad=False))


def _fold_batch_normalisation(network: nn.Module) -> None:
    """Multiply what follows a convolution into its weights, in evaluation mode: bytes then need one step, not two."""
    for layers in list(network.modules()):
        if not isinstance(layers, nn.Sequential):
            continue
        for index, (before, after) in enumerate(pairwise(list(layers))):
            if isinstance(before, nn.Conv2d | nn.ConvTranspose2d) and isinstance(after, nn.BatchNorm2d):
                layers[index] = fuse_conv_bn_eval(before, after, isinstance(before, nn.ConvTranspose2d))
                layers[index + 1] = nn.Identity()


def load_sampler_run(
    run: Path, *, title: str, licence: str = "unspecified", training_data: str = "unspecified"
) -> tuple[NoiseGenerator, SamplerInfo]:
    """The averaged generator of a run or checkpoint, and the metadata of its sampler.

    Raises ``UserError`` where there is no checkpoint or it translates pictures, ``UnusableError`` where it cannot be
    loaded.
    """
    generator, checkpoint = load_noise_generator(run)
    try:
        method, architecture = checkpoint.config["method"], checkpoint.config["generator"]
    except KeyError as error:
        raise UnusableError(f"{checkpoint.path / DESCRIPTION}: lacks {error}; train again") from error
    return generator, SamplerInfo(
        title=title,
        method=method,
        generator=architecture,
        z_dim=generator.z_dim,
        size=generator.size,
        licence=licence,
        training_data=training_data,
        checkpoint_sha256=checkpoint.weights_sha256("generator_ema"),
        condition=described_condition(checkpoint),
    )


def example_inputs(info: SamplerInfo, seeds: Sequence[int]) -> dict[str, NDArray[Any]]:
    """Random inputs by name, a picture's for each of ``seeds``."""
    inputs: dict[str, NDArray[Any]] = {NOISE: noise(seeds, info.z_dim)}
    condition = info.conditions
    if condition is None:
        return inputs
    inputs[CONDITION] = np.stack([condition.example(seed) for seed in seeds])
    if condition.optional:
        inputs[STRENGTH] = 2 * np.random.default_rng(len(seeds)).random((len(seeds), 1), np.float32)
    return inputs


def export_sampler(
    generator: NoiseGenerator, info: SamplerInfo, path: Path, *, opset: int = DEFAULT_OPSET
) -> ParityReport:
    """Write ``generator`` as the sampler file ``path``; ``generator`` itself stays unchanged.

    The export fills in the opset and the versions of ``info``. Raises ``UserError``, and writes nothing, where the
    generator cannot be exported or the file differs from PyTorch by more than `TOLERANCES`.
    """
    require_opset(opset)
    info = replace(info, opset=opset, versions={"picture-translate": __version__, "torch": str(torch.__version__)})
    network = ExportedSampler(generator)
    examples = example_inputs(info, range(2))
    content = write_graph(
        network,
        examples,
        free_sizes={name: {0: "N"} for name in examples},
        output_shape=["N", info.size, info.size, 3],
        opset=opset,
        metadata=info.to_metadata(),
        name=info.generator,
    )
    try:
        with onnxruntime_call():
            session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        report = _parity(network, session, info)
    except OnnxRuntimeError as error:
        raise UserError(f"{path}: not written: onnxruntime cannot run it: {one_line(error)}") from error
    assert read_sampler_contract(session, path) == info
    tolerance = TOLERANCES[info.precision]
    if not report.within(tolerance):
        raise UserError(
            f"{path}: not written: it would differ from PyTorch by up to {report.largest} of 255, {report.mean:.3f} "
            f"on average; {info.precision} allows {tolerance.largest} and {tolerance.mean:g}; try another <opset>"
        )
    write_atomically(path, content)
    return report


def _parity(network: ExportedSampler, session: onnxruntime.InferenceSession, info: SamplerInfo) -> ParityReport:
    sizes = []
    for count in PARITY_COUNTS:
        inputs = example_inputs(info, range(count))
        with torch.inference_mode():
            expected = network(*map(torch.from_numpy, inputs.values())).numpy()
        with onnxruntime_call():
            (found,) = session.run([OUTPUT], inputs)
        difference = np.abs(found.astype(np.int16) - expected)
        shape = (count, info.size, info.size)
        sizes.append(SizeParity(shape, int(difference.max()), float(difference.mean()), float(np.mean(difference > 0))))
    return ParityReport(tuple(sizes))
