"""Feature networks of evaluation: their features and their errors."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from tests.helpers.pictures import draw_photo
from translate.errors import UnusableError, UserError
from translate.evaluate.extractors import Extractor, Lite0, build_extractor, patch_statistics
from translate.weights.feature_networks import build_feature_network

pytestmark = pytest.mark.slow


def pictures(size: int, count: int = 3) -> NDArray[np.uint8]:
    return np.stack([np.roll(draw_photo(size, size), 40 * number, axis=1) for number in range(count)])


@pytest.fixture(scope="module")
def lite0() -> Extractor:
    return build_extractor("efficientnet-lite0", device="cpu")


def test_lite0(lite0: Extractor) -> None:
    shown = pictures(224)
    found = lite0(shown)
    assert found.texture is not None and found.logits is not None and found.perceptual is not None
    assert [found.content.shape, found.texture.shape, found.logits.shape] == [(3, 1280), (3, 16, 48), (3, 1000)]
    assert lite0.identity == "efficientnet-lite0" and found.perceptual.shape == (3,)
    network = build_feature_network("efficientnet-lite0")
    image = torch.from_numpy(shown).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        pooled, _ = network.classify(network(image, ["stride32"])["stride32"])
    assert found.content == pytest.approx(pooled.numpy(), abs=1e-4)
    again = lite0(shown[[1, 2, 0]])
    assert again.perceptual == pytest.approx(found.perceptual[[1, 2, 0]], abs=1e-5)
    assert lite0(shown[[0, 0]]).perceptual == pytest.approx(0, abs=1e-6)


def test_patch_statistics() -> None:
    maps = torch.rand(2, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    found = patch_statistics(maps)
    assert found.shape == (2, 16, 6)
    patch = maps[1, :, 2:4, 9:12]  # the second row of patches, the last one in it
    expected = torch.cat((patch.mean((1, 2)), patch.std((1, 2), unbiased=False)))
    torch.testing.assert_close(found[1, 7], expected)


@pytest.fixture(scope="module")
def inception_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random tensors with the published names and shapes."""
    torch.manual_seed(0)
    empty = FeatureExtractorInceptionV3.__new__(FeatureExtractorInceptionV3)
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "load", lambda *arguments, **options: {})
        patch.setattr(torch.nn.Module, "load_state_dict", lambda self, state: None)
        empty.__init__("x", ["2048"], feature_extractor_weights_path="x")
    torch.save(empty.state_dict(), path)
    return path


def test_inception_is_torch_fidelitys(inception_weights: Path) -> None:
    network = build_extractor("inception-v3", weights=inception_weights, device="cpu")
    shown = pictures(299, 2)
    found = network(shown)
    reference = FeatureExtractorInceptionV3(
        "x", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(inception_weights)
    )
    pooled, logits = reference(torch.from_numpy(shown).permute(0, 3, 1, 2))
    assert found.content == pytest.approx(pooled.numpy(), rel=1e-5, abs=1e-5)
    assert found.logits == pytest.approx(logits.numpy(), rel=1e-4, abs=1e-4)
    assert found.texture is not None and found.texture.shape == (2, 16, 128) and found.perceptual is None
    assert network.identity.startswith("inception-v3 (") and len(network.identity) == len("inception-v3 ()") + 12


def test_inception_refuses_pickled_code_and_other_weights(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "ran",)

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil()))
    torch.save({"layer": torch.zeros(1)}, tmp_path / "other.pth")
    for name, message in (("evil.pth", "cannot be read"), ("other.pth", "not the weights of inception-v3")):
        with pytest.raises(UserError, match=message) as caught:
            build_extractor("inception-v3", weights=tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_inception_that_cannot_be_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*arguments: object, **options: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", unreachable)
    with pytest.raises(UnusableError, match=r"no route to host.*weights, or take network efficientnet-lite0"):
        build_extractor("inception-v3")


def write_network(path: Path, *, bytes_: bool) -> Path:
    """A network that returns the picture itself, as maps, twice."""
    kind = TensorProto.UINT8 if bytes_ else TensorProto.FLOAT
    shape: list[str | int | None] = ["N", 32, 32, 3] if bytes_ else ["N", 3, 32, 32]
    moved = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)]
    moved.append(helper.make_node("Transpose", ["f"], ["y"], perm=[0, 3, 1, 2] if bytes_ else [0, 1, 2, 3]))
    graph = helper.make_graph(
        [*moved, helper.make_node("Identity", ["y"], ["z"])],
        "features",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, 32, 32]) for name in "yz"],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def test_onnx_networks(tmp_path: Path) -> None:
    shown = pictures(32)
    means = shown.mean((1, 2))  # [N, 3]
    for bytes_ in (True, False):
        network = build_extractor(str(write_network(tmp_path / "features.onnx", bytes_=bytes_)), device="cpu")
        found = network(shown)
        expected = means if bytes_ else (means / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        assert network.size == 32 and network.identity.startswith("features.onnx (")
        assert found.content == pytest.approx(expected, rel=1e-4, abs=1e-4)
        assert found.texture is not None and found.texture.shape == (3, 16, 6)
        assert found.logits is None and found.perceptual is None


def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    for network, weights, message in (
        ("resnet", None, "network resnet: give efficientnet-lite0, inception-v3 or an .onnx file"),
        (str(tmp_path / "broken.onnx"), None, "cannot be loaded as ONNX"),
        (str(tmp_path / "none.onnx"), None, "cannot be loaded as ONNX"),
        ("x.onnx", tmp_path / "w.pth", "weights: an ONNX file has its own"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            build_extractor(network, weights=weights)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UnusableError, match="finds no CUDA device"):
        Lite0("cuda")
