"""What every registered generator guarantees, and the published numbers of parameters."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.utils.flop_counter import FlopCounterMode

from models import GENERATORS, Generator, build_generator
from models.blocks import SelfAttention
from models.mobile import MARGIN, MobileGenerator
from models.r3 import ResidualBlock
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info
from translate.style.tiles import spans

pytestmark = pytest.mark.slow

SMALL: dict[str, dict[str, Any]] = {  # options that keep tests short; the others are small enough as they are
    "unet": {"size": 128, "channels": 8},
    "resnet": {"blocks": 1, "channels": 8},
    "stargan": {"blocks": 1, "channels": 8},
}
ALL: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in sorted(GENERATORS)),
    ("mobile", {"domains": 2}),
    ("mobile", {"antialias": True}),
    ("mobile", {"soft_base": True}),
    ("mobile", {"tones": [[40, 20, 0], [255, 250, 240]]}),
]
TILE_SAFE = [(name, options) for name, options in ALL if GENERATORS[name].tile_safe]


def build_small(name: str, **options: Any) -> Generator:
    torch.manual_seed(0)
    return build_generator(name, **SMALL.get(name, {}) | options)


@pytest.fixture(params=ALL, ids=str)
def generator(request: pytest.FixtureRequest) -> Generator:
    name, options = request.param
    return build_small(name, **options)


def pictures(generator: Generator, count: int = 2) -> Tensor:
    """Noise, as high as the smallest size and twice as wide."""
    return torch.rand(count, 3, generator.stride, 2 * generator.stride) * 2 - 1


def translate(generator: Generator, image: Tensor) -> Tensor:
    """``image`` translated to the first domain, where the generator has some."""
    if not generator.domains:
        return generator(image)
    return generator(image, torch.eye(generator.domains, dtype=image.dtype)[:1].expand(len(image), -1))


def enlarged_shape(generator: Generator, image: Tensor) -> tuple[int, ...]:
    count, channels, height, width = image.shape
    return count, channels, generator.scale * height, generator.scale * width


def test_shape_and_range(generator: Generator) -> None:
    image = pictures(generator)
    translated = translate(generator, image)
    assert translated.shape == enlarged_shape(generator, image)
    assert translated.dtype == torch.float32
    assert torch.isfinite(translated).all()
    assert translated.abs().max() < 1.5  # a generator without tanh may leave the range a little


def test_the_smallest_picture(generator: Generator) -> None:
    image = torch.rand(1, 3, generator.stride, generator.stride)
    for mode in (True, False):
        assert torch.isfinite(translate(generator.train(mode), image)).all()


def test_the_gradient_reaches_every_parameter(generator: Generator) -> None:
    domain = torch.eye(generator.domains).repeat_interleave(2, dim=0)  # every domain must reach its weights
    image = pictures(generator, len(domain) or 2)
    (generator(image, domain) if generator.domains else generator(image)).square().mean().backward()
    unreached = [
        name for name, weights in generator.named_parameters() if weights.grad is None or not weights.grad.any()
    ]
    assert unreached == []


def test_evaluation_is_deterministic_and_independent_of_the_batch(generator: Generator) -> None:
    image = pictures(generator)
    with torch.inference_mode():
        translated = translate(generator.eval(), image)
        assert torch.equal(translate(generator, image), translated)
        alone = torch.cat([translate(generator, picture[None]) for picture in image])
    torch.testing.assert_close(alone, translated)


@pytest.mark.parametrize(("name", "options"), TILE_SAFE)
def test_tiles_equal_the_whole(name: str, options: dict[str, Any]) -> None:
    generator = build_small(name, **options).double().eval()
    info = style_info(stride=generator.stride, receptive_field=generator.receptive_field)
    side = 8 * generator.stride
    image = torch.rand(1, 3, side, 2 * info.halo + 3 * side, dtype=torch.float64) * 2 - 1
    with torch.inference_mode():
        whole = translate(generator, image)
        tiled = torch.empty_like(whole)
        for span in spans(image.shape[3], side, info.stride, info.halo):
            result = span.enlarged(generator.scale)
            tiled[..., result.core] = translate(generator, image[..., span.outer])[..., result.core_in_outer]
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("name", "options"), TILE_SAFE)
@pytest.mark.parametrize("upright", [False, True])
def test_the_receptive_field_is_the_declared_one(name: str, options: dict[str, Any], upright: bool) -> None:
    generator = build_small(name, **options).double()
    average_everywhere(generator)
    length = -(-2 * generator.receptive_field // generator.stride) * generator.stride
    image = torch.full((1, 3, 2 * generator.stride, length), 0.5, dtype=torch.float64)
    image = (image.mT if upright else image).requires_grad_()
    reaches = []
    scale, middle = generator.scale, length // 2
    for pixel in range(scale * middle, scale * (middle + generator.stride)):  # the reach varies within the stride
        translated = translate(generator, image)
        line = (translated.mT if upright else translated)[0, :, 0, pixel]
        (gradient,) = torch.autograd.grad(line.sum(), image)
        seen = (gradient.mT if upright else gradient).sum(dim=(0, 1, 2)).nonzero()
        reaches += [pixel // scale - int(seen.min()), int(seen.max()) - pixel // scale]
    assert 2 * max(reaches) + 1 == generator.receptive_field


def average_everywhere(network: nn.Module) -> None:
    """Turn every convolution into an average, so that no ReLU and no zero weight hides what a pixel sees."""
    with torch.no_grad():
        for weights in network.parameters():
            weights.fill_(1 / weights[0].numel() if weights.ndim > 1 else 0.0)


OPTIONS: list[dict[str, Any]] = [
    {"upsampling": "transposed"},
    {"upsampling": "resize"},
    {"norm": "batch"},
    {"norm": "layer"},
    {"norm": "none"},
    {"attention": True},
]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, options) for name in ("unet", "resnet", "stargan") for options in OPTIONS),
        ("resnet", {"spectral_norm": True}),
        ("stargan", {"spectral_norm": True}),
    ],
    ids=str,
)
def test_options(name: str, options: dict[str, Any]) -> None:
    generator = build_small(name, **options)
    turn_attention_on(generator)
    image = pictures(generator)
    translated = translate(generator, image)
    assert translated.shape == image.shape
    translated.square().mean().backward()
    assert all(weights.grad is not None and weights.grad.any() for weights in generator.parameters())


def turn_attention_on(network: nn.Module) -> None:
    """Gamma starts at 0, which passes no gradient on; so does the last convolution of each of R3GAN's blocks."""
    for module in network.modules():
        if isinstance(module, SelfAttention):
            nn.init.ones_(module.gamma)
        if isinstance(module, ResidualBlock) and not parametrize.is_parametrized(module.contract):
            nn.init.normal_(module.contract.weight, std=0.1)


