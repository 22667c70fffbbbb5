"""This machine: what its processor can do, and the resources a process uses, as Linux reports them."""

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
    """Whether int8 styles run faster here than float32 ones.

    On x86 this takes AVX2: onnxruntime 1.31 took 50 to 63 % of the float32 time on a Zen 3, which has AVX2 but no VNNI.
    VNNI, with or without AVX-512, multiplies bytes faster still, and every processor that has it has AVX2. Without
    AVX2, int8 is no faster. On 64-bit Arm this takes the byte dot product, an option of Armv8.2 that all of Apple's own
    processors have; that was not measured.
    """
    features = processor_features()
    if platform.machine().lower() in ("x86_64", "amd64"):
        return "AVX2" in features
    apple = (platform.system(), platform.machine()) == ("Darwin", "arm64")  # numpy does not query macOS
    return apple or "ASIMDDP" in features


def bf16_is_fast() -> bool:
    """Whether this processor multiplies bfloat16 itself: AVX-512 BF16 or AMX. False where the system does not say."""
    try:  # numpy 2.0 does not know these features
        lines = (_PROC / "cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return bool({"avx512_bf16", "amx_bf16"} & set(flags))


def processor_features() -> list[str]:
    """This processor's instruction sets by numpy's names, such as ``AVX2``, sorted; empty if numpy does not say."""
    try:  # private, but no public function reports as much
        features = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return []
    return sorted(name for name, present in features.items() if present)


def usable_cores() -> int:
    """How many processor cores this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def resources_in_use(process: int | str = "self") -> dict[str, float]:
    """``memory_mb`` (resident), ``open_files`` and ``threads`` of ``process``, an id; {} if the system does not say."""
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
    """Peak resident memory of ``process``, an id, in MB; None if the system does not say."""
    try:
        return _megabytes(_status(process)["VmHWM"])
    except (OSError, LookupError, ValueError):
        return None


def available_memory_mb() -> float | None:
    """Memory that programs can still take without swapping, in MB; None if the system does not say."""
    try:
        lines = (_PROC / "meminfo").read_text(encoding="utf-8").splitlines()
        return _megabytes(next(line for line in lines if line.startswith("MemAvailable:")).partition(":")[2].strip())
    except (OSError, StopIteration, ValueError, LookupError):
        return None


def _status(process: int | str) -> dict[str, str]:
    lines = (_PROC / str(process) / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _megabytes(text: str) -> float:
    return round(int(text.removesuffix("kB")) * 1024 / 1e6, 1)
