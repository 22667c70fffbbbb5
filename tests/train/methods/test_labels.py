"""pix2pix from maps of label numbers: coloured for training, and inside the exported file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import picture, tiny_settings
from translate.config import Pix2PixConfig
from translate.data.datasets import load_pairs
from translate.data.loader import Key
from translate.errors import UserError
from translate.media.images import load_rgb, to_signed_unit
from translate.media.label_maps import label_colours
from translate.style.session import read_style
from translate.train.loop import train
from translate.weights.checkpoint import load_generator


@pytest.fixture
def maps(tmp_path: Path) -> Path:
    """Maps of three labels and "void", 255, in ``a``, and pictures of the same names in ``b``."""
    for side in "ab":
        (tmp_path / side).mkdir()
    for index in range(6):
        numbers = np.random.default_rng(index).choice(np.array([0, 1, 2, 255], np.uint8), (9, 10)).repeat(4, 0)
        Image.fromarray(numbers.repeat(4, 1)).save(tmp_path / "a" / f"{index}.png")
        Image.fromarray(picture(index)).save(tmp_path / "b" / f"{index}.png")
    return tmp_path


def config(maps: Path, **changes: object) -> Pix2PixConfig:
    settings = tiny_settings(maps / "a", maps / "b", maps / "run", labels=3, generator="mobile")
    return Pix2PixConfig.from_dict(settings | {"generator_options": {"channels": 4, "wide_channels": 4}} | changes)


def test_training_sees_the_labels_colours(maps: Path) -> None:
    sample = load_pairs(config(maps, crop=36)).validation[Key(0, 0)]["A"]
    known = {tuple(colour) for colour in label_colours(3)[[0, 1, 2, 255]].tolist()}
    assert {tuple(colour) for colour in sample.flatten(1).T.tolist()} == known


@pytest.mark.slow
def test_an_exported_file_takes_the_maps_themselves(maps: Path, run_cli: RunCli) -> None:
    train(config(maps), quiet=True)
    style = maps / "style.onnx"
    assert run_cli("export", maps / "run", "-o", style).code == 0
    assert read_style(style).labels == 3
    assert run_cli("convert", maps / "a" / "0.png", "-o", maps / "made.png", "--style", style).code == 0
    generator, _ = load_generator(maps / "run")
    x = torch.from_numpy(label_colours(3)[load_rgb(maps / "a" / "0.png")[..., 0]]).permute(2, 0, 1)[None]
    with torch.no_grad():
        expected = (generator(to_signed_unit(x.float()))[0].permute(1, 2, 0).numpy().clip(-1, 1) + 1) * 127.5
    assert np.abs(load_rgb(maps / "made.png") - expected).max() < 1.01
    done = run_cli("export", maps / "run", "-o", style, "--overwrite", "--int8", "--calibration", maps / "b")
    assert done.code == 2 and "translates maps of labels, not photos" in done.err


def test_settings_that_take_pictures_are_refused(maps: Path) -> None:
    with pytest.raises(UserError, match="labels: leave out"):
        config(maps, working_size=512)
