"""What holds for every method: both sides of the training, objectives, resuming, several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import default_collate

from tests.helpers.pairs import FROM_NOISE, TINY, WITHOUT_DISCRIMINATOR, tiny_run, write_pairs
from translate.config import SequenceConfig, TrainConfig
from translate.data.loader import Key
from translate.errors import UserError
from translate.train.devices import to_device
from translate.train.loop import train
from translate.train.losses import OBJECTIVES
from translate.train.methods import method_of
from translate.train.methods.base import Method
from translate.train.step import Batch

pytestmark = pytest.mark.slow

METHODS = sorted(TINY)
TEN_STEPS = {"steps": 10, "save_every": 10}
ADVERSARIAL = [name for name in METHODS if name not in WITHOUT_DISCRIMINATOR]


def built(config: TrainConfig) -> tuple[Method, Batch]:
    """The method of ``config`` and a batch of its data."""
    torch.manual_seed(0)
    data = method_of(config).load_data(config)
    samples = [data.training[Key(index, index)] for index in range(config.batch_size * config.accumulate)]
    batch = to_device(default_collate(samples), torch.device("cpu"), channels_last=True)
    return method_of(config).build(config, Accelerator(cpu=True), data), batch


def tensors(method: Method, side: str) -> list[Tensor]:
    """Copies of the weights of one side's networks, and of the averages where the side is the generators'."""
    names = list(method.members[side]) + (list(method.averages) if side == "generator" else [])
    return [tensor.clone() for name in names for tensor in method.modules()[name].state_dict().values()]


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", sorted({*METHODS} - {"pix2pix", "stargan", *FROM_NOISE}))
def test_only_pix2pix_takes_a_generator_that_enlarges(name: str, tmp_path: Path) -> None:
    config = tiny_run(name, tmp_path, tmp_path / "run", generator="upscale", generator_options={})
    with pytest.raises(UserError, match=r"generator upscale: enlarges pictures, which .* compares with their input"):
        built(config)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_each_side_leaves_the_other_alone(name: str, tmp_path: Path) -> None:
    alone, batch = built(tiny_run(name, tmp_path, tmp_path / "run", n_critic=2))
    G, D = tensors(alone, "generator"), tensors(alone, "discriminator")
    alone.step(batch, step=0, progress=0.5)  # the first of two steps of the discriminator: the generator waits
    assert same(G, tensors(alone, "generator")) and not same(D, tensors(alone, "discriminator"))

    both, _ = built(tiny_run(name, tmp_path, tmp_path / "run", n_critic=1))
    assert same(G, tensors(both, "generator"))
    both.step(batch, step=0, progress=0.5)
    assert not same(G, tensors(both, "generator"))
    # so the generators' phase, which went through the discriminators, changed nothing in them
    assert same(tensors(alone, "discriminator"), tensors(both, "discriminator"))
    assert all(p.requires_grad for member in both.members["discriminator"] for p in both.bare(member).parameters())


@pytest.mark.parametrize("name", [name for name in ADVERSARIAL if name != "cgan"])  # which learns matching, too
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains_every_method(name: str, objective: str, tmp_path: Path) -> None:
    """The discriminators learn to tell the two kinds apart while the generators wait, then the generators learn."""
    changes = {"objective": objective, "lr": 2e-3, "n_critic": 7, "lambda_gp": 0.1}
    method, batch = built(tiny_run(name, tmp_path, tmp_path / "run", **changes))
    history = [method.step(batch, step=step, progress=step / 7) for step in range(7)]
    for metrics in history:
        assert all(bool(value.isfinite()) and not value.requires_grad for value in metrics.values()), metrics
    told_apart = [name for name in history[0] if name.endswith("/separation")]
    assert told_apart and all(history[-1][name] > history[0][name] for name in told_apart)
    assert not any(key.startswith("G/") for metrics in history[:-1] for key in metrics) and "G/gradient" in history[-1]


STABILISERS: dict[str, dict[str, object]] = {
    "R1 at every other step": {"lambda_r1": 10.0, "r1_every": 2},
    "R1 and R2, relativistic": {"objective": "relativistic", "lambda_r1": 1.0, "lambda_r2": 1.0, "r1_every": 1},
    "label smoothing": {"objective": "vanilla", "label_smoothing": 0.1},
    "instance noise": {"instance_noise": 0.1},
    "DiffAugment": {"diff_augment": "color,translation,cutout"},
    "feature matching": {"lambda_features": 1.0},
    "no grid": {"lambda_grid": 10.0},
    "margin": {"margin": 2},
    "orthogonal weights": {"weight_init": "orthogonal", "lambda_orthogonal": 1e-4},
    "two time scales": {"lr": 1e-4, "lr_discriminator": 4e-4},
    "not fused, contiguous": {"fused": False, "channels_last": False},
}


@pytest.mark.parametrize("name", ADVERSARIAL)
@pytest.mark.parametrize("stabiliser", STABILISERS)
def test_every_stabiliser_works_with_every_method(name: str, stabiliser: str, tmp_path: Path) -> None:
    method, batch = built(tiny_run(name, tmp_path, tmp_path / "run", **STABILISERS[stabiliser]))
    plain, _ = built(tiny_run(name, tmp_path, tmp_path / "run"))
    for step in range(2):
        metrics = method.step(batch, step=step, progress=0.0)
        plain.step(batch, step=step, progress=0.0)
        assert all(bool(value.isfinite()) for value in metrics.values()), metrics
    if stabiliser != "not fused, contiguous":
        side = "generator" if stabiliser in ("feature matching", "no grid") else "discriminator"
        assert not same(tensors(method, side), tensors(plain, side))


DISCRIMINATOR_OPTIONS: list[dict[str, object]] = [
    {"discriminator_options": {"channels": 4, "layers": 2, "spectral_norm": True}},
    {"discriminator_options": {"channels": 8, "layers": 1, "attention": True}},
    {"discriminator_options": {"channels": 4, "layers": 1, "minibatch": "stddev"}},
    {"discriminator_options": {"channels": 4, "layers": 1, "minibatch": "discrimination"}},
    {"discriminator": "multiscale", "discriminator_options": {"channels": 4, "layers": 1, "scales": 2}},
    {"discriminator": "pixel", "discriminator_options": {"channels": 4}},
]


@pytest.mark.parametrize("changes", DISCRIMINATOR_OPTIONS, ids=str)
@pytest.mark.parametrize("name", [name for name in ADVERSARIAL if name != "stargan"])
def test_every_discriminator_works_with_every_method(name: str, changes: dict[str, object], tmp_path: Path) -> None:
    method, batch = built(tiny_run(name, tmp_path, tmp_path / "run", **changes))
    for step in range(2):
        metrics = method.step(batch, step=step, progress=0.5)
        assert all(bool(value.isfinite()) for value in metrics.values()), metrics


@pytest.mark.parametrize("name", METHODS)
def test_accumulated_parts_equal_the_large_batch(name: str, tmp_path: Path) -> None:
    whole, batch = built(tiny_run(name, tmp_path, tmp_path / "run", batch_size=4))
    parts, _ = built(tiny_run(name, tmp_path, tmp_path / "run", batch_size=2, accumulate=2))
    for step in range(3):
        one = whole.step(batch, step=step, progress=0.5)
        other = parts.step(batch, step=step, progress=0.5)
        for metric, value in one.items():
            assert torch.allclose(value, other[metric], rtol=1e-3, atol=1e-4), (step, metric, value, other[metric])


def run_to_share(name: str, folder: Path, out: Path, batch_size: int) -> TrainConfig:
    """Ten steps of a method, or of one of `FURTHER`, whose networks draw nothing at random."""
    changes: dict[str, object] = {**TEN_STEPS, "batch_size": batch_size}
    if name == "sequence":
        table = folder / "captions.csv"
        texts = ["a red face", "short hair", "a smile with long dark hair", "hair"]
        table.write_text("\n".join(["file,text", *(f"{n}.png,{texts[n % 4]}" for n in range(12))]))
        networks = {"channels": 8, "embedding": 4}
        changes |= {"captions": table, "generator_options": networks, "lr": 1e-3}
        changes |= {"discriminator_options": {**networks, "dropout": 0.0}, "lr_discriminator": 1e-3}
        return SequenceConfig.from_dict(
            {"out": out, "workers": 0, "device": "cpu", "sample_every": 0, "log_every": 1, **changes}
        )
    if name == "several inputs":
        unet = {"size": 32, "channels": 4, "dropout": 0.0, "inject": "spade"}
        changes |= {"generator": "unet", "generator_options": unet, "crop": 32, "lr": 2e-5, "a": None}
        a, b = (folder / "a", folder / "b") if (folder / "a").is_dir() else write_pairs(folder)
        return tiny_run("pix2pix", folder, out, **changes, inputs=[a, b])
    return tiny_run(name, folder, out, **changes)


FURTHER = ["sequence", "several inputs"]


@pytest.fixture(scope="module")
def runs_of_two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of each method, by two processes with a batch of two each."""
    folder = tmp_path_factory.mktemp("two")
    words = []
    for name in METHODS + FURTHER:
        config = run_to_share(name, folder, folder / name, batch_size=2)
        (folder / f"{name}.json").write_text(json.dumps(config.to_dict()))
        words += [config.method, str(folder / f"{name}.json")]
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    launch += ["--rdzv_endpoint", "localhost:0", "--rdzv_backend", "c10d", "-m", "tests.helpers.train_each"]
    done = subprocess.run(
        [*launch, *words],
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("global batch 4") == len(METHODS + FURTHER)
    return folder


@pytest.mark.parametrize("name", METHODS + FURTHER)
def test_two_processes_train_as_one_with_the_global_batch(
    name: str, tmp_path: Path, runs_of_two_processes: Path
) -> None:
    """Gradients are averaged over processes, so two with half of the batch each follow one with all of it."""
    one, two = tmp_path / "one", runs_of_two_processes / name
    train(run_to_share(name, tmp_path, one, batch_size=4))
    assert len(losses(one)) == 10
    # logits of pictures from noise are near 0, while the gradients are near 1000
    rounding = 5e-4 if name in ("gan", "cgan") else 1e-5
    for ours, theirs in zip(losses(one), losses(two), strict=True):
        assert theirs == pytest.approx(ours, rel=2e-3, abs=rounding)
    # Adam takes a full step even for a gradient of mere rounding, so a few weights may differ more than the losses
    saved = [torch.load(run / "checkpoints/step-000000010/state.pt", weights_only=True) for run in (one, two)]
    ours, theirs = (state.get("pools", {}) for state in saved)
    assert ours.keys() == theirs.keys()
    for side, pool in ours.items():
        assert pool.keys() == theirs[side].keys() == {0, 1, 2, 3}
        for slot in pool:
            for image, other in zip(pool[slot]["images"], theirs[side][slot]["images"], strict=True):
                assert torch.allclose(image, other, atol=1e-3)


def losses(run: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if "/" in name and not name.endswith(("gradient", "separation"))}
        for line in lines
    ]


