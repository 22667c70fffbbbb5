import numpy as np
import torch

from translate.media.sheet import GAP, LINE_HEIGHT, PAPER
from translate.train.validation import FIRST_GRIDS, VISIBLE_SIDE, draw_grid, grid_due


def test_there_are_grids_soon_after_the_start() -> None:
    assert [step for step in range(1, 1201) if grid_due(step, every=500, last_step=1150)] == [
        *FIRST_GRIDS[1:],
        500,
        1000,
        1150,
    ]
    assert [step for step in range(1, 61) if grid_due(step, every=20, last_step=60)] == [10, 20, 40, 60]
    assert not any(grid_due(step, every=0, last_step=9) for step in range(10))


def test_columns_stand_under_their_titles_at_a_visible_size() -> None:
    dark, light = torch.full((2, 3, 48, 64), -1.0), torch.full((2, 3, 48, 64), 1.0)
    grid = draw_grid([dark, light], ["input", "result"])
    factor = 4
    width, height = 64 * factor, 48 * factor
    assert height >= VISIBLE_SIDE
    assert grid.shape == (LINE_HEIGHT + 2 * height + 4 * GAP, 2 * width + 3 * GAP, 3)
    title = grid[GAP : GAP + LINE_HEIGHT, GAP : GAP + width]
    assert (title != PAPER).any()
    assert (grid[LINE_HEIGHT + 2 * GAP :][:height, GAP : GAP + width] == 0).all()
    large = draw_grid([torch.zeros(1, 3, 256, 256)], ["input"])
    assert large.shape[1] == 256 + 2 * GAP and large.dtype == np.uint8
