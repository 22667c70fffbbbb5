"""ScratchGAN: captions by a GAN from scratch (Masson d'Autume et al. 2019, arXiv:1905.09922), or by likelihood.

Words are chosen, and a choice has no gradient, so the generator learns by REINFORCE (section 3.1 and 3.2):

r_t = 2 D(x_t | x_<t) - 1,   R_t = sum over s >= t of discount^(s - t) r_s,
gradient of G: E[ sum over t of (R_t - b) grad log p(x_t | x_<t, z) ],   b: a moving average of R

- Each word is rewarded, not only whole captions (dense rewards); large batches lower the variance.
- D maximises the log-likelihood of real and made for each word, half of the weight each, with layer normalisation,
  dropout and an L2 penalty on its weights. Adam with beta1 0.5; D's learning rate is a hundred times G's.
Departures: what follows the end of a caption does not count; a moving average of the generator is kept and sampled.

With the objective ``likelihood`` the same generator maximises log p of the captions instead, and has no discriminator.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, Self, cast

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from models.sequences import CaptionDiscriminator, CaptionGenerator, counted
from translate.config import SequenceConfig
from translate.config.sequences import LIKELIHOOD
from translate.data.datasets import TrainingData
from translate.data.sentences import SentenceDataset, load_sentences
from translate.errors import UserError
from translate.media.images import to_signed_unit
from translate.train.methods.base import DISCRIMINATOR, GENERATOR, Method, Pictures
from translate.train.step import Batch, StepContext, Terms

JUDGED = 256  # samples of a validation
SIDE, LINE = 192, 26  # of a caption in the grid: pixels, characters per line


class Sequence(Method):
    """Captions of the words of ``known``, the training captions."""

    config: SequenceConfig

    @classmethod
    def load_data(cls, config: SequenceConfig) -> TrainingData:
        return load_sentences(config)

    @classmethod
    def build(cls, config: SequenceConfig, accelerator: Accelerator, data: TrainingData) -> Self:
        return cls(config, accelerator, cast(SentenceDataset, data.training))

    def __init__(self, config: SequenceConfig, accelerator: Accelerator, known: SentenceDataset) -> None:
        super().__init__(config, accelerator)
        self.words, self.length = known.words, known.length
        self.known = {tuple(known.words.numbers(text, known.length).tolist()) for text in known.texts}
        sizes = {"words": len(known.words), "length": known.length}
        generator = _built(CaptionGenerator, "generator_options", config.generator_options, sizes)
        self.add_networks(GENERATOR, {GENERATOR: generator}, lr=config.lr, averaged=(GENERATOR,))
        if config.objective != LIKELIHOOD:
            discriminator = _built(CaptionDiscriminator, "discriminator_options", config.discriminator_options, sizes)
            self.add_networks(DISCRIMINATOR, {DISCRIMINATOR: discriminator}, lr=config.lr_discriminator or config.lr)
        self.baseline = torch.zeros((), device=accelerator.device)
        self._returns: list[Tensor] = []  # the mean of each part of a step

    def adversarial_active(self, progress: float) -> bool:
        return self.config.objective != LIKELIHOOD

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        """``tokens``, int64 [N, length], made or real, and the logarithm of their probabilities, float [N, length]."""
        generator = cast(CaptionGenerator, self.bare(GENERATOR))
        z = context.normal("z", generator.z_dim).to(self.accelerator.device)
        tokens = batch["tokens"]
        if self.config.objective != LIKELIHOOD:
            tokens = generator.sample(z, context.uniform("words", self.length))
        return {"tokens": tokens, "log_probabilities": self.networks[GENERATOR](z, tokens)}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        real, fake = batch["tokens"], pictures["tokens"]
        of_real, of_fake = self.networks[DISCRIMINATOR](torch.cat((real, fake))).chunk(2)
        loss = (self.mean(F.softplus(-of_real), real) + self.mean(F.softplus(of_fake), fake)) / 2
        squares = torch.stack([weights.square().sum() for weights in self.bare(DISCRIMINATOR).parameters()]).sum()
        losses = {"D/loss": loss, "D/weights": self.config.lambda_weights / 2 * squares}
        beaten = (of_real * counted(real)).mean(dim=1) > (of_fake * counted(fake)).mean(dim=1)
        metrics = {
            "D/real": self.mean(of_real.detach(), real),
            "D/fake": self.mean(of_fake.detach(), fake),
            "D/separation": beaten.float().mean(),
        }
        return Terms(losses, metrics)

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        tokens, log_probabilities = pictures["tokens"], pictures["log_probabilities"]
        if self.config.objective == LIKELIHOOD:
            return Terms({"G/likelihood": -self.mean(log_probabilities, tokens)})
        with torch.no_grad():
            rewards = (2 * self.bare(DISCRIMINATOR)(tokens).sigmoid() - 1) * counted(tokens)
            returns = discounted(rewards, self.config.discount)
        self._returns.append(self.mean(returns, tokens))
        loss = -self.mean((returns - self.baseline) * log_probabilities, tokens)
        return Terms({"G/reinforce": loss}, {"G/reward": self.mean(rewards, tokens)})

    def mean(self, values: Tensor, tokens: Tensor) -> Tensor:
        """The mean of ``values``, [N, T], over the words of the captions and their ends.

        Where there are several processes, what each returns averages to the mean over the words of all of them, however
        many each has, so that together they learn what one would of the whole batch.
        """
        counts = counted(tokens)
        return (values * counts).sum() / self.accelerator.reduce(counts.sum(), reduction="mean")

    def step(self, batch: Batch, *, step: int, progress: float) -> dict[str, Tensor]:
        metrics = super().step(batch, step=step, progress=progress)
        if self._returns:
            average = self.accelerator.reduce(torch.stack(self._returns).mean(), reduction="mean")
            self.baseline = torch.lerp(average, self.baseline, self.config.baseline_decay)
            self._returns.clear()
        return metrics

    def state(self) -> dict[str, Any]:
        return super().state() | {"baseline": self.baseline}

    def load_state(self, state: Mapping[str, Any]) -> None:
        super().load_state(state)
        self.baseline = state["baseline"].to(self.accelerator.device)

    def description(self) -> dict[str, Any]:
        return {"words": self.words.words, "length": self.length}

    @torch.no_grad()
    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        """Captions of ``batch`` beside samples, drawn; how many of more samples differ, or are training captions."""
        random = torch.Generator().manual_seed(self.config.seed)
        generator = cast(CaptionGenerator, self.averaged_generator())
        z = torch.randn(JUDGED, generator.z_dim, generator=random).to(self.accelerator.device)
        made = generator.sample(z, torch.rand(JUDGED, self.length, generator=random)).tolist()
        distinct = {tuple(caption) for caption in made}
        metrics = {
            "val/distinct": len(distinct) / JUDGED,
            "val/memorised": sum(tuple(caption) in self.known for caption in made) / JUDGED,
        }
        columns = [batch["tokens"].tolist(), made[: len(batch["tokens"])]]
        return [torch.stack([drawn(self.words.text(caption)) for caption in column]) for column in columns], metrics

    def column_titles(self) -> list[str]:
        return ["real", "sample"]


def _built(network: Any, setting: str, options: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """``network`` by its options. Raises ``UserError``, naming ``setting``, for one that it does not have."""
    try:
        return network(**{**options, **sizes})
    except (TypeError, ValueError) as error:
        raise UserError(f"<{setting}> {dict(options)}: {error}") from error


def discounted(rewards: Tensor, discount: float) -> Tensor:
    """R_t for rewards r_t, float [N, T]."""
    returns = [torch.zeros_like(rewards[:, 0])]
    for reward in reversed(rewards.unbind(dim=1)):
        returns.append(reward + discount * returns[-1])
    return torch.stack(returns[:0:-1], dim=1)


def drawn(text: str) -> Tensor:
    """A caption as a picture, float [3, SIDE, SIDE] in [-1, 1]."""
    sheet = Image.new("RGB", (SIDE, SIDE), "white")
    ImageDraw.Draw(sheet).multiline_text((8, 8), "\n".join(textwrap.wrap(text, LINE)), fill="black", font_size=13)
    return to_signed_unit(torch.from_numpy(np.array(sheet)).permute(2, 0, 1).float())
