"""Checkpoints: written whole or not at all, self-describing, loaded without running code from the file.

``RUN/checkpoints/step-000010000/`` holds one ``.safetensors`` per network, ``state.pt`` (optimizers, gradient scaler
and the like, loadable with ``weights_only=True``) and ``checkpoint.json`` (step and configuration).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models import (
    NOISE_GENERATORS,
    Generator,
    NoiseGenerator,
    Prior,
    WithPrior,
    build_condition,
    build_conditional_generator,
    build_conditional_translation,
    build_generator,
    build_noise_generator,
)
from translate.errors import UnusableError, UserError, one_line, parse_nested
from translate.weights.safe_load import load_state, load_tensors

DESCRIPTION = "checkpoint.json"
STATE = "state.pt"
FOLDER = "checkpoints"  # in the folder of a run
CONDITION = "condition_network"  # in the configuration: the options of the network of a condition
PRIOR = "prior"  # the name of a `Prior` among the networks
_NAME = re.compile(r"step-(\d{9})")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint's folder, step and configuration. Missing and damaged files raise ``UnusableError`` when read."""

    path: Path
    step: int
    config: dict[str, Any]

    def has_weights(self, name: str) -> bool:
        return (self.path / f"{name}.safetensors").is_file()

    @property
    def from_noise(self) -> bool:
        """Whether its generator makes pictures from noise, instead of translating them."""
        return self.config.get("generator") in NOISE_GENERATORS

    def weights(self, name: str) -> dict[str, Tensor]:
        """The tensors of the network called ``name``."""
        with _readable(self.path / f"{name}.safetensors") as file:
            return load_tensors(file)

    def weights_sha256(self, name: str) -> str:
        with _readable(self.path / f"{name}.safetensors") as file:
            return hashlib.sha256(file.read_bytes()).hexdigest()

    def state(self, device: torch.device) -> dict[str, Any]:
        if device.type == "cpu":  # processes that share a CPU may call it cpu:0, which `torch.load` does not know
            device = torch.device("cpu")
        with _readable(self.path / STATE) as file:
            return load_state(file, device)


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[Path]:
    try:
        yield file
    except (OSError, ValueError) as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {one_line(error)}"
        raise UnusableError(f"{file}: {reason}; remove {file.parent} to go on from the checkpoint before it") from error


def checkpoints(run: Path) -> list[Checkpoint]:
    """The run's complete checkpoints, oldest first."""
    folder = run / FOLDER
    names = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return [read(path) for path in sorted(names)]


