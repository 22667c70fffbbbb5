"""The discriminator's memory: a history of translated pictures, some of which it sees in place of the newest.

Shrivastava et al. 2017, section 2.3, as CycleGAN uses it (Zhu et al. 2017, section 4: 50 pictures): while there is
room a picture is stored and shown; after that half of the pictures are swapped for a stored one.

Departure: the history is divided into slots, one for each position of the global batch. What happens in a slot follows
from seed, step and the pictures of that slot, so any division of the batch over processes gives the same history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

PoolState = dict[int, dict[str, Any]]  # by slot: "step", its last, and "images", its history, float [C, H, W] each


@dataclass
class _Slot:
    step: int = -1
    images: list[Tensor] = field(default_factory=list)


class ImagePool:
    """A history of ``size`` pictures for a global batch of ``slots`` samples; at size 0 pictures pass through.

    Each slot holds ``size / slots`` pictures, rounded down, and at least one. Pools of the same ``seed``, an integer
    from 0 on, swap at the same steps.
    """

    def __init__(self, size: int, *, slots: int, seed: int) -> None:
        self.capacity = max(1, size // slots) if size else 0
        self.seed = seed
        self._slots: dict[int, _Slot] = {}

    @torch.no_grad()
    def exchange(self, images: Tensor, *, step: int, slots: range) -> Tensor:
        """Pictures to show for ``images``, float [N, C, H, W], whose positions in the global batch are ``slots``.

        What is returned has the same shape and carries no gradient. Raises ``ValueError`` where the numbers of
        pictures and slots differ.
        """
        if not self.capacity:
            return images.detach()
        shown = [self._exchange(image, step, number) for number, image in zip(slots, images, strict=True)]
        return torch.stack(shown)

    def _exchange(self, image: Tensor, step: int, number: int) -> Tensor:
        slot = self._slots.setdefault(number, _Slot())
        slot.step = step
        if len(slot.images) < self.capacity:
            slot.images.append(image.clone())  # a copy: a view would keep the whole batch alive
            return image
        random = np.random.default_rng([self.seed, step, number])
        if random.random() < 0.5:
            return image
        place = random.integers(self.capacity)
        stored, slot.images[place] = slot.images[place], image.clone()
        return stored.to(image.device)

    def state_dict(self) -> PoolState:
        """The slots that this pool has seen, on the CPU, loadable with ``weights_only=True``; see ``merged``."""
        return {
            number: {"step": slot.step, "images": [image.cpu() for image in slot.images]}
            for number, slot in self._slots.items()
        }

    def load_state_dict(self, state: Mapping[int, Mapping[str, Any]]) -> None:
        """Restore what ``state_dict`` or ``merged`` returned: from now on any process may have any of its slots."""
        self._slots = {
            number: _Slot(slot["step"], list(slot["images"][: self.capacity])) for number, slot in state.items()
        }


def merged(states: Iterable[PoolState]) -> PoolState:
    """All slots from the states of all processes.

    After a resume several processes hold a slot, but only one continues it: the latest copy is right.
    """
    latest: PoolState = {}
    for state in states:
        for number, slot in state.items():
            if number not in latest or latest[number]["step"] < slot["step"]:
                latest[number] = slot
    return latest
