from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.helpers.pairs import picture, tiny_config, tiny_settings, write_pairs
from translate.config import CycleGanConfig, StarGanConfig
from translate.data.augment import Augment, random_crop
from translate.data.datasets import (
    DomainDataset,
    PairedDataset,
    TrainingData,
    UnpairedDataset,
    hold_out,
    load_domains,
    load_pairs,
    load_unpaired,
)
from translate.data.loader import Key
from translate.errors import PictureError, UserError


def grey(folder: Path, *levels: int) -> Path:
    """A folder with a uniform picture of each grey level, so that a sample shows which files it comes from."""
    folder.mkdir(parents=True)
    for level in levels:
        Image.new("RGB", (32, 32), (level,) * 3).save(folder / f"{level:03}.png")
    return folder


def level(pixels: torch.Tensor) -> int:
    assert pixels.dtype == torch.uint8 and pixels.shape == (3, 24, 24) and pixels.is_contiguous()
    return int(pixels[0, 0, 0])


def unpaired(a: Path, b: Path, **changes: object) -> CycleGanConfig:
    return CycleGanConfig.from_dict(tiny_settings(a, b, a / "run", **changes))


def multi_domain(folder: Path, **changes: object) -> StarGanConfig:
    settings = {"out": folder / "run", "crop": 24, "batch_size": 2, "workers": 0} | changes
    return StarGanConfig.from_dict(settings)


# pairs


