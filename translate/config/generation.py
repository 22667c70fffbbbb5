"""The settings of the methods that make pictures from noise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from translate.config.base import TrainConfig
from translate.config.conditions import ConditionSettings
from translate.config.registry import register_method
from translate.config.values import in_panel, setting, weight, with_default

SMALLEST, LARGEST = 8, 512  # pixels of a side


@dataclass(frozen=True, kw_only=True)
class GenerationConfig(TrainConfig):
    """One folder of pictures: the middle square of each, scaled to ``crop`` pixels."""

    from_noise: ClassVar[bool] = True

    images: Path | None = setting(None, "Start here", "folder of pictures; their middle squares are used", free=True)

    generator: str = with_default(TrainConfig, "generator", "r3")
    crop: int = with_default(TrainConfig, "crop", 64)
    val_samples: int = with_default(TrainConfig, "val_samples", 8)
    batch_size: int = with_default(TrainConfig, "batch_size", 16)

    def problems(self) -> list[str]:
        found = super().problems()
        if self.images is None:
            found.append("give <images> DIR")
        if self.crop & (self.crop - 1) or not SMALLEST <= self.crop <= LARGEST:
            found.append(f"<crop> {self.crop}: has to be a power of two from {SMALLEST} to {LARGEST}, such as 64")
        return found


@register_method
@dataclass(frozen=True, kw_only=True)
class GanConfig(GenerationConfig):
    """Pictures from noise by a generative adversarial network: Goodfellow et al. 2014; the defaults are R3GAN's."""

    method: ClassVar[str] = "gan"
    implementation: ClassVar[str] = "translate.train.methods.gan:Gan"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # Huang et al. 2024, appendix: R1 and R2 at every step, widths and blocks of their FFHQ at 64x64
        "paper": {
            "generator_options": {"channels": 384, "widest": 768, "blocks": 2},
            "discriminator_options": {"channels": 384, "widest": 768, "blocks": 2},
            "batch_size": 256,
            "r1_every": 1,
            "schedule": "cosine",
        },
        # Radford et al. 2016, section 3, with their widths
        "dcgan": {
            "generator": "dcgan",
            "generator_options": {"channels": 128},
            "discriminator": "dcgan",
            "discriminator_options": {"channels": 128},
            "objective": "vanilla",
            "batch_size": 128,
            "lr": 2e-4,
            "beta1": 0.5,
            "beta2": 0.999,
            "lambda_r1": 0.0,
            "lambda_r2": 0.0,
            "schedule": "constant",
        },
        # Zhang et al. 2019, section 4: hinge and two time scales
        "sagan": {
            "generator": "sagan",
            "discriminator": "sagan",
            "objective": "hinge",
            "batch_size": 64,
            "lr": 1e-4,
            "lr_discriminator": 4e-4,
            "beta1": 0.0,
            "beta2": 0.9,
            "lambda_r1": 0.0,
            "lambda_r2": 0.0,
            "schedule": "constant",
        },
        # Sauer et al. 2021, section 4: judged by the features of a pretrained network, which takes a fraction of the
        # steps; Lite2's, so that Lite0, by which `evaluate` compares pictures, has no part in it
        "projected": {
            "generator": "fastgan",
            "discriminator": "projected",
            "discriminator_options": {"mixing": True, "minibatch": "stddev", "feature_network": "efficientnet-lite2"},
            "objective": "hinge",
            "batch_size": 32,
            "lambda_r1": 0.0,
            "lambda_r2": 0.0,
            "diff_augment": "color,translation,cutout",
        },
        # for a CPU and a folder of hundreds: narrow networks at a higher rate, every picture seen in many variants
        "light": {
            "generator_options": {"channels": 16, "widest": 96},
            "discriminator_options": {"channels": 16, "widest": 96, "minibatch": "stddev"},
            "batch_size": 16,
            "lr": 1e-3,
            "schedule": "cosine",
            "ema": 0.998,
            "diff_augment": "color,translation",
        },
    }

    discriminator: str = with_default(GenerationConfig, "discriminator", "r3")
    objective: str = with_default(GenerationConfig, "objective", "relativistic")
    beta1: float = with_default(GenerationConfig, "beta1", 0.0)
    beta2: float = with_default(GenerationConfig, "beta2", 0.99)
    lambda_r1: float = with_default(GenerationConfig, "lambda_r1", 1.0)
    lambda_r2: float = with_default(GenerationConfig, "lambda_r2", 1.0)
    r1_every: int = with_default(GenerationConfig, "r1_every", 4)

    def problems(self) -> list[str]:
        found = super().problems()
        if self.lambda_gan == 0:
            found.append("<lambda_gan> 0: leaves a gan nothing to learn from; give it a value above 0")
        return found


