"""The settings of pix2pix, CycleGAN and CUT, with their papers' values as the defaults or as presets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from translate.config.base import Distance, TrainConfig
from translate.config.conditions import ConditionSettings
from translate.config.registry import register_method
from translate.config.values import setting, weight, with_default

MAX_INPUTS = 4  # pictures that are translated together


@register_method
@dataclass(frozen=True, kw_only=True)
class Pix2PixConfig(ConditionSettings, TrainConfig):
    """Paired translation: Isola et al. 2017, section 3.3 and appendix 6; a condition is optional."""

    method: ClassVar[str] = "pix2pix"
    implementation: ClassVar[str] = "translate.train.methods.pix2pix:Pix2Pix"
    distance: ClassVar[Distance | None] = Distance("l1", "G/l1", "lambda_l1", of_input="l1_of_input")
    paired: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # the paper's settings for facades (appendix 6.2): 200 epochs, batch size 1, jitter from 286 to 256
        "paper": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 200, "flip": True},
        # for a CPU or a first look: the small network, small crops; without normalisation, and as it starts as the
        # identity, a rate higher than the paper's suits it
        "light": {
            "generator": "mobile",
            "discriminator_options": {"channels": 32},
            "crop": 128,
            "batch_size": 4,
            "lr": 1e-3,
            "lr_discriminator": 2e-4,
            "beta2": 0.99,
            "clip_gradient": 100.0,
            "warmup": 100,
        },
        # for teaching a small network a filter: the target is a function of the photo, so the distances do the work,
        # and a weak adversarial term at the end sharpens what they leave soft
        "filter": {
            "generator": "mobile",
            "discriminator_options": {"channels": 32, "layers": 2},
            "crop": 224,
            "batch_size": 6,
            "quarter_turns": True,
            "lr": 2e-3,
            "lr_discriminator": 2e-4,
            "beta1": 0.9,
            "beta2": 0.99,
            "clip_gradient": 100.0,
            "schedule": "cosine",
            "warmup": 100,
            "lambda_l2": 500.0,
            "lambda_edge": 100.0,
            "lambda_gan": 0.1,
            "gan_start": 0.97,
            "ema": 0.999,
        },
        # for teaching it a slow painterly filter, which uses wide context and draws strokes: the network is wider and
        # sees further; for 60 % of the run a discriminator on pairs sharpens what the distances leave soft; the shift
        # term keeps strokes in place
        "painted": {
            "generator": "mobile",
            "generator_options": {"wide_channels": 80, "dilations": [1, 2, 4, 8, 1, 2, 4, 8], "antialias": True},
            "discriminator_options": {"channels": 16, "norm": "none"},
            "crop": 224,
            "batch_size": 4,
            "quarter_turns": False,
            "flip": True,
            "lr": 1e-3,
            "lr_discriminator": 5e-4,
            "beta1": 0.9,
            "beta2": 0.99,
            "clip_gradient": 100.0,
            "schedule": "cosine",
            "warmup": 200,
            "lambda_l1": 100.0,
            "lambda_l2": 1000.0,
            "lambda_edge": 100.0,
            "lambda_shift": 60.0,
            "objective": "relativistic",
            "lambda_gan": 6.0,
            "gan_start": 0.4,
            "lambda_r1": 1e-5,  # small: it penalises the sum of about 700 logits, the objective their mean
            "lambda_r2": 1e-5,
            "r1_every": 16,
            "ema": 0.998,
            "working_size": 768,
        },
        # for teaching a network to enlarge: where crisp lines belong follows from the small picture alone, so distances
        # do the work, and a discriminator would invent detail
        "enlarge": {
            "generator": "upscale",
            "discriminator_options": {"channels": 16, "layers": 2},
            "crop": 128,
            "batch_size": 16,
            "quarter_turns": True,
            "lr": 1e-3,
            "beta1": 0.9,
            "beta2": 0.99,
            "clip_gradient": 100.0,
            "schedule": "cosine",
            "warmup": 100,
            "lambda_edge": 100.0,
            "lambda_gan": 0.0,
            "ema": 0.998,
        },
    }

    data: Path | None = setting(None, "Start here", "folder of AB pictures, A and B side by side", free=True)
    a: Path | None = setting(None, "Start here", "folder of the A side", free=True)
    b: Path | None = setting(None, "Start here", "folder of the B side, same relative paths without suffix", free=True)
    inputs: tuple[Path, ...] = setting(
        (),
        "Data",
        "instead of --a: a folder of input pictures, matched with --b by name; give it twice or more, for translations "
        "of several pictures at once (repeatable)",
        free=True,
    )
    shards: str = setting(
        "",
        "Start here",
        "tars instead of folders, such as s3://bucket/photos-{000..019}.tar, made by `translate data shard`",
        free=True,
    )
    labels: int = setting(
        0,
        "Data",
        "the inputs are maps of so many label numbers, from 0 on, and get a colour for each; exported files take the "
        "maps themselves; 0: pictures",
        at_least=0,
        at_most=256,
    )
    a_suffix: str = setting(
        "",
        "Data",
        "of --a only pictures whose names end so before the extension, matched by the rest",
        free=True,
    )
    b_suffix: str = setting("", "Data", "the same for --b: _leftImg8bit for Cityscapes", free=True)
    direction: Literal["AtoB", "BtoA"] = setting("AtoB", "Data", "which side is the input")
    jitter: float = setting(
        0.0, "Data", "colour jitter of the input only: brightness, contrast, saturation by up to this share", at_least=0
    )

    objective: str = with_default(TrainConfig, "objective", "vanilla")
    lambda_l1: float = weight(100.0, "weight of the L1 distance")
    lambda_l2: float = weight(0.0, "weight of the squared distance, which penalises large differences most")
    lambda_edge: float = weight(0.0, "weight of the L1 distance between image gradients, which keeps edges crisp")
    lambda_perceptual: float = weight(
        0.0, "weight of the distance of deep features, which keeps strokes and lines crisp"
    )
    feature_network: str = setting(
        "efficientnet-lite2", "Networks", "network of the perceptual term: vgg19, efficientnet-lite0 or -lite2"
    )
    feature_weights: Path | None = setting(
        None, "Networks", "file of weights for the feature network, instead of its pretrained ones", free=True
    )
    lambda_shift: float = weight(0.0, "weight of the penalty on changes when the photo is shifted, against flicker")
    gan_start: float = setting(
        0.0,
        "Objective",
        "share of the run trained with only the distances, before the adversarial term starts",
        at_least=0,
        at_most=1,
    )

    def input_folder(self) -> Path | None:
        return self.b if self.direction == "BtoA" else (*self.inputs, self.a)[0]

    def problems(self) -> list[str]:
        found = super().problems()
        if self.labels and (self.inputs or self.eval_real or self.working_size):
            found.append("<labels>: leave out <inputs>, <eval-real> and <working-size>, which take pictures")
        found += self._problems_of_condition()
        if self.inputs:
            return found + self._problems_of_inputs()
        folders = [self.a is not None, self.b is not None]
        if [self.data is not None, any(folders), bool(self.shards)].count(True) != 1 or folders[0] != folders[1]:
            found.append("give either <data> DIR (A and B side by side) or both <a> DIR and <b> DIR, or <shards> TARS")
        return found

    def _problems_of_condition(self) -> list[str]:
        if not self.conditions:
            return []
        condition, *others = self.conditions
        found = [f"<{name}>: a run has one condition; leave out this one or <{condition}>" for name in others]
        left_out = {"shards": self.shards, "inputs": self.inputs, "eval_every": self.eval_every}
        found += [
            f"<{name}>: does not go with a condition (<{condition}>) yet; leave that out"
            for name, given in left_out.items()
            if given
        ]
        return found

    def _problems_of_inputs(self) -> list[str]:
        found = []
        if not 2 <= len(self.inputs) <= MAX_INPUTS:
            found.append(f"<inputs>: give 2 to {MAX_INPUTS} folders, not {len(self.inputs)}; for one, use <a> DIR")
        if self.b is None:
            found.append("<inputs>: needs <b> DIR, the folder of what the pictures become")
        left_out = {
            "data": self.data,
            "shards": self.shards,
            "a": self.a,
            "a_suffix": self.a_suffix,
            "eval_every": self.eval_every,
        }
        found += [f"<inputs>: does not go with <{name}>; leave that out" for name, given in left_out.items() if given]
        if self.direction == "BtoA":
            found.append("<inputs>: does not go with <direction> BtoA; leave that out")
        return found


@dataclass(frozen=True, kw_only=True)
class UnpairedConfig(TrainConfig):
    """Two folders without pairs, which may differ in size."""

    a: Path | None = setting(None, "Start here", "folder of the A side", free=True)
    b: Path | None = setting(None, "Start here", "folder of the B side", free=True)
    shards: str = setting(
        "",
        "Start here",
        "tars instead of folders, such as s3://bucket/photos-{000..019}.tar, made by `translate data shard`",
        free=True,
    )
    direction: Literal["AtoB", "BtoA"] = setting("AtoB", "Data", "which side is the input")

    def input_folder(self) -> Path | None:
        return self.b if self.direction == "BtoA" else self.a

    def problems(self) -> list[str]:
        found = super().problems()
        folders = [self.a is not None, self.b is not None]
        if folders != [not self.shards] * 2:
            found.append("give both <a> DIR and <b> DIR, or <shards> TARS")
        return found


@register_method
@dataclass(frozen=True, kw_only=True)
class CycleGanConfig(UnpairedConfig):
    """Unpaired translation in both directions: Zhu et al. 2017, sections 3 and 4, appendix 7."""

    method: ClassVar[str] = "cyclegan"
    implementation: ClassVar[str] = "translate.train.methods.cyclegan:CycleGan"
    distance: ClassVar[Distance | None] = Distance("cycle", "G/cycle_A", "lambda_cycle")
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 200},
        # for a CPU or a first look: the small network, small crops
        "light": {"generator": "mobile", "crop": 128, "batch_size": 4, "discriminator_options": {"channels": 32}},
    }

    generator: str = with_default(UnpairedConfig, "generator", "resnet")
    lambda_cycle: float = weight(10.0, "weight of the cycle-consistency L1 distance")
    lambda_identity: float = weight(0.5, "weight of the identity L1 distance, relative to that of the cycle")
    pool_size: int = setting(
        50, "Stabilisers", "translated pictures kept to show to the discriminators later; 0 keeps none", at_least=0
    )


@register_method
@dataclass(frozen=True, kw_only=True)
class CutConfig(UnpairedConfig):
    """One-way unpaired translation by contrastive learning on patches: Park et al. 2020, section 3 and appendix C."""

    method: ClassVar[str] = "cut"
    implementation: ClassVar[str] = "translate.train.methods.cut:Cut"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 400},
        # section 4.1: no identity term, ten times the contrastive weight, half the epochs
        "fast": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 200, "lambda_nce": 10.0, "nce_identity": False},
        "light": {"generator": "mobile", "crop": 128, "batch_size": 4, "discriminator_options": {"channels": 32}},
    }

    generator: str = with_default(UnpairedConfig, "generator", "resnet")
    lambda_nce: float = weight(1.0, "weight of the contrastive loss between patches")
    nce_identity: bool = setting(
        True, "Objective", "contrastive loss also between pictures of B and their translations, which keeps colours"
    )
    nce_patches: int = setting(256, "Objective", "patches compared per layer", at_least=2)
    nce_temperature: float = setting(0.07, "Objective", "temperature of the contrastive loss", above=0)
