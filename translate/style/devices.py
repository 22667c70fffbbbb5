"""Where onnxruntime can compute: the CPU, or a GPU that is checked before it is used."""

from __future__ import annotations

import ctypes
import re
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import onnxruntime

from translate.errors import UnusableError, UserError
from translate.storage.cache import cache_folder, make_cache_folder

_PCI_DEVICES = Path("/sys/bus/pci/devices")  # on Linux
TENSORRT = "libnvinfer.so.10"  # of TensorRT 10, which onnxruntime 1.27 to 1.31 is linked to


@dataclass(frozen=True, kw_only=True)
class GpuOptions:
    """How GPUs are used; nothing here concerns the CPU."""

    batch: int = 8  # pictures of equal size translated at a time, on each GPU
    tensorrt: bool = False  # TensorRT instead of CUDA's libraries: the first pictures of each size take minutes
    cuda_graphs: bool = False  # record the work on each size of batch once, and replay it


def choose_devices(wanted: str) -> tuple[list[str], str | None]:
    """`choose_device` for several GPUs too: ``cuda:all``, or a list such as ``cuda:0,cuda:1``.

    Raises ``UserError`` also for a GPU that is named twice, or a list that holds something other than GPUs.
    """
    if wanted == "cuda:all":
        count = Cuda().gpu_count
        return [choose_device(f"cuda:{number}")[0] for number in range(max(1, count))], None
    names = [name.strip() for name in wanted.split(",")]
    if len(names) == 1:
        device, why_cpu = choose_device(names[0])
        return [device], why_cpu
    if not all(name.startswith("cuda") for name in names):
        raise UserError(f"<device> {wanted}: a list is of GPUs, such as cuda:0,cuda:1")
    devices = [choose_device(name)[0] for name in names]
    if len(set(devices)) < len(devices):
        raise UserError(f"<device> {wanted}: names a GPU twice")
    return devices, None


def choose_device(wanted: str) -> tuple[str, str | None]:
    """``cpu`` or ``cuda:N`` for ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; and why ``auto`` chose the CPU, else None.

    Raises ``UserError`` for any other text, ``UnusableError`` if the GPU asked for cannot be used.
    """
    name, number = parse_device(wanted)
    if name == "cpu":
        return "cpu", None
    obstacle = cuda_obstacle(number)
    if obstacle is None:
        return f"cuda:{number}", None
    if name == "auto":
        return "cpu", obstacle
    raise UnusableError(f"<device> {wanted}: {obstacle}; <device> cpu works everywhere")


