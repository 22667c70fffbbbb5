"""pix2pix: paired translation, a conditional GAN beside an L1 distance (Isola et al. 2017, arXiv:1611.07004).

G* = arg min_G max_D L_cGAN(G, D) + lambda L_L1(G)   (equation 4), lambda 100 (section 3.3's experiments)

- The discriminator sees the input beside the picture, [A, B] (equation 1); its loss is halved, which slows it down
  relative to G, and it steps before G (section 3.3, as in the authors' code).
- Adam, learning rate 2e-4, beta1 0.5, beta2 0.999 (section 3.3); the authors' code holds the rate for half of the run
  and then lets it fall to 0 linearly.
- The noise is dropout inside the generator (section 3.1).
Departures: a moving average of the generator is kept and exported (Yazici et al. 2019); a squared distance, an L1
distance of gradients and a late start of the adversarial term can be asked for; values that clipping will mend cost
nothing.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from translate.config import Pix2PixConfig
from translate.losses import edge_l1, forgive_overshoot
from translate.methods.base import DISCRIMINATOR, GENERATOR, Method, Pictures, built_discriminator, built_generator
from translate.step import Batch, StepContext, Terms


class Pix2Pix(Method):
    """Paired translation from ``A`` to ``B``."""

    config: Pix2PixConfig

    def __init__(self, config: Pix2PixConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        self.add_networks(GENERATOR, {GENERATOR: built_generator(config)}, lr=config.lr, averaged=(GENERATOR,))
        discriminator = built_discriminator(config, in_channels=6)
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]

    def plays(self, progress: float) -> bool:
        return super().plays(progress) and progress >= self.config.gan_start

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        return {"fake_B": self.networks[GENERATOR](batch["A"])}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        real, fake = self.beside_input(batch, batch["B"]), self.beside_input(batch, pictures["fake_B"])
        terms, _ = self.adversary.train(real, fake, context, share=0.5)
        return terms

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        config, real_B, fake_B = self.config, batch["B"], pictures["fake_B"]
        visible_B = forgive_overshoot(fake_B, real_B)
        losses = {"G/l1": config.lambda_l1 * F.l1_loss(visible_B, real_B)}
        if config.lambda_l2 > 0:
            losses["G/l2"] = config.lambda_l2 * F.mse_loss(visible_B, real_B)
        if config.lambda_edge > 0:
            losses["G/edge"] = config.lambda_edge * edge_l1(visible_B, real_B)
        terms = Terms(losses)
        if self.plays(context.progress):
            real = self.beside_input(batch, real_B)
            terms += self.adversary.fool(self.beside_input(batch, fake_B), context, real=real)[0]
        return terms

    @staticmethod
    def beside_input(batch: Batch, picture: Tensor) -> Tensor:
        return torch.cat([batch["A"], picture], dim=1)  # [N, 6, H, W]

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        picture = self.averages["generator_ema"](batch["A"]).float().clamp(-1, 1)
        distances = {"val/l1": picture, "val/l1_of_input": batch["A"]}  # the second is what learning starts from
        figures = {name: float((shown - batch["B"]).abs().mean()) for name, shown in distances.items()}
        return [batch["A"], picture, batch["B"]], figures
