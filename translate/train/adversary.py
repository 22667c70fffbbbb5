"""One discriminator in training: its objective, and the stabilisers that any method may use.

`losses` and `diff_augment` cite their sources. Two time scales (Heusel et al. 2017): the setting ``lr_discriminator``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models import DiscriminatorOutput, couples_samples
from translate.config import TrainConfig
from translate.errors import UserError
from translate.train.adaptive import AdaptiveProbability
from translate.train.diff_augment import DiffAugment, add_instance_noise
from translate.train.losses import (
    clip_weights_,
    feature_matching,
    gradient_penalty,
    objective_by_name,
    orthogonal_penalty,
    zero_centred_penalty,
)
from translate.train.step import StepContext, Terms


class Decoy(NamedTuple):
    """Further fakes for a discriminator."""

    images: Tensor  # float [N, C, H, W]
    weight: float  # where that of the generator's pictures is 1
    given: tuple[Tensor, ...] = ()  # what a conditional discriminator takes with them


class Adversary:
    """The discriminator ``name``, ``wrapped`` for distributed training and ``bare``.

    Raises ``UserError`` for an unknown objective or augmentation.
    """

    def __init__(
        self, name: str, wrapped: nn.Module, bare: nn.Module, config: TrainConfig, accelerator: Accelerator
    ) -> None:
        self.wrapped, self.bare, self.config, self.accelerator = wrapped, bare, config, accelerator
        self.prefix = "D" + name.removeprefix("discriminator")  # of its metrics: D, D_A, ...
        try:
            self.objective = objective_by_name(config.objective, smoothing=config.label_smoothing)
        except ValueError as error:
            raise UserError(f"<objective> {config.objective}: {error}") from error
        try:
            self.augment = DiffAugment(config.diff_augment)
        except ValueError as error:
            raise UserError(f"<diff_augment> {config.diff_augment}: {error}") from error
        self.adaptive = AdaptiveProbability(config.ada_target, accelerator.device) if config.ada_target else None
        self._signs: list[Tensor] = []  # of each part of a step
        self.merges = config.merge_passes and not couples_samples(bare)

    def view(self, images: Tensor, context: StepContext, purpose: str) -> Tensor:
        """What the discriminator sees of ``images``, float [N, C, H, W]: without the margin, augmented, with noise."""
        margin = self.config.margin
        images = images[..., margin : images.shape[-2] - margin, margin : images.shape[-1] - margin]
        applied = None
        if self.adaptive is not None:
            chance = context.uniform(f"{purpose}/ada", self.augment.operations).to(images.device, non_blocking=True)
            applied = chance < self.adaptive.value
        images = self.augment(images, self.augment.draw(context.uniform, purpose), applied)
        # drawn on the pictures' device: each process has noise of its own
        return add_instance_noise(images, self.config.instance_noise * (1 - context.progress))

    def train(
        self,
        real: Tensor,
        fake: Tensor,
        context: StepContext,
        *,
        share: float = 1.0,
        decoys: Mapping[str, Decoy] = MappingProxyType({}),
        given: tuple[Tensor, ...] = (),
    ) -> tuple[Terms, DiscriminatorOutput]:
        """The discriminator's terms on real and translated pictures, float [N, C, H, W], and its output for the real.

        ``share`` scales the objective: 0.5 slows the discriminator, as pix2pix and CycleGAN do. ``decoys`` are further
        fakes by name. All fakes together weigh as much as the real pictures: the discriminator is trained against
        their mixture, whatever the objective. ``given`` is what a conditional discriminator takes with both the real
        and the translated pictures.
        """
        real = self.view(real, context, f"{self.prefix}/real")
        fake = self.view(fake, context, self._purpose("fake"))
        others = [
            (self.view(decoy.images, context, self._purpose(name)), *decoy.given) for name, decoy in decoys.items()
        ]
        of_real, *of_others = self.judge((real, *given), (fake, *given), *others)
        weights = [1.0, *(decoy.weight for decoy in decoys.values())]
        against = [self.objective.discriminator(of_real.logits, verdict.logits) for verdict in of_others]
        mixed = torch.stack([weight * loss for weight, loss in zip(weights, against, strict=True)]).sum() / sum(weights)
        losses = {f"{self.prefix}/loss": share * mixed} | self._penalties(real, fake, context, given)
        metrics = self._metrics(of_real, of_others[0])
        if self.adaptive is not None:
            metrics[f"{self.prefix}/augmented"] = self.adaptive.value
            self._signs.append(self._overfitting(of_real, of_others[0]))
        for name, verdict in zip(decoys, of_others[1:], strict=True):
            metrics[f"{self.prefix}/{name}"] = verdict.logits[0].detach().mean()
        return Terms(losses, metrics), of_real

    def judge(self, *batches: tuple[Tensor, ...]) -> list[DiscriminatorOutput]:
        """The output for each of ``batches``, pictures and what is given with them.

        It is computed in one pass, where the samples of a batch do not affect each other.
        """
        if not self.merges:
            return [self.wrapped(*batch) for batch in batches]
        verdict: DiscriminatorOutput = self.wrapped(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
        sizes = [len(images) for images, *_ in batches]
        logits = zip(*(scale.split(sizes) for scale in verdict.logits), strict=True)
        features = zip(*(level.split(sizes) for level in verdict.features), strict=True)
        classes = verdict.classes.split(sizes) if verdict.classes is not None else [None] * len(batches)
        return [DiscriminatorOutput(*parts) for parts in zip(logits, features, classes, strict=True)]

    def fool(
        self, fake: Tensor, context: StepContext, *, real: Tensor | None = None, given: tuple[Tensor, ...] = ()
    ) -> tuple[Terms, DiscriminatorOutput]:
        """The generator's terms on its pictures, float [N, C, H, W], and the discriminator's output for them.

        ``real`` are the pictures that a relativistic objective compares them with, and whose features they are to
        match where ``lambda_features`` is above 0. ``given`` is as for `train`.
        """
        matches = self.config.lambda_features > 0 and real is not None
        purpose = f"{self.prefix}/fooled"
        with self.frozen() as discriminator:
            of_fake: DiscriminatorOutput = discriminator(self.view(fake, context, purpose), *given)
            of_real = DiscriminatorOutput((), ())
            if real is not None and (matches or self.objective.relativistic):
                with torch.no_grad():
                    of_real = discriminator(self.view(real, context, purpose), *given)
        adversarial = self.objective.generator(of_fake.logits, of_real.logits)
        losses = {self._generator_metric("gan"): self.config.lambda_gan * adversarial}
        if matches:
            matched = feature_matching(of_real.features, of_fake.features)
            losses[self._generator_metric("features")] = self.config.lambda_features * matched
        return Terms(losses), of_fake

    def after_update(self) -> None:
        """Clip the weights where the objective requires it (Arjovsky et al. 2017, algorithm 1); adapt augmentation."""
        if self.objective.constraint == "clip":
            clip_weights_(self.bare, self.config.clip_weights)
        if self.adaptive is not None:
            signs = torch.stack(self._signs).mean()
            if self.accelerator.num_processes > 1:
                signs = self.accelerator.reduce(signs, reduction="mean")
            self.adaptive.adapt(signs, pictures=self.config.samples_per_step(self.accelerator.num_processes))
            self._signs.clear()

    def state(self) -> dict[str, Tensor]:
        """What a resumed run needs besides the weights."""
        return {} if self.adaptive is None else {"augmented": self.adaptive.value}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        if self.adaptive is not None:
            self.adaptive.value = state.get("augmented", self.adaptive.value)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[nn.Module]:
        """The discriminator, with gradients passing through it but none into its weights.

        It is the bare one: the distributed wrapper would wait for gradients that never come.
        """
        self.bare.requires_grad_(False)
        try:
            yield self.bare
        finally:
            self.bare.requires_grad_(True)

    def _penalties(
        self, real: Tensor, fake: Tensor, context: StepContext, given: tuple[Tensor, ...]
    ) -> dict[str, Tensor]:
        config, losses = self.config, {}

        # bare, as the wrapper cannot differentiate a gradient; in single precision, as half precision overflows
        def logits_of(images: Tensor) -> tuple[Tensor, ...]:
            with torch.autocast(images.device.type, enabled=False):
                return self.bare(images.float(), *given).logits

        if self.objective.constraint == "gradient-penalty" and config.lambda_gp > 0:
            mix = context.uniform(f"{self.prefix}/gp", 1, 1, 1).to(real.device, non_blocking=True)
            losses[f"{self.prefix}/gp"] = config.lambda_gp * gradient_penalty(logits_of, real, fake, mix)
        for name, gamma, images in (("r1", config.lambda_r1, real), ("r2", config.lambda_r2, fake)):
            if gamma > 0 and context.step % config.r1_every == 0:
                weight = gamma / 2 * config.r1_every
                losses[f"{self.prefix}/{name}"] = weight * zero_centred_penalty(logits_of, images)
        if config.lambda_orthogonal > 0:
            losses[f"{self.prefix}/orthogonal"] = config.lambda_orthogonal * orthogonal_penalty(self.bare)
        return losses

    def _metrics(self, of_real: DiscriminatorOutput, of_fake: DiscriminatorOutput) -> dict[str, Tensor]:
        """Mean logits, and the share of patches where the real picture's logit is higher: 1 is saturated."""
        real, fake = of_real.logits[0].detach(), of_fake.logits[0].detach()
        return {
            f"{self.prefix}/real": real.mean(),
            f"{self.prefix}/fake": fake.mean(),
            f"{self.prefix}/separation": (real > fake).float().mean(),
        }

    def _overfitting(self, of_real: DiscriminatorOutput, of_fake: DiscriminatorOutput) -> Tensor:
        """r_t of ADA, see `AdaptiveProbability`."""
        real, fake = of_real.logits[0].detach(), of_fake.logits[0].detach()
        return torch.sign(real - fake if self.objective.relativistic else real).mean()

    def _purpose(self, name: str) -> str:
        """The random stream that augments the pictures ``name``: relativistic pairs share one, so they move alike."""
        return f"{self.prefix}/{'real' if self.objective.relativistic else name}"

    def _generator_metric(self, term: str) -> str:
        return f"G{self.prefix[1:]}/{term}"
