"""The network zoo: pure PyTorch, knows nothing of folders, losses or the command line."""

from models import (  # noqa: F401  they register themselves
    animegan,
    mobile,
    multiscale,
    patchgan,
    projected,
    resnet,
    stargan,
    unet,
    upscale,
)
from models.init import Init, initialise
from models.minibatch import couples_samples
from models.registry import (
    DISCRIMINATORS,
    GENERATORS,
    Discriminator,
    DiscriminatorOutput,
    Generator,
    build_discriminator,
    build_generator,
)

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "Discriminator",
    "DiscriminatorOutput",
    "Generator",
    "Init",
    "build_discriminator",
    "build_generator",
    "couples_samples",
    "initialise",
]