@pytest.mark.parametrize("name", ["unet", "resnet", "stargan"])
def test_attention_has_no_effect_until_gamma_leaves_zero(name: str) -> None:
    generator = build_small(name, attention=True).eval()
    assert sum(isinstance(module, SelfAttention) for module in generator.modules()) == 1
    image = pictures(generator)
    with torch.no_grad():
        plain = translate(generator, image)
        attention = next(module for module in generator.modules() if isinstance(module, SelfAttention))
        nn.init.normal_(attention.out.weight)
        assert torch.equal(translate(generator, image), plain)
        turn_attention_on(generator)
        assert not torch.allclose(translate(generator, image), plain)


@pytest.mark.parametrize("name", ["resnet", "stargan"])
def test_spectral_normalisation_bounds_every_convolution_of_the_generator(name: str) -> None:
    generator = build_small(name, spectral_norm=True, attention=True)
    for _ in range(30):  # each training pass takes a step of the power iteration
        translate(generator, pictures(generator))
    assert_spectral_norms(generator)


def assert_spectral_norms(network: nn.Module, *, within: float = 0.02) -> None:
    """The largest singular value of every weight is 1."""
    network.eval()  # in training each access to a weight would be one more step of the power iteration
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    assert len(layers) >= 3
    for layer in layers:
        weight = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
        assert torch.linalg.matrix_norm(weight.flatten(1), ord=2).item() == pytest.approx(1, abs=within)


