"""The network zoo: pure PyTorch, knows nothing of folders, losses or the command line."""

from models import (  # noqa: F401  they register themselves
    animegan,
    dcgan,
    fastgan,
    mobile,
    multiscale,
    patchgan,
    projected,
    r3,
    resnet,
    sagan,
    stargan,
    unet,
    upscale,
)
from models.conditions import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    ConditionalTranslation,
    EncodedCondition,
    Matching,
    VectorEncoder,
    build_condition,
    build_conditional_generator,
    build_conditional_translation,
)
from models.init import Init, initialise
from models.minibatch import couples_samples
from models.prior import Prior, WithPrior, within_ball
from models.registry import (
    DISCRIMINATORS,
    GENERATORS,
    NOISE_GENERATORS,
    Discriminator,
    DiscriminatorOutput,
    Generator,
    NoiseGenerator,
    build_discriminator,
    build_generator,
    build_noise_generator,
    options_of,
)

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "NOISE_GENERATORS",
    "ConditionalDiscriminator",
    "ConditionalGenerator",
    "ConditionalTranslation",
    "Discriminator",
    "DiscriminatorOutput",
    "EncodedCondition",
    "Generator",
    "Init",
    "Matching",
    "NoiseGenerator",
    "Prior",
    "VectorEncoder",
    "WithPrior",
    "build_condition",
    "build_conditional_generator",
    "build_conditional_translation",
    "build_discriminator",
    "build_generator",
    "build_noise_generator",
    "couples_samples",
    "initialise",
    "options_of",
    "within_ball",
]
