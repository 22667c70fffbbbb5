"""Captions of a trained run of ``sequence``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.sequences import CaptionGenerator
from translate.data.sentences import Words
from translate.errors import UnusableError, UserError
from translate.style.latents import noise
from translate.weights.checkpoint import DESCRIPTION, find, load_weights

BATCH = 512


def invented(run: Path, seeds: Sequence[int]) -> list[str]:
    """A caption for each seed, by the averaged generator of a run or checkpoint.

    Raises ``UserError`` where it makes no captions, ``UnusableError`` where it cannot be loaded.
    """
    checkpoint = find(run)
    config = checkpoint.config
    if config.get("method") != "sequence":
        raise UserError(f"{run}: makes pictures, not captions; leave out <invent>")
    try:
        words, length = Words(config["words"]), config["length"]
        generator = CaptionGenerator(**config["generator_options"], words=len(words), length=length)
    except (KeyError, TypeError, ValueError) as error:
        raise UnusableError(f"{checkpoint.path / DESCRIPTION}: does not describe a run of captions: {error}") from error
    load_weights(generator, checkpoint.weights("generator_ema"), source=checkpoint.path)
    captions: list[str] = []
    for start in range(0, len(seeds), BATCH):
        part = seeds[start : start + BATCH]
        chances = np.stack([np.random.default_rng([seed, 1]).random(length) for seed in part]).astype(np.float32)
        z = torch.from_numpy(noise(part, generator.z_dim))
        captions += [words.text(caption) for caption in generator.sample(z, torch.from_numpy(chances)).tolist()]
    return captions
