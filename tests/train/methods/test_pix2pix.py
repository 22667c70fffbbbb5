import math
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from models.features import perceptual_distance
from tests.helpers.pairs import tiny_config, write_pairs
from tests.helpers.pictures import draw_photo
from translate.data.datasets import PairedDataset
from translate.errors import UserError
from translate.train.losses import zero_centred_penalty
from translate.train.methods.pix2pix import Pix2Pix
from translate.train.methods.window import Window
from translate.train.step import Batch, StepContext
from translate.weights.feature_networks import build_feature_network

RANDOM = torch.Generator().manual_seed(0)
BATCH = {
    side: F.interpolate(torch.rand(2, 3, 4, 4, generator=RANDOM) - 0.5, (24, 24), mode="bicubic") for side in ("A", "B")
}


def method(tmp_path: Path, **changes: object) -> Pix2Pix:
    torch.manual_seed(0)
    config = tiny_config(tmp_path, tmp_path, tmp_path, **changes)
    return Pix2Pix(config, Accelerator(cpu=True))


def context(step: int) -> StepContext:
    return StepContext(seed=0, step=step, progress=0.5, total=2, samples=range(2))


def step(pix2pix: Pix2Pix, batch: Batch = BATCH, *, progress: float = 0.0) -> dict[str, Tensor]:
    return pix2pix.step(batch, step=0, progress=progress)


def weights(pix2pix: Pix2Pix, name: str) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in pix2pix.bare(name).parameters()]


def test_losses_are_weighted_and_reported(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lambda_l1=7.0, lambda_l2=5.0, lambda_edge=3.0, lambda_gan=0.0)
    difference = pix2pix.networks["generator"](BATCH["A"]) - BATCH["B"]
    metrics = step(pix2pix)
    assert set(metrics) == {"G/l1", "G/l2", "G/edge", "G/gradient"}
    assert metrics["G/l1"].item() == pytest.approx(7 * difference.abs().mean().item(), rel=1e-5)
    assert metrics["G/l2"].item() == pytest.approx(5 * difference.square().mean().item(), rel=1e-5)
    assert not any(value.requires_grad for value in metrics.values())


def test_adversarial_term_starts_when_asked(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, gan_start=0.5)
    D = weights(pix2pix, "discriminator")
    assert "G/gan" not in step(pix2pix, progress=0.25)
    assert all(map(torch.equal, D, weights(pix2pix, "discriminator")))
    assert "G/gan" in step(pix2pix, progress=0.5)
    assert not all(map(torch.equal, D, weights(pix2pix, "discriminator")))


def test_discriminator_learns_to_tell_pairs_apart(tmp_path: Path) -> None:
    """The fakes are the real pictures mirrored, so only the input can tell which are real."""
    pix2pix = method(tmp_path, lr_discriminator=5e-3, n_critic=100)
    pix2pix.forward = lambda batch, context: {"fake_B": batch["B"].flip(3)}  # type: ignore[method-assign]
    gaps = []
    for _ in range(40):
        metrics = pix2pix.step(BATCH, step=0, progress=0.0)
        gaps.append(float(metrics["D/real"] - metrics["D/fake"]))
    assert gaps[-1] > 1 + gaps[0]


def test_relativistic_objective_compares_the_pictures_of_one_input(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, objective="relativistic", lambda_gan=2.0)
    D = pix2pix.bare("discriminator")
    fake_B = pix2pix.networks["generator"](BATCH["A"])
    real, fake = (D(torch.cat([BATCH["A"], picture], 1)).logits[0].detach() for picture in (BATCH["B"], fake_B))
    discriminator_loss = pix2pix.discriminator_terms(BATCH, {"fake_B": fake_B.detach()}, context(0)).losses["D/loss"]
    torch.testing.assert_close(discriminator_loss.detach(), 0.5 * F.softplus(fake - real).mean())
    generator_loss = pix2pix.generator_terms(BATCH, {"fake_B": fake_B}, context(0)).losses["G/gan"]
    torch.testing.assert_close(generator_loss.detach(), 2 * F.softplus(real - fake).mean())
    generator_loss.backward()
    assert all(parameter.grad is None for parameter in D.parameters())
    assert all(parameter.grad is not None for parameter in pix2pix.bare("generator").parameters())


def test_pictures_compared_by_position_get_the_same_augmentation(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, objective="relativistic", diff_augment="color,translation,cutout")
    terms = pix2pix.discriminator_terms(BATCH, {"fake_B": BATCH["B"]}, context(0))
    torch.testing.assert_close(terms.losses["D/loss"].item(), 0.5 * math.log(2))  # real and fake are the same
    unpaired = method(tmp_path, objective="wgan", diff_augment="color,translation,cutout")
    assert unpaired.discriminator_terms(BATCH, {"fake_B": BATCH["B"]}, context(0)).losses["D/loss"].abs() > 1e-3