@pytest.mark.parametrize(
    ("name", "options", "parameters"),
    [
        ("unet", {"upsampling": "transposed"}, 54_414_531),  # 54.4 million
        ("resnet", {}, 11_383_427),  # 11.4 million
        ("animegan", {}, 2_141_763),  # 2.14 million
        # the authors' 8,430,528 have scale and shift, not a bias, after the first convolution, and no bias in the last
        ("stargan", {"domains": 5}, 8_430_528 - 2 * 64 + 64 + 3),
    ],
)
def test_the_published_number_of_parameters(name: str, options: dict[str, Any], parameters: int) -> None:
    with torch.device("meta"):
        generator = build_generator(name, **options)
    assert sum(weights.numel() for weights in generator.parameters()) == parameters


def test_initial_weights_have_the_papers_deviation() -> None:
    for name in ("unet", "resnet", "animegan", "stargan"):
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
        ("unet", {"size": 100}, "size has to be one of 32, 64, 128, 256, not 100"),
        ("unet", {"channels": 0}, "channels has to be at least 1, not 0"),
        ("resnet", {"upsampling": "bilinear"}, "no upsampling is called 'bilinear': choose one of resize, transposed"),
        ("stargan", {"domains": 0}, "domains has to be at least 1, not 0"),
        ("upscale", {"layers": 0}, "layers has to be at least 1, not 0"),
        ("mobile", {"domains": -1}, "domains has to be at least 1, not -1"),
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


def test_upscale_keeps_its_budget() -> None:
    with torch.device("meta"):
        generator, image = build_generator("upscale"), torch.empty(1, 3, 500, 500)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        enlarged = generator(image)
    assert counter.get_total_flops() < 3e9 * enlarged[0, 0].numel() / 1e6
    assert sum(weights.numel() for weights in generator.parameters()) < 10_000


def test_upscale_starts_close_to_the_bilinear_enlargement_and_adds_to_it() -> None:
    generator, picture = build_small("upscale"), torch.rand(1, 3, 12, 16) * 2 - 1
    bilinear = nn.functional.interpolate(picture, scale_factor=2, mode="bilinear")
    with torch.no_grad():
        enlarged = generator(picture)
        assert 0 < (enlarged - bilinear).abs().mean() < 0.15
        generator.amplify(0.5)
        torch.testing.assert_close(generator(picture), torch.lerp(bilinear, enlarged, 0.5), atol=1e-6, rtol=0)
        generator.amplify(0)
        torch.testing.assert_close(generator(picture), bilinear, atol=1e-6, rtol=0)


@pytest.mark.parametrize("layers", [1, 3])
def test_upscale_continues_the_picture_beyond_its_border(layers: int) -> None:
    """A uniform picture stays uniform up to the border: no zero padding is visible."""
    enlarged = build_small("upscale", layers=layers)(torch.full((1, 3, 5, 4), 0.3)).detach()
    torch.testing.assert_close(enlarged, enlarged[..., :2, :2].tile(1, 1, 5, 4), atol=1e-6, rtol=0)


def test_antialiased_mobile_does_not_see_the_finest_frequency() -> None:
    generator, photo = build_small("mobile", antialias=True), torch.rand(1, 3, 20, 24)
    assert isinstance(generator, MobileGenerator)
    inside = (..., slice(4, -4), slice(4, -4))  # not where the border is repeated
    for stripes in finest_stripes(20, 24):
        for filtered, same in zip(generator._with_margin(photo), generator._with_margin(photo + stripes), strict=True):
            torch.testing.assert_close(filtered[inside], same[inside], atol=1e-6, rtol=0)


def test_mobile_with_a_soft_base_sees_the_finest_frequency_and_does_not_pass_it_on() -> None:
    generator, photo = build_small("mobile", soft_base=True), torch.rand(1, 3, 20, 24)
    assert isinstance(generator, MobileGenerator)
    inside = (..., slice(4, -4), slice(4, -4))
    for stripes in finest_stripes(20, 24):
        (seen, base), (seen_striped, same_base) = map(generator._with_margin, (photo, photo + stripes))
        torch.testing.assert_close((seen_striped - seen)[..., 2:-2, 2:-2], stripes.expand_as(photo), atol=1e-6, rtol=0)
        torch.testing.assert_close(base[inside], same_base[inside], atol=1e-6, rtol=0)
        assert not torch.equal(generator._encode(seen)[0], generator._encode(seen_striped)[0])
    for parameter in generator.out.parameters():
        nn.init.zeros_(parameter)
    torch.testing.assert_close(generator(photo), base[..., 2:-2, 2:-2], atol=1e-6, rtol=0)
    with pytest.raises(ValueError, match="either antialias or soft_base"):
        build_small("mobile", soft_base=True, antialias=True)


