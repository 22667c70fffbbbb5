"""What is particular to conditional GANs: mismatched pairs, dropped conditions, resuming, and what they learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models import ConditionalGenerator
from tests.helpers.pairs import tiny_run, write_attributes
from tests.helpers.sounds import write_tone
from tests.train.methods.test_methods import built, same, tensors
from translate.convert.conditions import row_of
from translate.errors import UserError
from translate.export.sampler import export_sampler, load_sampler_run
from translate.style.latents import noise
from translate.style.sampler import Sampler
from translate.train.fine_tune import start_from
from translate.train.loop import train
from translate.train.methods.base import Method
from translate.weights.checkpoint import find, load_noise_generator

pytestmark = pytest.mark.slow


def test_mismatched_pairs_and_dropped_conditions_take_part(tmp_path: Path) -> None:
    def after_a_step(**changes: object) -> tuple[dict[str, torch.Tensor], Method]:
        method, batch = built(tiny_run("cgan", tmp_path, tmp_path / "run", **{"drop_condition": 0.5} | changes))
        return method.step(batch, step=0, progress=0.0), method

    plain, method = after_a_step()
    without, other = after_a_step(lambda_mismatched=0.0)
    assert "D/mismatched" in plain and "D/mismatched" not in without
    assert not same(tensors(method, "discriminator"), tensors(other, "discriminator"))
    assert "G/l1" not in plain and "G/l1" in after_a_step(lambda_l1=10.0)[0]
    assert not same(tensors(method, "generator"), tensors(after_a_step(drop_condition=0.01)[1], "generator"))
    assert after_a_step(matching="concatenation", drop_condition=0.0)[0]["D/loss"] != plain["D/loss"]


def test_resuming_repeats_every_bit_and_needs_the_same_conditions(tmp_path: Path) -> None:
    whole = tiny_run("cgan", tmp_path, tmp_path / "whole", schedule="constant")
    train(whole)
    train(tiny_run("cgan", tmp_path, tmp_path / "parts", schedule="constant", steps=2))
    train(tiny_run("cgan", tmp_path, tmp_path / "parts", schedule="constant"))
    for name in ("generator", "discriminator", "generator_ema"):
        one, other = (find(tmp_path / run).weights(name) for run in ("whole", "parts"))
        assert all(torch.equal(one[key], other[key]) for key in one) and one.keys() == other.keys()
    changed = whole.attributes  # type: ignore[attr-defined]
    changed.write_text(changed.read_text().replace("file,more", "file,most"))
    with pytest.raises(UserError, match="attributes: no longer has the columns, classes or words"):
        train(replace(whole, out=tmp_path / "parts", steps=5))


def test_a_condition_decides_the_picture(tmp_path: Path) -> None:
    images = tmp_path / "images"
    for index in range(12):
        name = images / ("more" if index % 2 else ".") / f"{index}.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (230, 230, 230) if index % 2 else (20, 20, 20)).save(name)
    table = write_attributes(tmp_path / "attributes.csv", images)
    changes: dict[str, Any] = {"lr": 5e-3, "lambda_l1": 100.0, "batch_size": 10, "columns": "more", "images": images}
    method, batch = built(tiny_run("cgan", tmp_path, tmp_path / "run", **changes, attributes=table))
    for step in range(40):
        method.step(batch, step=step, progress=0.0)
    columns, metrics = method.validate(batch)
    bright = batch["condition"][:, 0] == 1
    assert columns[1][bright].mean() > 0.2 and columns[1][~bright].mean() < -0.2
    assert columns[0].shape == columns[7].shape and 0 <= metrics["val/spread"] < 1


def test_it_starts_where_a_run_without_a_condition_ended(tmp_path: Path) -> None:
    options = {"generator": "fastgan", "generator_options": {"channels": 4, "size": 16, "z_dim": 8}}
    train(tiny_run("gan", tmp_path, tmp_path / "plain", **options))
    method, _ = built(tiny_run("cgan", tmp_path, tmp_path / "run", **options, drop_condition=0.0))
    start_from(method, tmp_path / "plain")
    plain, _ = load_noise_generator(tmp_path / "plain")
    z, rows = torch.randn(4, 8), torch.randn(4, 1)
    with torch.no_grad():
        drawn = method.averages["generator_ema"](z, rows)
        torch.testing.assert_close(drawn, plain(z))
    judge = method.bare("discriminator").state_dict()
    for name, tensor in find(tmp_path / "plain").weights("discriminator").items():
        assert torch.equal(judge[f"discriminator.{name}"], tensor)
    for name, changed in {
        "generator": options | {"generator_options": {"channels": 8, "size": 16, "z_dim": 8}},
        "discriminator": options | {"discriminator_options": {"channels": 2, "layers": 1}},
    }.items():
        other, _ = built(tiny_run("cgan", tmp_path, tmp_path / name, **changed, drop_condition=0.0))
        with pytest.raises(UserError, match=f"init .*plain: its {name} is another network .*; give the options"):
            start_from(other, tmp_path / "plain")


def captions(folder: Path) -> dict[str, Path]:
    table = folder / "captions.csv"
    table.write_text(
        "file,text\n" + "".join(f"{n}.png,{'red' if n % 4 else 'blue'} picture\n" for n in range(0, 12, 2))
    )
    return {"captions": table}


def sounds(folder: Path) -> dict[str, Path]:
    for number in range(0, 12, 2):
        write_tone(folder / "sounds" / f"{number}.wav", pitch=200 + 50 * number)
    return {"audio": folder / "sounds"}


@pytest.mark.parametrize(("source", "text"), [(captions, "reddish picture"), (sounds, "sounds/4.wav")])
def test_a_run_becomes_a_file_that_holds_its_encoder(source: Any, text: str, tmp_path: Path) -> None:
    tiny_run("cgan", tmp_path, tmp_path / "run")  # writes the pictures
    changes = {"attributes": None, "audio_seconds": 0.3, "steps": 1, **source(tmp_path)}
    train(tiny_run("cgan", tmp_path, tmp_path / "run", **changes))
    generator, info = load_sampler_run(tmp_path / "run", title="Mine")
    assert export_sampler(generator, info, tmp_path / "mine.onnx").largest <= 1
    sampler = Sampler(tmp_path / "mine.onnx", device="cpu")
    conditions = sampler.info.conditions
    assert conditions is not None and conditions.optional and conditions.kind in ("captions", "audio")
    assert bool(conditions.pieces) == (conditions.kind == "captions")
    row = row_of(conditions, str(tmp_path / text) if conditions.kind == "audio" else text)
    z, strength = noise([3, 4], 8), torch.full((2, 1), 1.5)
    network, _ = load_noise_generator(tmp_path / "run")
    assert isinstance(network, ConditionalGenerator)
    with torch.inference_mode():
        drawn = network(torch.from_numpy(z), torch.from_numpy(np.stack([row, row])), strength)
    expected = ((drawn + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1).numpy()
    assert np.abs(sampler.conditioned(z, row, 1.5) - expected).max() <= 1