@register_method
@dataclass(frozen=True, kw_only=True)
class CganConfig(ConditionSettings, GanConfig):
    """Pictures from noise and a condition: attributes, a class, words, a sound. Mirza 2014; Reed 2016; Miyato 2018."""

    method: ClassVar[str] = "cgan"
    implementation: ClassVar[str] = "translate.train.methods.cgan:Cgan"

    attributes: Path | None = in_panel(ConditionSettings, "attributes", "Start here")
    classes: bool = in_panel(ConditionSettings, "classes", "Start here")
    captions: Path | None = in_panel(ConditionSettings, "captions", "Start here")
    audio: Path | None = in_panel(ConditionSettings, "audio", "Start here")
    embeddings: Path | None = in_panel(ConditionSettings, "embeddings", "Start here")
    lambda_l1: float = weight(0.0, "weight of the L1 distance to the real picture, for conditions that determine it")
    drop_condition: float = setting(
        0.0,
        "Stabilisers",
        "share of the samples trained without their condition, so that sampling can exaggerate it",
        at_least=0,
        below=1,
    )

    def problems(self) -> list[str]:
        found = super().problems()
        if len(self.conditions) != 1:
            found.append(
                "give one condition: <attributes> TABLE, <classes>, <captions> TABLE, <audio> DIR or <embeddings> FILE"
            )
        if self.eval_every:
            found.append(
                f"<eval_every> {self.eval_every}: cgan is not evaluated while training; leave it out, and use "
                "`translate evaluate` on its checkpoints"
            )
        return found


@dataclass(frozen=True, kw_only=True)
class ReconstructionConfig(GenerationConfig):
    """Learning without a discriminator, by drawing the pictures again."""

    lambda_gan: float = with_default(GenerationConfig, "lambda_gan", 0.0)
    lr: float = with_default(GenerationConfig, "lr", 1e-3)
    beta1: float = with_default(GenerationConfig, "beta1", 0.9)
    beta2: float = with_default(GenerationConfig, "beta2", 0.99)

    def problems(self) -> list[str]:
        found = super().problems()
        if self.lambda_gan:
            found.append(
                f"<lambda_gan> {self.lambda_gan:g}: {self.method} has no discriminator; leave it out, or train gan"
            )
        return found


@register_method
@dataclass(frozen=True, kw_only=True)
class GloConfig(ReconstructionConfig):
    """Pictures from noise without a discriminator: a learnt vector per picture. Bojanowski et al. 2018 (GLO)."""

    method: ClassVar[str] = "glo"
    implementation: ClassVar[str] = "translate.train.methods.glo:Glo"

    flip: bool = with_default(GenerationConfig, "flip", False)  # a picture has one vector


@register_method
@dataclass(frozen=True, kw_only=True)
class GonConfig(ReconstructionConfig):
    """Pictures from noise with one network, no encoder: Bond-Taylor and Willcocks 2021 (Gradient Origin Networks)."""

    method: ClassVar[str] = "gon"
    implementation: ClassVar[str] = "translate.train.methods.gon:Gon"
