"""The network zoo: pure PyTorch, knows nothing of folders, losses or the command line."""

from models import animegan, mobile, patchgan, resnet, unet  # noqa: F401  they register themselves
from models.registry import (
    DISCRIMINATORS,
    GENERATORS,
    Discriminator,
    Generator,
    build_discriminator,
    build_generator,
)

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "Discriminator",
    "Generator",
    "build_discriminator",
    "build_generator",
]