def parse_device(wanted: str) -> tuple[str, int]:
    """-> ``auto``, ``cpu`` or ``cuda``, and the number of the GPU, 0 where none is given. Raises ``UserError``."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wanted):
        raise UserError(f"<device> {wanted}: give auto, cpu, cuda or cuda:N")
    name, _, number = wanted.partition(":")
    return name, int(number or 0)


def providers_of(device: str, gpu: GpuOptions | None = None) -> list[Any]:
    """onnxruntime's execution providers for ``cpu`` or ``cuda:N``, in order of preference.

    Raises ``UnusableError`` where ``gpu`` asks for TensorRT and that is not there.
    """
    if device == "cpu":
        return ["CPUExecutionProvider"]
    gpu, number = gpu or GpuOptions(), parse_device(device)[1]
    # An exhaustive search would be repeated for every new picture size. TF32 would make float32 styles differ from the
    # CPU by several levels; the fast way is a float16 variant.
    options = {"device_id": number, "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
    if gpu.cuda_graphs:
        options["enable_cuda_graph"] = "1"
    cuda = [("CUDAExecutionProvider", options), "CPUExecutionProvider"]
    return [("TensorrtExecutionProvider", _tensorrt_options(number)), *cuda] if gpu.tensorrt else cuda


def _tensorrt_options(number: int) -> dict[str, Any]:
    """Engines take minutes to build, so they are kept in the cache; their names hold GPU and version."""
    obstacle = tensorrt_obstacle()
    if obstacle is not None:
        raise UnusableError(f"<tensorrt>: {obstacle}; leave it out to use CUDA alone")
    options: dict[str, Any] = {"device_id": number}
    folder = cache_folder("tensorrt")
    if folder is not None:
        try:
            make_cache_folder(folder)
        except OSError:
            return options
        for kind in ("engine", "timing"):
            options |= {f"trt_{kind}_cache_enable": True, f"trt_{kind}_cache_path": str(folder)}
    return options


def tensorrt_obstacle() -> str | None:
    """What prevents onnxruntime from using TensorRT on a GPU that works; None: nothing."""
    if "TensorrtExecutionProvider" not in onnxruntime.get_available_providers():
        return "the installed onnxruntime is built without TensorRT"
    packaged = find_spec("tensorrt_libs")  # where pip puts it, which is on no search path
    places = [
        TENSORRT,
        *(f"{folder}/{TENSORRT}" for folder in (packaged and packaged.submodule_search_locations) or ()),
    ]
    if all(load_library(place) is None for place in places):
        return f"TensorRT's library {TENSORRT} is not found (`pip install tensorrt-cu13` brings it)"
    return None


def cuda_obstacle(number: int = 0) -> str | None:
    """What prevents onnxruntime from using GPU ``number``; None: nothing."""
    return Cuda().obstacle(number)


class Cuda:
    """The parts of CUDA on this machine, each looked up when first needed."""

    @cached_property
    def built(self) -> bool:
        """Whether onnxruntime was built with CUDA; this says nothing about a GPU."""
        return "CUDAExecutionProvider" in onnxruntime.get_available_providers()

    @cached_property
    def driver_version(self) -> str | None:
        """The newest CUDA that NVIDIA's driver supports, such as ``13.0``; None: no driver is installed."""
        version = ctypes.c_int()
        if self._driver is None or self._driver.cuDriverGetVersion(ctypes.byref(version)):
            return None
        return f"{version.value // 1000}.{version.value % 1000 // 10}"

    @property
    def driver_is_old(self) -> bool:
        """Whether the driver is for an earlier major version of CUDA than onnxruntime's; minor ones fit."""
        needed = onnxruntime.cuda_version.partition(".")[0]
        return bool(self.driver_version and needed) and int((self.driver_version or "0").split(".")[0]) < int(needed)

    @cached_property
    def gpu_count(self) -> int:
        count = ctypes.c_int()
        if self._driver is None or self._driver.cuInit(0) or self._driver.cuDeviceGetCount(ctypes.byref(count)):
            return 0
        return count.value

    @cached_property
    def present(self) -> bool:
        """Whether this machine has an NVIDIA GPU, whether it can be used or not."""
        return self.gpu_count > 0 or any(map(_is_nvidia_gpu, _PCI_DEVICES.glob("*")))

    @cached_property
    def gpus(self) -> list[str]:
        """The names of the GPUs, by number."""
        return [self._name(number) for number in range(self.gpu_count)]

    @cached_property
    def libraries(self) -> dict[str, bool]:
        """For each library that onnxruntime needs to load CUDA and to run convolutions, whether it is found."""
        if not self.built:
            return {}
        with redirect_stdout(StringIO()):  # `preload_dlls` prints what it does not find
            onnxruntime.preload_dlls()  # libraries installed by pip are on no search path
        return {name: load_library(name) is not None for name in _cuda_libraries()}

    def obstacle(self, number: int = 0) -> str | None:
        """What prevents onnxruntime from using GPU ``number``; None: nothing."""
        if not self.built:
            return "the installed onnxruntime is built without CUDA (onnxruntime-gpu has it)"
        if self._driver is None:
            return "no NVIDIA driver is installed"
        if self.gpu_count == 0:
            return "the NVIDIA driver finds no GPU"
        if number >= self.gpu_count:
            return f"there is no GPU number {number}, the last one is {self.gpu_count - 1}"
        if self.driver_is_old:
            return (
                f"the NVIDIA driver is for CUDA {self.driver_version}, and onnxruntime needs "
                f"{onnxruntime.cuda_version}: update the driver"
            )
        missing = [name for name, found in self.libraries.items() if not found]
        if missing:
            return f"{', '.join(missing)} not found (pip install 'picture-translate[cuda]' brings NVIDIA's libraries)"
        return None

    @cached_property
    def _driver(self) -> ctypes.CDLL | None:
        return load_library("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")

    def _name(self, number: int) -> str:
        assert self._driver is not None  # it has counted the GPUs already
        device, name = ctypes.c_int(), ctypes.create_string_buffer(256)
        if self._driver.cuDeviceGet(ctypes.byref(device), number) or self._driver.cuDeviceGetName(name, 256, device):
            return "unnamed"
        return name.value.decode(errors="replace")


def _is_nvidia_gpu(device: Path) -> bool:
    """Whether the PCI device that Linux describes in the folder ``device`` is one; asks no driver."""
    try:
        vendor, kind = ((device / name).read_text().strip() for name in ("vendor", "class"))
    except OSError:
        return False
    return vendor == "0x10de" and kind.startswith("0x03")  # NVIDIA, a display controller


def _cuda_libraries() -> list[str]:
    major = onnxruntime.cuda_version.partition(".")[0]
    if sys.platform == "win32":
        return [f"cudart64_{major}.dll", f"cublas64_{major}.dll", "cudnn64_9.dll"]
    return [f"libcudart.so.{major}", f"libcublas.so.{major}", "libcurand.so.10", "libcudnn.so.9"]


def load_library(library: str) -> ctypes.CDLL | None:
    """The shared library; None: it is not found, or cannot be loaded."""
    try:
        return ctypes.CDLL(library)
    except OSError:
        return None
