from __future__ import annotations

import numpy as np

from translate.media.label_maps import coloured, label_colours


def test_each_label_has_a_colour_of_its_own_and_others_are_black() -> None:
    colours = label_colours(35).astype(int)
    apart = np.abs(colours[:35, None] - colours[None, :35]).sum(2) + 1000 * np.eye(35, dtype=int)
    assert apart.min() >= 50 and colours[:35].max(1).min() > 100
    assert (colours[35:] == 0).all()


def test_a_map_takes_the_colours_of_its_labels() -> None:
    labels = np.repeat(np.array([[0, 1], [2, 255]], np.uint8)[..., None], 3, axis=2)
    shown = coloured(labels, 3)
    assert shown.dtype == np.uint8 and (shown[:, :1] == label_colours(3)[[[0], [2]]]).all()
    assert (shown[1, 1] == 0).all()
