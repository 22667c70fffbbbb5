"""pix2pix with a condition: what it learns, resuming, the exported file, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from models import ConditionalTranslation
from tests.helpers.command_line import RunCli
from tests.helpers.pairs import picture, tiny_settings
from tests.train.methods.test_methods import built, same, tensors
from translate.config import Pix2PixConfig
from translate.convert.targets import wanted_condition
from translate.data.cache import cached
from translate.data.conditioned import ConditionedDataset, load_conditioned_pairs
from translate.data.datasets import PairedDataset
from translate.data.loader import Key
from translate.errors import ExitCode, UserError
from translate.export.half import halve_style
from translate.export.quantise import quantise_style
from translate.export.to_onnx import ExportedStyle, export_style, load_run
from translate.style.conditions import Wanted
from translate.style.translator import Translator
from translate.train.loop import train
from translate.weights.checkpoint import find, load_generator

TINTS = {"red": np.array([255, 0, 0]), "blue": np.array([0, 0, 255])}


def tinted(photo: NDArray[np.uint8], tint: str) -> NDArray[np.uint8]:
    return ((photo + TINTS[tint]) // 2).astype(np.uint8)


def write_tinted(folder: Path, count: int) -> Path:
    """Photos in ``folder/a``, tinted red or blue in ``folder/b``, and a table that says which."""
    rows = ["file,blue"]
    for index in range(count):
        tint = "blue" if index % 2 else "red"
        for side, pixels in (("a", picture(index)), ("b", tinted(picture(index), tint))):
            (folder / side / tint).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / side / tint / f"{index}.png")
        rows.append(f"{tint}/{index},{index % 2}")
    (folder / "table.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def config(folder: Path, name: str = "run", **changes: Any) -> Pix2PixConfig:
    condition = {} if {"classes", "captions"} & changes.keys() else {"attributes": folder / "table.csv"}
    settings = tiny_settings(folder / "a", folder / "b", folder / name, condition_width=8)
    return Pix2PixConfig.from_dict(settings | condition | changes)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write_tinted(tmp_path, 6)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of 24 pairs and of a short run on them."""
    folder = write_tinted(tmp_path_factory.mktemp("tinted"), 24)
    changes: dict[str, Any] = {
        "steps": 120,
        "save_every": 120,
        "batch_size": 4,
        "lr": 5e-3,
        "ema": 0.9,
        "log_every": 60,
    }
    train(
        config(folder, generator_options={"channels": 8, "wide_channels": 8, "dilations": [1]}, **changes), quiet=True
    )
    return folder


@pytest.fixture(scope="module")
def style(trained: Path) -> Path:
    """The exported style; exporting compares it with PyTorch."""
    report = export_style(*load_run(trained / "run", "AtoB", title="Tints"), trained / "tints.onnx")
    assert report.largest <= 1
    return trained / "tints.onnx"


@pytest.mark.slow
def test_the_output_follows_from_the_photo_and_the_condition(style: Path) -> None:
    translator = Translator(style, device="cpu")
    for number in range(100, 104):  # photos that were not trained on
        photo = picture(number)
        for text, tint, other in (("blue=0", "red", "blue"), ("blue", "blue", "red")):
            made = translator(photo[np.newaxis], wanted_condition(translator.info, text))[0].astype(int)
            assert np.abs(made - tinted(photo, tint)).mean() < 20 < 60 < np.abs(made - tinted(photo, other)).mean()


@pytest.mark.slow
def test_the_file_computes_what_the_network_does(trained: Path, style: Path, run_cli: RunCli, tmp_path: Path) -> None:
    generator, _ = load_generator(trained / "run")
    assert isinstance(generator, ConditionalTranslation) and generator.tile_safe
    photo = trained / "a" / "red" / "0.png"
    for text, row in (("blue=1", 1.0), ("blue=0.25", 0.25)):
        options = ("--style", style, "--condition", text, "--device", "cpu", "--overwrite")
        done = run_cli("convert", photo, "-o", tmp_path / "made.png", *options)
        assert done.code == ExitCode.OK, done.err
        x = torch.from_numpy(np.array(Image.open(photo))).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.inference_mode():
            expected = (generator(x, torch.tensor([[row]]))[0].permute(1, 2, 0).numpy().clip(-1, 1) + 1) * 127.5
        assert np.abs(np.asarray(Image.open(tmp_path / "made.png")) - expected).max() < 1.01
        first = (tmp_path / "made.png").read_bytes()
        run_cli("convert", photo, "-o", tmp_path / "made.png", *options)
        assert (tmp_path / "made.png").read_bytes() == first


@pytest.mark.slow
def test_faster_variants_keep_the_condition(trained: Path, style: Path, tmp_path: Path) -> None:
    photos = sorted((trained / "a" / "red").iterdir())
    halve_style(style, tmp_path / "half.onnx", photos[:2])
    quantise_style(style, tmp_path / "int8.onnx", photos[2:4], photos[:2])
    whole, image = Translator(style, device="cpu"), picture(100)[np.newaxis]
    for variant in ("half", "int8"):
        other = Translator(tmp_path / f"{variant}.onnx", device="cpu")
        for text in ("blue=0", "blue=1"):
            wanted = wanted_condition(whole.info, text)
            assert np.abs(other(image, wanted).astype(int) - whole(image, wanted)).mean() < 3


