"""The settings of the method that makes captions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from translate.config.base import TrainConfig
from translate.config.registry import register_method
from translate.config.values import setting, weight, with_default

VANILLA, LIKELIHOOD = "vanilla", "likelihood"
RECURRENT = "recurrent"  # the only network


@register_method
@dataclass(frozen=True, kw_only=True)
class SequenceConfig(TrainConfig):
    """Captions from noise, word by word: Masson d'Autume et al. 2019 (ScratchGAN), or by maximum likelihood."""

    method: ClassVar[str] = "sequence"
    implementation: ClassVar[str] = "translate.train.methods.sequence:Sequence"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # the authors' settings for the news data of the paper
        "paper": {
            "generator_options": {"channels": 512, "layers": 2},
            "discriminator_options": {"channels": 512},
            "batch_size": 512,
        },
        # for a CPU and captions of some dozens of words
        "light": {"batch_size": 256, "lr": 1e-3, "lr_discriminator": 2e-3, "ema": 0.99},
    }

    captions: Path | None = setting(None, "Start here", "table with a column text: a caption per line", free=True)

    generator: str = with_default(TrainConfig, "generator", RECURRENT)
    discriminator: str = with_default(TrainConfig, "discriminator", RECURRENT)
    objective: str = setting(
        VANILLA, "Objective", "vanilla: a discriminator rewards each word; likelihood: the words of the captions"
    )
    val_samples: int = with_default(TrainConfig, "val_samples", 8)
    batch_size: int = with_default(TrainConfig, "batch_size", 512)
    lr: float = with_default(TrainConfig, "lr", 9.59e-5)
    lr_discriminator: float = with_default(TrainConfig, "lr_discriminator", 9.38e-3)
    schedule: Literal["linear", "cosine", "constant"] = with_default(TrainConfig, "schedule", "constant")
    discount: float = setting(
        0.23, "Objective", "how much a word is rewarded for the next one, and so on", at_least=0, at_most=1
    )
    baseline_decay: float = setting(
        0.08, "Stabilisers", "decay per step of the average reward that others are compared with", at_least=0, below=1
    )
    lambda_weights: float = weight(1e-6, "weight of the discriminator's halved squared weights")

    def problems(self) -> list[str]:
        found = super().problems()
        if self.captions is None:
            found.append("give <captions> TABLE")
        if self.objective not in (VANILLA, LIKELIHOOD):
            found.append(f"<objective> {self.objective}: sequence knows {VANILLA}, {LIKELIHOOD}")
        for name in ("generator", "discriminator"):
            if getattr(self, name) != RECURRENT:
                found.append(f"<{name}> {getattr(self, name)}: sequence has only {RECURRENT}")
        for name in ("eval_every", "init", "lambda_grid"):
            if getattr(self, name):
                found.append(f"<{name}> {getattr(self, name)}: is for pictures; leave it out")
        return found
