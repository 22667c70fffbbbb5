"""One ONNX file -> a callable on pictures as arrays. Needs onnxruntime alone; what the file promises: `contract`."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state

from translate.contract import INPUT, OUTPUT, StyleInfo
from translate.errors import PictureError, UnusableError, UserError, one_line

AUTO_TILE = 1024  # pixels a side
AUTO_TILE_FROM = 4_000_000  # pixels; smaller pictures go through whole
SMALLEST_TILE = 128  # pixels a side, where memory is short

FATAL = 4  # log severity: what fails raises as well, so the lines on standard error only repeat it
onnxruntime.set_default_logger_severity(FATAL)

ORT_ERRORS: tuple[type[Exception], ...] = (
    *(
        error
        for error in vars(onnxruntime_pybind11_state).values()
        if isinstance(error, type) and issubclass(error, Exception)
    ),
    RuntimeError,
    MemoryError,
)
SHORT_OF_MEMORY = re.compile(r"alloc|out of memory|available memory", re.IGNORECASE)


class Translator:
    """A style ready to run on one device.

    ``device``: ``auto`` (a GPU where there is one, else the processor), ``cpu``, ``cuda`` or ``cuda:N``.
    ``tile``: side in pixels of the tiles a picture is cut in, rounded up to the style's stride; 0 never cuts, None cuts
    large pictures. Cutting needs a tile-safe style, whose tiles equal the whole picture.

    Raises ``UnusableError`` where the file or the device cannot be used, ``UserError`` for a tile size that the style
    does not allow.
    """

    def __init__(self, path: Path, *, device: str = "auto", tile: int | None = None) -> None:
        self.device, self.why_cpu = choose_device(device)
        self._session = open_session(path, _providers(self.device))
        if self.device != "cpu" and "CUDAExecutionProvider" not in self._session.get_providers():
            if device != "auto":
                raise UnusableError(f"--device {device}: onnxruntime could not start CUDA; try --device cpu")
            self.device, self.why_cpu = "cpu", "onnxruntime could not start CUDA"  # and so runs on the processor
        self.info = read_contract(self._session, path)
        extra = [port.name for port in self._session.get_inputs() if port.name != INPUT]
        if extra:
            raise UnusableError(
                f"{path}: the style also asks for {', '.join(extra)}, which this program cannot give; "
                f"it takes styles whose only input is {INPUT!r}"
            )
        self._tile_safe = self.info.tile_safe and self.info.receptive_field > 0
        if tile and not self._tile_safe:
            raise UserError(
                f"--tile {tile}: {self.info.title!r} looks at the whole picture at once and cannot be cut in tiles; "
                "leave --tile out, and for large pictures use --max-size"
            )
        self._tile = tile
        self._longest_tile: int | None = None  # set once memory has run short

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [N, H, W, 3] in sRGB -> the same shape and type.

        Where memory runs short, a tile-safe style goes on in smaller tiles. Raises ``PictureError`` where that does
        not help either.
        """
        _, height, width, _ = images.shape
        while True:
            side = self._tile_side(height, width)
            try:
                return self._run_whole(images) if side is None else self._run_tiles(images, side)
            except ORT_ERRORS as error:
                side = min(side or AUTO_TILE, max(height, width)) // 2
                if SHORT_OF_MEMORY.search(str(error)) and self._tile_safe and side >= SMALLEST_TILE:
                    self._longest_tile = side
                    continue
                raise PictureError(
                    f"{width} x {height} pixels cannot be translated on {self.device}: {_reason(error)}; try --max-size"
                ) from error

    def _tile_side(self, height: int, width: int) -> int | None:
        """The side of the tiles for a picture of this size, None: the whole picture in one."""
        side = self._tile
        if side is None and self._tile_safe and height * width > AUTO_TILE_FROM:
            side = AUTO_TILE
        if self._longest_tile is not None:
            side = min(side or self._longest_tile, self._longest_tile)
        return side or None

    def _run_tiles(self, images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
        _, height, width, _ = images.shape
        stride, halo = self.info.stride, self.info.halo
        result = np.empty_like(images)
        for rows in spans(height, side, stride, halo):
            for columns in spans(width, side, stride, halo):
                tile = self._run_whole(images[:, rows.outer, columns.outer])
                result[:, rows.core, columns.core] = tile[:, rows.core_in_outer, columns.core_in_outer]
        return result

    def _run_whole(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        (result,) = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(images)})
        if result.shape != images.shape or result.dtype != np.uint8:
            raise UnusableError(
                f"{self.info.title!r} answers {images.shape} with {result.dtype} {result.shape}, "
                "not with the same shape in uint8; export the style anew"
            )
        return result


