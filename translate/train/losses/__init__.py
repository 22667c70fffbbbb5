"""What networks minimise: objectives, penalties on the critic, distances, PatchNCE. Each cites its source."""

from translate.train.losses.distances import (
    coarse_l1,
    edge_l1,
    edge_mismatch,
    feature_matching,
    forgive_overshoot,
    gram_matrix,
    grid_pattern,
    laplacian_l1,
    total_variation,
    yuv_colour,
)
from translate.train.losses.objectives import OBJECTIVES, Objective, objective_by_name
from translate.train.losses.patch_nce import PatchProjector, patch_nce, sample_positions
from translate.train.losses.penalties import clip_weights_, gradient_penalty, orthogonal_penalty, zero_centred_penalty

__all__ = [
    "OBJECTIVES",
    "Objective",
    "PatchProjector",
    "clip_weights_",
    "coarse_l1",
    "edge_l1",
    "edge_mismatch",
    "feature_matching",
    "forgive_overshoot",
    "gradient_penalty",
    "gram_matrix",
    "grid_pattern",
    "laplacian_l1",
    "objective_by_name",
    "orthogonal_penalty",
    "patch_nce",
    "sample_positions",
    "total_variation",
    "yuv_colour",
    "zero_centred_penalty",
]