@pytest.mark.slow
def test_values_beyond_float16_are_encoded_in_float32(trained: Path) -> None:
    generator, _ = load_generator(trained / "run")
    assert isinstance(generator, ConditionalTranslation)
    generator.condition.encoder.mean.fill_(1e5)  # type: ignore[operator]
    image, row = torch.zeros(1, 16, 16, 3, dtype=torch.uint8), torch.tensor([[1e5 + 1]])
    one, other = (ExportedStyle(generator, fp16=fp16)(image, row).int() for fp16 in (True, False))
    assert (one - other).abs().max() <= 2


@pytest.mark.slow
def test_each_side_leaves_the_other_alone(pairs: Path) -> None:
    method, batch = built(config(pairs, n_critic=2))
    G, D = tensors(method, "generator"), tensors(method, "discriminator")
    terms = method.step(batch, step=0, progress=0.5)  # the discriminator's alone
    assert same(G, tensors(method, "generator")) and not same(D, tensors(method, "discriminator"))
    D = tensors(method, "discriminator")
    assert "D/mismatched" in terms
    both, _ = built(config(pairs))
    both.step(batch, step=0, progress=0.5)
    assert not same(G, tensors(both, "generator")) and same(D, tensors(both, "discriminator"))
    without, _ = built(config(pairs, lambda_mismatched=0.0, matching="concatenation", lambda_shift=1.0))
    assert "D/mismatched" not in without.step(batch, step=0, progress=0.5)


@pytest.mark.slow
def test_resuming_repeats_every_bit_and_needs_the_same_conditions(pairs: Path) -> None:
    train(config(pairs, "whole", schedule="constant"), quiet=True)
    for steps in (2, 4):
        train(config(pairs, "parts", schedule="constant", steps=steps), quiet=True)
    for name in ("generator", "discriminator", "generator_ema"):
        one, other = (find(pairs / run).weights(name) for run in ("whole", "parts"))
        assert all(torch.equal(one[key], other[key]) for key in one) and one.keys() == other.keys()
    table = pairs / "table.csv"
    table.write_text(table.read_text().replace("file,blue", "file,azure"))
    with pytest.raises(UserError, match="attributes: no longer has the columns, classes or words"):
        train(config(pairs, "parts", schedule="constant", steps=5), quiet=True)


def test_pairs_get_the_rows_of_their_photos(pairs: Path) -> None:
    table = pairs / "table.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-1]))  # nothing on blue/5
    data = load_conditioned_pairs(config(pairs, cache="ram", val_samples=1))
    assert len(data.training) == 4 and len(data.validation) == 1 and len(data.train_subset) == 1
    assert any("says nothing of 1 pictures, left out: 5.png" in remark for remark in data.remarks)
    cached_training = cached(data, config(pairs, cache="ram")).training
    for dataset in (data.training, data.validation, cached_training):
        assert isinstance(dataset, ConditionedDataset) and isinstance(dataset.pictures, PairedDataset)
        for number, pair in enumerate(dataset.pictures.pairs):
            sample = dataset[Key(number, 7)]
            blue = float("blue" in pair.name)
            assert sample["condition"].tolist() == [blue] and sample["A"].shape == sample["B"].shape
    assert cached_training[Key(0, 3)]["mismatched"] != cached_training[Key(0, 3)]["condition"]


def test_classes_are_the_subfolders_of_the_photos(pairs: Path) -> None:
    data = load_conditioned_pairs(config(pairs, classes=True, direction="BtoA"))
    assert data.conditions is not None and data.conditions.info.names == ["blue", "red"]
    assert isinstance(data.training, ConditionedDataset) and isinstance(data.training.pictures, PairedDataset)
    sample = data.training[Key(0, 0)]
    blue = "blue" in data.training.pictures.pairs[0].name
    assert sample["condition"].tolist() == [float(blue), float(not blue)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"captions": "t.csv", "classes": True}, "captions.*: a run has one condition; leave out this one or classes"),
        ({"a": None, "b": None, "shards": "x.tar"}, "shards: does not go with a condition .<attributes>. yet"),
        ({"eval_every": 1, "eval_real": "a", "eval_photos": "a"}, "eval_every: does not go with a condition"),
        ({"a": None, "inputs": ["a", "b"]}, "inputs: does not go with a condition"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(pairs: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        config(pairs, **changes)


def test_generators_that_take_no_condition_are_refused(pairs: Path) -> None:
    with pytest.raises(UserError, match="generator animegan: takes no condition: choose one of mobile, resnet, unet"):
        built(config(pairs, generator="animegan", generator_options={}))
    with pytest.raises(UserError, match="names 1 pictures that are not in"):
        (pairs / "table.csv").write_text("file,blue\nred/0,0\nblue/1,1\nblue/9,1\n")
        built(config(pairs))


def test_a_wanted_condition_equals_another_of_the_same_title() -> None:
    one, other = Wanted("x", np.zeros(2)), Wanted("x", np.ones(2))
    assert one == other and hash(one) == hash(other) and one.digest != other.digest
