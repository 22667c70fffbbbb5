"""Pictures with smoothed edges: negative examples, so that the discriminator demands clear edges.

CartoonGAN (Chen, Lai and Liu, CVPR 2018), section 3.2.1: find the edges with a Canny detector, dilate them, smooth the
dilated regions with a Gaussian. AnimeGAN (Chen et al. 2020) takes the same pictures, in grey.
"""

from __future__ import annotations

import torch
from kornia.color import rgb_to_grayscale
from kornia.filters import canny, gaussian_blur2d
from torch import Tensor
from torch.nn import functional as F

EDGE = 150 / 255  # smallest Sobel gradient of an edge, on brightness in [0, 1]
REGION = 5  # side in pixels of the square that dilates edges, and of the Gaussian's kernel
SIGMA = 1.1  # the Gaussian's, in pixels


@torch.no_grad()
def smooth_edges(images: Tensor) -> Tensor:
    """Blur pictures, float [N, 3, H, W] in [-1, 1], H and W at least 3, up to two pixels from edges and nowhere else.

    Each picture is independent of the others. kornia's Canny makes a kernel on the device, for which a GPU finishes
    what is queued: smoothed pictures prepared as files do without.
    """
    brightness = (rgb_to_grayscale(images) + 1) / 2
    # [N, 1, H, W] of 0 and 1. No blur first: drawings have no grain. No hysteresis either, which takes a pass for
    # each pixel of the longest faint line: the dilation closes the same gaps.
    _, edges = canny(brightness, EDGE, EDGE, kernel_size=1, hysteresis=False)
    near_edges = F.max_pool2d(edges, REGION, stride=1, padding=REGION // 2) > 0  # a dilation by a square
    return torch.where(near_edges, gaussian_blur2d(images, (REGION, REGION), (SIGMA, SIGMA)), images)
