from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from tests.pairs import picture, tiny_config, write_pairs
from translate.augment import PairAugment, random_crop
from translate.data import Key, PairedDataset, StepSampler, load_pairs, make_loader
from translate.errors import PictureError, UserError


def keys(first: int, last: int, *, rank: int = 0, processes: int = 1) -> list[list[Key]]:
    return list(StepSampler(5, batch_size=2, seed=3, first_step=first, last_step=last, rank=rank, processes=processes))


def test_sampler_passes_over_all_samples_and_starts_anywhere() -> None:
    whole = keys(0, 10)
    flat = [key for batch in whole for key in batch]
    passes = [sorted(key.sample for key in flat[start : start + 5]) for start in range(0, 20, 5)]
    assert passes == [[0, 1, 2, 3, 4]] * 4
    assert [key.sample for key in flat[:5]] != [key.sample for key in flat[5:10]]  # shuffled anew
    assert len({key.seed for key in flat}) == 20
    assert keys(4, 10) == whole[4:]


def test_processes_share_the_global_batch() -> None:
    shares = [keys(0, 5, rank=rank, processes=2) for rank in (0, 1)]
    together = [key for first, second in zip(*shares, strict=True) for key in first + second]
    assert together == [key for batch in keys(0, 10) for key in batch]


def test_both_sides_move_alike(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    config = tiny_config(
        a, b, tmp_path / "run", scale=(0.7, 1.6), rotate=20.0, quarter_turns=True, resize=48, val_pairs=0
    )
    training, _ = load_pairs(config)
    for seed in range(8):
        sample = training[Key(seed % 6, seed)]
        assert sample["A"].shape == sample["B"].shape == (3, 24, 24)
        # B was made by inverting A; interpolation may round either way
        assert (sample["A"].int() + sample["B"].int() - 255).abs().max() <= 2
    assert not torch.equal(training[Key(0, 1)]["A"], training[Key(0, 2)]["A"])
    assert torch.equal(training[Key(0, 1)]["A"], training[Key(0, 1)]["A"])


def test_jitter_changes_the_input_alone(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    plain, _ = load_pairs(tiny_config(a, b, tmp_path))
    jittered, _ = load_pairs(tiny_config(a, b, tmp_path, jitter=0.5))
    before, after = plain[Key(0, 1)], jittered[Key(0, 1)]
    assert torch.equal(before["B"], after["B"])
    assert not torch.equal(before["A"], after["A"])


def test_sides_of_one_picture_and_direction(tmp_path: Path) -> None:
    left, right = picture(1), picture(2)
    Image.fromarray(np.hstack([left, right])).save(tmp_path / "pair.png")
    config = tiny_config(tmp_path, tmp_path, tmp_path, a=None, b=None, data=tmp_path)
    forward, _ = load_pairs(config)
    backward, _ = load_pairs(tiny_config(tmp_path, tmp_path, tmp_path, a=None, b=None, data=tmp_path, direction="BtoA"))
    assert np.array_equal(forward.load(0)["A"], left) and np.array_equal(forward.load(0)["B"], right)
    assert np.array_equal(backward.load(0)["A"], right) and np.array_equal(backward.load(0)["B"], left)


def test_validation_pairs_are_kept_out_of_training(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 10)
    training, validation = load_pairs(tiny_config(a, b, tmp_path, val_pairs=4))
    assert len(validation) == 2  # a fifth of ten
    assert len(training) == 8
    assert not {pair.name for pair in training.pairs} & {pair.name for pair in validation.pairs}
    assert torch.equal(validation[Key(0, 1)]["A"], validation[Key(0, 2)]["A"])  # the same crop every time


def test_pictures_smaller_than_the_crop_are_mirrored_out(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    training, _ = load_pairs(tiny_config(a, b, tmp_path, crop=64))
    assert training[Key(0, 0)]["A"].shape == (3, 64, 64)


def test_mismatched_pairs_are_named(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    Image.fromarray(picture(0, width=20)).save(b / "0.webp")
    training, _ = load_pairs(tiny_config(a, b, tmp_path, val_pairs=0))
    with pytest.raises(PictureError, match=r"0\.webp: differs in size"):
        training[Key(0, 0)]
    (b / "2.webp").unlink()
    with pytest.raises(UserError, match=r"2\.png: no picture of that name.*data check"):
        load_pairs(tiny_config(a, b, tmp_path))


def test_workers_under_spawn_give_the_same_batches(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    config = tiny_config(a, b, tmp_path, jitter=0.3, quarter_turns=True)
    training, _ = load_pairs(config)
    here = list(make_loader(training, config, first_step=0, last_step=3, rank=0, processes=1))
    sampler = StepSampler(len(training), batch_size=2, seed=config.seed, first_step=0, last_step=3)
    spawned = DataLoader(training, batch_sampler=sampler, num_workers=2, multiprocessing_context="spawn")
    for ours, theirs in zip(here, spawned, strict=True):
        assert torch.equal(ours["A"], theirs["A"]) and torch.equal(ours["B"], theirs["B"])


def test_dataset_reads_what_albumentations_gives_as_contiguous_memory(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    config = tiny_config(a, b, tmp_path)
    dataset = PairedDataset(load_pairs(config)[0].pairs, PairAugment(random_crop(config)))
    assert dataset[Key(0, 0)]["A"].dtype == torch.uint8
    assert dataset[Key(0, 0)]["A"].is_contiguous()
