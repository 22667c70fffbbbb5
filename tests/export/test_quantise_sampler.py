"""From a float32 sampler to an int8 one: nearly the same pictures, integer convolutions, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from models import NOISE_GENERATORS
from tests.export.test_sampler import INFO
from tests.helpers.command_line import RunCli
from tests.helpers.pairs import tiny_run
from tests.helpers.pictures import files_below
from tests.models.test_noise_generators import build_small
from translate.errors import UserError
from translate.export import quantise_sampler as quantise
from translate.export.quantise_sampler import quantise_sampler
from translate.export.sampler import export_sampler
from translate.style.latents import noise
from translate.style.sampler import Sampler
from translate.train.loop import train

pytestmark = pytest.mark.slow


def exported(name: str, folder: Path) -> Path:
    torch.manual_seed(0)
    generator = build_small(name)
    generator(torch.randn(8, 12))  # running statistics
    path = folder / f"{name}.onnx"
    export_sampler(generator.eval(), INFO, path)
    return path


@pytest.mark.parametrize("name", sorted(NOISE_GENERATORS))
def test_it_makes_nearly_the_same_pictures(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantise, "MIN_PSNR_DB", 30.0)  # untrained networks amplify what rounding changes
    source, output = exported(name, tmp_path), tmp_path / "int8.onnx"
    loss = quantise_sampler(source, output)
    one, other = Sampler(output, device="cpu"), Sampler(source, device="cpu")
    assert loss.psnr_db > 30 and one.info.psnr_to_fp32 == pytest.approx(loss.psnr_db, abs=0.01)
    assert (one.info.precision, other.info.precision, other.info.psnr_to_fp32) == ("int8", "fp32", None)
    z = noise(range(900, 920), 12)
    assert np.abs(one.from_noise(z).astype(int) - other.from_noise(z)).mean() < 6


def test_convolutions_are_integer_up_to_the_finest_level_and_normalisation_is_part_of_them(tmp_path: Path) -> None:
    output = tmp_path / "int8.onnx"
    quantise_sampler(exported("fastgan", tmp_path), output)
    model = onnx.load(output)
    nodes = list(model.graph.node)
    made_by = {name: node.op_type for node in nodes for name in node.output}
    assert "BatchNormalization" not in made_by.values()
    integer = [made_by.get(node.input[1]) == "DequantizeLinear" for node in nodes if node.op_type == "Conv"]
    finest = max(index for index, node in enumerate(nodes) if node.op_type == "Resize")
    coarse = sum(node.op_type == "Conv" for node in nodes[:finest])
    assert 0 < coarse < len(integer) and integer == [True] * coarse + [False] * (len(integer) - coarse)


def test_what_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, output = exported("fastgan", tmp_path), tmp_path / "int8.onnx"
    monkeypatch.setattr(quantise, "MIN_PSNR_DB", 90.0)
    with pytest.raises(UserError, match=r"int8.onnx: not written: .* PSNR \d+\.\d dB.* minimum of 90 dB; leave out"):
        quantise_sampler(source, output)
    assert files_below(tmp_path) == {source.name}
    monkeypatch.undo()
    quantise_sampler(source, output)
    with pytest.raises(UserError, match="is int8; int8 is made from an fp32 sampler"):
        quantise_sampler(output, tmp_path / "again.onnx")


def test_by_command(tmp_path: Path, run_cli: RunCli) -> None:
    train(tiny_run("gan", tmp_path, tmp_path / "run", steps=1))
    done = run_cli("export", tmp_path / "run", "-o", tmp_path / "mine.onnx", "--int8")
    assert done.code == 0 and "int8 against float32 on other noise: PSNR" in done.err
    assert Sampler(tmp_path / "mine.onnx", device="cpu").info.precision == "int8"
    done = run_cli(
        "export", tmp_path / "run", "-o", tmp_path / "b.onnx", "--int8", "--calibration", tmp_path / "images"
    )
    assert done.code == 2 and "makes pictures from noise: leave out" in done.err
