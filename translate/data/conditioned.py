"""Pictures and what is said of them, for methods that take a condition."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from translate.config import CganConfig, Pix2PixConfig
from translate.data.augment import Augment, centre_crop, random_crop
from translate.data.conditions import Conditions, read_conditions
from translate.data.datasets import PairedDataset, PictureDataset, Read, TrainingData, hold_out, load_pairs
from translate.data.loader import Key, KeyedDataset
from translate.data.seeds import derived_seed
from translate.data.squares import SquareDataset, refuse_small
from translate.errors import UserError
from translate.storage.shards import Source

ATTEMPTS = 10  # at a condition that another picture has
SPELT_EVERY = 3  # in one of so many samples captions have words spelt by pieces


class ConditionedDataset(PictureDataset):
    """``pictures`` with their conditions; a sample also has ``condition`` and ``mismatched``, a row each.

    ``rows_of`` are, for each picture, the positions of its rows in those of ``conditions``; of several one is drawn.
    ``mismatched`` is a row of another picture of the same data set, drawn uniformly, that differs from all rows of this
    one; where there is none, its own. In some samples both are captions with words ``spelt`` by pieces.
    """

    def __init__(
        self, pictures: PictureDataset, conditions: Conditions, rows_of: list[list[int]], *, spelt: bool
    ) -> None:
        self.pictures, self.rows_of = pictures, rows_of
        self.rows = torch.from_numpy(np.ascontiguousarray(conditions.rows))
        self.spelt = torch.from_numpy(conditions.spelt) if spelt and conditions.spelt is not None else None
        flat = conditions.rows.reshape(len(conditions.rows), -1)
        self.identity = np.unique(flat, axis=0, return_inverse=True)[1].reshape(-1)  # equal rows have equal numbers
        self.pool = [row for rows in self.rows_of for row in rows]

    def __len__(self) -> int:
        return len(self.pictures)

    def sources(self) -> list[Source]:
        return self.pictures.sources()

    def reading(self, read: Read) -> Self:
        changed = copy.copy(self)
        changed.pictures = self.pictures.reading(read)
        return changed

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        own = self.rows_of[key.sample]
        condition = own[derived_seed(key.seed, 1) % len(own)]
        # both in the same form, which would otherwise tell them apart
        rows = self.rows if self.spelt is None or derived_seed(key.seed, 3) % SPELT_EVERY else self.spelt
        return self.pictures[key] | {
            "condition": rows[condition],
            "mismatched": rows[self._other(own, derived_seed(key.seed, 2))],
        }

    def _other(self, own: list[int], seed: int) -> int:
        known = {int(self.identity[row]) for row in own}
        drawn = [derived_seed(seed, attempt) % len(self.pool) for attempt in range(ATTEMPTS)]
        following = range(drawn[0], drawn[0] + len(self.pool))  # for where other conditions are rare
        rows = (self.pool[place % len(self.pool)] for place in (*drawn, *following))
        return next((row for row in rows if int(self.identity[row]) not in known), own[0])


def load_conditioned(config: CganConfig) -> TrainingData:
    """The pictures of ``images`` and their conditions. Raises ``UserError`` as `read_conditions` does, and for pictures
    smaller than the squares."""
    assert config.images is not None  # checked by the configuration
    found = read_conditions(config, config.images)
    side = config.resize or config.crop
    refuse_small(found.files, side)
    training, validation, seen = hold_out(range(len(found.files)), config.val_samples)

    def part(chosen: list[int], augment: Augment, *, held_out: bool = False, spelt: bool = False) -> ConditionedDataset:
        squares = SquareDataset([found.files[file] for file in chosen], side, augment, held_out=held_out)
        return ConditionedDataset(squares, found, [found.rows_of[file] for file in chosen], spelt=spelt)

    return TrainingData(
        part(training, Augment(random_crop(config)), spelt=True),
        part(validation, Augment(centre_crop(config)), held_out=bool(seen)),
        part(training[: len(seen)], Augment(centre_crop(config))),
        augment_groups=(("image",),),
        remarks=found.remarks,
        conditions=found,
    )


def load_conditioned_pairs(config: Pix2PixConfig, *, scale: int = 1) -> TrainingData:
    """The pairs of ``data``, or of ``a`` and ``b``, and their conditions, which name the pictures of ``data`` or ``a``.

    Raises ``UserError`` as `load_pairs` and `read_conditions` do, and where no pair has a condition.
    """
    folder = config.data or config.a
    assert folder is not None  # checked by the configuration
    found = read_conditions(config, folder)
    rows_of: dict[Source, list[int]] = dict(zip(found.files, found.rows_of, strict=True))
    data = load_pairs(config, scale=scale, only=rows_of)
    if not len(data.training):
        raise UserError(f"<{found.info.kind}>: says nothing of the pairs in {folder}")

    def part(pairs: KeyedDataset, *, spelt: bool = False) -> ConditionedDataset:
        assert isinstance(pairs, PairedDataset)
        return ConditionedDataset(pairs, found, [rows_of[pair.a] for pair in pairs.pairs], spelt=spelt)

    return replace(
        data,
        training=part(data.training, spelt=True),
        validation=part(data.validation),
        train_subset=part(data.train_subset),
        remarks=(*data.remarks, *found.remarks),
        conditions=found,
    )
