"""pix2pix: paired translation by a conditional GAN and an L1 distance (Isola et al. 2017, arXiv:1611.07004).

G* = arg min_G max_D L_cGAN(G, D) + lambda L_L1(G)   (equation 4), lambda 100 (section 3.3's experiments)

- The discriminator sees the input concatenated with the picture, [A, B] (equation 1); its loss is halved, which slows
  it down relative to G, and it steps before G (section 3.3, as in the authors' code).
- Adam, learning rate 2e-4, beta1 0.5, beta2 0.999 (section 3.3); the authors' code holds the rate for half of the run
  and then decays it linearly to 0.
- The noise is dropout inside the generator (section 3.1).
Departures: a moving average of the generator is kept and exported (Yazici et al. 2019); a squared distance, an L1
distance between image gradients, a distance between features of a pretrained network (Zhang et al. 2018, LPIPS,
equation 1, with equal weights; as pix2pixHD, Wang et al. 2018, adds one) and a late start of the adversarial term are
optional; overshoot that clipping removes is not penalised.

Added to the paper's terms, against flicker: L_shift, the L1 distance between the translation of a random window of the
crop, half as wide, and the same part of the crop's translation. What is drawn should not depend on where strides and
borders fall. It is stability training (Zheng et al. 2016, arXiv:1604.04326, equations 2 and 3) with these departures:
the input is shifted and cropped, not made noisy; pixels are compared, with L1; and the crop's translation is a target
without gradient, as it sees more context than the window. If both could move, the easiest way to agree would be to
leave out whatever they cannot place consistently.

Several pictures may be translated together, such as a portrait and a drawing of the wanted expression: they are one
after another in the channels of A, which generator and discriminator see as a whole.

With a condition, such as a table that says which of several looks each target has, generator and discriminator take it
as in `cgan`: it modulates the generator's maps (`models.modulation`), and with ``lambda_mismatched`` a real pair with a
wrong condition is a fake, too (Reed et al. 2016, arXiv:1605.05396, algorithm 1).

A generator may enlarge: the files of A are then ``scale`` times smaller than those of B. In a batch A is enlarged to
the size of B by repeating its pixels, as the discriminator and the validation grid see it; the generator takes A at its
own size, every ``scale``-th pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from models import GENERATORS, ConditionalDiscriminator
from models.features import FeatureNetwork, perceptual_distance
from translate.config import Pix2PixConfig
from translate.data.conditioned import load_conditioned_pairs
from translate.data.conditions import Conditions
from translate.data.datasets import TrainingData, load_pairs
from translate.errors import UserError
from translate.style.contract import MAX_NAME
from translate.train.adversary import Decoy
from translate.train.losses import edge_l1, forgive_overshoot
from translate.train.methods.base import (
    DISCRIMINATOR,
    GENERATOR,
    Method,
    Pictures,
)
from translate.train.methods.conditioning import Conditioning
from translate.train.methods.networks import built_discriminator, built_features, built_generator
from translate.train.methods.window import Window, random_window, window_and_target
from translate.train.step import Batch, StepContext, Terms

SHIFT_EVERY = 2  # steps from one window to the next, and the factor on its loss; a window costs a quarter of a step
SHIFT_MARGIN = 16  # pixels along the window's borders, not compared, as context is missing there


class Pix2Pix(Method):
    """Paired translation from ``A`` to ``B``, which also follows from ``condition`` where a run has one."""

    config: Pix2PixConfig

    @classmethod
    def load_data(cls, config: Pix2PixConfig) -> TrainingData:
        network = GENERATORS.get(config.generator)  # an unknown name is refused when it is built
        scale = network.scale if network else 1
        if scale > 1:
            refuse_resampling(config)
        return (load_conditioned_pairs if config.conditions else load_pairs)(config, scale=scale)

    @classmethod
    def build(cls, config: Pix2PixConfig, accelerator: Accelerator, data: TrainingData) -> Self:
        return cls(config, accelerator, data.conditions)

    def __init__(self, config: Pix2PixConfig, accelerator: Accelerator, conditions: Conditions | None = None) -> None:
        super().__init__(config, accelerator)
        self.conditioning = None if conditions is None else Conditioning(conditions, width=config.condition_width)
        several = {"inputs": len(config.inputs)} if config.inputs else {}
        condition = None if self.conditioning is None else self.conditioning.encoder()
        generator = built_generator(config, may_enlarge=True, condition=condition, **several)
        self.scale = generator.scale
        self.window_side = config.crop // 2 // generator.stride * generator.stride
        if config.lambda_shift > 0 and self.window_side == 0:
            raise UserError(
                f"<lambda_shift> {config.lambda_shift:g}: half of <crop> {config.crop} is less than "
                f"{generator.stride}, the stride of {config.generator}"
            )
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        seen_channels = 3 * (generator.inputs + 1)
        discriminator = built_discriminator(config, in_channels=seen_channels)
        if self.conditioning is not None:
            discriminator = ConditionalDiscriminator(
                discriminator,
                self.conditioning.encoder(),
                matching=config.matching,
                side=config.seen_side,
                in_channels=seen_channels,
            )
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]
        self.features = built_features(config, accelerator.device) if config.lambda_perceptual > 0 else None

    def adversarial_active(self, progress: float) -> bool:
        return super().adversarial_active(progress) and progress >= self.config.gan_start

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        return {"fake_B": self.networks[GENERATOR](self.input_of(batch), *self.given(batch))}

    def description(self) -> dict[str, Any]:
        if self.conditioning is not None:
            return self.conditioning.description()
        if not self.config.inputs:
            return {}
        options = self.config.generator_options | {"inputs": len(self.config.inputs)}
        return {"input_names": names_of(self.config.inputs), "generator_options": options}

    def state(self) -> dict[str, Any]:
        return super().state() | ({} if self.conditioning is None else self.conditioning.state())

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Raises ``UserError`` where the conditions are no longer those that the run began with."""
        if self.conditioning is not None:
            self.conditioning.require_same(state)
        super().load_state(state)

    def given(self, batch: Batch, name: str = "condition") -> tuple[Tensor, ...]:
        """What the networks take besides pictures: the rows ``name``, [N, *shape], where the run has a condition."""
        return () if self.conditioning is None else (batch[name],)

    def input_of(self, batch: Batch) -> Tensor:
        """A at the size of its files, float [N, 3 K, H / scale, W / scale] for K inputs."""
        return batch["A"][..., :: self.scale, :: self.scale]

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        real, fake = self.with_input(batch, batch["B"]), self.with_input(batch, pictures["fake_B"])
        decoys = {}
        if self.conditioning is not None and self.config.lambda_mismatched:
            decoys["mismatched"] = Decoy(real, self.config.lambda_mismatched, self.given(batch, "mismatched"))
        return self.adversary.train(real, fake, context, share=0.5, decoys=decoys, given=self.given(batch))[0]

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        config, real_B, fake_B = self.config, batch["B"], pictures["fake_B"]
        visible_B = forgive_overshoot(fake_B, real_B)
        losses = {"G/l1": config.lambda_l1 * F.l1_loss(visible_B, real_B)}
        if config.lambda_l2 > 0:
            losses["G/l2"] = config.lambda_l2 * F.mse_loss(visible_B, real_B)
        if config.lambda_edge > 0:
            losses["G/edge"] = config.lambda_edge * edge_l1(visible_B, real_B)
        if self.features is not None:
            losses["G/perceptual"] = config.lambda_perceptual * self.perceptual_distance(
                self.features, visible_B, real_B
            )
        if config.lambda_shift > 0 and context.step % SHIFT_EVERY == 0:
            window = random_window(config.crop, self.window_side, context.generator("shift"))
            losses["G/shift"] = SHIFT_EVERY * config.lambda_shift * self.shift_distance(batch, fake_B, window)
        terms = Terms(losses)
        if self.adversarial_active(context.progress):
            real = self.with_input(batch, real_B)
            given = self.given(batch)
            terms += self.adversary.fool(self.with_input(batch, fake_B), context, real=real, given=given)[0]
        return terms

    def perceptual_distance(self, features: FeatureNetwork, picture: Tensor, target: Tensor) -> Tensor:
        """Mean distance of the deep features of two batches of pictures, [N, 3, H, W]; the second is fixed."""
        with self.accelerator.autocast():
            with torch.no_grad():
                wanted = features.down_to_content(target)
            return perceptual_distance(features.down_to_content(picture), wanted).mean()

    def shift_distance(self, batch: Batch, translated: Tensor, window: Window) -> Tensor:
        """Mean absolute difference between the translation of ``window`` of A and that part of ``translated``.

        Both pictures are [N, 3, H, W]. The target is clipped to [-1, 1], as saved pictures are, and overshoot beyond it
        is free. `SHIFT_MARGIN` pixels along the window's borders are left out, or a quarter of its side if that is
        less.
        """
        margin = min(SHIFT_MARGIN, window.side // 4)
        inner = Window(top=margin, left=margin, side=window.side - 2 * margin)
        given = self.given(batch)

        def translate(photo: Tensor) -> Tensor:
            fake_B: Tensor = self.networks[GENERATOR](photo, *given)
            return fake_B

        shifted, target = map(inner.crop, window_and_target(translate, batch["A"], translated, window))
        target = target.clamp(-1, 1)
        return F.l1_loss(forgive_overshoot(shifted, target), target)

    @staticmethod
    def with_input(batch: Batch, picture: Tensor) -> Tensor:
        return torch.cat([batch["A"], picture], dim=1)  # [N, 3 (K + 1), H, W]

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        translate = self.averages["generator_ema"]
        picture = translate(self.input_of(batch), *self.given(batch)).float().clamp(-1, 1)
        first, *others = batch["A"].split(3, dim=1)
        compared = {"val/l1": picture, "val/l1_of_input": first}  # the second is the baseline
        metrics = {name: float((images - batch["B"]).abs().mean()) for name, images in compared.items()}
        if self.conditioning is not None:
            others.append(translate(self.input_of(batch), *self.given(batch, "mismatched")))
        return [first, picture, batch["B"], *others], metrics

    def column_titles(self) -> list[str]:
        if self.conditioning is not None:
            return ["input", "result", "target", "another condition"]
        if not self.config.inputs:
            return ["input", "result", "target"]
        first, *others = names_of(self.config.inputs)
        return [first, "result", "target", *others]


def names_of(folders: Sequence[Path]) -> list[str]:
    """A name for the pictures of each folder: its own, after as many of those above it as tell them apart.

    Folders given twice get numbers.
    """
    for depth in range(1, max(len(folder.parts) for folder in folders) + 1):
        names = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(names)) == len(names):
            return [name[-MAX_NAME:] for name in names]
    return [f"{folder.name} {number}" for number, folder in enumerate(folders, 1)]


def refuse_resampling(config: Pix2PixConfig) -> None:
    """Raise ``UserError`` for the first setting with which a small A and a large B would no longer match."""
    given = {
        "data": config.data is not None,  # both sides of a picture have the same size
        "resize": config.resize > 0,
        "scale": config.scale != (1.0, 1.0),
        "rotate": config.rotate > 0,
        "lambda_shift": config.lambda_shift > 0,
    }
    for name in (name for name, is_given in given.items() if is_given):
        remedy = "give <a> DIR and <b> DIR instead" if name == "data" else "leave it out"
        raise UserError(
            f"<{name}> {getattr(config, name)}: does not suit {config.generator}, which enlarges pictures; {remedy}"
        )
