"""A style file gives its weights back, to continue training from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from models import Generator, build_generator
from tests.helpers.command_line import RunCli
from tests.helpers.networks import lively_mobile
from tests.helpers.pairs import tiny_run
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info
from translate.errors import ExitCode, UserError
from translate.export.prune import prune_style
from translate.export.to_onnx import export_style
from translate.style.catalogue import find_style
from translate.style.translator import Translator
from translate.train.fine_tune import start_from, start_from_style
from translate.train.methods import method_of

pytestmark = pytest.mark.slow

OPTIONS = {"channels": 16, "wide_channels": 32, "dilations": [1], "fine_dilations": [1]}
IDLE = 20  # hidden channels of the block at a quarter of the resolution that never fire


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = lively_mobile(**OPTIONS)
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.1)  # the export would store equal ones only once
        generator.get_parameter("body.0.spread.bias")[:IDLE] = -1e4
    path = tmp_path_factory.mktemp("style") / "style.onnx"
    export_style(generator, style_info(title="Small", versions={}), path)
    return path


def assert_same_pictures(generator: Generator, style: Path) -> None:
    pixels = draw_photo(64, 48)
    with torch.no_grad():
        image = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
        made = (generator(image)[0].clamp(-1, 1).permute(1, 2, 0) + 1) * 127.5
    assert np.abs(made.numpy() - Translator(style, device="cpu")(pixels[None])[0]).max() <= 1


def test_the_generator_makes_the_pictures_of_the_style(style: Path) -> None:
    generator = build_generator("mobile", **OPTIONS)
    start_from_style(generator, style)
    assert_same_pictures(generator, style)


def test_pruned_channels_keep_their_initial_weights(style: Path, tmp_path: Path) -> None:
    photo, pruned = tmp_path / "photo.png", tmp_path / "pruned.onnx"
    Image.fromarray(draw_photo(60, 80)).save(photo)
    assert (16, 32) in prune_style(style, pruned, [photo]).values()
    torch.manual_seed(1)
    generator = build_generator("mobile", **OPTIONS)
    fresh = generator.get_parameter("body.0.refine.weight").detach().clone()
    start_from_style(generator, pruned)
    refine = generator.get_parameter("body.0.refine.weight")
    assert torch.equal(refine[:, 16:], fresh[:, 16:]) and not torch.isclose(refine[:, :16], fresh[:, :16]).any()
    with torch.no_grad():
        refine[:, 16:] = 0
    assert_same_pictures(generator, pruned)


def test_the_shipped_style_can_be_fine_tuned() -> None:
    generator = build_generator("mobile")
    start_from_style(generator, find_style("cel"))
    assert_same_pictures(generator, find_style("cel"))


def test_a_run_starts_from_a_style(style: Path, tmp_path: Path) -> None:
    config = tiny_run("animegan", tmp_path, tmp_path / "run", generator="mobile", generator_options=OPTIONS)
    method = method_of(config).build(config, Accelerator(cpu=True), method_of(config).load_data(config))
    start_from(method, style)
    for generator in (method.bare("generator"), method.averages["generator_ema"].module):
        assert isinstance(generator, Generator)
        assert_same_pictures(generator, style)


@pytest.mark.parametrize("options", [{**OPTIONS, "channels": 8}, {**OPTIONS, "dilations": [1, 2]}])
def test_another_architecture_is_refused(style: Path, options: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"init .*style\.onnx: is not a float style of this generator \(.*\); give"):
        start_from_style(build_generator("mobile", **options), style)


def test_the_command_refuses_integers_in_one_line(run_cli: RunCli, tmp_path: Path) -> None:
    for side in "ab":
        (tmp_path / side).mkdir()
        for number in range(2):
            Image.fromarray(draw_photo(40, 40)).save(tmp_path / side / f"{number}.png")
    done = run_cli(
        *("train", "cut", "--a", tmp_path / "a", "--b", tmp_path / "b", "--out", tmp_path / "run", "--resize", 0),
        *("--crop", 32, "--steps", 1, "--workers", 0, "--generator", "mobile", "--discriminator", "pixel"),
        *("--init", find_style("cel-int8")),
    )
    assert done.code == ExitCode.USAGE
    assert "--init" in done.err.splitlines()[-1] and "Traceback" not in done.err
