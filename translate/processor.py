"""What the processor at hand is good at, asked without loading a runtime."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib import import_module


@cache
def int8_is_fast() -> bool:
    """Whether int8 styles take less time here than float32 ones.

    On x86 with AVX2 they do, 50 to 63 % of it: onnxruntime 1.31 was measured on a Zen 3, which has no more than that.
    VNNI, of AVX-512 or without, multiplies bytes faster still, and no processor has it without AVX2. Before AVX2 bytes
    are not multiplied faster than numbers. On 64-bit Arm it takes the dot product of bytes, an option of Armv8.2 that
    all of Apple's own processors have; that was not measured.
    """
    features = processor_features()
    if platform.machine().lower() in ("x86_64", "amd64"):
        return "AVX2" in features
    apple = (platform.system(), platform.machine()) == ("Darwin", "arm64")  # numpy does not ask macOS
    return apple or "ASIMDDP" in features


def processor_features() -> list[str]:
    """What this processor can do, by numpy's names such as ``AVX2``, sorted; none where numpy does not tell."""
    try:  # private, but nothing public tells as much
        features = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return []
    return sorted(name for name, present in features.items() if present)


def usable_cores() -> int:
    """Processor cores that this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
