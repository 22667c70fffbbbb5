"""Pictures -> samples: paired, unpaired and multi-domain data sets, each split into training and validation."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from translate.config import Pix2PixConfig, StarGanConfig, UnpairedConfig
from translate.data.attributes import match_attributes
from translate.data.augment import FURTHER, Augment, Sample, centre_crop, random_crop
from translate.data.conditions import Conditions
from translate.data.doubts import doubts
from translate.data.loader import Key, KeyedDataset
from translate.data.pairing import Pair, find_domains, find_unpaired, match_inputs, match_pairs
from translate.data.seeds import derived_seed
from translate.data.shards import sharded_pairs, sharded_sides
from translate.data.windows import MatchingWindows
from translate.errors import PictureError, UserError
from translate.media.images import load_rgb
from translate.media.label_maps import coloured
from translate.storage.shards import Source

Files = dict[str, Source]  # pictures of a sample that are augmented alike, by name
T = TypeVar("T")
Read = Callable[[Source], NDArray[np.uint8]]  # decodes a picture to RGB [H, W, 3]; raises ``PictureError``


class PictureDataset(KeyedDataset):
    """A data set of pictures, which ``read`` decodes."""

    read: Read = staticmethod(load_rgb)

    @abstractmethod
    def sources(self) -> list[Source]:
        """Where its pictures are, each once."""

    def reading(self, read: Read) -> Self:
        """The same data set, whose pictures ``read`` decodes."""
        changed = copy.copy(self)
        changed.read = read
        return changed


@dataclass(frozen=True)
class TrainingData:
    """The samples that a run trains on, and those of its validation grid."""

    training: KeyedDataset
    validation: KeyedDataset  # held out, with centre crops
    train_subset: KeyedDataset  # as many training samples, with centre crops; empty where nothing could be held out
    domains: list[str] = field(default_factory=list)  # the names behind the entries of ``domain`` and ``target``
    exclusive: bool = False  # every picture belongs to exactly one domain
    augment_groups: tuple[tuple[str, ...], ...] = ()  # names of a sample's pictures; those of a group augmented alike
    remarks: tuple[str, ...] = ()  # about the files, to be said at the start
    jitter: float = 0.0  # of the colours of each group's first picture, see `Augment`
    conditions: Conditions | None = None  # of the pictures, for methods that take one


class PairedDataset(PictureDataset):
    """Pairs of pictures; a sample is ``{"A": uint8 [3, H, W], "B": uint8 [3, H, W]}``, both sides augmented alike.

    Of K inputs that are translated together, A holds one after another, uint8 [3 K, H, W]. ``swap`` exchanges the
    sides. With ``labels``, A is a map of so many label numbers, which get a colour each. With ``windows``, the files of
    B are larger than those of A, whose pixels are repeated in the sample.
    """

    def __init__(
        self,
        pairs: list[Pair],
        augment: Augment,
        *,
        swap: bool = False,
        windows: MatchingWindows | None = None,
        labels: int = 0,
    ) -> None:
        self.pairs, self.augment, self.swap, self.windows, self.labels = pairs, augment, swap, windows, labels

    def __len__(self) -> int:
        return len(self.pairs)

    def sources(self) -> list[Source]:
        return list(dict.fromkeys(source for pair in self.pairs for source in (pair.a, *pair.further, pair.b)))

    def load(self, index: int) -> Sample:
        """Both sides of a pair and further inputs, RGB uint8 [H, W, 3]. Raises ``PictureError``, naming the file."""
        sample = self._load(self.pairs[index])
        return sample | {"A": coloured(sample["A"], self.labels)} if self.labels else sample

    def _load(self, pair: Pair) -> Sample:
        if not pair.side_by_side:
            a, b = (pair.b, pair.a) if self.swap else (pair.a, pair.b)
            sides = {"A": a, **dict(zip(FURTHER, pair.further, strict=False)), "B": b}
            return load_aligned(sides, scale=self.windows.scale if self.windows else 1, read=self.read)
        both = self.read(pair.a)
        middle = both.shape[1] // 2
        left, right = both[:, :middle], both[:, middle : 2 * middle]
        return {"A": right, "B": left} if self.swap else {"A": left, "B": right}

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        sample = self.load(key.sample)
        if self.windows is not None:
            sample = self.windows(sample, seed=derived_seed(key.seed, 0))
        tensors = to_tensors(self.augment(sample, seed=key.seed))
        further = [tensors.pop(name) for name in FURTHER if name in tensors]
        return tensors | {"A": torch.cat([tensors["A"], *further])}


class UnpairedDataset(PictureDataset):
    """Pictures of two domains without pairs; a sample is ``{"A": uint8 [3, H, W], "B": uint8 [3, H, W]}``.

    Its length is that of the longer side. The sample number selects the picture of ``a``; that of ``b`` and the
    augmentation of both are drawn from the key's seed. With the same seed, neighbouring samples get different pictures
    of ``b``. An entry may hold more pictures than its first, which are augmented like it and join the sample.
    """

    def __init__(self, a: Sequence[Files], b: Sequence[Files], augment: Augment) -> None:
        self.a, self.b, self.augment = a, b, augment

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def sources(self) -> list[Source]:
        return list(dict.fromkeys(source for files in (*self.a, *self.b) for source in files.values()))

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        shift, seed_a, seed_b = (derived_seed(key.seed, number) for number in range(3))
        a = load_aligned(self.a[key.sample % len(self.a)], read=self.read)
        b = load_aligned(self.b[(key.sample + shift) % len(self.b)], read=self.read)
        return to_tensors(self.augment(a, seed=seed_a) | self.augment(b, seed=seed_b))


class DomainDataset(PictureDataset):
    """Pictures and their domains; a sample is ``{"image": uint8 [3, H, W], "domain": [K], "target": [K]}``.

    ``labels`` is float32 [N, K] of 0 and 1. ``target``, what the picture is to be translated to, is the label of a
    sample drawn uniformly with the key's seed: StarGAN's permutation of a batch's labels (Choi et al. 2018), but
    independent of the rest of the batch.
    """

    def __init__(self, files: Sequence[Path], labels: NDArray[np.float32], augment: Augment) -> None:
        self.files, self.labels, self.augment = files, torch.tensor(labels), augment

    def __len__(self) -> int:
        return len(self.files)

    def sources(self) -> list[Source]:
        return list(self.files)

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        shift, seed = (derived_seed(key.seed, number) for number in range(2))
        image = self.augment({"image": self.read(self.files[key.sample])}, seed=seed)
        other = (key.sample + shift) % len(self)
        return to_tensors(image) | {"domain": self.labels[key.sample], "target": self.labels[other]}


def load_aligned(files: Files, *, scale: int = 1, read: Read = load_rgb) -> Sample:
    """Decode pictures of the same size, or the others ``scale`` times as high and wide as the first.

    Raises ``PictureError`` where one cannot be decoded or differs from that.
    """
    sample = {name: read(path) for name, path in files.items()}
    first, *others = files
    height, width, _ = sample[first].shape
    for name in others:
        if sample[name].shape != (scale * height, scale * width, 3):
            differs = "differs in size from" if scale == 1 else f"is not {scale} times as high and wide as"
            raise PictureError(f"{files[name]}: {differs} {files[first]}")
    return sample


def to_tensors(sample: Sample) -> dict[str, Tensor]:
    """uint8 [H, W, 3] -> contiguous uint8 [3, H, W], for each picture."""
    return {name: torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))) for name, pixels in sample.items()}


def load_pairs(config: Pix2PixConfig, *, scale: int = 1, only: Collection[Source] | None = None) -> TrainingData:
    """The pairs of ``data``, of ``a`` and ``b``, of ``inputs`` and ``b``, or of ``shards``.

    ``only``: those whose A is one of these. Raises ``UserError`` for files without a partner.
    With ``scale`` above 1, the pictures of B are that many times as high and wide as those of A, and ``crop``, the side
    of B's crops, is a multiple of it; see `MatchingWindows`.
    """
    if config.shards:
        found = sharded_pairs(config.shards)
    elif config.inputs:
        assert config.b is not None  # checked by the configuration
        found = match_inputs(config.inputs, config.b, b_suffix=config.b_suffix)
    else:
        found = match_pairs(
            data=config.data, a=config.a, b=config.b, a_suffix=config.a_suffix, b_suffix=config.b_suffix
        )
    raise_problems(found.problems)
    pairs = [pair for pair in found.pairs if only is None or pair.a in only]
    training, validation, train_subset = hold_out(pairs, config.val_samples)
    paired = partial(PairedDataset, swap=config.direction == "BtoA", labels=config.labels)
    worker_jitter = config.jitter if config.augment_on == "workers" else 0.0
    anywhere, centred = None, None
    if scale > 1:
        anywhere, centred = (MatchingWindows(scale, config.crop, centred=centred) for centred in (False, True))
    return TrainingData(
        paired(training, Augment(random_crop(config), jitter=worker_jitter), windows=anywhere),
        paired(validation, Augment(centre_crop(config)), windows=centred),
        paired(train_subset, Augment(centre_crop(config)), windows=centred),
        augment_groups=(("A", "B"),),
        jitter=config.jitter,
        remarks=(*found.remarks, *doubts(pairs, of_labels=not config.labels)),
    )


def load_unpaired(config: UnpairedConfig, *, smoothed: Path | None = None, anchor: Path | None = None) -> TrainingData:
    """The pictures of ``a`` and ``b``, or of ``shards``. Raises ``UserError`` for a side with fewer than two.

    Two folders add pictures to the samples under their own names: ``smoothed`` holds the targets (B) with smoothed
    edges, augmented like ``B``; ``anchor`` holds what the translated inputs (A) are to stay near, augmented like ``A``.
    """
    swap = config.direction == "BtoA"
    input_folder, target_folder = (config.b, config.a) if swap else (config.a, config.b)
    if config.shards:
        found = sharded_sides(config.shards, swap=swap)
    else:
        assert input_folder is not None and target_folder is not None  # checked by the configuration
        found = find_unpaired(input_folder, target_folder)
    entries_a: list[Files] = [{"A": path} for path in found.a]
    entries_b: list[Files] = [{"B": path} for path in found.b]
    if anchor is not None:
        matched = match_pairs(a=input_folder, b=anchor)
        found.problems += matched.problems
        entries_a = [{"A": pair.a, "anchor": pair.b} for pair in matched.pairs]
    if smoothed is not None:
        matched = match_pairs(a=target_folder, b=smoothed)
        found.problems += matched.problems
        entries_b = [{"B": pair.a, "smoothed": pair.b} for pair in matched.pairs]
    raise_problems(found.problems)
    training_a, validation_a, train_subset_a = hold_out(entries_a, config.val_samples)
    training_b, validation_b, train_subset_b = hold_out(entries_b, config.val_samples)
    if not (train_subset_a and train_subset_b):
        train_subset_a, train_subset_b = [], []
    return TrainingData(
        UnpairedDataset(training_a, training_b, Augment(random_crop(config))),
        UnpairedDataset(validation_a, validation_b, Augment(centre_crop(config))),
        UnpairedDataset(train_subset_a, train_subset_b, Augment(centre_crop(config))),
        augment_groups=(("A", "anchor"), ("B", "smoothed")),
    )


def load_domains(config: StarGanConfig) -> TrainingData:
    """The pictures of ``domains``, or of ``images`` labelled by ``attributes``.

    Raises ``UserError`` for domains without enough pictures and for tables that do not fit the pictures.
    """
    if config.domains is not None:
        found = find_domains(config.domains)
    else:
        assert config.images is not None and config.attributes is not None  # checked by the configuration
        found = match_attributes(config.images, config.attributes, columns=config.columns)
    raise_problems(found.problems)
    training, validation, train_subset = hold_out(range(len(found.files)), config.val_samples)

    def part(chosen: list[int], augment: Augment) -> DomainDataset:
        return DomainDataset([found.files[index] for index in chosen], found.labels[chosen], augment)

    return TrainingData(
        part(training, Augment(random_crop(config))),
        part(validation, Augment(centre_crop(config))),
        part(train_subset, Augment(centre_crop(config))),
        domains=found.domains,
        exclusive=found.exclusive,
        augment_groups=(("image",),),
    )


def raise_problems(problems: Sequence[str]) -> None:
    """Raise ``UserError`` with the first of ``problems`` and the number of the others; return where there are none."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(f"{problems[0]}{more}; `translate data check` lists all problems")


def hold_out(items: Sequence[T], count: int) -> tuple[list[T], list[T], list[T]]:
    """Split into training and validation items, and pick as many training items to compare validation with.

    ``count`` evenly spaced items are held out, at most a fifth of all. Where that is none, the first training items
    serve as validation, and there are none to compare with.
    """
    held_out = min(count, len(items) // 5)
    chosen = range(0, held_out * (len(items) // held_out), len(items) // held_out) if held_out else range(0)
    training = [item for index, item in enumerate(items) if index not in chosen]
    if not held_out:
        return training, training[:count], []
    return training, [items[index] for index in chosen], [items[index + 1] for index in chosen]
