"""From a generator to a style file: the contract, parity with PyTorch, and no file left after a failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import Tensor

from models import Generator
from tests.helpers.styles import style_info
from tests.helpers.toys import Shifted, Toy
from tests.models.test_generators import ALL, build_small
from translate.errors import UserError
from translate.export import to_onnx as export
from translate.export.to_onnx import PARITY_SIZES, ParityReport, Tolerance, export_style
from translate.style.contract import StyleInfo
from translate.style.session import ORT_ERRORS, open_session, read_style
from translate.style.translator import Translator

pytestmark = pytest.mark.slow


class Branching(Toy):
    def forward(self, image: Tensor) -> Tensor:
        return image if image.sum() > 0 else -image


SHIFTED = style_info(title="Shifted", domains=["red", "green", "blue"])


@dataclass(frozen=True)
class Exported:
    generator: Generator
    path: Path
    report: ParityReport


@pytest.fixture(scope="module", params=ALL, ids=str)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    name, options = request.param
    generator = build_small(name, **options)
    path = tmp_path_factory.mktemp(name) / "style.onnx"
    info = style_info(generator=name, domains=[f"domain {number}" for number in range(generator.domains)])
    return Exported(generator, path, export_style(generator, info, path))


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("toy") / "toy.onnx"
    export_style(Toy(), style_info(title="Tóy"), path, opset=20)
    return path


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shifted") / "style.onnx"
    export_style(Shifted(), SHIFTED, path)
    return path


def random_picture(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)


def ports(path: Path) -> dict[str, tuple[int, list[str | int]]]:
    """Type and shape of the file's inputs and outputs by name."""
    graph = onnx.load(path).graph
    tensors = {port.name: port.type.tensor_type for port in (*graph.input, *graph.output)}
    return {
        name: (tensor.elem_type, [size.dim_param or size.dim_value for size in tensor.shape.dim])
        for name, tensor in tensors.items()
    }


def test_every_generator_equals_pytorch_at_all_sizes(exported: Exported) -> None:
    assert tuple(size.shape for size in exported.report.sizes) == PARITY_SIZES
    assert exported.report.largest <= 1
    image = random_picture(2, 45, 83)
    translator = Translator(exported.path, device="cpu", tile=0)
    for number, name in enumerate(translator.info.domains or [None]):
        domain = None if name is None else torch.tensor([number, number])
        with torch.inference_mode():
            expected = export.ExportedStyle(exported.generator)(torch.from_numpy(image), domain).numpy()
        assert np.abs(translator(image, name).astype(int) - expected).max() <= 1


def test_every_generator_makes_one_small_file_that_describes_it(exported: Exported) -> None:
    generator, path = exported.generator, exported.path
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_size < 1.02 * sum(w.nbytes for w in generator.state_dict().values()) + 30_000
    info = Translator(path, device="cpu").info
    assert (info.stride, info.receptive_field) == (generator.stride, generator.receptive_field)
    assert info.scale == generator.scale
    sides = ["H", "W"] if info.scale == 1 else [f"{info.scale}*H", f"{info.scale}*W"]
    assert ports(path)["image_out"] == (TensorProto.UINT8, ["N", *sides, 3])
    assert (info.tile_safe, info.opset, info.precision) == (generator.tile_safe, 18, "fp32")
    assert len(info.domains) == generator.domains


def test_export_leaves_every_generator_unchanged(exported: Exported) -> None:
    assert all(module.training for module in exported.generator.modules())
    assert all(weights.requires_grad for weights in exported.generator.parameters())


def test_metadata_survive_the_round_trip(toy: Path) -> None:
    model = onnx.load(toy)
    onnx.checker.check_model(model, full_check=True)
    info = StyleInfo.from_metadata({entry.key: entry.value for entry in model.metadata_props})
    assert [entry.version for entry in model.opset_import if not entry.domain] == [20]
    versions = info.versions
    assert info == style_info(title="Tóy", stride=8, receptive_field=0, tile_safe=False, opset=20, versions=versions)
    assert versions["torch"] == torch.__version__
    assert Translator(toy, device="cpu").info == info


def test_input_and_output_are_uint8_of_any_size(toy: Path) -> None:
    assert ports(toy) == {name: (TensorProto.UINT8, ["N", "H", "W", 3]) for name in ("image", "image_out")}


def test_the_file_holds_no_source_paths(toy: Path) -> None:
    assert b".py" not in toy.read_bytes()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (2, 8, 16), (1, 9, 256)])
def test_edges_are_padded_and_values_exact(toy: Path, shape: tuple[int, int, int]) -> None:
    image = random_picture(*shape)
    expected = np.concatenate((image[:, :, 1:], image[:, :, -1:]), axis=2)
    assert np.array_equal(Translator(toy, device="cpu")(image), expected)


def test_values_are_rounded_to_the_nearest_and_clipped() -> None:
    ramp = torch.arange(256, dtype=torch.uint8)[None, :, None, None].repeat(1, 1, 1, 3)
    translated = export.ExportedStyle(Toy(1.3))(ramp)  # the file does the same, as tested above
    expected = ((ramp.double() - 127.5) * 1.3 + 127.5).clamp(0, 255)
    assert (translated - expected).abs().max() < 0.501


def test_an_unknown_opset_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="opset 9: choose one of 18, 19, 20"):
        export_style(Toy(), style_info(), tmp_path / "style.onnx", opset=9)