def test_zero_centred_penalties_at_real_and_translated_pairs(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lambda_r1=3.0, lambda_r2=5.0, r1_every=4)
    fake_B = BATCH["B"].flip(3)
    losses = pix2pix.discriminator_terms(BATCH, {"fake_B": fake_B}, context(8)).losses
    for name, gamma, picture in (("D/r1", 3.0, BATCH["B"]), ("D/r2", 5.0, fake_B)):
        pair = torch.cat([BATCH["A"], picture], 1)
        penalty = zero_centred_penalty(lambda images: pix2pix.bare("discriminator")(images).logits, pair)
        torch.testing.assert_close(losses[name], gamma / 2 * 4 * penalty)
    assert losses["D/r1"] != losses["D/r2"]
    assert set(pix2pix.discriminator_terms(BATCH, {"fake_B": fake_B}, context(9)).losses) == {"D/loss"}


def test_the_perceptual_term_minds_what_distances_of_pixels_hardly_see(tmp_path: Path) -> None:
    """Of two pictures with the same L1 distance from the target, the blurred one is farther than the brighter one."""
    pix2pix = method(tmp_path, lambda_perceptual=4.0, lambda_gan=0.0)
    target = torch.tensor(draw_photo(64, 64)).permute(2, 0, 1)[None] / 127.5 - 1
    blurred = F.interpolate(F.avg_pool2d(target, 4), scale_factor=4.0, mode="bilinear")
    brighter = target + (blurred - target).abs().mean()

    def perceptual(picture: Tensor) -> Tensor:
        batch = {"A": target, "B": target}
        return pix2pix.generator_terms(batch, {"fake_B": picture}, context(1)).losses["G/perceptual"]

    assert perceptual(target).item() == pytest.approx(0, abs=1e-6)
    assert perceptual(blurred) > 2 * perceptual(brighter) > 0
    features = build_feature_network("efficientnet-lite2")
    expected = perceptual_distance(features.down_to_content(blurred), features.down_to_content(target))
    torch.testing.assert_close(perceptual(blurred), 4 * expected.mean())
    metrics = step(pix2pix)
    assert metrics["G/perceptual"] > 0 and metrics["G/gradient"] > 0
    assert not any(parameter.requires_grad for parameter in features.parameters())


def test_shifted_pictures_are_compared_where_the_window_is(tmp_path: Path) -> None:
    """The window of 12 pixels has a margin of 3; a pixelwise translation is the same anywhere."""
    pix2pix = method(tmp_path, lambda_shift=2.0)
    window, inner = Window(top=5, left=2, side=12), (..., slice(8, 14), slice(5, 11))
    pix2pix.networks["generator"].forward = lambda photo: photo / 2
    assert pix2pix.shift_distance(BATCH, BATCH["A"] / 2, window).item() == 0
    elsewhere = BATCH["A"] / 2 + 0.25
    elsewhere[inner] -= 0.25
    assert pix2pix.shift_distance(BATCH, elsewhere, window).item() == pytest.approx(0, abs=1e-7)
    pix2pix.networks["generator"].forward = lambda photo: photo / 2 + 0.25
    assert pix2pix.shift_distance(BATCH, BATCH["A"] / 2, window).item() == pytest.approx(0.25, rel=1e-5)
    beyond = torch.full_like(BATCH["A"], 1.5)
    pix2pix.networks["generator"].forward = lambda photo: torch.full_like(photo, 1.25)
    assert pix2pix.shift_distance(BATCH, beyond, window).item() == 0  # both are white
    pix2pix.networks["generator"].forward = lambda photo: torch.full_like(photo, 0.75)
    assert pix2pix.shift_distance(BATCH, beyond, window).item() == pytest.approx(0.25)


def test_only_the_window_gets_a_gradient_from_the_shift_term(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lambda_shift=2.0, lambda_gan=0.0)
    whole = pix2pix.networks["generator"](BATCH["A"]).detach().requires_grad_()
    shift = pix2pix.generator_terms(BATCH, {"fake_B": whole}, context(0)).losses["G/shift"]
    assert shift.item() > 0
    shift.backward()
    assert whole.grad is None
    assert all(parameter.grad is not None for parameter in pix2pix.bare("generator").parameters())


def test_shift_term_depends_on_the_step_but_not_on_accumulation(tmp_path: Path) -> None:
    steps = [step(method(tmp_path, lambda_shift=20.0))["G/shift"] for _ in range(2)]
    assert steps[0] == steps[1]
    parts = step(method(tmp_path, lambda_shift=20.0, batch_size=1, accumulate=2))["G/shift"]
    torch.testing.assert_close(parts, steps[0], rtol=1e-4, atol=0)
    pix2pix = method(tmp_path, lambda_shift=20.0)
    fake_B = pix2pix.networks["generator"](BATCH["A"])
    others = [pix2pix.generator_terms(BATCH, {"fake_B": fake_B}, context(number)).losses for number in range(0, 16, 4)]
    assert len({losses["G/shift"].item() for losses in others}) > 1
    assert "G/shift" not in pix2pix.generator_terms(BATCH, {"fake_B": fake_B}, context(1)).losses  # every second step


