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

Beside the paper's terms, against flicker: L_shift, the L1 distance of the translation of a window of the crop, half its
side and anywhere in it, from the same place of the crop's translation. Where strides and borders fall is no reason to
draw something else. It is stability training (Zheng et al. 2016, arXiv:1604.04326, equations 2 and 3) with these
departures: the input is shifted and cut, not made noisy; pixels are compared, with L1; and the crop's translation is a
target, without gradient. It sees more of the picture than the window does, and were it to give way too, the cheapest
agreement would be that both leave out what they cannot place.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from translate.config import Pix2PixConfig
from translate.data.datasets import TrainingData, load_pairs
from translate.errors import UserError
from translate.train.losses import edge_l1, forgive_overshoot
from translate.train.methods.base import (
    DISCRIMINATOR,
    GENERATOR,
    Method,
    Pictures,
    built_discriminator,
    built_generator,
)
from translate.train.methods.window import Window, alone_and_within, drawn_window
from translate.train.step import Batch, StepContext, Terms

SHIFT_EVERY = 2  # steps from one window to the next, each weighed by their number: a window costs a quarter of a step
SHIFT_MARGIN = 16  # pixels along the window's borders, where missing context is a reason to differ


class Pix2Pix(Method):
    """Paired translation from ``A`` to ``B``."""

    config: Pix2PixConfig

    @classmethod
    def load_data(cls, config: Pix2PixConfig) -> TrainingData:
        return load_pairs(config)

    def __init__(self, config: Pix2PixConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        generator = built_generator(config)
        self.window_side = config.crop // 2 // generator.stride * generator.stride
        if config.lambda_shift > 0 and self.window_side == 0:
            raise UserError(
                f"<lambda_shift> {config.lambda_shift:g}: half of <crop> {config.crop} is less than "
                f"{generator.stride}, the stride of {config.generator}"
            )
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        discriminator = built_discriminator(config, in_channels=6)
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]

    def adversarial_active(self, progress: float) -> bool:
        return super().adversarial_active(progress) and progress >= self.config.gan_start

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
        if config.lambda_shift > 0 and context.step % SHIFT_EVERY == 0:
            window = drawn_window(config.crop, self.window_side, context.generator("shift"))
            losses["G/shift"] = SHIFT_EVERY * config.lambda_shift * self.shift_trace(batch["A"], fake_B, window)
        terms = Terms(losses)
        if self.adversarial_active(context.progress):
            real = self.beside_input(batch, real_B)
            terms += self.adversary.fool(self.beside_input(batch, fake_B), context, real=real)[0]
        return terms

    def shift_trace(self, photo: Tensor, translated: Tensor, window: Window) -> Tensor:
        """Mean absolute difference of the translation of ``window`` of ``photo`` from that place of ``translated``.

        Compared as the bytes that pictures become: within [-1, 1]. Along the window's borders `SHIFT_MARGIN` pixels are
        left out, of small windows a quarter of the side.
        """
        margin = min(SHIFT_MARGIN, window.side // 4)
        inner = Window(top=margin, left=margin, side=window.side - 2 * margin)
        alone, within = alone_and_within(self.networks[GENERATOR], photo, translated, window)
        target = inner.of(within).clamp(-1, 1)
        return F.l1_loss(forgive_overshoot(inner.of(alone), target), target)

    @staticmethod
    def beside_input(batch: Batch, picture: Tensor) -> Tensor:
        return torch.cat([batch["A"], picture], dim=1)  # [N, 6, H, W]

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        picture = self.averages["generator_ema"](batch["A"]).float().clamp(-1, 1)
        distances = {"val/l1": picture, "val/l1_of_input": batch["A"]}  # the second is what learning starts from
        metrics = {name: float((shown - batch["B"]).abs().mean()) for name, shown in distances.items()}
        return [batch["A"], picture, batch["B"]], metrics
