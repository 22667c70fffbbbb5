from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from tests.pairs import tiny_config
from translate.errors import UserError
from translate.methods.pix2pix import Pix2Pix
from translate.step import Batch, step_context

RANDOM = torch.Generator().manual_seed(0)
BATCH = {
    side: F.interpolate(torch.rand(2, 3, 4, 4, generator=RANDOM) - 0.5, (24, 24), mode="bicubic") for side in ("A", "B")
}


def method(tmp_path: Path, **changes: object) -> Pix2Pix:
    torch.manual_seed(0)
    config = tiny_config(tmp_path, tmp_path, tmp_path, **changes)
    return Pix2Pix(config, Accelerator(cpu=True))


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
    """It sees the input beside the picture: the same pictures beside the wrong input are told from the right ones."""
    pix2pix = method(tmp_path, lr=1e-9, lr_discriminator=5e-3)
    pix2pix.forward = lambda batch, context: {"fake_B": batch["B"].flip(3)}  # type: ignore[method-assign]
    gaps = []
    for _ in range(40):
        metrics = pix2pix._phase(
            "discriminator",
            [(BATCH, step_context(pix2pix.config, pix2pix.accelerator, step=0, progress=0.0))],
            pix2pix.forward,
            pix2pix.discriminator_terms,
        )
        gaps.append(float(metrics["D/real"] - metrics["D/fake"]))
    assert gaps[-1] > 1 + gaps[0]


def test_generator_learns_its_pairs_and_the_average_follows(tmp_path: Path) -> None:
    pix2pix = method(tmp_path, lr=3e-3, lambda_gan=0.0, ema=0.9)
    target = {"A": BATCH["A"], "B": 0.25 - 0.5 * BATCH["A"]}
    losses = [step(pix2pix, target)["G/l1"].item() for _ in range(200)]
    assert losses[-1] < 0.3 * losses[0]
    (shown, average, wanted), figures = pix2pix.validate(target)
    assert torch.equal(shown, target["A"]) and torch.equal(wanted, target["B"])
    assert figures["val/l1"] == pytest.approx((average - wanted).abs().mean().item(), rel=1e-5)
    assert 100 * figures["val/l1"] < 0.5 * losses[0]


def test_unknown_names_list_the_known(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--objective wasserstein.*vanilla.*lsgan, hinge"):
        method(tmp_path, objective="wasserstein")
    with pytest.raises(UserError, match=r"--generator huge.*mobile"):
        method(tmp_path, generator="huge")
    with pytest.raises(UserError, match=r"mobile has no option depth: it knows channels, wide_channels, dilations"):
        method(tmp_path, generator_options={"depth": 3})
    with pytest.raises(UserError, match=r"--crop 22: has to be a multiple of 4"):
        method(tmp_path, crop=22)