@dataclass(frozen=True)
class Span:
    """One tile along one axis."""

    core: slice  # the pixels it gives to the result
    outer: slice  # the pixels of the photo it sees

    @property
    def core_in_outer(self) -> slice:
        start = self.core.start - self.outer.start
        return slice(start, start + self.core.stop - self.core.start)


def spans(length: int, side: int, stride: int, halo: int) -> Iterator[Span]:
    """Cut ``length`` pixels in tiles of about equal size, at most ``side`` rounded up to the stride.

    All start at a multiple of the stride, and so, inside the picture, do they end: the padding in the graph then falls
    on the picture's own end alone, as it does for the whole picture. ``halo`` is a multiple of the stride too.
    """
    count = -(-length // (-(-side // stride) * stride))
    step = -(-length // (count * stride)) * stride
    for start in range(0, length, step):
        stop = min(start + step, length)
        yield Span(slice(start, stop), slice(max(0, start - halo), min(length, stop + halo)))


def open_session(path: Path, providers: list[Any], *, optimise: bool = True) -> Any:
    """Load ``path``; without ``optimise`` quickly, to read what it says of itself. Raises ``UnusableError``."""
    if not path.is_file():
        raise UnusableError(f"{path}: no such style file")
    options = onnxruntime.SessionOptions()
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    options.log_severity_level = FATAL
    options.enable_mem_pattern = False  # one is kept for every size of picture
    # Waiting threads sleep: the cores they would spin on decode and encode the neighbouring pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, options, providers=providers, enable_fallback=0)
    except ORT_ERRORS as error:
        raise UnusableError(
            f"{path}: cannot be loaded as ONNX ({_reason(error)}); styles are written by `translate export`"
        ) from error


def read_contract(session: Any, path: Path) -> StyleInfo:
    """The metadata of a loaded style; raises ``UnusableError`` where the file does not keep the contract."""
    try:
        inputs = {port.name: port for port in session.get_inputs()}
        outputs = {port.name: port for port in session.get_outputs()}
        for name, ports in ((INPUT, inputs), (OUTPUT, outputs)):
            if name not in ports:
                raise ValueError(f"nothing is named {name!r}")
            kind, shape = ports[name].type, ports[name].shape
            if kind != "tensor(uint8)" or len(shape) != 4:
                raise ValueError(f"{name!r} is {kind} of {len(shape)} dimensions, not uint8 of 4")
        *sizes, channels = inputs[INPUT].shape
        if channels != 3 or any(isinstance(size, int) for size in sizes):
            raise ValueError(f"{INPUT!r} is {inputs[INPUT].shape}, not [N, H, W, 3] of any N, H, W")
        return StyleInfo.from_metadata(session.get_modelmeta().custom_metadata_map)
    except KeyError as error:
        problem = f"no {error.args[0]!r} in its metadata"
    except ValueError as error:
        problem = one_line(error)
    raise UnusableError(f"{path}: not a style of this program: {problem}; write one with `translate export`")


def _reason(error: Exception) -> str:
    """What onnxruntime says, without its codes in front."""
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", one_line(error))


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


def _providers(device: str) -> list[Any]:
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
