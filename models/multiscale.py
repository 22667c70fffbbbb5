"""Several PatchGANs, each judging the picture at half the size of the one before.

Wang, Liu, Zhu, Tao, Kautz, Catanzaro: High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs
(pix2pixHD), CVPR 2018, section 3.2: three discriminators of one structure, the coarsest seeing the most of the picture.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from models.blocks import Norm, require_positive
from models.minibatch import Minibatch
from models.patchgan import PatchGan
from models.registry import Discriminator, DiscriminatorOutput, register_discriminator


@register_discriminator("multiscale")
class MultiScale(Discriminator):
    """float [N, in_channels, H, W] in [-1, 1] to logits of each scale, the finest first; features in the same order.

    The coarsest scale has to be large enough for a PatchGAN: with three halvings at least 24 pixels, so that three
    scales need 93. The options other than ``scales`` are PatchGAN's.
    """

    def __init__(
        self,
        *,
        scales: int = 3,
        in_channels: int = 3,
        channels: int = 64,
        layers: int = 3,
        norm: Norm = "instance",
        spectral_norm: bool = False,
        attention: bool = False,
        minibatch: Minibatch = "none",
    ) -> None:
        super().__init__()
        require_positive(scales=scales)
        self.scales = nn.ModuleList(
            PatchGan(
                in_channels=in_channels,
                channels=channels,
                layers=layers,
                norm=norm,
                spectral_norm=spectral_norm,
                attention=attention,
                minibatch=minibatch,
            )
            for _ in range(scales)
        )

    def forward(self, image: Tensor) -> DiscriminatorOutput:
        logits: list[Tensor] = []
        features: list[Tensor] = []
        for index, patchgan in enumerate(self.scales):
            if index > 0:
                # padding is left out of the mean, as zeros would be grey
                image = F.avg_pool2d(image, 3, stride=2, padding=1, count_include_pad=False)
            verdict: DiscriminatorOutput = patchgan(image)
            logits += verdict.logits
            features += verdict.features
        return DiscriminatorOutput(tuple(logits), tuple(features))
