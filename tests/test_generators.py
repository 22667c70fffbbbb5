"""What every registered generator promises, and the published figures of those that have some."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from models import GENERATORS, Generator, build_generator
from models.mobile import MobileGenerator
from tests.conftest import style_info
from translate.inference import spans

SMALL: dict[str, dict[str, Any]] = {  # options that keep tests short; the others are small enough as they are
    "unet": {"size": 128, "channels": 8},
    "resnet": {"blocks": 1, "channels": 8},
}
TILE_SAFE = sorted(name for name, network in GENERATORS.items() if network.tile_safe)


def build_small(name: str, **options: Any) -> Generator:
    torch.manual_seed(0)
    return build_generator(name, **SMALL.get(name, {}) | options)


@pytest.fixture(params=sorted(GENERATORS))
def generator(request: pytest.FixtureRequest) -> Generator:
    return build_small(request.param)


def pictures(generator: Generator, count: int = 2) -> Tensor:
    """Noise of the smallest size, once as high and twice as wide."""
    return torch.rand(count, 3, generator.stride, 2 * generator.stride) * 2 - 1


def test_shape_and_range(generator: Generator) -> None:
    image = pictures(generator)
    translated = generator(image)
    assert translated.shape == image.shape
    assert translated.dtype == torch.float32
    assert torch.isfinite(translated).all()
    assert translated.abs().max() < 1.5  # a generator without tanh may leave the range a little


def test_the_smallest_picture(generator: Generator) -> None:
    image = torch.rand(1, 3, generator.stride, generator.stride)
    for mode in (True, False):
        assert torch.isfinite(generator.train(mode)(image)).all()


def test_the_gradient_reaches_every_parameter(generator: Generator) -> None:
    generator(pictures(generator)).square().mean().backward()
    unreached = [
        name for name, weights in generator.named_parameters() if weights.grad is None or not weights.grad.any()
    ]
    assert unreached == []


def test_evaluation_repeats_itself_and_keeps_pictures_apart(generator: Generator) -> None:
    image = pictures(generator)
    with torch.inference_mode():
        translated = generator.eval()(image)
        assert torch.equal(generator(image), translated)
        alone = torch.cat([generator(picture[None]) for picture in image])
    torch.testing.assert_close(alone, translated)


@pytest.mark.parametrize("name", TILE_SAFE)
def test_tiles_equal_the_whole(name: str) -> None:
    generator = build_small(name).double().eval()
    info = style_info(stride=generator.stride, receptive_field=generator.receptive_field)
    side = 8 * generator.stride
    image = torch.rand(1, 3, side, 2 * info.halo + 3 * side, dtype=torch.float64) * 2 - 1
    with torch.inference_mode():
        whole = generator(image)
        tiled = torch.empty_like(whole)
        for span in spans(image.shape[3], side, info.stride, info.halo):
            tiled[..., span.core] = generator(image[..., span.outer])[..., span.core_in_outer]
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", TILE_SAFE)
@pytest.mark.parametrize("upright", [False, True])
def test_the_receptive_field_is_the_declared_one(name: str, upright: bool) -> None:
    generator = build_small(name).double()
    average_everywhere(generator)
    length = -(-2 * generator.receptive_field // generator.stride) * generator.stride
    image = torch.full((1, 3, 2 * generator.stride, length), 0.5, dtype=torch.float64)
    image = (image.mT if upright else image).requires_grad_()
    reaches = []
    for pixel in range(length // 2, length // 2 + generator.stride):  # it differs within a cell of the stride
        translated = generator(image)
        line = (translated.mT if upright else translated)[0, :, 0, pixel]
        (gradient,) = torch.autograd.grad(line.sum(), image)
        seen = (gradient.mT if upright else gradient).sum(dim=(0, 1, 2)).nonzero()
        reaches += [pixel - int(seen.min()), int(seen.max()) - pixel]
    assert 2 * max(reaches) + 1 == generator.receptive_field


def average_everywhere(network: nn.Module) -> None:
    """Turn every convolution to an average, so that no ReLU and no chance zero cuts off what a pixel sees."""
    with torch.no_grad():
        for weights in network.parameters():
            weights.fill_(1 / weights[0].numel() if weights.ndim > 1 else 0.0)


@pytest.mark.parametrize("name", ["unet", "resnet"])
@pytest.mark.parametrize(
    "options", [{"upsampling": "transposed"}, {"norm": "batch"}, {"norm": "layer"}, {"norm": "none"}]
)
def test_options(name: str, options: dict[str, Any]) -> None:
    generator = build_small(name, **options)
    image = pictures(generator)
    assert generator(image).shape == image.shape
    generator(image).square().mean().backward()
    assert all(weights.grad is not None and weights.grad.any() for weights in generator.parameters())


@pytest.mark.parametrize(
    ("name", "options", "parameters"),
    [
        ("unet", {"upsampling": "transposed"}, 54_414_531),  # 54.4 million
        ("resnet", {}, 11_383_427),  # 11.4 million
        ("animegan", {}, 2_141_763),  # 2.14 million
    ],
)
def test_the_published_number_of_parameters(name: str, options: dict[str, Any], parameters: int) -> None:
    with torch.device("meta"):
        generator = build_generator(name, **options)
    assert sum(weights.numel() for weights in generator.parameters()) == parameters


def test_the_paper_starts_from_small_weights() -> None:
    for name in ("unet", "resnet", "animegan"):
        for module in build_small(name).modules():
            if isinstance(module, nn.Conv2d) and module.weight.numel() > 5000:
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)


def test_dropout_is_the_noise_of_training() -> None:
    generator = build_small("unet")
    image = pictures(generator, 1)
    with torch.no_grad():
        assert not torch.equal(generator(image), generator(image))


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("unet", {"size": 64}, "size has to be 128 or 256, not 64"),
        ("unet", {"channels": 0}, "channels has to be at least 1, not 0"),
        ("resnet", {"upsampling": "bilinear"}, "no upsampling is called 'bilinear': choose one of resize, transposed"),
        ("resnet", {"norm": "group"}, "no norm is called 'group': choose one of instance, layer, batch, none"),
    ],
)
def test_refused_options(name: str, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build_generator(name, **options)


def test_mobile_keeps_its_budget() -> None:
    with torch.device("meta"):  # shapes alone: nothing is computed
        generator, image = build_generator("mobile"), torch.empty(1, 3, 512, 512)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        generator(image)
    assert counter.get_total_flops() <= 12e9
    assert sum(weights.numel() for weights in generator.parameters()) * 4 < 3e6


def test_head_of_mobile_is_a_convolution_of_the_unshuffled_picture() -> None:
    generator, image = build_generator("mobile"), torch.randn(2, 3, 12, 20)
    assert isinstance(generator, MobileGenerator)
    expected = generator.head(nn.functional.pixel_unshuffle(image, 2))
    torch.testing.assert_close(generator._head_of_unshuffled(image), expected, atol=1e-5, rtol=1e-5)
