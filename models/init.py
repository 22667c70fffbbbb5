"""Initial weights. Each network sets its own; `initialise` sets those of a built network again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from models.blocks import ScaleAndShift

Init = Literal["normal", "orthogonal"]
POWER_ITERATIONS = 15  # as many as PyTorch takes for the first estimate


def init_normal(network: nn.Module, *, std: float = 0.02) -> None:
    """Weights from N(0, std), biases 0, normalisation scales from N(1, std).

    std 0.02 is DCGAN's (Radford et al. 2016), kept by pix2pix and CycleGAN.
    """
    _init(
        network,
        weight=partial(nn.init.normal_, mean=0.0, std=std),
        scale=partial(nn.init.normal_, mean=1.0, std=std),
    )


def init_orthogonal(network: nn.Module) -> None:
    """Orthogonal weights, biases 0, normalisation scales 1.

    Saxe et al. 2014, section 3; Brock et al. 2019 (BigGAN), section 3. A convolution's weight is flattened to a matrix
    after its first dimension.
    """
    _init(network, weight=nn.init.orthogonal_, scale=nn.init.ones_)


def init_he(network: nn.Module, *, slope: float = 0.0) -> None:
    """Weights that keep the variance through leaky ReLUs of ``slope``, without normalisation; biases 0.

    He et al. 2015, equation 15.
    """
    _init(network, weight=partial(nn.init.kaiming_normal_, a=slope, nonlinearity="leaky_relu"), scale=nn.init.ones_)


def initialise(network: nn.Module, kind: Init) -> None:
    """Set the weights of a built network again: of convolutions, linear layers and normalisations.

    All other parameters stay as the network set them (such as attention's gamma, 0); spectral normalisation then
    applies to the new weights. Raises ``ValueError`` for an unknown ``kind``.
    """
    if kind == "normal":
        init_normal(network)
    elif kind == "orthogonal":
        init_orthogonal(network)
    else:
        raise ValueError(f"no weight initialisation is called {kind!r}: choose one of {', '.join(get_args(Init))}")


@torch.no_grad()
def _init(network: nn.Module, *, weight: Callable[[Tensor], object], scale: Callable[[Tensor], object]) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            if parametrize.is_parametrized(module, "weight"):
                _init_parametrized(module, weight)
            else:
                weight(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, ScaleAndShift | nn.BatchNorm2d):
            scale(module.weight)
            nn.init.zeros_(module.bias)


def _init_parametrized(module: nn.Module, weight: Callable[[Tensor], object]) -> None:
    """Set the tensor that spectral normalisation divides, and have it estimate the new singular value."""
    weight(module.parametrizations.weight.original)  # type: ignore[union-attr, arg-type]
    training = module.training
    module.train()
    for _ in range(POWER_ITERATIONS):
        module.weight  # noqa: B018  in training each access is a step of the power iteration
    module.train(training)


def written_over(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors ``own`` with those ``given`` of the same names over their first entries.

    That is all of a tensor, or fewer entries along one dimension, such as that of channels. Raises ``ValueError``,
    with a name, where one is missing, has more entries, or fewer along several dimensions.
    """
    if missing := own.keys() - given.keys():
        raise ValueError(f"{min(missing)} is missing")
    return {name: _written_over(tensor, given[name], name) for name, tensor in own.items()}


def _written_over(own: Tensor, given: Tensor, name: str) -> Tensor:
    fewer = [size - given_size for size, given_size in zip(own.shape, given.shape, strict=False)]
    if own.dim() != given.dim() or min(fewer, default=0) < 0 or sum(map(bool, fewer)) > 1:
        raise ValueError(f"{name} is {list(given.shape)}, not {list(own.shape)}")
    result = own.detach().clone()
    result[tuple(slice(size) for size in given.shape)] = given
    return result
