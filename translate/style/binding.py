"""Running a style on buffers that are allocated once for each size of batch, and stay on its device.

`onnxruntime.InferenceSession.run` copies from and to pageable memory that is allocated anew, during which CUDA cannot
compute. Here pictures are collected in page-locked memory, copied to a fixed place on the device, and the result is
copied back to page-locked memory by the run itself. Two threads that share a session overlap these copies with each
other's computing: onnxruntime gives every concurrent run a stream of its own.

The same code works on the CPU, where it is of no use, and is tested there.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections import OrderedDict
from functools import cache
from math import prod
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from translate.style.contract import INPUT, OUTPUT
from translate.style.devices import load_library, parse_device
from translate.style.session import onnxruntime_call

MAX_SHAPES = 8  # of which a thread keeps its buffers; folders have few sizes of photos
_PORTABLE = 1  # cudaHostRegisterPortable: page-locked for all GPUs
_NO_GRAPH = "-1"  # onnxruntime's `gpu_graph_id` for a run that is neither recorded nor replayed

Condition = dict[str, NDArray[Any]]  # the network's inputs besides the pictures


class BoundRuns:
    """Runs ``session``, which is on ``device``; may be called from several threads, each of which has its buffers.

    ``scale``: of the style. With ``graphs``, the session records CUDA graphs, so that only one thread may call, and the
    result is kept on the device during the run.
    """

    def __init__(self, session: Any, device: str, *, scale: int = 1, graphs: bool = False) -> None:
        self._session, self._device, self._scale, self._graphs = session, device, scale, graphs
        self._own = threading.local()
        self._recorded = 0  # graphs; they refer to their buffers, which are therefore kept

    def __call__(self, images: NDArray[np.uint8], condition: Condition) -> NDArray[np.uint8]:
        """uint8 [N, H, W, 3] -> the same, ``scale`` times as high and wide. Raises ``OnnxRuntimeError``."""
        with onnxruntime_call():
            return self._buffers(images.shape, condition).run(self._session, images, condition)

    def _buffers(self, shape: tuple[int, ...], condition: Condition) -> _Buffers:
        kept: OrderedDict[tuple[int, ...], _Buffers] = self._own.__dict__.setdefault("kept", OrderedDict())
        if shape in kept:
            kept.move_to_end(shape)
            return kept[shape]
        graph = None
        if self._graphs:
            graph = str(self._recorded + 1) if self._recorded < MAX_SHAPES else _NO_GRAPH
            self._recorded += graph != _NO_GRAPH
        buffers = _Buffers(self._session, self._device, shape, condition, self._scale, graph)
        kept[shape] = buffers
        if len(kept) > MAX_SHAPES:
            kept.popitem(last=self._graphs)
        return buffers


class _Buffers:
    """The memory of one thread for batches of one shape; ``graph``: the number of its CUDA graph."""

    def __init__(
        self, session: Any, device: str, shape: tuple[int, ...], condition: Condition, scale: int, graph: str | None
    ) -> None:
        kind, number = parse_device(device)
        self._options = onnxruntime.RunOptions()
        if graph is not None:
            self._options.add_run_config_entry("gpu_graph_id", graph)
        self._binding = session.io_binding()
        self._staged = page_locked(shape, device)
        self._inputs = {}
        for name, array in {INPUT: self._staged, **condition}.items():
            value = onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(array.shape), array.dtype.type, kind, number)
            self._inputs[name] = value
            self._binding.bind_ortvalue_input(name, value)
        count, height, width, _ = shape  # several pictures may be one after another in the channels
        enlarged = (count, scale * height, scale * width, 3)
        if graph is None:
            self._result = page_locked(enlarged, device)
            self._output = onnxruntime.OrtValue.ortvalue_from_numpy(self._result)
        else:  # a recorded graph cannot end in a copy to the host
            self._output = onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(enlarged), np.uint8, kind, number)
        self._on_device = graph is not None
        self._binding.bind_ortvalue_output(OUTPUT, self._output)

    def run(self, session: Any, images: NDArray[np.uint8], condition: Condition) -> NDArray[np.uint8]:
        np.copyto(self._staged, images)
        for name, array in {INPUT: self._staged, **condition}.items():
            self._inputs[name].update_inplace(array)
        session.run_with_iobinding(self._binding, self._options)
        result: NDArray[np.uint8] = self._output.numpy() if self._on_device else self._result.copy()
        return result


def page_locked(shape: tuple[int, ...], device: str) -> NDArray[np.uint8]:
    """Uninitialised uint8 memory that GPUs copy from and to without the processor's help; plain memory for the CPU.

    It is plain memory, too, where CUDA cannot lock it, as beyond the user's limit: copies then take longer.
    """
    array = np.empty(shape, np.uint8)
    runtime = None if device == "cpu" else _cuda_runtime()
    if runtime is None or not prod(shape):
        return array
    address = ctypes.c_void_p(array.ctypes.data)
    runtime.cudaSetDevice(parse_device(device)[1])  # of this thread; otherwise GPU 0 would get a context as well
    if runtime.cudaHostRegister(address, ctypes.c_size_t(array.nbytes), _PORTABLE):
        runtime.cudaGetLastError()  # clears the error
        return array
    weakref.finalize(array, runtime.cudaHostUnregister, address).atexit = False
    return array


@cache
def _cuda_runtime() -> ctypes.CDLL | None:
    """CUDA's runtime library, which onnxruntime has loaded already."""
    return load_library(f"libcudart.so.{onnxruntime.cuda_version.partition('.')[0]}")
