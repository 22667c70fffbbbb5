"""The settings of the game between generator and discriminator, which every method has."""

from __future__ import annotations

from dataclasses import dataclass

from translate.config.base import TrainConfig
from translate.config.values import setting, weight


@dataclass(frozen=True, kw_only=True)
class AdversarialConfig(TrainConfig):
    """Objective and stabilisers: any method takes any of them."""

    objective: str = setting(
        "lsgan",
        "Objective",
        "adversarial objective: vanilla, minimax, lsgan, hinge, wgan, wgan-gp, kl, reverse-kl, pearson, hellinger, js, "
        "relativistic",
    )
    lambda_gan: float = weight(1.0, "weight of the adversarial term")
    n_critic: int = setting(1, "Stabilisers", "steps of the discriminator for one of the generator", at_least=1)
    clip_weights: float = setting(0.01, "Objective", "limit of the critic's weights under the objective wgan", above=0)
    lambda_gp: float = weight(10.0, "weight of the gradient penalty under the objective wgan-gp")
    lambda_r1: float = setting(0.0, "Stabilisers", "gamma of the R1 penalty (Mescheder 2018); 0 takes none", at_least=0)
    lambda_r2: float = setting(
        0.0, "Stabilisers", "gamma of the R2 penalty, R1 at translated pictures; 0 takes none", at_least=0
    )
    r1_every: int = setting(
        16, "Stabilisers", "steps from one R1 or R2 penalty to the next, each weighed by their number", at_least=1
    )
    lambda_orthogonal: float = setting(
        0.0, "Stabilisers", "weight of the orthogonal regularisation (BigGAN)", at_least=0
    )
    lambda_features: float = setting(
        0.0, "Stabilisers", "weight of feature matching in the discriminator's layers", at_least=0
    )
    lambda_grid: float = setting(
        0.0, "Stabilisers", "weight of what repeats every 4 pixels, a grid from upsampling", at_least=0
    )
    label_smoothing: float = setting(
        0.0,
        "Stabilisers",
        "share taken off the discriminator's target for real pictures (vanilla, minimax, lsgan)",
        at_least=0,
        below=1,
    )
    instance_noise: float = setting(
        0.0, "Stabilisers", "deviation of the noise on what the discriminator sees; falls to 0 over the run", at_least=0
    )
    diff_augment: str = setting(
        "", "Stabilisers", "what DiffAugment changes: any of color,translation,cutout; for small folders"
    )
    # a generator that can tell where the border is would draw lines along it where it has nothing else to go by
    margin: int = setting(
        0, "Stabilisers", "pixels along the crop's borders that the discriminator does not see", at_least=0
    )
    merge_passes: bool = setting(
        True,
        "Run",
        "one batch for passes through one network that do not depend on each other, where that changes nothing",
    )

    @property
    def seen_side(self) -> int:
        """Side in pixels of what the discriminator sees of a crop."""
        return self.crop - 2 * self.margin

    def problems(self) -> list[str]:
        found = super().problems()
        if self.seen_side < 1:
            found.append(f"<margin> {self.margin}: leaves nothing of <crop> {self.crop}")
        return found
