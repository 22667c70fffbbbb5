"""AnimeGAN: photos in the look of drawn pictures, from two folders without pairs (Chen, Liu and Chen, ISICA 2019).

L(G) = w_adv L_adv + w_con L_con + w_gra L_gra + w_col L_col, and total variation since AnimeGANv2 (Liu et al. 2021)

- L_adv: least squares. D has to tell the drawn pictures B from the translated ones, and from two decoys: B in grey, so
  that colour counts, and the grey of B with smoothed edges (CartoonGAN, Chen et al. 2018, section 3.2.1), so that clear
  lines count. The weights are 1, 1 and 0.1.
- L_con: the L1 distance of the deep features of photo and translation. The first steps minimise only it.
- L_gra: the L1 distance of the Gram matrices of features of the translation and of drawn pictures in grey, which takes
  over texture but not colour.
- L_col: the photo's colours: L1 in Y, Huber in U and in V.
Departures: both sides of L_gra are in grey, as in AnimeGANv3, so that a grey target does not drain the colours of the
translation; ``style_colour`` leaves both in colour, to take over the palette too. L_gra covers every level of features
down to that of L_con (three levels in AnimeGANv3), and its target is the mean over drawn pictures instead of a random
one: what a single picture shows is noise next to the style of all. L_con and L_gra are relative to the magnitude of
both sides, so that one weight suits any feature network; the weights are our own. Decoys and translated pictures
together weigh as much as the drawn ones, a balance that objectives other than least squares need. The first steps have
the same learning rate as the others. A moving average of the generator is kept and exported.

Terms beyond the paper's. L_anchor, where there are pictures to stay close to, such as a filter's: the L1 distance to
them, averaged over squares of 4, 16 and 64 pixels. Such supervision (pix2pix, Isola et al. 2017, equation 4) fixes
colours and shapes; as it would only reproduce the filter, finer detail is left to the discriminator. L_edges: lines
belong where the photo has edges. L_border: the border of a picture is no reason to draw anything. Decoys can be left
out, as in the preset ``anchored``.
"""

from __future__ import annotations

from functools import cached_property
from typing import Self

import torch
from accelerate import Accelerator
from kornia.color import rgb_to_grayscale
from torch import Tensor
from torch.nn import functional as F

from translate.config import AnimeGanConfig
from translate.data.datasets import TrainingData, load_unpaired
from translate.data.loader import Key, KeyedDataset
from translate.data.seeds import derived_seed
from translate.data.smooth_edges import smooth_edges
from translate.train.adversary import Decoy
from translate.train.devices import to_device
from translate.train.losses import coarse_l1, edge_mismatch, gram_matrix, total_variation, yuv_colour
from translate.train.methods.base import (
    DISCRIMINATOR,
    GENERATOR,
    Method,
    Pictures,
)
from translate.train.methods.networks import built_discriminator, built_features, built_generator
from translate.train.methods.window import Window, window_and_target
from translate.train.step import Batch, StepContext, Terms

SMOOTHED_WEIGHT = 0.1  # of the decoys with smoothed edges; the paper says that a larger one makes lines too sharp
Features = dict[str, Tensor]  # by level

STYLE_PICTURES = 128  # drawn pictures to average the style over, at most: the mean of another 128 differs by a tenth