def finest_stripes(height: int, width: int) -> list[Tensor]:
    """Stripes and a checkerboard of single pixels, [H, W] in {-0.5, 0.5}."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return [0.5 * (-1.0) ** phase for phase in (columns, rows, rows + columns)]


def test_mobile_with_tones_draws_in_one_ink_on_its_paper() -> None:
    ink, paper = [45, 45, 50], [250, 247, 240]
    plain, toned = (build_small("mobile", **options) for options in ({}, {"tones": [ink, paper]}))
    toned.load_state_dict(plain.state_dict())
    photo = torch.rand(1, 3, 24, 32) * 2 - 1
    with torch.no_grad():
        free, drawn = (127.5 * (network(photo)[0].flatten(1).T + 1) for network in (plain, toned))  # [pixels, 3]
    axis = nn.functional.normalize(torch.tensor(paper) - torch.tensor(ink).float(), dim=0)
    from_ink = drawn - torch.tensor(ink)
    assert torch.linalg.cross(from_ink, axis.expand_as(from_ink)).abs().max() < 1e-3  # on the line
    assert ((free - drawn) @ axis).abs().max() < 1e-3  # and the nearest point on it
    with pytest.raises(ValueError, match="two different colours"):
        build_small("mobile", tones=[ink, ink])


@pytest.mark.parametrize("options", [{}, {"wide_channels": 96, "dilations": [1, 2, 4, 8, 1, 2, 4, 8]}])
def test_mobile_starts_close_to_the_photo(options: dict[str, Any]) -> None:
    """Farther away, training silences it in the first steps: 9 levels did for a painterly filter 11 levels away."""
    photo = torch.tensor(draw_photo(48, 64)).permute(2, 0, 1)[None] / 127.5 - 1
    for seed in range(3):
        torch.manual_seed(seed)
        with torch.no_grad():
            added = build_generator("mobile", **options)(photo) - photo
        assert 0 < 127.5 * added.abs().mean() < 2


@pytest.mark.parametrize(
    "options", [{}, {"antialias": True}, {"soft_base": True}, {"tones": [[0, 0, 0], [255, 255, 255]]}]
)
def test_amplified_mobile_goes_that_far_from_the_photo(options: dict[str, Any]) -> None:
    generator, photo = build_small("mobile", **options), torch.rand(1, 3, 24, 32) * 2 - 1
    with torch.no_grad():
        whole = generator(photo)
        generator.amplify(0.25)
        torch.testing.assert_close(generator(photo), torch.lerp(photo, whole, 0.25), atol=1e-6, rtol=0)
        generator.amplify(4)
        torch.testing.assert_close(generator(photo), whole, atol=1e-6, rtol=0)


@pytest.mark.parametrize("domains", [0, 3])
def test_head_of_mobile_is_a_convolution_of_the_unshuffled_picture(domains: int) -> None:
    generator, image = build_generator("mobile", domains=domains), torch.randn(2, 3 + domains, 12, 20)
    assert isinstance(generator, MobileGenerator)
    expected = generator.head(nn.functional.pixel_unshuffle(image, 2))
    torch.testing.assert_close(generator._head_of_unshuffled(image), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("name", "options"), [("stargan", {}), ("mobile", {"domains": 2})])
def test_the_domain_changes_the_picture_everywhere(name: str, options: dict[str, Any]) -> None:
    generator = build_small(name, **options)
    image = pictures(generator, 1).repeat(1, 1, 8, 8)
    with torch.no_grad():
        first, second = (generator(image, label[None]) for label in torch.eye(2))
    inner = (first - second).abs()[..., 12:-12, 12:-12]
    # a label that normalisation removes leaves only rounding
    assert inner.amax(dim=1).median() > 1e-3 * first.abs().median()


def test_only_conditional_generators_take_a_domain() -> None:
    with pytest.raises(ValueError, match="a generator of 2 domains takes a domain"):
        build_small("stargan")(torch.zeros(1, 3, 8, 8))
    with pytest.raises(ValueError, match="a generator of 0 domains takes no domain"):
        build_small("mobile")(torch.zeros(1, 3, 8, 8), torch.ones(1, 2))


ENCODERS: dict[str, tuple[dict[str, Any], list[tuple[int, int]]]] = {  # options; channels and halvings of each map
    "resnet": ({"blocks": 3}, [(3, 0), (16, 1), (32, 2), (32, 2), (32, 2)]),
    "mobile": ({}, [(3, 0), (32, 1), (48, 2), (48, 2), (48, 2)]),
    "animegan": ({}, [(3, 0), (64, 1), (128, 2), (256, 2), (256, 2)]),
    "unet": ({}, [(3, 0), (8, 1), (16, 2), (32, 3), (64, 4)]),
}


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_encoder_features(name: str) -> None:
    options, expected = ENCODERS[name]
    generator = build_small(name, **options).eval()
    image = pictures(generator).requires_grad_()
    features = generator.encoder_features(image)
    assert features[0] is image
    assert generator.encoder_channels() == [channels for channels, _ in expected]
    margin = 2 * MARGIN if name == "mobile" else 0
    for index, (found, (channels, halvings)) in enumerate(zip(features, expected, strict=True)):
        border = margin if index else 0
        assert found.shape == (2, channels, *((side + border) // 2**halvings for side in image.shape[2:]))
    reaches = []  # each map sees more of the picture, or sees it through more layers
    for found in features[1:]:
        (gradient,) = torch.autograd.grad(found.square().sum(), image, retain_graph=True)
        assert gradient.any()
        reaches.append(gradient)
    assert not any(torch.equal(before, after) for before, after in itertools.pairwise(reaches))


def test_encoder_features_are_those_of_the_forward_pass() -> None:
    generator = build_small("resnet", blocks=3, attention=True).eval()
    seen: dict[int, Tensor] = {}
    for index in (2, 4, 6, 7):
        generator.get_submodule(f"layers.{index}").register_forward_hook(
            lambda module, inputs, output, index=index: seen.update({index: output})
        )
    image = pictures(generator)
    with torch.no_grad():
        generator(image)
        passed = list(seen.values())
        assert all(map(torch.equal, generator.encoder_features(image)[1:], passed))


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_counting_the_channels_changes_nothing(name: str) -> None:
    generator = build_small(name, **({"norm": "batch"} if name in ("unet", "resnet") else {}))
    before = {key: value.clone() for key, value in generator.state_dict().items()}
    generator.encoder_channels()
    assert generator.training
    torch.testing.assert_close(generator.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("name", "options", "family"),
    [("stargan", {}, "stargan with domains"), ("mobile", {"domains": 2}, "mobile with domains")],
)
def test_a_generator_without_encoder_features_names_those_that_have_them(
    name: str, options: dict[str, Any], family: str
) -> None:
    problem = f"generator {family} has no encoder features: choose one of animegan, mobile, resnet, unet, without domai"
    with pytest.raises(ValueError, match=problem):
        build_small(name, **options).encoder_features(torch.zeros(1, 3, 8, 8))
    with pytest.raises(ValueError, match=problem):
        build_small(name, **options).encoder_channels()


@pytest.mark.parametrize(("crop", "size"), [(32, 32), (64, 64), (96, 32), (128, 128), (192, 64), (256, None)])
def test_the_depth_of_unet_follows_the_crop(crop: int, size: int | None) -> None:
    options = GENERATORS["unet"].options_for_crop(crop)
    assert options == ({} if size is None else {"size": size})
    generator = build_generator("unet", channels=1, **options)
    assert crop % generator.stride == 0
    with torch.no_grad():
        assert generator(torch.rand(1, 3, crop, crop)).shape == (1, 3, crop, crop)
