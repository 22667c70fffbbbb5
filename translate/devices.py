"""Where onnxruntime can compute: the processor, or a GPU that is found out to work before it is used."""

from __future__ import annotations

import ctypes
import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import onnxruntime

from translate.errors import UnusableError, UserError


def choose_device(wanted: str) -> tuple[str, str | None]:
    """-> ``cpu`` or ``cuda:N``, and why ``auto`` did not take a GPU, None where it did or was not asked."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wanted):
        raise UserError(f"--device {wanted}: give auto, cpu, cuda or cuda:N")
    if wanted == "cpu":
        return "cpu", None
    number = int(wanted.partition(":")[2] or 0)
    obstacle = cuda_obstacle(number)
    if obstacle is None:
        return f"cuda:{number}", None
    if wanted == "auto":
        return "cpu", obstacle
    raise UnusableError(f"--device {wanted}: {obstacle}; --device cpu works everywhere")


def providers_of(device: str) -> list[Any]:
    """onnxruntime's execution providers for ``cpu`` or ``cuda:N``, the first choice first."""
    if device == "cpu":
        return ["CPUExecutionProvider"]
    # An exhaustive search would be repeated for every new size of picture.
    options = {"device_id": int(device.partition(":")[2]), "cudnn_conv_algo_search": "HEURISTIC"}
    return [("CUDAExecutionProvider", options), "CPUExecutionProvider"]


def cuda_obstacle(number: int = 0) -> str | None:
    """What keeps onnxruntime from computing on GPU ``number``, None: nothing.

    onnxruntime offers CUDA whenever it was built with it, and finds out only when asked that there is no GPU.
    """
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "the installed onnxruntime is built without CUDA (onnxruntime-gpu has it)"
    driver = _load("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    if driver is None:
        return "no NVIDIA driver is installed"
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or count.value == 0:
        return "the NVIDIA driver finds no GPU"
    if number >= count.value:
        return f"there is no GPU number {number}, the last one is {count.value - 1}"
    with redirect_stdout(StringIO()):  # it prints what it does not find
        onnxruntime.preload_dlls()  # the libraries that pip installed stand on no search path
    missing = [name for name in _cuda_libraries() if _load(name) is None]
    if missing:
        return f"{', '.join(missing)} not found (pip install 'picture-translate[cuda]' brings NVIDIA's libraries)"
    return None


def _cuda_libraries() -> list[str]:
    """The files without which onnxruntime's CUDA part does not load or cannot convolve."""
    major = onnxruntime.cuda_version.partition(".")[0]
    if sys.platform == "win32":
        return [f"cudart64_{major}.dll", f"cublas64_{major}.dll", "cudnn64_9.dll"]
    return [f"libcudart.so.{major}", f"libcublas.so.{major}", "libcurand.so.10", "libcudnn.so.9"]


def _load(library: str) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(library)
    except OSError:
        return None
