"""Where onnxruntime can compute: the processor, or a GPU that is found out to work before it is used."""

from __future__ import annotations

import ctypes
import re
import sys
from contextlib import redirect_stdout
from functools import cached_property
from io import StringIO
from typing import Any

import onnxruntime

from translate.errors import UnusableError, UserError


def choose_device(wanted: str) -> tuple[str, str | None]:
    """-> ``cpu`` or ``cuda:N``, and why ``auto`` did not take a GPU, None where it did or was not asked."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wanted):
        raise UserError(f"<device> {wanted}: give auto, cpu, cuda or cuda:N")
    if wanted == "cpu":
        return "cpu", None
    number = int(wanted.partition(":")[2] or 0)
    obstacle = cuda_obstacle(number)
    if obstacle is None:
        return f"cuda:{number}", None
    if wanted == "auto":
        return "cpu", obstacle
    raise UnusableError(f"<device> {wanted}: {obstacle}; <device> cpu works everywhere")


def providers_of(device: str) -> list[Any]:
    """onnxruntime's execution providers for ``cpu`` or ``cuda:N``, the first choice first."""
    if device == "cpu":
        return ["CPUExecutionProvider"]
    # An exhaustive search would be repeated for every new size of picture.
    options = {"device_id": int(device.partition(":")[2]), "cudnn_conv_algo_search": "HEURISTIC"}
    return [("CUDAExecutionProvider", options), "CPUExecutionProvider"]


def cuda_obstacle(number: int = 0) -> str | None:
    """What keeps onnxruntime from computing on GPU ``number``, None: nothing."""
    return Cuda().obstacle(number)


class Cuda:
    """What of CUDA this machine has, each thing looked for when it is first asked for."""

    @cached_property
    def built(self) -> bool:
        """onnxruntime offers CUDA whenever it was built with it, and finds out only when asked that there is no GPU."""
        return "CUDAExecutionProvider" in onnxruntime.get_available_providers()

    @cached_property
    def driver_version(self) -> str | None:
        """The newest CUDA that NVIDIA's driver can run, such as ``13.0``; None: no driver is installed."""
        version = ctypes.c_int()
        if self._driver is None or self._driver.cuDriverGetVersion(ctypes.byref(version)):
            return None
        return f"{version.value // 1000}.{version.value % 1000 // 10}"

    @cached_property
    def gpu_count(self) -> int:
        count = ctypes.c_int()
        if self._driver is None or self._driver.cuInit(0) or self._driver.cuDeviceGetCount(ctypes.byref(count)):
            return 0
        return count.value

    @cached_property
    def gpus(self) -> list[str]:
        """The names of the GPUs, in the order of their numbers."""
        return [self._name(number) for number in range(self.gpu_count)]

    @cached_property
    def libraries(self) -> dict[str, bool]:
        """Whether each file is found without which onnxruntime's CUDA part does not load or cannot convolve."""
        if not self.built:
            return {}
        with redirect_stdout(StringIO()):  # it prints what it does not find
            onnxruntime.preload_dlls()  # the libraries that pip installed stand on no search path
        return {name: _load(name) is not None for name in _cuda_libraries()}

    def obstacle(self, number: int = 0) -> str | None:
        """What keeps onnxruntime from computing on GPU ``number``, None: nothing."""
        if not self.built:
            return "the installed onnxruntime is built without CUDA (onnxruntime-gpu has it)"
        if self._driver is None:
            return "no NVIDIA driver is installed"
        if self.gpu_count == 0:
            return "the NVIDIA driver finds no GPU"
        if number >= self.gpu_count:
            return f"there is no GPU number {number}, the last one is {self.gpu_count - 1}"
        missing = [name for name, found in self.libraries.items() if not found]
        if missing:
            return f"{', '.join(missing)} not found (pip install 'picture-translate[cuda]' brings NVIDIA's libraries)"
        return None

    @cached_property
    def _driver(self) -> ctypes.CDLL | None:
        return _load("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")

    def _name(self, number: int) -> str:
        assert self._driver is not None  # it has counted the GPUs
        device, name = ctypes.c_int(), ctypes.create_string_buffer(256)
        if self._driver.cuDeviceGet(ctypes.byref(device), number) or self._driver.cuDeviceGetName(name, 256, device):
            return "unnamed"
        return name.value.decode(errors="replace")


def _cuda_libraries() -> list[str]:
    major = onnxruntime.cuda_version.partition(".")[0]
    if sys.platform == "win32":
        return [f"cudart64_{major}.dll", f"cublas64_{major}.dll", "cudnn64_9.dll"]
    return [f"libcudart.so.{major}", f"libcublas.so.{major}", "libcurand.so.10", "libcudnn.so.9"]


def _load(library: str) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(library)
    except OSError:
        return None
