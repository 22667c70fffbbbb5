"""StarGAN: one generator for all domains, and a discriminator that also classifies a picture's domain.

Choi, Choi, Kim, Ha, Kim, Choo: StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image
Translation, CVPR 2018, appendix, tables 4 and 5. The generator reads the label as extra channels, one per domain, each
constant over the picture.

Departures of the generator: its first convolution is not normalised, as instance normalisation removes what is constant
over the picture and so the label, of which only the zero padding left a trace; padding is by reflection; the paper's
transposed convolutions can be replaced by resizing and convolving. By option: self-attention and spectral
normalisation, as in `resnet`.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from models.blocks import Norm, Upsampling, join_domain, normalise_spectrally, require_positive, tapped
from models.init import init_he
from models.registry import Discriminator, DiscriminatorOutput, Generator, register_discriminator, register_generator
from models.resnet import residual_network

SLOPE = 0.01  # of the discriminator's leaky ReLUs


@register_generator("stargan")
class StarGan(Generator):
    """float [N, 3, H, W] in [-1, 1] and float [N, domains] in {0, 1} to [N, 3, H, W] in [-1, 1]; multiples of 8."""

    stride = 8  # as in resnet

    def __init__(
        self,
        *,
        domains: int = 2,
        blocks: int = 6,
        channels: int = 64,  # after the first convolution; four times as many in the residual blocks
        norm: Norm = "instance",
        upsampling: Upsampling = "transposed",
        attention: bool = False,
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        require_positive(domains=domains)
        self.domains = domains
        self.layers = residual_network(
            3 + domains,
            blocks=blocks,
            channels=channels,
            kernel=4,
            norm=norm,
            first_norm="none",
            upsampling=upsampling,
            attention=attention,
            spectral_norm=spectral_norm,
        )

    def forward(self, image: Tensor, domain: Tensor) -> Tensor:
        return self.layers(join_domain(image, domain))


@register_discriminator("stargan")
class StarGanDiscriminator(Discriminator):
    """float [N, in_channels, H, W] in [-1, 1] to logits [N, 1, h, w] and classes [N, domains]; H, W at least ``size``.

    Nothing is normalised, as the gradient penalty requires. A picture larger than ``size`` is classified by the mean of
    the class head's logits over its parts. Weights start as in He et al. 2015; the paper does not say how.
    """

    def __init__(
        self,
        *,
        domains: int = 2,
        in_channels: int = 3,
        channels: int = 64,  # after the first convolution, doubled by each of the others
        layers: int = 6,  # that halve height and width
        size: int = 128,  # side in pixels of the training crops: the class head's kernel covers what is left of it
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        require_positive(domains=domains, in_channels=in_channels, channels=channels, layers=layers)
        if size < 2**layers:
            raise ValueError(f"size has to be at least {2**layers} with {layers} layers, not {size}")
        widths = [in_channels, *(channels * 2**level for level in range(layers))]
        self.hidden = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE))
                for before, after in pairwise(widths)
            )
        )
        self.source = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.classes = nn.Conv2d(widths[-1], domains, size // 2**layers, bias=False)
        init_he(self, slope=SLOPE)
        if spectral_norm:
            normalise_spectrally(self)

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        features = tapped(self.hidden, image, range(len(self.hidden)))
        classes = self.classes(features[-1]).mean(dim=(2, 3))  # [N, K, 1, 1] at the size of the crops
        return DiscriminatorOutput((self.source(features[-1]),), tuple(features), classes)
