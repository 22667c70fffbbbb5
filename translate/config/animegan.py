"""The settings of AnimeGAN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from translate.config.methods import UnpairedConfig
from translate.config.registry import register_method
from translate.config.values import setting, weight, with_default

# For a CPU and a small folder of art. The small generator starts near the identity: content-only steps would just
# suppress the residual branches that it is to learn with. The discriminator works on pretrained features: one trained
# from scratch hardly tells 300 drawings from photos. Gradients a hundred times larger than the others would all but
# stop Adam: they are clipped, and a low beta2 soon forgets them.
_ON_PRETRAINED_FEATURES: dict[str, Any] = {
    "generator": "mobile",
    "discriminator": "projected",
    "objective": "hinge",
    "batch_size": 4,
    "beta2": 0.99,
    "clip_gradient": 1.0,
    "warmup": 30,
    "content_start": 0.0,
    "lambda_content": 0.1,
}


@register_method
@dataclass(frozen=True, kw_only=True)
class AnimeGanConfig(UnpairedConfig):
    """Photos (A) into the look of anime pictures (B): Chen et al. 2020; Liu et al. 2021 for AnimeGANv2."""

    method: ClassVar[str] = "animegan"
    implementation: ClassVar[str] = "translate.train.methods.animegan:AnimeGan"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # the authors' settings of AnimeGANv2; 10 of its 101 epochs train the content only
        "paper": {
            "crop": 256,
            "batch_size": 12,
            "epochs": 101,
            "content_start": 0.1,
            "lr": 2e-5,
            "lr_discriminator": 4e-5,
            "schedule": "constant",
        },
        # The style term brings the palette. A scale below 1 shows more of a picture in a crop.
        "light": _ON_PRETRAINED_FEATURES
        | {
            "discriminator_options": {"levels": 3},
            "crop": 128,
            "scale": [0.5, 1.0],
            "lr": 5e-4,
            "beta1": 0.9,
            "ema": 0.99,
            "style_colour": True,
            "lambda_gan": 0.2,
            "lambda_style": 1.0,
            "lambda_colour": 0.3,
            "lambda_tv": 0.3,
        },
        # For --anchor and --init: a filter's pictures fix colours and shapes, and only the discriminator, at all levels
        # of its features, teaches what art looks like. Decoys and Gram matrices would double the cost. With a twentieth
        # of the anchor weight a white wall turned yellow; without the border term, and with the generator's dilation
        # of 8, skies had faint lines 32 pixels beside every mast.
        "anchored": _ON_PRETRAINED_FEATURES
        | {
            "generator_options": {"dilations": [1, 2, 4]},
            "discriminator_options": {"levels": 5},
            "crop": 256,
            "margin": 32,
            "scale": [0.75, 1.0],
            "lr": 4e-4,
            "beta1": 0.0,
            "ema": 0.995,
            "decoys": False,
            "lambda_content": 0.0,
            "lambda_anchor": 24.0,
            "lambda_edges": 0.2,
            "lambda_border": 20.0,
            "lambda_grid": 30.0,
            "lambda_style": 0.0,
            "lambda_colour": 0.0,
            "lambda_tv": 0.0,
        },
    }

    smoothed: Path | None = setting(
        None,
        "Data",
        "folder of the drawn pictures with smoothed edges, same names; by default each step smooths its batch",
        free=True,
    )
    anchor: Path | None = setting(
        None, "Data", "folder of pictures to stay close to, such as A's photos filtered, same names", free=True
    )
    generator: str = with_default(UnpairedConfig, "generator", "animegan")
    discriminator_options: dict = with_default(
        UnpairedConfig, "discriminator_options", {"spectral_norm": True, "norm": "layer"}
    )
    lr_discriminator: float = with_default(UnpairedConfig, "lr_discriminator", 4e-4)
    feature_network: str = setting(
        "efficientnet-lite0", "Networks", "network of the content and style terms: vgg19 or efficientnet-lite0"
    )
    feature_weights: Path | None = setting(
        None, "Networks", "file of weights for the feature network, instead of its pretrained ones", free=True
    )
    content_start: float = setting(
        0.05,
        "Objective",
        "share of the run, at its start, that trains only the content term",
        at_least=0,
        at_most=1,
    )
    # The paper's weights, with 300 for the adversarial term: content 1.5, style 3 (v2: 2.5), colour 10, total variation
    # 1, on VGG-19's features of bytes. Here content and style are relative, and the weights such that no term's
    # gradient at the picture drowns the others'.
    lambda_content: float = weight(0.1, "weight of the content term, on deep features")
    lambda_style: float = weight(0.1, "weight of the style term, on Gram matrices")
    style_colour: bool = setting(
        False, "Objective", "compare Gram matrices in colour, which brings the palette; by default in grey"
    )
    lambda_colour: float = weight(3.0, "weight of the distance to the photo's colours, in YUV")
    lambda_tv: float = weight(0.05, "weight of the total variation")
    lambda_anchor: float = weight(1.0, "weight of the L1 distance to --anchor's pictures, at coarse resolution")
    lambda_edges: float = weight(0.0, "weight of edges that do not match the photo's")
    lambda_border: float = weight(0.0, "weight of what a nearby border changes in the translation")
    decoys: bool = setting(
        True, "Objective", "also show the discriminator, as fakes, drawn pictures in grey and with smoothed edges"
    )

    def problems(self) -> list[str]:
        found = super().problems()
        if self.shards and (self.smoothed or self.anchor):
            found.append("<shards>: come without <smoothed> and <anchor>; give folders")
        return found
