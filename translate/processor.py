"""What the processor at hand is good at, asked without loading a runtime."""

from __future__ import annotations

import importlib
import platform
from functools import cache


@cache
def int8_is_fast() -> bool:
    """Whether int8 styles take less time here than float32 ones.

    On x86 with AVX2 they do, 50 to 63 % of it: onnxruntime 1.31 was measured on a Zen 3, which has no more than that.
    VNNI, of AVX-512 or without, multiplies bytes faster still, and no processor has it without AVX2. Before AVX2 bytes
    are not multiplied faster than numbers. On 64-bit Arm it takes the dot product of bytes, an option of Armv8.2 that
    all of Apple's own processors have; that was not measured.
    """
    features = _features()
    if platform.machine().lower() in ("x86_64", "amd64"):
        return features.get("AVX2", False)
    apple = (platform.system(), platform.machine()) == ("Darwin", "arm64")  # numpy does not ask macOS
    return apple or features.get("ASIMDDP", False)


def _features() -> dict[str, bool]:
    """What numpy found at its import, by its names; {} where a later numpy keeps it elsewhere."""
    try:
        return dict(importlib.import_module("numpy._core._multiarray_umath").__cpu_features__)
    except (ImportError, AttributeError):
        return {}
