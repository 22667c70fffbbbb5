"""Methods that make pictures from noise: what they share, and what they learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image

from models import NOISE_GENERATORS, NoiseGenerator, WithPrior
from tests.helpers.pairs import tiny_run
from tests.train.methods.test_methods import built, same, tensors
from translate.config import CONFIGS
from translate.errors import UserError
from translate.export.sampler import ExportedSampler
from translate.train.loop import train
from translate.train.losses import OBJECTIVES
from translate.train.methods.glo import CODES, Codes, Glo
from translate.train.methods.gon import Gon
from translate.train.projection import gradient_at_origin, psnr
from translate.weights.checkpoint import load_noise_generator

pytestmark = pytest.mark.slow

NETWORKS: dict[str, dict[str, object]] = {
    "dcgan": {"generator_options": {"channels": 4, "z_dim": 8}, "discriminator_options": {"channels": 4}},
    "fastgan": {
        "generator_options": {"channels": 4, "z_dim": 8},
        "discriminator": "projected",
        "discriminator_options": {"channels": 4, "levels": 2, "mixing": True},
    },
    "r3": {
        "generator_options": {"channels": 8, "widest": 16, "z_dim": 8},
        "discriminator_options": {"channels": 8, "widest": 16, "minibatch": "stddev"},
    },
    "sagan": {"generator_options": {"channels": 4, "z_dim": 8}, "discriminator_options": {"channels": 4}},
}


def test_every_network_is_tested() -> None:
    assert NETWORKS.keys() == NOISE_GENERATORS.keys()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_twenty_steps_of_every_objective_with_every_network_are_finite(
    network: str, objective: str, tmp_path: Path
) -> None:
    changes = {"discriminator": network} | NETWORKS[network] | {"generator": network, "objective": objective}
    method, batch = built(tiny_run("gan", tmp_path, tmp_path / "run", **changes, batch_size=4))
    before = tensors(method, "generator")
    for step in range(20):
        metrics = method.step(batch, step=step, progress=step / 20)
        assert all(bool(value.isfinite()) for value in metrics.values()), (step, metrics)
    assert not same(before, tensors(method, "generator"))


@pytest.mark.parametrize("name", ["gan", "glo", "gon"])
def test_the_grid_shows_held_out_pictures_beside_samples_of_fixed_noise(name: str, tmp_path: Path) -> None:
    config = tiny_run(name, tmp_path, tmp_path / "run", sample_every=1, steps=2, val_samples=2, lr=1e-6, ema=0.0)
    train(config)
    one, other = (np.array(Image.open(config.out / "samples" / f"step-{step:09}.png")) for step in (1, 2))
    assert one.shape == other.shape
    column = one.shape[1] // 8
    assert np.array_equal(one[:, :column], other[:, :column])  # the held-out pictures
    if name != "gon":  # the distribution that its samples are drawn from still changes
        assert np.abs(one.astype(int) - other).max() <= 8  # the network has hardly changed, so neither has the noise
    lines = [json.loads(line) for line in (config.out / "metrics.jsonl").read_text().splitlines()]
    assert all("val/diversity" in line for line in lines if any(name.startswith("val/") for name in line))


def test_noise_does_not_depend_on_how_the_batch_is_divided(tmp_path: Path) -> None:
    whole, batch = built(tiny_run("gan", tmp_path, tmp_path / "run", batch_size=4))
    parts, _ = built(tiny_run("gan", tmp_path, tmp_path / "run", batch_size=2, accumulate=2))
    for method in (whole, parts):
        method.step(batch, step=3, progress=0.0)
    for one, other in zip(tensors(whole, "generator"), tensors(parts, "generator"), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", ["glo", "gon"])
def test_supervised_methods_learn_to_reconstruct(name: str, tmp_path: Path) -> None:
    method, batch = built(tiny_run(name, tmp_path, tmp_path / "run", lr=5e-3, batch_size=4))
    history = [method.step(batch, step=step, progress=0.0) for step in range(60)]
    first, last = (
        sum(float(metrics[name]) for name in ("G/laplacian", "G/l2")) for metrics in (history[0], history[-1])
    )
    assert last < 0.7 * first
    assert not any(name.startswith("D") for name in history[0])


def test_the_vectors_of_glo_stay_within_the_ball(tmp_path: Path) -> None:
    method, batch = built(tiny_run("glo", tmp_path, tmp_path / "run", lr=0.5))
    for step in range(5):
        method.step(batch, step=step, progress=0.0)
    codes = cast(Codes, method.bare(CODES))
    assert torch.linalg.vector_norm(codes.radius * codes.vectors, dim=1).max() > codes.radius
    vectors = codes(torch.arange(len(codes.vectors)))
    assert torch.linalg.vector_norm(vectors, dim=1).max() <= codes.radius * 1.0001


def test_glo_draws_from_the_distribution_of_its_vectors(tmp_path: Path) -> None:
    method, _ = built(tiny_run("glo", tmp_path, tmp_path / "run"))
    codes = cast(Codes, method.bare(CODES))
    with torch.no_grad():
        codes.vectors[:, 1] = 0.5 * codes.vectors[:, 0]  # so that two directions are correlated
    sampler = cast(Glo, method).averaged_generator()
    assert isinstance(sampler, WithPrior)
    drawn = sampler.prior(torch.randn(4000, 8, generator=torch.Generator().manual_seed(0)))
    assert torch.corrcoef(drawn[:, :2].mT)[0, 1] > 0.95


def test_the_code_of_gon_is_the_gradient_and_each_pictures_own(tmp_path: Path) -> None:
    method, batch = built(tiny_run("gon", tmp_path, tmp_path / "run", batch_size=4))
    generator, images = method.bare("generator"), batch["image"].double()
    generator.double()
    with torch.no_grad():  # at the origin of a fresh network every leaky ReLU is at its kink
        for weights in generator.parameters():
            weights.add_(0.05 * torch.randn_like(weights))
    together = gradient_at_origin(generator, images, 8)
    alone = torch.cat([gradient_at_origin(generator, image[None], 8) for image in images])
    torch.testing.assert_close(together, alone)
    scale, step = images[0].numel() ** 0.5, 1e-4
    with torch.no_grad():  # the first component by finite differences
        shift = torch.zeros(1, 8, dtype=torch.float64)
        shift[0, 0] = step
        errors = [(generator(sign * shift) - images[:1]).square().sum() / scale for sign in (1, -1)]
    torch.testing.assert_close(-(errors[0] - errors[1]) / (2 * step), alone[0, 0], rtol=1e-3, atol=1e-6)
    with torch.no_grad():
        assert not gradient_at_origin(generator, images, 8).requires_grad


def test_gon_follows_the_distribution_of_its_vectors(tmp_path: Path) -> None:
    method, _ = built(tiny_run("gon", tmp_path, tmp_path / "run"))
    assert isinstance(method, Gon)
    mix, mean = torch.tril(torch.rand(8, 8)), torch.arange(8.0)
    for _ in range(300):
        method._follow(mean + torch.randn(64, 8) @ mix.mT)
    method.fit_prior()
    torch.testing.assert_close(method.prior.mean, mean, rtol=0, atol=0.3)
    torch.testing.assert_close(method.prior.factor @ method.prior.factor.mT, mix @ mix.mT, rtol=0, atol=0.5)


@pytest.mark.parametrize("name", ["gan", "glo", "gon"])
def test_a_checkpoint_gives_the_sampler_of_the_run(name: str, tmp_path: Path) -> None:
    config = tiny_run(name, tmp_path, tmp_path / "run")
    train(config)
    generator, found = load_noise_generator(config.out)
    assert found.from_noise and (generator.z_dim, generator.size) == (8, 16)
    assert isinstance(generator, WithPrior) == (name != "gan")
    pictures = ExportedSampler(generator)(torch.randn(3, 8))
    assert pictures.shape == (3, 16, 16, 3) and pictures.dtype == torch.uint8


def test_psnr_of_known_errors() -> None:
    target = torch.zeros(1, 3, 4, 4)
    assert float(psnr(target + 0.2, target)) == pytest.approx(20)  # a tenth of the range
    assert float(psnr(target + 5, target)) == pytest.approx(10 * np.log10(4))  # clipped to 1


def test_evaluations_while_training_compare_samples_to_real_squares(tmp_path: Path) -> None:
    tiny_run("gan", tmp_path, tmp_path / "run")  # writes the pictures
    settings = {"eval_every": 2, "eval_real": tmp_path / "images", "eval_count": 8, "steps": 2}
    config = tiny_run("gan", tmp_path, tmp_path / "run", **settings)
    train(config)
    lines = [json.loads(line) for line in (config.out / "metrics.jsonl").read_text().splitlines()]
    assert any(np.isfinite(line.get("eval/kid", np.nan)) for line in lines)
    assert load_noise_generator(config.out / "best")[1].step == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"crop": 24}, "crop 24: has to be a power of two from 8 to 512"),
        ({"eval_every": 5}, "eval_every 5: needs eval_real DIR"),
        ({"lambda_gan": 0.0}, "lambda_gan 0: leaves a gan nothing to learn from"),
        ({"ada_target": 0.6}, "ada_target 0.6: needs diff_augment"),
        ({"images": None}, "give images DIR"),
    ],
)
def test_refused_settings(changes: dict[str, object], problem: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=problem):
        tiny_run("gan", tmp_path, tmp_path / "run", **changes)


def test_supervised_methods_take_no_adversarial_term(tmp_path: Path) -> None:
    for name in ("glo", "gon"):
        with pytest.raises(UserError, match=f"lambda_gan 1: {name} has no discriminator"):
            tiny_run(name, tmp_path, tmp_path / "run", lambda_gan=1.0)


def test_networks_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"generator unet: no noise generator is called 'unet': choose one of dcgan"):
        built(tiny_run("gan", tmp_path, tmp_path / "run", generator="unet"))


@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "r3"] + ["dcgan without norm"])
def test_gon_refuses_networks_without_a_gradient_at_the_origin(network: str, tmp_path: Path) -> None:
    name, *without = network.split(" without ")
    options = {"channels": 4, "z_dim": 8} | dict.fromkeys(without, "none")
    with pytest.raises(UserError, match=rf"generator {name}: has no gradient at the origin .* give r3, or train glo"):
        built(tiny_run("gon", tmp_path, tmp_path / "run", generator=name, generator_options=options))


def test_a_run_of_noise_starts_from_a_run_only(tmp_path: Path) -> None:
    (tmp_path / "style.onnx").touch()
    with pytest.raises(UserError, match="gan starts from a run, not from a file"):
        train(tiny_run("gan", tmp_path, tmp_path / "run", init=tmp_path / "style.onnx"))


@pytest.mark.parametrize("name", [name for name, config in CONFIGS.items() if config.from_noise])
def test_presets_are_sound(name: str, tmp_path: Path) -> None:
    config = CONFIGS[name]
    for preset in config.presets:
        condition = {"classes": True} if name == "cgan" else {}
        found = config.resolve({"images": tmp_path, "out": tmp_path, **condition}, preset=preset)
        assert isinstance(NOISE_GENERATORS[found.generator], type) and issubclass(
            NOISE_GENERATORS[found.generator], NoiseGenerator
        )
