"""The machine at hand: what its processor is good at, and what a process takes of it, as Linux tells."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

_PROC = Path("/proc")


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


def resources_in_use(process: int | str = "self") -> dict[str, float]:
    """Resident memory, open files and threads of ``process``, an id; {} where the system does not tell."""
    try:
        status = _status(process)
        return {
            "memory_mb": _megabytes(status["VmRSS"]),
            "open_files": float(sum(1 for _ in (_PROC / str(process) / "fd").iterdir())),
            "threads": float(status["Threads"]),
        }
    except (OSError, LookupError, ValueError):
        return {}


def peak_memory_mb(process: int | str = "self") -> float | None:
    """The most memory that ``process``, an id, has had resident at once; None where the system does not tell."""
    try:
        return _megabytes(_status(process)["VmHWM"])
    except (OSError, LookupError, ValueError):
        return None


def _status(process: int | str) -> dict[str, str]:
    lines = (_PROC / str(process) / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _megabytes(text: str) -> float:
    return round(int(text.removesuffix("kB")) * 1024 / 1e6, 1)
