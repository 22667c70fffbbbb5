"""The discriminator's memory: a history of translated pictures, some of which it sees in place of the newest.

Shrivastava et al. 2017, section 2.3, as CycleGAN takes it (Zhu et al. 2017, section 4: 50 pictures): while there is
room a picture is stored and shown; after that half of the pictures are swapped for a stored one.

Departure: the history is divided into lanes, one for each position of the global batch. What happens in a lane follows
from seed, step and the pictures of that lane, so any division of the batch over processes gives the same history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

PoolState = dict[int, dict[str, Any]]  # by lane: "step", its last, and "images", its history, float [C, H, W] each


@dataclass
class _Lane:
    step: int = -1
    images: list[Tensor] = field(default_factory=list)


class ImagePool:
    """A history of ``size`` pictures for a global batch of ``lanes`` samples; at size 0 pictures pass through.

    Each lane holds ``size / lanes`` pictures, rounded down, and at least one. Pools of the same ``seed``, an integer
    from 0 on, swap at the same steps.
    """

    def __init__(self, size: int, *, lanes: int, seed: int) -> None:
        self.capacity = max(1, size // lanes) if size else 0
        self.seed = seed
        self._lanes: dict[int, _Lane] = {}

    @torch.no_grad()
    def exchange(self, images: Tensor, *, step: int, lanes: range) -> Tensor:
        """Pictures to show for ``images``, float [N, C, H, W], whose positions in the global batch are ``lanes``.

        What is returned has the same shape and carries no gradient. Raises ``ValueError`` where the numbers of
        pictures and lanes differ.
        """
        if not self.capacity:
            return images.detach()
        shown = [self._exchange(image, step, number) for number, image in zip(lanes, images, strict=True)]
        return torch.stack(shown)

    def _exchange(self, image: Tensor, step: int, number: int) -> Tensor:
        lane = self._lanes.setdefault(number, _Lane())
        lane.step = step
        if len(lane.images) < self.capacity:
            lane.images.append(image.clone())  # a copy: a view would keep the whole batch alive
            return image
        random = np.random.default_rng([self.seed, step, number])
        if random.random() < 0.5:
            return image
        place = random.integers(self.capacity)
        stored, lane.images[place] = lane.images[place], image.clone()
        return stored.to(image.device)

    def state_dict(self) -> PoolState:
        """The lanes that came by here, on the CPU, plain enough for ``weights_only=True``; see ``merged``."""
        return {
            number: {"step": lane.step, "images": [image.cpu() for image in lane.images]}
            for number, lane in self._lanes.items()
        }

    def load_state_dict(self, state: Mapping[int, Mapping[str, Any]]) -> None:
        """Take back what ``state_dict`` or ``merged`` returned: any process may have any of its lanes from now on."""
        self._lanes = {
            number: _Lane(lane["step"], list(lane["images"][: self.capacity])) for number, lane in state.items()
        }


def merged(states: Iterable[PoolState]) -> PoolState:
    """All lanes from the states of all processes.

    After a resume several have a lane, of which one goes on with it: the latest is right.
    """
    latest: PoolState = {}
    for state in states:
        for number, lane in state.items():
            if number not in latest or latest[number]["step"] < lane["step"]:
                latest[number] = lane
    return latest
