"""AnimeGAN: photos in the look of drawn pictures, from two folders without pairs (Chen, Liu and Chen, ISICA 2019).

L(G) = w_adv L_adv + w_con L_con + w_gra L_gra + w_col L_col, and total variation since AnimeGANv2 (Liu et al. 2021)

- L_adv: least squares. D has to tell the drawn pictures B from the translated ones, and from two decoys: B in grey, so
  that colour counts, and the grey of B with smoothed edges (CartoonGAN, Chen et al. 2018, section 3.2.1), so that clear
  lines count. The weights are 1, 1 and 0.1.
- L_con: the L1 distance of the deep features of photo and translation. The first steps minimise it alone.
- L_gra: the L1 distance of the Gram matrices of deep features of the translation and of a drawn picture in grey, which
  takes over texture and not colour.
- L_col: the photo's colours: L1 in Y, Huber in U and in V.
Departures: both sides of L_gra are in grey, as in AnimeGANv3, so that the grey of one does not draw the colours out of
the other. L_con and L_gra are relative to the magnitude of both sides, so that one weight serves any feature network;
the weights are our own. Decoys and translated pictures together weigh as much as the drawn ones, a balance that other
objectives than least squares need. One learning rate serves the first steps and the others. A moving average of the
generator is kept and exported.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from kornia.color import rgb_to_grayscale
from torch import Tensor

from translate.config import AnimeGanConfig
from translate.edges import smooth_edges
from translate.features import build_feature_network
from translate.losses import gram_matrix, total_variation, yuv_colour
from translate.methods.base import DISCRIMINATOR, GENERATOR, Method, Pictures, built_discriminator, built_generator
from translate.step import Batch, StepContext, Terms

SMOOTHED_WEIGHT = 0.1  # of the decoys with smoothed edges: a larger one makes the lines too sharp, says the paper


class AnimeGan(Method):
    """Translation from photos ``A`` to the look of the drawn pictures ``B``.

    A batch may bring ``smoothed``, ``B`` with smoothed edges, moved alike; where it does not, they are smoothed here.
    """

    config: AnimeGanConfig

    def __init__(self, config: AnimeGanConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        self.add_networks(GENERATOR, {GENERATOR: built_generator(config)}, lr=config.lr, averaged=(GENERATOR,))
        discriminator = built_discriminator(config, in_channels=3)
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]
        layout = torch.channels_last if config.channels_last else torch.contiguous_format
        features = build_feature_network(config.feature_network, config.feature_weights)
        self.features = features.to(accelerator.device).to(memory_format=layout)

    def plays(self, progress: float) -> bool:
        return super().plays(progress) and not self.warms_up(progress)

    def warms_up(self, progress: float) -> bool:
        return progress < self.config.content_start

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        return {"fake_B": self.networks[GENERATOR](batch["A"])}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        smoothed = batch["smoothed"] if "smoothed" in batch else smooth_edges(batch["B"])
        decoys = {"grey": (grey(batch["B"]), 1.0), "smoothed": (grey(smoothed), SMOOTHED_WEIGHT)}
        return self.adversary.train(batch["B"], pictures["fake_B"], context, decoys=decoys)[0]

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        config, real_A, fake_B = self.config, batch["A"], pictures["fake_B"].float()
        terms = Terms({"G/content": config.lambda_content * self.content(fake_B, real_A)})
        if self.warms_up(context.progress):
            return terms
        terms += Terms(
            {
                "G/style": config.lambda_style * self.style(fake_B, batch["B"]),
                "G/colour": config.lambda_colour * yuv_colour(fake_B, real_A),
                "G/tv": config.lambda_tv * total_variation(fake_B),
            }
        )
        if self.plays(context.progress):
            terms += self.adversary.fool(fake_B, context, real=batch["B"])[0]
        return terms

    def content(self, picture: Tensor, photo: Tensor) -> Tensor:
        """How far what ``picture`` shows is from what ``photo`` does, both float [N, 3, H, W]: from 0 to 2."""
        with torch.no_grad():
            wanted = self.deep_features(photo)
        return relative_l1(self.deep_features(picture), wanted)

    def style(self, picture: Tensor, drawn: Tensor) -> Tensor:
        """How far the texture of ``picture`` is from that of ``drawn``, whatever their colours: from 0 to 2."""
        with torch.no_grad():
            wanted = gram_matrix(self.deep_features(grey(drawn)))
        return relative_l1(gram_matrix(self.deep_features(grey(picture))), wanted)

    def deep_features(self, images: Tensor) -> Tensor:
        level = self.features.content_level
        with self.accelerator.autocast():
            return self.features(images, {level})[level]

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        return [batch["A"], self.averages[f"{GENERATOR}_ema"](batch["A"]), batch["B"]], {}


def grey(images: Tensor) -> Tensor:
    """The brightness of RGB pictures, float [N, 3, H, W], in all three channels."""
    return rgb_to_grayscale(images).expand_as(images)


def relative_l1(values: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of [N, ...] over their mean magnitude, sample by sample, averaged: from 0 to 2."""
    magnitude = (values.detach().abs() + target.abs()).flatten(1).mean(1) / 2  # [N]
    return ((values - target).abs().flatten(1).mean(1) / magnitude.clamp_min(1e-6)).mean()