def read(path: Path) -> Checkpoint:
    """The checkpoint in the folder ``path``. Raises ``UnusableError`` where it holds none."""
    with _readable(path / DESCRIPTION) as file:
        description = parse_nested(json.loads, file.read_text(encoding="utf-8"))
    try:
        return Checkpoint(path, int(description["step"]), dict(description["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UnusableError(f"{file}: does not describe a checkpoint") from error


def find(path: Path) -> Checkpoint:
    """The checkpoint ``path``, or the newest one of the run ``path``. Raises ``UserError`` where there is none."""
    if (path / DESCRIPTION).is_file():
        return read(path)
    if not path.is_dir():
        raise UserError(f"{path}: no such run: give the folder that `translate train --out` wrote")
    found = checkpoints(path)
    if not found:
        raise UserError(f"{path}: holds no checkpoint yet: give the folder that `translate train --out` wrote")
    return found[-1]


def save(
    run: Path,
    step: int,
    *,
    config: Mapping[str, Any],
    weights: Mapping[str, Mapping[str, Tensor]],
    state: Any,
    keep: int,
) -> Path:
    """Write the checkpoint of ``step`` under a temporary name, sync it, rename it; then drop old ones beyond ``keep``.

    Errors of ``safetensors``, PyTorch or the system pass through, and nothing is left of the checkpoint.
    """
    folder = run / FOLDER
    final = folder / f"step-{step:09d}"
    temporary = folder / f".writing-{step:09d}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for name, tensors in weights.items():
            # safetensors refuses memory shared between names and strides other than the plain ones
            plain = {
                key: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
                for key, tensor in tensors.items()
            }
            save_file(plain, temporary / f"{name}.safetensors")
        torch.save(state, temporary / STATE)
        description = json.dumps({"step": step, "config": dict(config)}, indent=2)
        (temporary / DESCRIPTION).write_text(description, encoding="utf-8")
        for file in temporary.iterdir():
            _sync(file)
        _sync(temporary)
    except BaseException:  # a full disk needs the space
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    # the same step may be saved again: the best checkpoint, after a resume from an earlier step
    superfluous = [_set_aside(final)] if final.exists() else []
    temporary.rename(final)
    _sync(folder)
    others = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path != final)
    superfluous += [_set_aside(path) for path in others[: max(0, len(others) + 1 - keep)]]
    for path in superfluous:
        shutil.rmtree(path)
    return final


def _set_aside(checkpoint: Path) -> Path:
    """Rename it before removing it: half a checkpoint must not look like a whole one."""
    return checkpoint.rename(checkpoint.with_name(f".removing-{checkpoint.name}"))


def remove_unfinished(run: Path) -> None:
    """Drop what a killed run left half-written or half-removed."""
    for path in (run / FOLDER).glob(".*"):
        shutil.rmtree(path)


def _sync(path: Path) -> None:
    """Flush the file or folder to the disk, so that a power cut after the rename cannot leave it empty."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load_weights(network: nn.Module, tensors: Mapping[str, Tensor], *, source: Path) -> None:
    """Load ``tensors`` into ``network``; weights of another architecture raise ``UnusableError``."""
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise UnusableError(
            f"{source}: holds weights of another architecture than its configuration says "
            f"({type(network).__name__}): train it again"
        ) from error


def _refuse_captions(checkpoint: Checkpoint, path: Path) -> None:
    if checkpoint.config.get("method") == "sequence":
        raise UserError(f"{path}: makes captions, not pictures; `translate sample` prints them with <invent>")


def load_generator(path: Path, name: str = "generator") -> tuple[Generator, Checkpoint]:
    """The averaged (EMA) network ``name`` of a run or checkpoint, in evaluation mode, and the checkpoint."""
    checkpoint = find(path)
    _refuse_captions(checkpoint, path)
    if checkpoint.from_noise:
        raise UserError(f"{path}: makes pictures from noise and translates none; use `translate sample {path}`")
    try:
        architecture, options = checkpoint.config["generator"], checkpoint.config["generator_options"]
        if CONDITION in checkpoint.config:
            condition = build_condition(**checkpoint.config[CONDITION])
            generator: Generator = build_conditional_translation(architecture, condition, **options)
        else:
            generator = build_generator(architecture, **options)
    except (KeyError, TypeError, ValueError) as error:
        raise UnusableError(f"{checkpoint.path / DESCRIPTION}: names no generator of this program: {error}") from error
    load_weights(generator, checkpoint.weights(f"{name}_ema"), source=checkpoint.path)
    return generator.eval(), checkpoint


def load_noise_generator(path: Path) -> tuple[NoiseGenerator, Checkpoint]:
    """The averaged generator of a run or checkpoint, for standard normal noise, in evaluation mode; the checkpoint.

    Raises ``UserError`` where it translates pictures instead.
    """
    checkpoint = find(path)
    _refuse_captions(checkpoint, path)
    if not checkpoint.from_noise:
        raise UserError(f"{path}: translates pictures and makes none from noise; use `translate export` and `convert`")
    config = checkpoint.config
    try:
        options = config["generator_options"] | {"size": config["crop"]}
        if CONDITION in config:
            condition = build_condition(**config[CONDITION])
            generator: NoiseGenerator = build_conditional_generator(config["generator"], condition, **options)
        else:
            generator = build_noise_generator(config["generator"], **options)
    except (KeyError, TypeError, ValueError) as error:
        raise UnusableError(f"{checkpoint.path / DESCRIPTION}: names no generator of this program: {error}") from error
    load_weights(generator, checkpoint.weights("generator_ema"), source=checkpoint.path)
    if checkpoint.has_weights(PRIOR):
        prior = Prior(generator.z_dim)
        load_weights(prior, checkpoint.weights(PRIOR), source=checkpoint.path)
        generator = WithPrior(generator, prior)
    return generator.eval(), checkpoint