def test_both_sides_of_a_pair_are_augmented_alike(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    training = load_pairs(tiny_config(a, b, tmp_path / "run", scale=(0.7, 1.6), rotate=20.0, val_samples=0)).training
    for seed in range(8):
        sample = training[Key(seed % 6, seed)]
        assert sample["A"].shape == sample["B"].shape == (3, 24, 24)
        # B was made by inverting A; interpolation may round either way
        assert (sample["A"].int() + sample["B"].int() - 255).abs().max() <= 2
    assert not torch.equal(training[Key(0, 1)]["A"], training[Key(0, 2)]["A"])
    assert torch.equal(training[Key(0, 1)]["A"], training[Key(0, 1)]["A"])


def test_jitter_changes_only_the_input_of_a_pair(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    plain = load_pairs(tiny_config(a, b, tmp_path)).training[Key(0, 1)]
    jittered = load_pairs(tiny_config(a, b, tmp_path, jitter=0.5)).training[Key(0, 1)]
    assert torch.equal(plain["B"], jittered["B"])
    assert not torch.equal(plain["A"], jittered["A"])


def write_pairs_of_two_sizes(folder: Path) -> tuple[Path, Path]:
    """Pictures in ``folder/small``, and the same with each pixel repeated twice along both axes in ``folder/large``."""
    small, large = folder / "small", folder / "large"
    for side, scale in ((small, 1), (large, 2)):
        side.mkdir(parents=True)
        for index in range(6):
            pixels = picture(index, width=20 + index, height=17).repeat(scale, axis=0).repeat(scale, axis=1)
            Image.fromarray(pixels).save(side / f"{index}.png")
    return small, large


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_crops_of_two_sizes_show_the_same(tmp_path: Path, direction: str) -> None:
    small, large = write_pairs_of_two_sizes(tmp_path)
    a, b = (small, large) if direction == "AtoB" else (large, small)
    config = tiny_config(a, b, tmp_path / "run", direction=direction, quarter_turns=True, val_samples=1)
    data = load_pairs(config, scale=2)
    samples = [data.training[Key(seed % 5, seed)] for seed in range(16)]
    for sample in (*samples, data.validation[Key(0, 0)], data.train_subset[Key(0, 0)]):
        assert sample["A"].shape == (3, 24, 24)
        assert torch.equal(sample["A"], sample["B"])
        inner = sample["A"][:, ::2, ::2]
        assert torch.equal(inner.repeat_interleave(2, 1).repeat_interleave(2, 2), sample["A"])
    assert not torch.equal(data.training[Key(0, 1)]["A"], data.training[Key(0, 2)]["A"])
    assert torch.equal(data.validation[Key(0, 1)]["A"], data.validation[Key(0, 2)]["A"])


def test_pairs_of_other_sizes_than_the_generator_makes_are_named(tmp_path: Path) -> None:
    small, large = write_pairs_of_two_sizes(tmp_path)
    training = load_pairs(tiny_config(small, large, tmp_path / "run", val_samples=0), scale=3).training
    with pytest.raises(PictureError, match=r"large/0\.png: is not 3 times as high and wide as .*small/0\.png"):
        training[Key(0, 0)]


def test_side_by_side_pictures_in_both_directions(tmp_path: Path) -> None:
    left, right = picture(1), picture(2)
    Image.fromarray(np.hstack([left, right])).save(tmp_path / "pair.png")
    for direction, a, b in (("AtoB", left, right), ("BtoA", right, left)):
        config = tiny_config(tmp_path, tmp_path, tmp_path, a=None, b=None, data=tmp_path, direction=direction)
        dataset = load_pairs(config).training
        assert isinstance(dataset, PairedDataset)
        sample = dataset.load(0)
        assert np.array_equal(sample["A"], a) and np.array_equal(sample["B"], b)


def test_validation_pairs_are_held_out(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 10)
    data = load_pairs(tiny_config(a, b, tmp_path, val_samples=4))
    training, validation = data.training, data.validation
    assert isinstance(training, PairedDataset) and isinstance(validation, PairedDataset)
    assert (len(training), len(validation)) == (8, 2)  # a fifth of ten
    assert not {pair.name for pair in training.pairs} & {pair.name for pair in validation.pairs}
    assert torch.equal(validation[Key(0, 1)]["A"], validation[Key(0, 2)]["A"])  # the same crop every time


def test_pictures_smaller_than_the_crop_are_padded_by_reflection(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    assert load_pairs(tiny_config(a, b, tmp_path, crop=64)).training[Key(0, 0)]["A"].shape == (3, 64, 64)


def test_mismatched_pairs_are_named(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    Image.fromarray(picture(0, width=20)).save(b / "0.webp")
    training = load_pairs(tiny_config(a, b, tmp_path, val_samples=0)).training
    with pytest.raises(PictureError, match=r"0\.webp: differs in size"):
        training[Key(0, 0)]
    (b / "2.webp").unlink()
    with pytest.raises(UserError, match=r"2\.png: no picture of that name.*data check"):
        load_pairs(tiny_config(a, b, tmp_path))


# unpaired folders


def test_an_epoch_sees_every_picture_of_a_with_a_random_one_of_b(tmp_path: Path) -> None:
    config = unpaired(grey(tmp_path / "a", *range(10)), grey(tmp_path / "b", *range(100, 104)), val_samples=0)
    training = load_unpaired(config).training
    assert len(training) == 10
    samples = [training[Key(number, seed)] for seed in range(20) for number in range(10)]
    assert Counter(level(sample["A"]) for sample in samples) == dict.fromkeys(range(10), 20)
    seen = Counter((level(sample["A"]), level(sample["B"])) for sample in samples)
    assert len(seen) == 40  # every pair of an A and a B came up
    again = load_unpaired(config).training
    assert all(torch.equal(again[Key(3, seed)]["B"], training[Key(3, seed)]["B"]) for seed in range(5))


def test_a_shorter_a_side_is_repeated(tmp_path: Path) -> None:
    config = unpaired(grey(tmp_path / "a", 1, 2), grey(tmp_path / "b", *range(100, 105)), val_samples=0)
    training = load_unpaired(config).training
    assert [level(training[Key(number, 0)]["A"]) for number in range(len(training))] == [1, 2, 1, 2, 1]


def test_unpaired_sides_are_augmented_independently(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 2)
    augment = Augment(random_crop(unpaired(a, b)))
    training = UnpairedDataset([{"A": a / "0.png"}], [{"B": b / "0.webp"}], augment)
    samples = [training[Key(0, seed)] for seed in range(6)]
    assert any((sample["A"].int() + sample["B"].int() - 255).abs().max() > 20 for sample in samples)


def test_direction_swaps_the_folders(tmp_path: Path) -> None:
    config = unpaired(grey(tmp_path / "a", 1, 2), grey(tmp_path / "b", 101, 102), direction="BtoA")
    sample = load_unpaired(config).training[Key(0, 0)]
    assert level(sample["A"]) > 100 > level(sample["B"])


def test_validation_pictures_are_held_out_on_both_sides(tmp_path: Path) -> None:
    config = unpaired(grey(tmp_path / "a", *range(20)), grey(tmp_path / "b", *range(100, 110)), val_samples=4)
    data = load_unpaired(config)
    shown: dict[str, set[int]] = {}
    trained: dict[str, set[int]] = {}
    for seen, part in ((shown, data.validation), (trained, data.training)):
        samples = [part[Key(number, seed)] for number in range(len(part)) for seed in range(6)]
        seen.update({side: {level(sample[side]) for sample in samples} for side in "AB"})
    assert shown == {"A": {0, 5, 10, 15}, "B": {100, 105}}
    assert trained == {"A": set(range(20)) - shown["A"], "B": set(range(100, 110)) - shown["B"]}
    # with one seed for all rows, a grid still shows a different picture of B in each
    assert len({level(data.validation[Key(number, 0)]["B"]) for number in range(2)}) == 2


def test_smoothed_pictures_are_augmented_like_their_originals(tmp_path: Path) -> None:
    photos, (b, inverted) = grey(tmp_path / "photos", 1, 2, 3), write_pairs(tmp_path)
    training = load_unpaired(unpaired(photos, b), smoothed=inverted).training
    for seed in range(6):
        sample = training[Key(seed % 3, seed)]
        assert list(sample) == ["A", "B", "smoothed"]
        assert torch.equal(sample["B"], 255 - sample["smoothed"])
    (inverted / "0.webp").unlink()
    with pytest.raises(UserError, match=r"0\.png: no picture of that name in"):
        load_unpaired(unpaired(photos, b), smoothed=inverted)


def test_anchors_are_augmented_like_their_photos(tmp_path: Path) -> None:
    drawn, (a, inverted) = grey(tmp_path / "drawn", 1, 2, 3), write_pairs(tmp_path)
    training = load_unpaired(unpaired(a, drawn), anchor=inverted).training
    for seed in range(6):
        sample = training[Key(seed % 3, seed)]
        assert torch.equal(sample["A"], 255 - sample["anchor"])
    (inverted / "0.webp").unlink()
    with pytest.raises(UserError, match=r"0\.png: no picture of that name in"):
        load_unpaired(unpaired(a, drawn), anchor=inverted)


def test_a_folder_with_too_few_is_refused(tmp_path: Path) -> None:
    one, none = grey(tmp_path / "one", 1), grey(tmp_path / "none")
    with pytest.raises(
        UserError, match=r"one: holds 1 picture; training needs at least 2 \(and 1 more\); .*data check"
    ):
        load_unpaired(unpaired(one, none))


# domains


@pytest.fixture
def seasons(tmp_path: Path) -> TrainingData:
    for number, domain in enumerate(("autumn", "spring", "winter")):
        grey(tmp_path / "domains" / domain, *range(100 * number, 100 * number + 10))
    return load_domains(multi_domain(tmp_path, domains=tmp_path / "domains", val_samples=3))


def test_domain_samples_carry_their_label_and_a_random_target(seasons: TrainingData) -> None:
    assert seasons.domains == ["autumn", "spring", "winter"] and seasons.exclusive
    training = seasons.training
    assert len(training) == 27
    targets: Counter[tuple[int, int]] = Counter()
    for number in range(27):
        for seed in range(20):
            sample = training[Key(number, seed)]
            assert sample["domain"].dtype == sample["target"].dtype == torch.float32
            own = level(sample["image"]) // 100
            assert sample["domain"].tolist() == [float(number == own) for number in range(3)]
            assert sample["target"].sum() == 1
            targets[own, int(sample["target"].argmax())] += 1
    assert len(targets) == 9 and min(targets.values()) > 30 and max(targets.values()) < 90  # 60 each on average
    assert torch.equal(training[Key(4, 7)]["target"], training[Key(4, 7)]["target"])


def test_validation_samples_are_evenly_spaced(seasons: TrainingData) -> None:
    shown = [level(seasons.validation[Key(number, 0)]["image"]) for number in range(len(seasons.validation))]
    assert shown == [0, 100, 200]
    trained = {level(seasons.training[Key(number, 0)]["image"]) for number in range(len(seasons.training))}
    assert not trained & set(shown) and len(trained) == 27


def test_a_picture_may_have_several_attributes(tmp_path: Path) -> None:
    images = grey(tmp_path / "images", *range(8))
    rows = [f"{number:03}.png,{number % 2},{int(number > 3)}" for number in range(8)]
    (tmp_path / "table.csv").write_text("\n".join(["file,odd,high", *rows]))
    settings = {"images": images, "attributes": tmp_path / "table.csv", "val_samples": 1}
    data = load_domains(multi_domain(tmp_path, **settings))
    assert data.domains == ["odd", "high"] and not data.exclusive
    for number in range(len(data.training)):
        sample = data.training[Key(number, 0)]
        shown = level(sample["image"])
        assert sample["domain"].tolist() == [shown % 2, shown > 3]
    assert load_domains(multi_domain(tmp_path, **settings, columns="high")).domains == ["high"]
    (images / "003.png").unlink()
    with pytest.raises(UserError, match=r"lists pictures that are not in .*images: 003\.png.*data check"):
        load_domains(multi_domain(tmp_path, **settings))


def test_unreadable_pictures_are_named(tmp_path: Path, seasons: TrainingData) -> None:
    dataset = seasons.training
    assert isinstance(dataset, DomainDataset)
    dataset.files[0].write_bytes(b"no picture")
    with pytest.raises(PictureError, match=str(dataset.files[0])):
        dataset[Key(0, 0)]


@pytest.mark.parametrize(
    ("items", "count", "expected"),
    [
        (20, 4, [0, 5, 10, 15]),
        (23, 4, [0, 5, 10, 15]),
        (10, 4, [0, 5]),
        (4, 4, [0, 1, 2, 3]),  # too few to hold any out: validation shows training items
        (4, 0, []),
    ],
)
def test_hold_out(items: int, count: int, expected: list[int]) -> None:
    training, validation, train_subset = hold_out(range(items), count)
    assert validation == expected
    assert len(train_subset) == (0 if items < 5 else len(expected)) and set(train_subset) <= set(training)
    assert training == (list(range(items)) if items < 5 else sorted(set(range(items)) - set(expected)))
