"""pix2pix: paired translation, a conditional GAN beside an L1 distance (Isola et al. 2017, arXiv:1611.07004).

G* = arg min_G max_D L_cGAN(G, D) + lambda L_L1(G)   (equation 4), lambda 100 (section 3.3's experiments)

- The discriminator sees the input beside the picture, [A, B] (equation 1); its loss is halved, which slows it down
  relative to G, and it steps before G (section 3.3, as in the authors' code).
- Adam, learning rate 2e-4, beta1 0.5, beta2 0.999 (section 3.3); the authors' code holds the rate for half of the run
  and then lets it fall to 0 linearly.
- The noise is dropout inside the generator (section 3.1).
Departures: a moving average of the generator is kept and exported (Yazici et al. 2019); a squared distance, an L1
distance of gradients and a late start of the adversarial term can be asked for; values that clipping will mend cost nothing.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from translate.config import Pix2PixConfig
from translate.errors import UserError
from translate.losses import edge_l1, forgive_overshoot, objective_by_name
from translate.methods.base import Batch, Method, built_discriminator, built_generator


class Pix2Pix(Method):
    """Paired translation from ``A`` to ``B``."""

    config: Pix2PixConfig

    def __init__(self, config: Pix2PixConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        try:
            self.objective = objective_by_name(config.objective)
        except ValueError as error:
            raise UserError(f"--objective {config.objective}: {error}") from error
        self.G = self.add_network("generator", built_generator(config), lr=config.lr, averaged=True)
        discriminator = built_discriminator(config, in_channels=6)
        self.D = self.add_network("discriminator", discriminator, lr=config.lr_discriminator or config.lr)

    def step(self, batch: Batch, progress: float) -> dict[str, Tensor]:
        real_A, real_B = batch["A"], batch["B"]
        fake_B = self.G(real_A)
        adversarial = self.config.lambda_gan > 0 and progress >= self.config.gan_start
        metrics = self.train_discriminator(real_A, real_B, fake_B.detach()) if adversarial else {}
        return metrics | self.train_generator(real_A, real_B, fake_B, adversarial=adversarial)

    def train_discriminator(self, real_A: Tensor, real_B: Tensor, fake_B: Tensor) -> dict[str, Tensor]:
        real_logits = self.D(torch.cat([real_A, real_B], dim=1))  # [N, 6, H, W] -> [N, 1, h, w]
        fake_logits = self.D(torch.cat([real_A, fake_B], dim=1))
        loss = 0.5 * self.objective.discriminator(real_logits, fake_logits)
        self.update("discriminator", {"D/loss": loss})
        return {
            "D/loss": loss.detach(),
            "D/real": real_logits.detach().mean(),
            "D/fake": fake_logits.detach().mean(),
        }

    def train_generator(
        self, real_A: Tensor, real_B: Tensor, fake_B: Tensor, *, adversarial: bool
    ) -> dict[str, Tensor]:
        config = self.config
        visible_B = forgive_overshoot(fake_B, real_B)
        losses = {"G/l1": config.lambda_l1 * F.l1_loss(visible_B, real_B)}
        if config.lambda_l2 > 0:
            losses["G/l2"] = config.lambda_l2 * F.mse_loss(visible_B, real_B)
        if config.lambda_edge > 0:
            losses["G/edge"] = config.lambda_edge * edge_l1(visible_B, real_B)
        if adversarial:
            with self.frozen("discriminator") as D:
                fake_logits = D(torch.cat([real_A, fake_B], dim=1))
                losses["G/gan"] = config.lambda_gan * self.objective.generator(fake_logits)
        self.update("generator", losses)
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def translate(self, image: Tensor) -> Tensor:
        return self.averages["generator_ema"](image)