class AnimeGan(Method):
    """Translation from photos ``A`` to the look of the drawn pictures ``B``.

    A batch may hold ``smoothed``, ``B`` with smoothed edges and the same augmentation; if not, edges are smoothed here.
    It may hold ``anchor``, versions of ``A`` that the translation is to stay close to.
    The style is computed from the pictures ``B`` of ``training`` when a step first needs it.
    """

    config: AnimeGanConfig

    @classmethod
    def load_data(cls, config: AnimeGanConfig) -> TrainingData:
        return load_unpaired(config, smoothed=config.smoothed, anchor=config.anchor)

    @classmethod
    def build(cls, config: AnimeGanConfig, accelerator: Accelerator, data: TrainingData) -> Self:
        return cls(config, accelerator, data.training)

    def __init__(self, config: AnimeGanConfig, accelerator: Accelerator, training: KeyedDataset) -> None:
        super().__init__(config, accelerator)
        self.training = training
        generator = built_generator(config)
        self.stride = generator.stride
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        discriminator = built_discriminator(config, in_channels=3)
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]
        self.features = built_features(config, accelerator.device)

    def adversarial_active(self, progress: float) -> bool:
        return super().adversarial_active(progress) and not self.warming_up(progress)

    def warming_up(self, progress: float) -> bool:
        return progress < self.config.content_start

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        return {"fake_B": self.networks[GENERATOR](batch["A"])}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        if not self.config.decoys:
            return self.adversary.train(batch["B"], pictures["fake_B"], context)[0]
        smoothed = batch["smoothed"] if "smoothed" in batch else smooth_edges(batch["B"])
        decoys = {"grey": Decoy(grey(batch["B"]), 1.0), "smoothed": Decoy(grey(smoothed), SMOOTHED_WEIGHT)}
        return self.adversary.train(batch["B"], pictures["fake_B"], context, decoys=decoys)[0]

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        config, real_A, fake_B = self.config, batch["A"], pictures["fake_B"].float()
        warming_up = self.warming_up(context.progress)
        keeps_content = warming_up or config.lambda_content > 0
        takes_palette = config.style_colour and config.lambda_style > 0
        features = self.deep_features(fake_B) if keeps_content or takes_palette else {}
        terms = Terms({})
        if keeps_content:
            terms += Terms({"G/content": config.lambda_content * self.content(features, real_A)})
        if warming_up:
            return terms
        if "anchor" in batch:
            terms += Terms({"G/anchor": config.lambda_anchor * coarse_l1(fake_B, batch["anchor"])})
        if config.lambda_style > 0:
            styled = features if config.style_colour else self.deep_features(grey(fake_B))
            terms += Terms({"G/style": config.lambda_style * self.style(styled)})
        if config.lambda_colour > 0:
            terms += Terms({"G/colour": config.lambda_colour * yuv_colour(fake_B, real_A)})
        if config.lambda_edges > 0:
            terms += Terms({"G/edges": config.lambda_edges * edge_mismatch(fake_B, real_A)})
        if config.lambda_border > 0:
            terms += Terms({"G/border": config.lambda_border * self.border_trace(real_A, fake_B)})
        if config.lambda_tv > 0:
            terms += Terms({"G/tv": config.lambda_tv * total_variation(fake_B)})
        if self.adversarial_active(context.progress):
            terms += self.adversary.fool(fake_B, context, real=batch["B"])[0]
        return terms

    def content(self, features: Features, photo: Tensor) -> Tensor:
        """How far ``features`` are from those of ``photo``, float [N, 3, H, W], at the content level: from 0 to 2."""
        with torch.no_grad():
            wanted = self.deep_features(photo)
        level = self.features.content_level
        return relative_l1(features[level], wanted[level])

    def border_trace(self, photo: Tensor, translated: Tensor) -> Tensor:
        """Mean absolute difference of the translation of the middle of ``photo`` from the middle of its translation.

        Convolutions see zeros beyond the border, and in flat areas nothing else tells them where to draw lines.
        """
        side = photo.shape[-1]
        start = side // 4 // self.stride * self.stride
        middle = Window(top=start, left=start, side=side - 2 * start)
        return F.l1_loss(*window_and_target(self.networks[GENERATOR], photo, translated, middle))

    def style(self, features: Features) -> Tensor:
        """How far the Gram matrices of ``features`` are from the drawn pictures', the mean over levels: from 0 to 2."""
        distances = [
            relative_l1(gram_matrix(maps), self.drawn_style[level].expand(len(maps), -1, -1))
            for level, maps in features.items()
        ]
        return torch.stack(distances).mean()

    @cached_property
    def drawn_style(self) -> Features:
        """The mean Gram matrix [1, C, C] of each level over drawn pictures: the same in every process."""
        count = min(len(self.training), STYLE_PICTURES)
        total: Features = {}
        with torch.no_grad():
            for index in range(count):
                sample = self.training[Key(index, derived_seed(self.config.seed, index))]
                device, layout = self.accelerator.device, self.config.channels_last
                drawn = to_device({"B": sample["B"][None]}, device, channels_last=layout)["B"]
                features = self.deep_features(drawn if self.config.style_colour else grey(drawn))
                for level, maps in features.items():
                    total[level] = total.get(level, 0) + gram_matrix(maps) / count
        return total

    def deep_features(self, images: Tensor) -> Features:
        """The features of pictures, float [N, 3, H, W], at all levels down to the content level."""
        with self.accelerator.autocast():
            return self.features.down_to_content(images)

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        return [batch["A"], self.averages[f"{GENERATOR}_ema"](batch["A"]), batch["B"]], {}

    def column_titles(self) -> list[str]:
        return ["photo", "result", "drawn, unpaired"]


def grey(images: Tensor) -> Tensor:
    """The luma of RGB pictures, float [N, 3, H, W], in all three channels."""
    return rgb_to_grayscale(images).expand_as(images)


def relative_l1(values: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of [N, ...] divided by their mean magnitude, averaged over samples: from 0 to 2."""
    magnitude = (values.detach().abs() + target.abs()).flatten(1).mean(1) / 2  # [N]
    return ((values - target).abs().flatten(1).mean(1) / magnitude.clamp_min(1e-6)).mean()
