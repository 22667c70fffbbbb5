"""From a noise generator to a sampler file: the contract, and parity with PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from models import NOISE_GENERATORS, Prior, WithPrior
from tests.helpers.command_line import RunCli
from tests.helpers.pairs import tiny_run
from tests.helpers.samplers import sampler_info
from tests.models.test_noise_generators import build_small
from translate.errors import UserError
from translate.export import graph
from translate.export import sampler as export
from translate.export.sampler import ExportedSampler, export_sampler
from translate.style.latents import noise
from translate.style.sampler import Sampler
from translate.train.loop import train
from translate.weights.checkpoint import find

pytestmark = pytest.mark.slow

INFO = sampler_info(z_dim=12, size=16)


@pytest.mark.parametrize("name", sorted(NOISE_GENERATORS))
def test_every_generator_equals_pytorch(name: str, tmp_path: Path) -> None:
    generator = build_small(name)
    generator(torch.randn(4, 12))  # running statistics
    generator.eval()
    path = tmp_path / "sampler.onnx"
    report = export_sampler(generator, INFO, path)
    assert report.largest <= 1 and [size.shape[0] for size in report.sizes] == [1, 4, 7]
    assert list(tmp_path.iterdir()) == [path]
    sampler = Sampler(path, device="cpu")
    z = noise(range(50, 55), 12)
    with torch.inference_mode():
        pictures = generator(torch.from_numpy(z)).permute(0, 2, 3, 1)
    expected = ((pictures + 1) * 127.5).round().clamp(0, 255).numpy()
    assert np.abs(sampler.from_noise(z) - expected).max() <= 1
    assert all(weights.requires_grad for weights in generator.parameters())  # it is left as it was
    assert path.stat().st_size < 1.1 * sum(each.nbytes for each in generator.state_dict().values()) + 60_000


def test_the_file_keeps_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "sampler.onnx"
    export_sampler(build_small("r3").eval(), INFO, path, opset=20)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    ports = {port.name: port.type.tensor_type for port in (*model.graph.input, *model.graph.output)}
    assert {name: port.elem_type for name, port in ports.items()} == {
        "z": TensorProto.FLOAT,
        "image_out": TensorProto.UINT8,
    }
    assert [size.dim_param or size.dim_value for size in ports["image_out"].shape.dim] == ["N", 16, 16, 3]
    info = Sampler(path, device="cpu").info
    assert (info.title, info.opset, info.versions["torch"]) == ("Flat", 20, torch.__version__)


def test_a_prior_is_part_of_the_file(tmp_path: Path) -> None:
    prior = Prior(12, radius=2.0)
    prior.fit(torch.linspace(-1, 1, 12), 3 * torch.eye(12))
    network = WithPrior(build_small("r3"), prior).eval()
    export_sampler(network, INFO, tmp_path / "sampler.onnx")
    z = noise(range(4), 12)
    found = Sampler(tmp_path / "sampler.onnx", device="cpu").from_noise(z)
    with torch.inference_mode():
        vectors = prior(torch.from_numpy(z))
        expected = ExportedSampler(network.generator)(vectors).numpy()
    assert torch.linalg.vector_norm(vectors, dim=1).max() <= 2.0001
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_file_beyond_the_tolerance_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = graph.write_graph

    def wrong(network: ExportedSampler, *given: object, **named: object) -> bytes:
        other = build_small("r3").eval()
        with torch.no_grad():
            other.to_rgb.bias.add_(0.5)  # type: ignore[union-attr, operator]
        return write(ExportedSampler(other), *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(export, "write_graph", wrong)
    with pytest.raises(
        UserError, match=r"sampler\.onnx: not written: it would differ from PyTorch by up to \d+ of 255"
    ):
        export_sampler(build_small("r3").eval(), INFO, tmp_path / "sampler.onnx")
    assert list(tmp_path.iterdir()) == []


def test_from_a_run_to_pictures(tmp_path: Path, run_cli: RunCli) -> None:
    train(tiny_run("gan", tmp_path, tmp_path / "run"))
    done = run_cli("export", tmp_path / "run", "-o", tmp_path / "mine.onnx", "--title", "Mine", "--licence", "CC0")
    assert done.code == 0 and "a sampler" in done.err
    info = Sampler(tmp_path / "mine.onnx", device="cpu").info
    assert (info.title, info.licence, info.method, info.generator) == ("Mine", "CC0", "gan", "r3")
    assert info.checkpoint_sha256 == find(tmp_path / "run").weights_sha256("generator_ema")
    for source, name in ((tmp_path / "mine.onnx", "file"), (tmp_path / "run", "run")):
        assert run_cli("sample", source, "-n", 2, "-o", tmp_path / f"{name}.png").code == 0
    assert (tmp_path / "file.png").read_bytes() == (tmp_path / "run.png").read_bytes()

    done = run_cli("export", tmp_path / "run", "-o", tmp_path / "half.onnx", "--fp16")
    assert done.code == 2 and "makes pictures from noise: leave out" in done.err
    done = run_cli("compare", tmp_path / "run", "--photos", tmp_path / "images", "-o", tmp_path / "c.html")
    assert done.code == 2 and "makes pictures from noise and translates none; use `translate sample" in done.err


def test_a_run_that_translates_makes_no_samples(tmp_path: Path, run_cli: RunCli) -> None:
    train(tiny_run("pix2pix", tmp_path, tmp_path / "run", steps=1))
    done = run_cli("sample", tmp_path / "run", "-o", tmp_path / "grid.png")
    assert done.code == 2 and "translates pictures and makes none from noise" in done.err
    assert len(done.err.splitlines()) == 1


def test_samplers_are_evaluated_against_squares_of_their_size(tmp_path: Path, run_cli: RunCli) -> None:
    train(tiny_run("gan", tmp_path, tmp_path / "run", steps=1))
    real, made = tmp_path / "images", tmp_path / "made"
    done = run_cli("evaluate", tmp_path / "run", "--real", real, "--count", 8, "--save", made, "--json")
    assert done.code == 0, done.err
    assert b'"kid"' in done.out and len(list(made.iterdir())) == 8
    done = run_cli("evaluate", tmp_path / "run", "--real", real, "--photos", real)
    assert done.code == 2 and "makes pictures from noise; leave out --photos" in done.err
    done = run_cli("evaluate", tmp_path / "run", "--real", real, "--against", real)
    assert done.code == 2 and "is also --real" in done.err


def test_the_nearest_pictures_and_projections_are_shown(tmp_path: Path, run_cli: RunCli) -> None:
    train(tiny_run("gon", tmp_path, tmp_path / "run", steps=1))
    photo = tmp_path / "images" / "2.png"
    done = run_cli("sample", tmp_path / "run", "--nearest", tmp_path / "images", "-n", 4, "-o", tmp_path / "near.png")
    assert done.code == 0, done.err
    done = run_cli("sample", tmp_path / "run", "--project", photo, "-o", tmp_path / "nearest.png")
    assert done.code == 0 and " dB" in done.err
    assert (tmp_path / "near.png").is_file() and (tmp_path / "nearest.png").is_file()
