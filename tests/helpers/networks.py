"""Networks with random weights that do something."""

from __future__ import annotations

from typing import Any

import torch

from models import build_generator
from models.mobile import MobileGenerator


def lively_mobile(**options: Any) -> MobileGenerator:
    """A `mobile` whose pictures differ from the photos, as after training: what it starts with is close to nothing."""
    torch.manual_seed(0)
    generator = build_generator("mobile", **options)
    assert isinstance(generator, MobileGenerator)
    with torch.no_grad():
        generator.up.weight.mul_(10)
        generator.out.weight.mul_(10)
    return generator