def test_fp16_halves_the_weights_and_keeps_statistics_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    generator = build_small("resnet", channels=16)
    path = tmp_path / "half.onnx"
    report = export_style(generator, style_info(), path, fp16=True)
    assert capfd.readouterr() == ("", "")  # the exporter would print progress
    assert 0 < report.mean < 0.5
    assert path.stat().st_size < 0.6 * sum(weights.nbytes for weights in generator.parameters())
    assert Translator(path, device="cpu").info.precision == "fp16"
    graph = onnx.load(path).graph
    types = {value.name: value.type.tensor_type.elem_type for value in graph.value_info}
    for node in graph.node:
        if node.op_type in ("Conv", "InstanceNormalization"):
            expected = TensorProto.FLOAT16 if node.op_type == "Conv" else TensorProto.FLOAT
            assert types[node.output[0]] == expected

    content = path.read_bytes()
    monkeypatch.setattr(export, "_to_onnx", lambda style, info: content)
    monkeypatch.setitem(export.TOLERANCES, "fp16", Tolerance(largest=16, mean=0))
    with pytest.raises(UserError, match=r"other\.onnx: not written: it would differ from PyTorch.*leave fp16 out"):
        export_style(generator, style_info(), tmp_path / "other.onnx", fp16=True)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_beyond_the_tolerance_is_not_written(toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_to_onnx", lambda style, info: toy.read_bytes())
    with pytest.raises(UserError, match=r"style\.onnx: not written: it would differ from PyTorch by up to \d+ of 255"):
        export_style(Toy(1.1), style_info(title="Tóy"), tmp_path / "style.onnx", opset=20)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "style.onnx"
    path.write_bytes(b"the style before")
    with pytest.raises(UserError, match="generator branching cannot be exported to ONNX: "):
        export_style(Branching(), style_info(generator="branching"), path)
    assert path.read_bytes() == b"the style before"
    assert list(tmp_path.iterdir()) == [path]


def test_exclusive_domains_are_indices(shifted: Path) -> None:
    assert ports(shifted) == {
        "image": (TensorProto.UINT8, ["N", "H", "W", 3]),
        "domain": (TensorProto.INT64, ["N"]),
        "image_out": (TensorProto.UINT8, ["N", "H", "W", 3]),
    }
    session = open_session(shifted, ["CPUExecutionProvider"])
    image = np.full((4, 5, 9, 3), 100, np.uint8)
    (result,) = session.run(None, {"image": image, "domain": np.array([2, 0, 1, 2])})
    assert (result == 100 + 20 * np.eye(3)[[2, 0, 1, 2]][:, None, None]).all()
    with pytest.raises(ORT_ERRORS):
        session.run(None, {"image": image, "domain": np.array([0, 1, 2, 3])})
    assert read_style(shifted).domains == SHIFTED.domains


def test_attributes_are_zeros_and_ones(tmp_path: Path) -> None:
    path = tmp_path / "style.onnx"
    export_style(Shifted(), replace(SHIFTED, exclusive=False), path)
    assert ports(path)["domain"] == (TensorProto.FLOAT, ["N", 3])
    session = open_session(path, ["CPUExecutionProvider"])
    image, domain = np.full((2, 5, 9, 3), 100, np.uint8), np.array([[1, 0, 1], [0, 0, 0]], np.float32)
    (result,) = session.run(None, {"image": image, "domain": domain})
    assert (result == 100 + 20 * domain[:, None, None]).all()
    assert not read_style(path).exclusive


@pytest.mark.parametrize("exclusive", [True, False])
def test_domains_in_half_precision(tmp_path: Path, exclusive: bool) -> None:
    info = replace(SHIFTED, exclusive=exclusive)
    assert export_style(Shifted(), info, tmp_path / "style.onnx", fp16=True).largest <= 1


def test_a_bug_in_the_comparison_is_not_blamed_on_the_file(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, channels: int) -> None:
        raise RuntimeError("our bug")

    monkeypatch.setattr(export, "_to_onnx", lambda style, info: toy.read_bytes())
    monkeypatch.setattr(export, "_test_picture", broken)
    with pytest.raises(RuntimeError, match="our bug"):
        export_style(Toy(), style_info(), tmp_path / "style.onnx")


@pytest.mark.parametrize("exclusive", [True, False])
def test_every_domain_is_compared_with_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exclusive: bool
) -> None:
    """A file that is wrong in one domain only is detected."""

    class Wrong(Shifted):
        def forward(self, image: Tensor, domain: Tensor) -> Tensor:
            return super().forward(image, domain * torch.tensor([1, 1, 0.5]))

    write = export._to_onnx
    monkeypatch.setattr(
        export, "_to_onnx", lambda style, info: write(export.ExportedStyle(Wrong(), exclusive=exclusive), info)
    )
    with pytest.raises(UserError, match="would differ from PyTorch by up to 10 of 255"):
        export_style(Shifted(), replace(SHIFTED, exclusive=exclusive), tmp_path / "style.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("generator", "domains", "message"),
    [(Shifted(), ["red"], "3 domains, but 1 "), (Toy(), ["red"], "0 domains, but 1 ")],
)
def test_every_domain_needs_a_name(tmp_path: Path, generator: Generator, domains: list[str], message: str) -> None:
    with pytest.raises(UserError, match=rf"style\.onnx: not written: generator handmade has {message}"):
        export_style(generator, style_info(domains=domains), tmp_path / "style.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_report_as_text() -> None:
    size = export.SizeParity((2, 37, 53), largest=1, mean=0.00012, share=0.0123)
    assert str(size) == "2 x 37 x 53: largest difference 1, mean 0.0001, 1.23% of the values differ"
