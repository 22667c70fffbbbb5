"""Modulated normalisation: the equation, and that a drawing acts through it alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models import Generator, build_generator
from models.blocks import upsample_conv
from models.spade import Guided, Spade
from tests.helpers.styles import style_info
from translate.export.to_onnx import export_style


def unet(**options: object) -> Generator:
    """A small one of two inputs, whose scale and shift are large enough to be seen."""
    torch.manual_seed(0)
    settings: dict[str, object] = {"size": 32, "channels": 2, "inputs": 2, "inject": "spade", "dropout": 0.0}
    network = build_generator("unet", **settings | options)
    for layer in modulating(network):
        nn.init.normal_(layer.weight, std=0.2)
    return network.eval()


def modulating(network: nn.Module) -> list[nn.Conv2d]:
    return [each for layer in network.modules() if isinstance(layer, Spade) for each in (layer.scale, layer.shift)]


def pictures(count: int = 1) -> tuple[Tensor, Tensor]:
    """Photos and drawings, [N, 3, 32, 64] each."""
    return tuple(torch.rand(count, 6, 32, 64, generator=torch.Generator().manual_seed(1)).mul(2).sub(1).split(3, dim=1))


def test_maps_are_normalised_then_scaled_and_shifted_by_the_drawing() -> None:
    torch.manual_seed(0)
    layer = Spade(5, factor=2)
    x, drawing = 3 + 2 * torch.randn(2, 5, 8, 6), torch.randn(2, 3, 16, 12)
    small = drawing.unflatten(3, (6, 2)).unflatten(2, (8, 2)).mean(dim=(3, 5))
    gamma, beta = 1 + layer.scale(layer.hidden(small)), layer.shift(layer.hidden(small))
    centred = x - x.mean(dim=(2, 3), keepdim=True)
    expected = gamma * centred / (centred.square().mean(dim=(2, 3), keepdim=True) + 1e-5).sqrt() + beta
    torch.testing.assert_close(layer(x, drawing), expected, rtol=1e-4, atol=1e-5)
    changed = drawing.clone()
    changed[..., :2, :2] += 1  # one pixel of the maps: two 3x3 convolutions reach two pixels further
    difference = (layer(x, changed) - layer(x, drawing)).abs().amax(dim=(0, 1))
    assert difference[:3, :3].min() > 0 and difference[3:].max() == difference[:, 3:].max() == 0


def test_the_drawing_acts_by_modulation_alone_and_the_photo_by_the_encoder() -> None:
    network, (photo, drawing) = unet(), pictures()
    with torch.no_grad():
        result = network(torch.cat((photo, drawing), dim=1))
        assert (network(torch.cat((photo, -drawing), dim=1)) - result).abs().mean() > 1e-3
        assert (network(torch.cat((-photo, drawing), dim=1)) - result).abs().mean() > 1e-3
        for layer in modulating(network):
            layer.weight.zero_()
        assert torch.equal(*(network(torch.cat((photo, each), dim=1)) for each in (drawing, -drawing)))
    assert len(modulating(network)) == 2 * 4  # at 2x2, 4x4, 8x8 and 16x16 for a picture of 32x32


def test_the_gradient_reaches_every_parameter_and_pictures_do_not_affect_each_other() -> None:
    network, together = unet().train(), torch.cat(pictures(2), dim=1)
    result = network(together)
    torch.testing.assert_close(network(together[:1]), result[:1])
    result.square().mean().backward()
    assert [name for name, each in network.named_parameters() if each.grad is None or not each.grad.any()] == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"inputs": 1}, "inject spade needs several inputs, the last of which is the drawing"),
        ({"inject": "film"}, "inject has to be one of concatenation, spade, not film"),
    ],
)
def test_settings_that_do_not_suit_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        unet(**options)
    with pytest.raises(ValueError, match="mobile has no option inject"):
        build_generator("mobile", inputs=2, inject="spade")


class Drawn(Generator):
    """The least that modulates at two sizes."""

    stride, inputs = 2, 2

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Conv2d(3, 4, 2, stride=2)
        up = upsample_conv("resize", 4, 4, kernel=3, padding="zeros")
        self.decode = Guided([Spade(4, 2), nn.ReLU(), up, Spade(4, 1), nn.Conv2d(4, 3, 1), nn.Tanh()])

    def forward(self, image: Tensor) -> Tensor:
        return self.decode(self.encode(image[:, :3]), image[:, 3:])


@pytest.mark.slow
def test_compiled_and_exported_it_gives_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, together = Drawn().eval(), torch.cat(pictures(), dim=1)
    with torch.no_grad():
        compiled = torch.compile(network, backend="eager", fullgraph=True)(together)  # `--compile` without its speed
        torch.testing.assert_close(compiled, network(together))
    info = style_info(generator="drawn", inputs=["face", "marks"])
    assert export_style(network, info, tmp_path / "heads.onnx").largest <= 1  # at five sizes