def test_shift_term_needs_a_crop_of_two_strides(tmp_path: Path) -> None:
    options = {"size": 128, "channels": 4}
    changes = {"generator": "unet", "generator_options": options, "crop": 128}
    with pytest.raises(UserError, match="lambda_shift 2: half of crop 128 is less than 128, the stride of unet"):
        method(tmp_path, lambda_shift=2.0, **changes)


@pytest.mark.slow
def test_generator_learns_its_pairs_and_the_average_follows(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lr=3e-3, lambda_gan=0.0, ema=0.9)
    target = {"A": BATCH["A"], "B": 0.25 - 0.5 * BATCH["A"]}
    losses = [step(pix2pix, target)["G/l1"].item() for _ in range(200)]
    assert losses[-1] < 0.3 * losses[0]
    (shown, average, wanted), metrics = pix2pix.validate(target)
    assert torch.equal(shown, target["A"]) and torch.equal(wanted, target["B"])
    assert metrics["val/l1"] == pytest.approx((average - wanted).abs().mean().item(), rel=1e-5)
    assert 100 * metrics["val/l1"] < 0.5 * losses[0]


def test_unknown_names_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"objective wasserstein.*vanilla.*lsgan, hinge"):
        method(tmp_path, objective="wasserstein")
    with pytest.raises(UserError, match=r"generator huge.*mobile"):
        method(tmp_path, generator="huge")
    with pytest.raises(UserError, match=r"mobile has no option depth: it knows channels, wide_channels, dilations"):
        method(tmp_path, generator_options={"depth": 3})
    with pytest.raises(UserError, match=r"crop 22: has to be a multiple of 4.*give 20 or 24"):
        method(tmp_path, crop=22)


ENLARGING = {"generator": "upscale", "generator_options": {"channels": 4}}
SMALL = F.interpolate(torch.rand(2, 3, 4, 4, generator=RANDOM) - 0.5, (12, 12), mode="bicubic")
REPEATED = SMALL.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_a_generator_that_enlarges_sees_the_small_picture(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, **ENLARGING)
    batch = {"A": REPEATED, "B": BATCH["B"]}
    generator = pix2pix.networks["generator"]
    fake_B = pix2pix.forward(batch, context(0))["fake_B"]
    assert torch.equal(fake_B, generator(SMALL)) and fake_B.shape == (2, 3, 24, 24)
    G, D = weights(pix2pix, "generator"), weights(pix2pix, "discriminator")
    metrics = step(pix2pix, batch)
    assert {"G/l1", "G/gan", "D/loss"} <= set(metrics)
    assert not all(map(torch.equal, G, weights(pix2pix, "generator")))
    assert not all(map(torch.equal, D, weights(pix2pix, "discriminator")))
    (shown, average, wanted), validated = pix2pix.validate(batch)
    assert shown.shape == average.shape == wanted.shape == (2, 3, 24, 24)
    plainly_enlarged = (REPEATED - BATCH["B"]).abs().mean().item()
    assert validated["val/l1_of_input"] == pytest.approx(plainly_enlarged)


def test_enlarging_is_learnt(tmp_path: Path) -> None:
    """From pixels and the picture that they are averages of."""
    pix2pix = method(tmp_path, **ENLARGING, lr=5e-3, lambda_gan=0.0)
    batch = {"A": F.avg_pool2d(BATCH["B"], 2).repeat_interleave(2, 2).repeat_interleave(2, 3), "B": BATCH["B"]}
    losses = [step(pix2pix, batch)["G/l1"].item() for _ in range(60)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rotate": 5.0}, "rotate 5.0: does not suit upscale, which enlarges pictures; leave it out"),
        ({"scale": (1.0, 1.5)}, "scale .*: does not suit upscale"),
        ({"resize": 64}, "resize 64: does not suit upscale"),
        ({"lambda_shift": 2.0}, "lambda_shift 2.0: does not suit upscale"),
        ({"a": None, "b": None, "data": Path("pairs")}, "data pairs: does not suit .* give a DIR and b DIR instead"),
    ],
)
def test_settings_that_would_shift_small_against_large(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    config = tiny_config(tmp_path, tmp_path, tmp_path, **ENLARGING, **changes)
    with pytest.raises(UserError, match=problem):
        Pix2Pix.load_data(config)


def test_crops_have_to_suit_the_scale(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="crop 25: has to be a multiple of 2, the scale times the stride of upscale"):
        method(tmp_path, **ENLARGING, crop=25)


def test_the_generator_says_how_the_pictures_are_loaded(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path)
    for changes, windows in (({}, False), (ENLARGING, True)):
        data = Pix2Pix.load_data(tiny_config(a, b, tmp_path / "run", **changes))
        assert isinstance(data.training, PairedDataset)
        assert (data.training.windows is not None) == windows
