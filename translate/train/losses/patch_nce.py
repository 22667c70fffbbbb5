"""PatchNCE: a patch of the translated picture has to match the patch of the input at the same position, not others.

Park et al. 2020, "Contrastive Learning for Unpaired Image-to-Image Translation" (arXiv:2007.15651), section 3 and
appendix C.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def patch_nce(query: Tensor, key: Tensor, *, tau: float = 0.07) -> Tensor:
    """Cross-entropy of picking, for each query, the key at its own position among the P keys of its picture; a scalar.

    Equation 4 for one layer, with a mean over positions instead of their sum: ``query`` of the translated picture and
    ``key`` of the input, float [N, P, C] of unit length along C; negatives come from within the picture. No gradient
    enters the keys.
    """
    similarity = query @ key.detach().mT / tau  # [N, P, C] x [N, C, P] -> [N, queries, keys]
    own = torch.arange(query.shape[1], device=query.device).expand(similarity.shape[:2])  # [N, queries]
    return F.cross_entropy(similarity.flatten(0, 1), own.flatten())


class PatchProjector(nn.Module):
    """H of the paper: for each layer a two-layer MLP from its channels to unit vectors of size ``width``.

    ``channels`` are those of the layers' maps, in their order.
    """

    def __init__(self, channels: Sequence[int], *, width: int = 256) -> None:
        super().__init__()
        self.mlps = nn.ModuleList(
            nn.Sequential(nn.Linear(count, width), nn.ReLU(inplace=True), nn.Linear(width, width)) for count in channels
        )

    def forward(self, features: Sequence[Tensor], positions: Sequence[Tensor]) -> list[Tensor]:
        """Project ``features``, a map [N, C, H, W] per layer, at ``positions``, indices [P] into its H W positions.

        Returns float [N, P, width] per layer. Raises ``ValueError`` where maps, positions and layers differ in number.
        """
        projected = []
        for mlp, map_, places in zip(self.mlps, features, positions, strict=True):
            patches = map_.flatten(2).index_select(2, places).mT  # [N, C, H W] -> [N, C, P] -> [N, P, C]
            projected.append(F.normalize(mlp(patches), dim=-1))
        return projected


def sample_positions(features: Sequence[Tensor], count: int, generator: torch.Generator) -> list[Tensor]:
    """For each map [N, C, H, W] the positions to compare, the same in all its pictures, on the map's device.

    Int64 [P], P the smaller of ``count`` and H W, without repetition, drawn from ``generator``, which is on the CPU.
    """
    chosen = [torch.randperm(map_.shape[2] * map_.shape[3], generator=generator)[:count] for map_ in features]
    return [places.to(map_.device, non_blocking=True) for places, map_ in zip(chosen, features, strict=True)]
