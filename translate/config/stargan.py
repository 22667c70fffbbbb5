"""The settings of StarGAN, with its paper's values as the defaults or as a preset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from translate.config.base import Distance, TrainConfig
from translate.config.registry import register_method
from translate.config.values import setting, weight, with_default


@register_method
@dataclass(frozen=True, kw_only=True)
class StarGanConfig(TrainConfig):
    """One generator for many domains: Choi et al. 2018, sections 3 and 5, appendix 7."""

    method: ClassVar[str] = "stargan"
    implementation: ClassVar[str] = "translate.train.methods.stargan:StarGan"
    distance: ClassVar[Distance | None] = Distance("reconstruction", "G/reconstruction", "lambda_reconstruction")
    paired: ClassVar[bool] = True  # the target of a reconstruction is its input
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # section 5 for CelebA: 178x178 resized to 128, batch 16, 20 epochs, the learning rate decaying over the last 10
        "paper": {"resize": 128, "crop": 128, "batch_size": 16, "epochs": 20, "lr": 1e-4},
        # for a CPU or a first look: `mobile` starts as the identity, where the paper's reconstruction would keep it
        "light": {
            "generator": "mobile",
            "discriminator_options": {"channels": 32, "layers": 5},
            "resize": 128,
            "crop": 128,
            "batch_size": 8,
            "objective": "lsgan",
            "n_critic": 2,
            "lr": 7e-4,
            "lr_discriminator": 4e-4,
            "lambda_gan": 2.0,
            "lambda_reconstruction": 2.0,
        },
    }

    domains: Path | None = setting(None, "Start here", "folder with one folder of pictures per domain", free=True)
    images: Path | None = setting(None, "Start here", "folder of pictures described by --attributes", free=True)
    attributes: Path | None = setting(
        None, "Start here", "table: file name, then 0/1 columns; CelebA's format too", free=True
    )
    columns: str = setting("", "Data", "attributes to use, separated by commas; by default all 0/1 columns")

    generator: str = with_default(TrainConfig, "generator", "stargan")
    discriminator: str = with_default(TrainConfig, "discriminator", "stargan")
    crop: int = with_default(TrainConfig, "crop", 128)
    objective: str = with_default(TrainConfig, "objective", "wgan-gp")
    lr: float = with_default(TrainConfig, "lr", 1e-4)
    n_critic: int = with_default(TrainConfig, "n_critic", 5)
    lambda_class: float = weight(1.0, "weight of the domain classification loss")
    lambda_reconstruction: float = weight(10.0, "weight of the L1 distance after translating there and back")

    def input_folder(self) -> Path | None:
        return self.domains or self.images

    def problems(self) -> list[str]:
        found = super().problems()
        given = (self.images is not None, self.attributes is not None)
        if (self.domains is not None and any(given)) or (self.domains is None and not all(given)):
            found.append("give either <domains> DIR (a folder per domain) or both <images> DIR and <attributes> TABLE")
        return found