def test_another_method_cannot_resume_a_run(tmp_path: Path) -> None:
    train(tiny_run("cut", tmp_path, tmp_path / "run", steps=1))
    with pytest.raises(UserError, match="cannot be resumed: method is cyclegan, the run has cut"):
        train(tiny_run("cyclegan", tmp_path, tmp_path / "run", steps=1))


def test_a_discriminator_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="crop 24: is too small for the discriminator patchgan"):
        built(tiny_run("cut", tmp_path, tmp_path / "run", discriminator_options={"layers": 5}))
    with pytest.raises(UserError, match="crop 24 less margin 11 on each side: is too small"):
        built(tiny_run("cut", tmp_path, tmp_path / "run", margin=11))
    with pytest.raises(UserError, match="margin 12: leaves nothing of crop 24"):
        tiny_run("cut", tmp_path, tmp_path / "run", margin=12)
    with pytest.raises(UserError, match="discriminator stargan: has a head for domains, but cut has no domains"):
        options = {"layers": 2, "size": 24}
        built(tiny_run("cut", tmp_path, tmp_path / "run", discriminator="stargan", discriminator_options=options))
    with pytest.raises(UserError, match="smoothing"):
        built(tiny_run("cut", tmp_path, tmp_path / "run", objective="hinge", label_smoothing=0.1))


@pytest.mark.parametrize("name", METHODS)
def test_merged_passes_change_nothing(name: str, tmp_path: Path) -> None:
    lr = 2e-5  # Adam takes a full step even for a gradient of mere rounding
    merged, batch = built(tiny_run(name, tmp_path, tmp_path / "run", lr=lr))
    apart, _ = built(tiny_run(name, tmp_path, tmp_path / "run", lr=lr, merge_passes=False))
    for step in range(2):
        one, other = (method.step(batch, step=step, progress=0.5) for method in (merged, apart))
        for metric, value in one.items():
            assert torch.allclose(value, other[metric], rtol=1e-3, atol=1e-4), (step, metric, value, other[metric])
