from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from tests.pairs import tiny_config
from translate.errors import UserError
from translate.methods import build_method
from translate.methods.pix2pix import Pix2Pix

RANDOM = torch.Generator().manual_seed(0)
BATCH = {
    side: F.interpolate(torch.rand(2, 3, 4, 4, generator=RANDOM) - 0.5, (24, 24), mode="bicubic") for side in ("A", "B")
}


def method(tmp_path: Path, **changes: object) -> Pix2Pix:
    torch.manual_seed(0)
    built = build_method(tiny_config(tmp_path, tmp_path, tmp_path, **changes), Accelerator(cpu=True))
    assert isinstance(built, Pix2Pix)
    return built


def copies(built: Pix2Pix, name: str) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in built.bare(name).parameters()]


def changed(built: Pix2Pix, name: str, before: list[Tensor]) -> bool:
    return any(not torch.equal(old, new) for old, new in zip(before, built.bare(name).parameters(), strict=True))


def test_each_update_leaves_the_other_network_alone(tmp_path: Path) -> None:
    pix2pix = method(tmp_path)
    real_A, real_B = BATCH["A"], BATCH["B"]
    fake_B = pix2pix.G(real_A)
    G, D = copies(pix2pix, "generator"), copies(pix2pix, "discriminator")
    pix2pix.train_discriminator(real_A, real_B, fake_B.detach())
    assert changed(pix2pix, "discriminator", D) and not changed(pix2pix, "generator", G)
    D = copies(pix2pix, "discriminator")
    pix2pix.train_generator(real_A, real_B, fake_B, adversarial=True)
    assert changed(pix2pix, "generator", G) and not changed(pix2pix, "discriminator", D)
    assert all(parameter.requires_grad for parameter in pix2pix.bare("discriminator").parameters())


def test_losses_are_weighted_and_reported(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lambda_l1=7.0, lambda_edge=3.0, lambda_gan=0.0)
    expected = 7 * (pix2pix.G(BATCH["A"]) - BATCH["B"]).abs().mean()
    metrics = pix2pix.step(BATCH, 0.0)
    assert set(metrics) == {"G/l1", "G/edge"}
    assert metrics["G/l1"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert not any(value.requires_grad for value in metrics.values())


def test_adversarial_term_starts_when_asked(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, gan_start=0.5)
    D = copies(pix2pix, "discriminator")
    assert "G/gan" not in pix2pix.step(BATCH, 0.25)
    assert not changed(pix2pix, "discriminator", D)
    assert "G/gan" in pix2pix.step(BATCH, 0.5)
    assert changed(pix2pix, "discriminator", D)


def test_discriminator_learns_to_tell_pairs_apart(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lr_discriminator=5e-3)
    fake_B = BATCH["B"].flip(3)
    first, last = (
        [pix2pix.train_discriminator(BATCH["A"], BATCH["B"], fake_B) for _ in range(40)][index] for index in (0, -1)
    )
    assert last["D/real"] - last["D/fake"] > 1 + first["D/real"] - first["D/fake"]


def test_generator_learns_its_pairs_and_the_average_follows(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lr=3e-3, lambda_gan=0.0, ema=0.9)
    target = {"A": BATCH["A"], "B": 0.25 - 0.5 * BATCH["A"]}
    losses = [pix2pix.step(target, 0.0)["G/l1"].item() for _ in range(200)]
    assert losses[-1] < 0.3 * losses[0]
    average = (pix2pix.translate(target["A"]) - target["B"]).abs().mean().item()
    assert 100 * average < 0.5 * losses[0]


def test_unknown_names_list_the_known(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--objective wasserstein.*vanilla, lsgan, hinge"):
        method(tmp_path, objective="wasserstein")
    with pytest.raises(UserError, match=r"--generator huge.*mobile"):
        method(tmp_path, generator="huge")
    with pytest.raises(UserError, match=r"mobile has no option depth: it knows channels, wide_channels, dilations"):
        method(tmp_path, generator_options={"depth": 3})
    with pytest.raises(UserError, match=r"--crop 22: has to be a multiple of 4"):
        method(tmp_path, crop=22)
