"""Every setting of a training run, typed, in one place.

The command line's options, the ``--config`` file's keys and the run's saved ``config.json`` all come from the
dataclasses here: a new setting is one new field. Imports no deep-learning library.
"""

from __future__ import annotations

import json
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from translate.errors import UserError

CONFIG_NAME = "config.json"


def setting(default: Any, help: str, *, free: bool = False) -> Any:
    """A field with its help text. ``free``: may change when a run resumes, since it alters no step already taken."""
    metadata = {"help": help, "free": free}
    if isinstance(default, dict | list):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Settings that every method has."""

    method: ClassVar[str]
    presets: ClassVar[dict[str, dict[str, Any]]]

    out: Path = field(metadata={"help": "folder of the run: checkpoints, logs, samples", "free": True})
    init: Path | None = setting(None, "run or checkpoint to fine-tune: its weights are where this run starts")

    generator: str = setting("unet", "generator, by its name in the zoo")
    generator_options: dict = setting({}, "option of the generator, key=value (repeatable)")
    discriminator: str = setting("patchgan", "discriminator, by its name in the zoo")
    discriminator_options: dict = setting({}, "option of the discriminator, key=value (repeatable)")

    resize: int = setting(0, "side in pixels to which pictures are resized before the crop; 0 keeps their size")
    crop: int = setting(256, "side in pixels of the training crops")
    scale: tuple[float, float] = setting((1.0, 1.0), "least and greatest random enlargement of the crop's content")
    rotate: float = setting(0.0, "random rotation, up to this many degrees either way")
    flip: bool = setting(True, "mirror half of the crops")
    quarter_turns: bool = setting(False, "turn crops by random multiples of 90 degrees")

    batch_size: int = setting(1, "crops a step on each device")
    epochs: int = setting(200, "passes over the data", free=True)
    steps: int = setting(0, "steps instead of --epochs; 0 counts epochs", free=True)
    lr: float = setting(2e-4, "learning rate of the generator (Adam)")
    lr_discriminator: float = setting(0.0, "learning rate of the discriminator; 0 takes --lr")
    beta1: float = setting(0.5, "Adam's first-moment decay")
    beta2: float = setting(0.999, "Adam's second-moment decay")
    schedule: Literal["linear", "cosine", "constant"] = setting(
        "linear", "learning rate over the run: linear is constant for half of it, then falls to 0"
    )
    warmup: int = setting(0, "steps over which the learning rate rises from 0")
    clip_gradient: float = setting(0.0, "clip the gradient's norm at this; 0 does not")
    ema: float = setting(0.999, "decay a step of the generator's moving average, which is what gets exported")
    seed: int = setting(0, "seed of weights, order, augmentation and dropout")

    precision: Literal["fp32", "bf16", "fp16"] = setting("fp32", "arithmetic of the forward pass")
    device: str = setting("auto", "auto, cpu, cuda or cuda:N", free=True)
    workers: int = setting(2, "processes that decode and augment", free=True)
    log_every: int = setting(50, "steps between lines of the log", free=True)
    sample_every: int = setting(500, "steps between validation grids; 0 draws none", free=True)
    save_every: int = setting(1000, "steps between checkpoints", free=True)
    keep: int = setting(3, "checkpoints kept, the newest", free=True)

    def problems(self) -> list[str]:
        """What is wrong with the settings, one text each; empty when they can be used."""
        limits = {
            "crop": 8, "batch_size": 1, "epochs": 1, "steps": 0, "warmup": 0, "workers": 0, "resize": 0,
            "log_every": 1, "save_every": 1, "sample_every": 0, "keep": 1, "seed": 0,
        }  # fmt: skip
        found = [
            f"{flag(name)} {getattr(self, name)}: has to be at least {least}"
            for name, least in limits.items()
            if getattr(self, name) < least
        ]
        if self.lr <= 0:
            found.append(f"--lr {self.lr}: has to be above 0")
        for name in ("ema", "beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                found.append(f"{flag(name)} {getattr(self, name)}: has to be from 0 to below 1")
        for name in ("lr_discriminator", "clip_gradient", "rotate"):
            if getattr(self, name) < 0:
                found.append(f"{flag(name)} {getattr(self, name)}: cannot be negative")
        if not 0 < self.scale[0] <= self.scale[1]:
            found.append(f"--scale {self.scale[0]:g} {self.scale[1]:g}: give the least, then the greatest, above 0")
        if self.resize and self.resize < self.crop:
            found.append(f"--resize {self.resize}: is smaller than --crop {self.crop}")
        return found

    def total_steps(self, samples: int, processes: int = 1) -> int:
        """The length of the run for a data set of ``samples`` on ``processes`` devices."""
        return self.steps or self.epochs * max(1, samples // (self.batch_size * processes))

    @classmethod
    def resolve(cls, given: Mapping[str, Any], *, preset: str | None = None, file: Path | None = None) -> Self:
        """Settings from ``given`` (the command line's), else the file's, else the preset's, else the default.

        Raises ``UserError`` that names every problem at once.
        """
        values: dict[str, Any] = {}
        if preset is not None:
            if preset not in cls.presets:
                raise UserError(f"--preset {preset}: {cls.method} knows {', '.join(cls.presets)}")
            values |= cls.presets[preset]
        if file is not None:
            values |= cls._read(file)
        values |= {key: value for key, value in given.items() if value is not None}
        return cls.from_dict(values, source=str(file or "settings"))

    @classmethod
    def _read(cls, file: Path) -> dict[str, Any]:
        try:
            text = file.read_text(encoding="utf-8")
            read = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        except (OSError, ValueError) as error:
            raise UserError(f"--config {file}: cannot be read as TOML: {error}") from error
        if read.pop("method", cls.method) != cls.method:
            raise UserError(f"--config {file}: is of another method than {cls.method}")
        return {key.replace("-", "_"): value for key, value in read.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "settings") -> Self:
        """The configuration of ``values``, converted to the fields' types; all problems in one ``UserError``."""
        hints = typing.get_type_hints(cls)
        known = {spec.name: spec for spec in fields(cls)}
        found = [f"{source}: unknown setting {name!r}" for name in values if name not in known]
        found += [
            f"{flag(name)} is missing" for name, spec in known.items()
            if name not in values and spec.default is MISSING and spec.default_factory is MISSING
        ]  # fmt: skip
        converted = {}
        for name in values.keys() & known.keys():
            try:
                converted[name] = convert(values[name], hints[name])
            except ValueError as error:
                found.append(f"{flag(name)} {values[name]}: {error}")
        if not found:
            config = cls(**converted)
            found = config.problems()
        if found:
            raise UserError("; ".join(found))
        return config

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold, and ``method``."""
        plain = {spec.name: getattr(self, spec.name) for spec in fields(self)}
        return {"method": self.method} | {
            name: str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
            for name, value in plain.items()
        }

    def changes_that_break_resume(self, saved: Mapping[str, Any]) -> list[str]:
        """Settings that differ from those of a run begun with ``saved`` and would make it another run."""
        now = self.to_dict()
        fixed = ["method", *(spec.name for spec in fields(self) if not spec.metadata["free"])]
        return [
            f"{flag(name)} is {now[name]}, the run has {saved[name]}"
            for name in fixed
            if name in saved and saved[name] != now[name]
        ]


@dataclass(frozen=True, kw_only=True)
class Pix2PixConfig(TrainConfig):
    """Paired translation: Isola et al. 2017, section 3.3 and appendix 6."""

    method: ClassVar[str] = "pix2pix"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # the paper's settings for facades (appendix 6.2): 200 epochs, batch size 1, jitter from 286 to 256
        "paper": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 200, "flip": True},
        # teaching a small network a filter: the target is a function of the photo, so the distance does the work and
        # a light adversarial term, late, restores what the distance leaves soft
        "filter": {
            "generator": "mobile",
            "discriminator_options": {"channels": 32, "layers": 2},
            "crop": 224,
            "batch_size": 6,
            "quarter_turns": True,
            "lr": 2e-3,
            "lr_discriminator": 2e-4,
            "beta1": 0.9,
            "beta2": 0.99,
            "clip_gradient": 100.0,
            "schedule": "cosine",
            "warmup": 100,
            "lambda_l2": 500.0,
            "lambda_edge": 100.0,
            "lambda_gan": 0.1,
            "gan_start": 0.97,
            "ema": 0.999,
        },
    }

    data: Path | None = setting(None, "folder of AB pictures, A and B side by side", free=True)
    a: Path | None = setting(None, "folder of the A side", free=True)
    b: Path | None = setting(None, "folder of the B side, same relative paths without suffix", free=True)
    direction: Literal["AtoB", "BtoA"] = setting("AtoB", "which side is the input")
    val_pairs: int = setting(4, "pairs kept out of training for the validation grid, at most a fifth of all")
    jitter: float = setting(0.0, "colour jitter of the input alone: brightness, contrast, saturation by this share")

    objective: str = setting("vanilla", "adversarial objective: vanilla, lsgan or hinge")
    lambda_gan: float = setting(1.0, "weight of the adversarial term")
    lambda_l1: float = setting(100.0, "weight of the L1 distance")
    lambda_l2: float = setting(0.0, "weight of the squared distance, which minds the largest differences most")
    lambda_edge: float = setting(0.0, "weight of the L1 distance of the gradients, which keeps edges crisp")
    gan_start: float = setting(0.0, "share of the run trained by the distances alone, before the adversarial term")

    def problems(self) -> list[str]:
        found = super().problems()
        if (self.data is None) == (self.a is None and self.b is None) or (self.a is None) != (self.b is None):
            found.append("give either --data DIR (A and B side by side) or both --a DIR and --b DIR")
        for name in ("lambda_gan", "lambda_l1", "lambda_l2", "lambda_edge", "jitter", "val_pairs"):
            if getattr(self, name) < 0:
                found.append(f"{flag(name)} {getattr(self, name)}: cannot be negative")
        if not 0 <= self.gan_start <= 1:
            found.append(f"--gan-start {self.gan_start}: is a share of the run, from 0 to 1")
        return found


CONFIGS: dict[str, type[TrainConfig]] = {config.method: config for config in (Pix2PixConfig,)}


def flag(name: str) -> str:
    """The command-line flag of a setting."""
    return "--" + name.replace("_", "-")


def parse_options(texts: list[str]) -> dict[str, Any]:
    """``["blocks=6", "norm=batch"]`` as a dict; values are read as JSON where they can be, else as text."""
    options = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not of the form key=value")
        try:
            options[key.strip().replace("-", "_")] = json.loads(value)
        except json.JSONDecodeError:
            options[key.strip().replace("-", "_")] = value
    return options


def convert(value: Any, kind: Any) -> Any:
    """``value`` from the command line or a file as the type ``kind``; ``ValueError`` says what was expected."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else convert(value, inner)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"choose one of {', '.join(arguments)}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple) or len(value) != len(arguments):
            raise ValueError(f"give {len(arguments)} values")
        return tuple(convert(part, inner) for part, inner in zip(value, arguments, strict=True))
    if kind is dict:
        return dict(value) if isinstance(value, Mapping) else parse_options(list(value))
    if kind is Path:
        return Path(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"has to be of type {kind.__name__}")
    return value
