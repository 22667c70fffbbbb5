"""Metrics of one picture against another: what a translation kept of its photo, or how close it is to the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from kornia.color import rgb_to_grayscale, rgb_to_lab
from kornia.filters import sobel
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

BLOCK = 16  # pixels per side, over which colour is averaged
WINDOW = 11  # pixels per side of SSIM's Gaussian window, of sigma 1.5
MAX_PSNR_DB = 60.0  # what equal pictures count as in a mean; a quarter of a step of 255 is as far
FLAT = 1e-6  # deviation of edge strength, in [0, 1], below which there are no edges; one level of 255 gives over 1e-4


@dataclass(frozen=True)
class PairMetrics:
    """The similarity of two pictures of the same size, see `compare_pictures`."""

    psnr_db: float  # infinite where they are equal
    ssim: float  # -1 to 1: equal
    l1: float  # 0 to 255
    edge_agreement: float  # -1 to 1: edges in the same places, of the same strength up to a factor
    colour_shift: float  # CIE 1976 delta E; about 2.3 is just visible

    @property
    def capped_psnr_db(self) -> float:
        """``psnr_db``, at most `MAX_PSNR_DB`, so that equal pictures leave a mean finite."""
        return min(self.psnr_db, MAX_PSNR_DB)


def compare_pictures(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> PairMetrics:
    """The metrics of two pictures, uint8 [H, W, 3] in sRGB, in either order.

    - ``psnr_db``: 10 log10(255^2 / mean squared difference).
    - ``ssim``: the mean structural similarity of the channels (Wang et al. 2004, equation 13) with its Gaussian window;
      the border is padded by reflection. Pictures smaller than the window are first padded to it by replication.
      In single precision, whose error in uniform regions is about 0.0002.
    - ``l1``: the mean absolute difference.
    - ``edge_agreement``: Pearson's correlation of the Sobel magnitudes (Sobel and Feldman 1968) of the luma
      0.299 R + 0.587 G + 0.114 B; 0 where one picture has no edges, 1 where neither has.
    - ``colour_shift``: the mean Euclidean distance in CIELAB (CIE 1976, D65) of the mean colours of 16x16 blocks,
      cropped at the right and bottom: of colour only, whatever happened to lines and texture.

    Raises ``ValueError`` where the sizes differ.
    """
    if one.shape != other.shape:
        raise ValueError(f"pictures of different sizes: {one.shape} and {other.shape}")
    with torch.inference_mode():
        first, second = _unit(one), _unit(other)
        return PairMetrics(
            psnr_db=float(peak_signal_noise_ratio(first, second, data_range=1.0)),
            ssim=_ssim(first, second),
            l1=float(255 * F.l1_loss(first, second)),
            edge_agreement=_correlation(_edges(first), _edges(second)),
            colour_shift=float((_block_colours(first) - _block_colours(second)).norm(dim=1).mean()),
        )


def edge_energy(picture: NDArray[np.uint8]) -> float:
    """The mean square of the Sobel magnitude of the luma of ``picture``, uint8 [H, W, 3]; 0 to 1, less for blur."""
    with torch.inference_mode():
        return float(_edges(_unit(picture)).square().mean())


def mean(metrics: Sequence[PairMetrics]) -> PairMetrics:
    """Each metric's mean over pictures. Raises ``ValueError`` where there are none."""
    if not metrics:
        raise ValueError("no metrics to take the mean of")
    names = [field.name for field in fields(PairMetrics)]
    return PairMetrics(**{name: math.fsum(getattr(each, name) for each in metrics) / len(metrics) for name in names})


def _unit(picture: NDArray[np.uint8]) -> Tensor:
    """uint8 [H, W, 3] -> float [1, 3, H, W] in [0, 1], what torchmetrics and kornia take."""
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32)) / 255


def _ssim(first: Tensor, second: Tensor) -> float:
    height, width = first.shape[-2:]
    missing = (0, max(0, WINDOW - width), 0, max(0, WINDOW - height))
    first, second = (F.pad(picture, missing, mode="replicate") for picture in (first, second))
    return float(structural_similarity_index_measure(first, second, data_range=1.0))  # type: ignore[arg-type]


def _edges(picture: Tensor) -> Tensor:
    return sobel(rgb_to_grayscale(picture), eps=0.0)


def _correlation(first: Tensor, second: Tensor) -> float:
    """Pearson's correlation; 0 where one of the two is constant, 1 where both are."""
    first, second = first.double() - first.double().mean(), second.double() - second.double().mean()
    deviations = [float(values.square().mean().sqrt()) for values in (first, second)]
    if min(deviations) < FLAT:
        return float(max(deviations) < FLAT)
    return float((first * second).mean()) / math.prod(deviations)


def _block_colours(picture: Tensor) -> Tensor:
    """The blocks' mean colours in CIELAB: float [1, 3, ceil(H / 16), ceil(W / 16)]."""
    return rgb_to_lab(F.avg_pool2d(picture, BLOCK, ceil_mode=True))
