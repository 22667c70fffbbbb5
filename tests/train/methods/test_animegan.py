"""What is particular to AnimeGAN: the warm-up, the decoys, content in colour and style in grey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image
from torch import Tensor
from torch.utils.data import default_collate

from tests.helpers.pairs import picture, tiny_run
from translate.data.loader import Key
from translate.data.seeds import derived_seed
from translate.data.smooth_edges import smooth_edges
from translate.errors import UserError
from translate.train.devices import to_device
from translate.train.losses import coarse_l1, edge_mismatch, gram_matrix, objective_by_name
from translate.train.methods import method_of
from translate.train.methods.animegan import AnimeGan, grey, relative_l1
from translate.train.step import Batch, StepContext

pytestmark = pytest.mark.slow

CONTEXT = StepContext(seed=0, step=0, progress=0.5, total=2, samples=range(2))


def built(folder: Path, **changes: object) -> tuple[AnimeGan, Batch]:
    """The method and a batch of two crops of 24x24."""
    torch.manual_seed(0)
    config = tiny_run("animegan", folder, folder / "run", **changes)
    data = method_of(config).load_data(config)
    samples = [data.training[Key(index, index)] for index in range(2)]
    method = method_of(config).build(config, Accelerator(cpu=True), data)
    assert isinstance(method, AnimeGan)
    return method, to_device(default_collate(samples), torch.device("cpu"), channels_last=False)


def copies(method: AnimeGan, name: str) -> list[Tensor]:
    return [tensor.clone() for tensor in method.bare(name).state_dict().values()]


def test_first_steps_learn_only_the_content(tmp_path: Path) -> None:
    method, batch = built(tmp_path, content_start=0.5, lr=1e-3)
    D = copies(method, "discriminator")
    first = method.step(batch, step=0, progress=0.0)
    for step in range(1, 15):
        last = method.step(batch, step=step, progress=0.49)
    assert set(first) == set(last) == {"G/content", "G/gradient"}
    assert last["G/content"] < 0.7 * first["G/content"]
    assert all(torch.equal(old, new) for old, new in zip(D, copies(method, "discriminator"), strict=True))
    then = method.step(batch, step=15, progress=0.5)
    assert {"D/loss", "G/content", "G/style", "G/colour", "G/tv", "G/gan"} <= set(then)
    assert not all(torch.equal(old, new) for old, new in zip(D, copies(method, "discriminator"), strict=True))


def test_without_the_adversarial_term_the_others_still_start(tmp_path: Path) -> None:
    method, batch = built(tmp_path, lambda_gan=0.0)
    assert set(method.step(batch, step=0, progress=0.5)) == {"G/content", "G/style", "G/colour", "G/tv", "G/gradient"}


def test_discriminator_learns_from_the_translated_and_from_both_decoys(tmp_path: Path) -> None:
    method, batch = built(tmp_path, objective="lsgan")
    method.bare("discriminator").eval()  # spectral normalisation moves its estimate in training
    fake_B = method.forward(batch, CONTEXT)["fake_B"].detach()
    terms = method.discriminator_terms(batch, {"fake_B": fake_B}, CONTEXT)

    lsgan, D = objective_by_name("lsgan"), method.bare("discriminator")
    against = [fake_B, grey(batch["B"]), grey(smooth_edges(batch["B"]))]
    losses = [lsgan.discriminator(D(batch["B"]).logits, D(images).logits) for images in against]
    expected = (losses[0] + losses[1] + 0.1 * losses[2]) / 2.1
    torch.testing.assert_close(terms.losses["D/loss"], expected)
    assert terms.metrics["D/grey"].item() == pytest.approx(D(against[1]).logits[0].mean().item(), rel=1e-4)


def test_given_smoothed_pictures_replace_its_own(tmp_path: Path) -> None:
    method, batch = built(tmp_path)
    method.bare("discriminator").eval()
    fake_B = method.forward(batch, CONTEXT)["fake_B"].detach()

    def loss(batch: Batch) -> Tensor:
        return method.discriminator_terms(batch, {"fake_B": fake_B}, CONTEXT).losses["D/loss"]

    own, other = smooth_edges(batch["B"]), batch["B"].flip(-1)
    torch.testing.assert_close(loss({**batch, "smoothed": own}), loss(batch))
    assert not torch.isclose(loss({**batch, "smoothed": other}), loss(batch), rtol=1e-5)


def test_folder_of_smoothed_pictures_joins_the_batch(tmp_path: Path) -> None:
    built(tmp_path)  # writes the folders
    for path in (tmp_path / "b").rglob("*.webp"):
        target = (tmp_path / "smoothed" / path.relative_to(tmp_path / "b")).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(Image.open(path)) // 2).save(target)
    method, batch = built(tmp_path, smoothed=tmp_path / "smoothed")
    assert (batch["smoothed"] + 1 - (batch["B"] + 1) / 2).abs().max() < 0.01  # augmented alike
    assert "D/smoothed" in method.step(batch, step=0, progress=0.5)


def photos() -> Tensor:
    pixels = np.stack([picture(seed, width=64, height=64) for seed in (20, 21)])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def style_loss(method: AnimeGan, batch: Batch, picture: Tensor) -> Tensor:
    fake = picture.expand(len(batch["B"]), -1, -1, -1)
    return method.generator_terms(batch, {"fake_B": fake}, CONTEXT).losses["G/style"]


@pytest.mark.parametrize("style_colour", [False, True])
def test_style_is_of_texture_and_of_colour_by_option(tmp_path: Path, style_colour: bool) -> None:
    method, batch = built(tmp_path, style_colour=style_colour)
    photo, other = photos(), photos().flip(0)
    batch = dict.fromkeys(batch, photo)
    tinted = 0.9 * photo + torch.tensor([0.05, 0, -0.05 * 0.299 / 0.114]).view(3, 1, 1)
    tinted += (grey(photo) - grey(tinted))[:, :1]  # of the same brightness
    assert (tinted - photo).abs().mean() > 0.01
    of_photo, of_tinted, of_other = (style_loss(method, batch, each[:1]) for each in (photo, tinted, other))
    assert abs(of_other - of_photo) > 1e-3
    assert (abs(of_tinted - of_photo) > 1e-4) == style_colour


def test_style_is_the_mean_over_drawn_pictures(tmp_path: Path) -> None:
    method, batch = built(tmp_path, style_colour=True, lambda_style=2.0)
    samples = [method.training[Key(index, derived_seed(0, index))] for index in range(len(method.training))]
    drawn = to_device(default_collate(samples), torch.device("cpu"), channels_last=True)
    features = method.deep_features(drawn["B"])
    assert list(features) == ["stride2", "stride4", "stride8"]
    wanted = {level: gram_matrix(maps).mean(0) for level, maps in features.items()}
    found = method.deep_features(batch["A"])
    of_levels = [
        torch.stack([relative_l1(gram_matrix(maps[None]), wanted[level][None]) for maps in found[level]]).mean()
        for level in found
    ]
    torch.testing.assert_close(style_loss(method, batch, batch["A"]), 2 * torch.stack(of_levels).mean())


def test_style_of_weight_0_is_not_computed(tmp_path: Path) -> None:
    method, batch = built(tmp_path, lambda_style=0.0)
    assert "G/style" not in method.generator_terms(batch, {"fake_B": batch["A"]}, CONTEXT).losses
    assert "drawn_style" not in vars(method)


def test_content_is_of_the_photo_in_its_colours(tmp_path: Path) -> None:
    method, _ = built(tmp_path)
    photo = photos()
    assert method.content(method.deep_features(photo), photo) == 0
    exposed = (0.9 * photo).requires_grad_()
    of_exposed = method.content(method.deep_features(exposed), photo)
    assert 0 < of_exposed < method.content(method.deep_features(photo.flip(0)), photo)
    wanted = photo.clone().requires_grad_()
    method.content(method.deep_features(exposed), wanted).backward()
    assert exposed.grad is not None and exposed.grad.abs().sum() > 0 and wanted.grad is None


def test_relative_distance_has_no_unit() -> None:
    values, target = torch.randn(2, 3, 8, 5), torch.randn(2, 3, 8, 5)
    expected = torch.stack(
        [2 * (v - t).abs().mean() / (v.abs().mean() + t.abs().mean()) for v, t in zip(values, target, strict=True)]
    ).mean()
    torch.testing.assert_close(relative_l1(values, target), expected)
    torch.testing.assert_close(relative_l1(1e3 * values, 1e3 * target), expected)
    torch.testing.assert_close(relative_l1(values, -values), torch.tensor(2.0))
    assert relative_l1(torch.zeros_like(values), torch.zeros_like(values)) == 0


def test_feature_network_is_neither_trained_nor_saved(tmp_path: Path) -> None:
    method, batch = built(tmp_path)
    before = {name: tensor.clone() for name, tensor in method.features.state_dict().items()}
    method.step(batch, step=0, progress=0.5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in method.features.state_dict().items())
    assert set(method.weights()) == {"generator", "generator_ema", "discriminator"}
    trained = {id(p) for optimizer in method.optimizers.values() for g in optimizer.param_groups for p in g["params"]}
    assert not trained & {id(parameter) for parameter in method.features.parameters()}


def test_unusable_feature_networks_are_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="feature_network alexnet: choose one of"):
        built(tmp_path, feature_network="alexnet")
    with pytest.raises(UserError, match=r"feature_weights .*none\.pth: cannot be read"):
        built(tmp_path, feature_weights=tmp_path / "none.pth")


def test_folder_of_anchors_joins_the_batch_and_holds_the_translation(tmp_path: Path) -> None:
    built(tmp_path)  # writes the folders
    for path in (tmp_path / "a").rglob("*.*"):
        target = (tmp_path / "anchors" / path.relative_to(tmp_path / "a")).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(Image.open(path).convert("RGB")) // 2).save(target)
    method, batch = built(tmp_path, anchor=tmp_path / "anchors", lambda_anchor=3.0)
    assert (batch["anchor"] + 1 - (batch["A"] + 1) / 2).abs().max() < 0.01  # augmented alike
    fake_B = method.forward(batch, CONTEXT)["fake_B"]
    terms = method.generator_terms(batch, {"fake_B": fake_B}, CONTEXT)
    torch.testing.assert_close(terms.losses["G/anchor"], 3 * coarse_l1(fake_B, batch["anchor"]))


def test_edges_are_the_photos_and_content_of_weight_0_is_not_computed(tmp_path: Path) -> None:
    method, batch = built(tmp_path, lambda_edges=2.0, lambda_content=0.0)
    fake_B = method.forward(batch, CONTEXT)["fake_B"]
    losses = method.generator_terms(batch, {"fake_B": fake_B}, CONTEXT).losses
    torch.testing.assert_close(losses["G/edges"], 2 * edge_mismatch(fake_B, batch["A"]))
    assert "G/content" not in losses


def test_margin_gets_no_gradient_from_the_discriminator(tmp_path: Path) -> None:
    method, batch = built(tmp_path, margin=4)
    fake_B = batch["A"].clone().requires_grad_()
    torch.stack([*method.adversary.fool(fake_B, CONTEXT)[0].losses.values()]).sum().backward()
    assert fake_B.grad is not None
    seen = fake_B.grad.abs().sum((0, 1)) > 0
    assert seen[4:-4, 4:-4].any() and seen.sum() == seen[4:-4, 4:-4].sum()


def test_border_trace_is_what_a_nearer_border_changes(tmp_path: Path) -> None:
    method, batch = built(tmp_path, lambda_border=2.0)
    fake_B = method.forward(batch, CONTEXT)["fake_B"]
    term = method.generator_terms(batch, {"fake_B": fake_B}, CONTEXT).losses["G/border"]
    assert term.item() > 0
    term.backward()
    assert any(p.grad is not None and p.grad.any() for p in method.bare("generator").parameters())
    method.networks["generator"].forward = lambda photo: photo / 2  # pixel by pixel
    assert method.border_trace(batch["A"], batch["A"] / 2).item() == 0
    method.networks["generator"].forward = lambda photo: photo / 2 + 0.25
    assert method.border_trace(batch["A"], batch["A"] / 2).item() == pytest.approx(0.25, rel=1e-5)


def test_without_decoys_the_discriminator_sees_only_the_translated(tmp_path: Path) -> None:
    method, batch = built(tmp_path, decoys=False, objective="lsgan")
    method.bare("discriminator").eval()
    fake_B = method.forward(batch, CONTEXT)["fake_B"].detach()
    terms = method.discriminator_terms(batch, {"fake_B": fake_B}, CONTEXT)
    D = method.bare("discriminator")
    expected = objective_by_name("lsgan").discriminator(D(batch["B"]).logits, D(fake_B).logits)
    torch.testing.assert_close(terms.losses["D/loss"], expected)
    assert "D/grey" not in terms.metrics
