"""StarGAN: one generator for many domains (Choi et al. 2018, arXiv:1711.09020).

L_D = -L_adv + lambda_cls L_cls(real),  L_G = L_adv + lambda_cls L_cls(fake) + lambda_rec |x - G(G(x, c), c')|_1
(equations 5 and 6), lambda_cls 1, lambda_rec 10

- L_adv is the Wasserstein distance with gradient penalty 10, five steps of D per step of G (sections 4.3 and 5.4).
- L_cls: cross-entropy over the domains where they exclude each other, else binary cross-entropy per attribute, as in
  the authors' code: summed over the attributes, averaged over the batch.
- Target labels are those of other samples, drawn at random (the authors shuffle the batch's).
Departure: a moving average of the generator is kept and exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from translate.config import StarGanConfig
from translate.data.datasets import TrainingData, load_domains
from translate.train.methods.base import (
    DISCRIMINATOR,
    GENERATOR,
    Method,
    Pictures,
)
from translate.train.methods.networks import built_discriminator, built_generator
from translate.train.step import Batch, StepContext, Terms


class StarGan(Method):
    """Translation of ``image`` of the domains ``domain`` to the domains ``target``, float [N, K] in {0, 1}.

    ``names`` are those of the K domains; ``exclusive``: a picture belongs to exactly one.
    """

    config: StarGanConfig

    @classmethod
    def load_data(cls, config: StarGanConfig) -> TrainingData:
        return load_domains(config)

    @classmethod
    def build(cls, config: StarGanConfig, accelerator: Accelerator, data: TrainingData) -> Self:
        return cls(config, accelerator, data.domains, exclusive=data.exclusive)

    def __init__(
        self, config: StarGanConfig, accelerator: Accelerator, names: Sequence[str], *, exclusive: bool
    ) -> None:
        super().__init__(config, accelerator)
        self.names, self.exclusive = list(names), exclusive
        generator = built_generator(config, domains=len(names))
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        discriminator = built_discriminator(config, domains=len(names), size=config.seen_side)
        self.adversary = self.add_adversaries({DISCRIMINATOR: discriminator})[DISCRIMINATOR]

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        return {"fake": self.networks[GENERATOR](batch["image"], batch["target"])}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        terms, of_real = self.adversary.train(batch["image"], pictures["fake"], context)
        return terms + Terms(
            {"D/class": self.config.lambda_class * self.classification_loss(of_real.classes, batch["domain"])}
        )

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        config, fake = self.config, pictures["fake"]
        again = self.networks[GENERATOR](fake, batch["domain"])
        terms = Terms({"G/reconstruction": config.lambda_reconstruction * F.l1_loss(again, batch["image"])})
        if self.adversarial_active(context.progress):
            fooled, of_fake = self.adversary.fool(fake, context, real=batch["image"])
            classes = Terms(
                {"G/class": config.lambda_class * self.classification_loss(of_fake.classes, batch["target"])}
            )
            terms += fooled + classes
        return terms

    def classification_loss(self, classes: Tensor | None, domain: Tensor) -> Tensor:
        """The loss of logits ``classes`` [N, K] for labels ``domain`` [N, K]. Raises ``ValueError`` without logits."""
        if classes is None:
            raise ValueError("the discriminator has no head for the domains")
        if self.exclusive:
            return F.cross_entropy(classes, domain)
        return F.binary_cross_entropy_with_logits(classes, domain, reduction="sum") / len(classes)

    def description(self) -> dict[str, Any]:
        return {
            "domain_names": self.names,
            "exclusive_domains": self.exclusive,
            "generator_options": self.config.generator_options | {"domains": len(self.names)},
        }

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        translated = self.averages[f"{GENERATOR}_ema"]
        image, domain = batch["image"], batch["domain"]
        columns = [image, translated(image, domain)]
        for index in range(domain.shape[1]):
            wanted = torch.zeros_like(domain) if self.exclusive else domain.clone()
            wanted[:, index] = 1 if self.exclusive else 1 - domain[:, index]  # this domain, or this attribute changed
            columns.append(translated(image, wanted))
        again = translated(columns[-1], domain)
        return [*columns, again], {"val/reconstruction": float((again - image).abs().mean())}

    def column_titles(self) -> list[str]:
        changed = self.names if self.exclusive else [f"{name} changed" for name in self.names]
        return ["input", "kept", *changed, "and back"]
