"""The settings of each method, with its paper's values as the defaults or as a preset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from translate.config.adversarial import AdversarialConfig
from translate.config.values import setting


@dataclass(frozen=True, kw_only=True)
class Pix2PixConfig(AdversarialConfig):
    """Paired translation: Isola et al. 2017, section 3.3 and appendix 6."""

    method: ClassVar[str] = "pix2pix"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # the paper's settings for facades (appendix 6.2): 200 epochs, batch size 1, jitter from 286 to 256
        "paper": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 200, "flip": True},
        # teaching a small network a filter: the target is a function of the photo, so the distance does the work and
        # a light adversarial term, late, restores what the distance leaves soft
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
        # teaching it a slow painterly filter, which looks far and sets strokes: the network is wider and sees further,
        # more than half of the run is a game, pair by pair, for what distances leave soft; shifted photos keep strokes
        "painted": {
            "generator": "mobile",
            "generator_options": {"wide_channels": 80, "dilations": [1, 2, 4, 8, 1, 2, 4, 8]},
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
            "lambda_r1": 1e-5,  # small, as it is of the sum of some 700 logits, while the game is of their mean
            "lambda_r2": 1e-5,
            "r1_every": 16,
            "ema": 0.998,
            "working_size": 768,
        },
    }

    data: Path | None = setting(None, "folder of AB pictures, A and B side by side", free=True)
    a: Path | None = setting(None, "folder of the A side", free=True)
    b: Path | None = setting(None, "folder of the B side, same relative paths without suffix", free=True)
    direction: Literal["AtoB", "BtoA"] = setting("AtoB", "which side is the input")
    jitter: float = setting(
        0.0, "colour jitter of the input alone: brightness, contrast, saturation by this share", at_least=0
    )

    objective: str = setting("vanilla", AdversarialConfig.help_of("objective"))
    lambda_l1: float = setting(100.0, "weight of the L1 distance", at_least=0)
    lambda_l2: float = setting(
        0.0, "weight of the squared distance, which minds the largest differences most", at_least=0
    )
    lambda_edge: float = setting(0.0, "weight of the L1 distance of the gradients, which keeps edges crisp", at_least=0)
    lambda_shift: float = setting(
        0.0, "weight of what changes in a picture that is shifted by whole pixels, against flicker", at_least=0
    )
    gan_start: float = setting(
        0.0, "share of the run trained by the distances alone, before the adversarial term", at_least=0, at_most=1
    )

    def problems(self) -> list[str]:
        found = super().problems()
        if (self.data is None) == (self.a is None and self.b is None) or (self.a is None) != (self.b is None):
            found.append("give either --data DIR (A and B side by side) or both --a DIR and --b DIR")
        return found


@dataclass(frozen=True, kw_only=True)
class UnpairedConfig(AdversarialConfig):
    """Two folders of any sizes, without pairs."""

    a: Path | None = setting(None, "folder of the A side", free=True)
    b: Path | None = setting(None, "folder of the B side", free=True)
    direction: Literal["AtoB", "BtoA"] = setting("AtoB", "which side is the input")

    def problems(self) -> list[str]:
        found = super().problems()
        if self.a is None or self.b is None:
            found.append("give both --a DIR and --b DIR")
        return found


@dataclass(frozen=True, kw_only=True)
class CycleGanConfig(UnpairedConfig):
    """Unpaired translation both ways: Zhu et al. 2017, sections 3 and 4, appendix 7."""

    method: ClassVar[str] = "cyclegan"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 200},
        # for a processor or a first look: the small network, small crops
        "light": {"generator": "mobile", "crop": 128, "batch_size": 4, "discriminator_options": {"channels": 32}},
    }

    generator: str = setting("resnet", UnpairedConfig.help_of("generator"))
    lambda_cycle: float = setting(10.0, "weight of the cycle's L1 distance", at_least=0)
    lambda_identity: float = setting(0.5, "weight of the identity's L1 distance, as a share of the cycle's", at_least=0)
    pool_size: int = setting(50, "translated pictures kept to show the discriminators later; 0 keeps none", at_least=0)


@dataclass(frozen=True, kw_only=True)
class CutConfig(UnpairedConfig):
    """Unpaired translation one way by contrast of patches: Park et al. 2020, section 3 and appendix C."""

    method: ClassVar[str] = "cut"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "paper": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 400},
        # section 4.1: no identity term, a tenfold weight of the contrast, half of the passes
        "fast": {"resize": 286, "crop": 256, "batch_size": 1, "epochs": 200, "lambda_nce": 10.0, "nce_identity": False},
        "light": {"generator": "mobile", "crop": 128, "batch_size": 4, "discriminator_options": {"channels": 32}},
    }

    generator: str = setting("resnet", UnpairedConfig.help_of("generator"))
    lambda_nce: float = setting(1.0, "weight of the contrast between patches", at_least=0)
    nce_identity: bool = setting(True, "contrast translated pictures of B with themselves too, which keeps colours")
    nce_patches: int = setting(256, "patches compared in each layer", at_least=2)
    nce_temperature: float = setting(0.07, "temperature of the contrast", above=0)


@dataclass(frozen=True, kw_only=True)
class StarGanConfig(AdversarialConfig):
    """One generator for many domains: Choi et al. 2018, sections 3 and 5, appendix 7."""

    method: ClassVar[str] = "stargan"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # section 5 for CelebA: 178x178 resized to 128, batch 16, 20 epochs of which the rate falls over the last 10
        "paper": {"resize": 128, "crop": 128, "batch_size": 16, "epochs": 20, "lr": 1e-4},
    }

    domains: Path | None = setting(None, "folder with a folder of pictures a domain", free=True)
    images: Path | None = setting(None, "folder of pictures that --attributes describes", free=True)
    attributes: Path | None = setting(None, "table: file name, then 0/1 columns; CelebA's format too", free=True)
    columns: str = setting("", "attributes to use, separated by commas; all 0/1 columns where empty")

    generator: str = setting("stargan", AdversarialConfig.help_of("generator"))
    discriminator: str = setting("stargan", AdversarialConfig.help_of("discriminator"))
    crop: int = setting(128, AdversarialConfig.help_of("crop"), at_least=8)
    objective: str = setting("wgan-gp", AdversarialConfig.help_of("objective"))
    lr: float = setting(1e-4, AdversarialConfig.help_of("lr"), above=0)
    n_critic: int = setting(5, AdversarialConfig.help_of("n_critic"), at_least=1)
    lambda_class: float = setting(1.0, "weight of the classification of domains", at_least=0)
    lambda_reconstruction: float = setting(10.0, "weight of the L1 distance of the way there and back", at_least=0)

    def problems(self) -> list[str]:
        found = super().problems()
        tabled = (self.images is not None, self.attributes is not None)
        if (self.domains is not None and any(tabled)) or (self.domains is None and not all(tabled)):
            found.append("give either --domains DIR (a folder a domain) or both --images DIR and --attributes TABLE")
        return found


# For a processor and a small folder of art. The small generator starts near the identity: steps of content alone would
# only shut the branches that it is to learn with. The discriminator looks at pretrained features: one that starts from
# nothing hardly tells 300 drawings from photos. Some gradients are a hundred times as large as others, which would all
# but stop Adam: clipped, and soon forgotten.
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


@dataclass(frozen=True, kw_only=True)
class AnimeGanConfig(UnpairedConfig):
    """Photos (A) into the look of anime pictures (B): Chen et al. 2020; Liu et al. 2021 for AnimeGANv2."""

    method: ClassVar[str] = "animegan"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        # the authors' settings of AnimeGANv2; 10 of its 101 epochs are of content alone
        "paper": {
            "crop": 256,
            "batch_size": 12,
            "epochs": 101,
            "content_start": 0.1,
            "lr": 2e-5,
            "lr_discriminator": 4e-5,
            "schedule": "constant",
        },
        # The style brings the palette. Enlargement below 1 shows more of a picture in a crop.
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
        # With --anchor and --init: a filter's pictures hold colours and shapes, and the discriminator alone, at all
        # levels of its features, says what art looks like. Decoys and Gram matrices would cost as much again. With a
        # twentieth of the anchor's weight a white wall turned yellow; without a price on borders, and with the
        # generator's dilation of 8, skies had faint lines 32 pixels beside every mast.
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
        None, "folder of the drawn pictures with smoothed edges, same names; else each step smooths its own", free=True
    )
    anchor: Path | None = setting(
        None, "folder of pictures to stay near to, such as a filter's of A's photos, same names", free=True
    )
    generator: str = setting("animegan", UnpairedConfig.help_of("generator"))
    discriminator_options: dict = setting(
        {"spectral_norm": True, "norm": "layer"}, UnpairedConfig.help_of("discriminator_options")
    )
    lr_discriminator: float = setting(4e-4, UnpairedConfig.help_of("lr_discriminator"), at_least=0)
    feature_network: str = setting(
        "efficientnet-lite0", "network of the content and style terms: vgg19 or efficientnet-lite0"
    )
    feature_weights: Path | None = setting(
        None, "file of the feature network's weights, in place of the network's own", free=True
    )
    content_start: float = setting(
        0.05, "share of the run that learns the content alone, before all other terms", at_least=0, at_most=1
    )
    # The paper's weights beside 300 of the adversarial term: content 1.5, style 3 (v2: 2.5), colour 10, total variation
    # 1, with features of VGG-19 on bytes. Here content and style are relative, and the weights such that no term's
    # gradient at the picture drowns the others'.
    lambda_content: float = setting(0.1, "weight of the content in deep features", at_least=0)
    lambda_style: float = setting(0.1, "weight of the Gram matrices", at_least=0)
    style_colour: bool = setting(False, "take the Gram matrices in colour, which brings the palette; else in grey")
    lambda_colour: float = setting(3.0, "weight of the photo's colour in YUV", at_least=0)
    lambda_tv: float = setting(0.05, "weight of the total variation", at_least=0)
    lambda_anchor: float = setting(1.0, "weight of the L1 distance to --anchor's pictures, coarsened", at_least=0)
    lambda_edges: float = setting(0.0, "weight of edges that are not where the photo has them", at_least=0)
    lambda_border: float = setting(0.0, "weight of what changes in a picture where its border is near", at_least=0)
    decoys: bool = setting(True, "show the discriminator drawn pictures in grey and with smoothed edges too, as false")
