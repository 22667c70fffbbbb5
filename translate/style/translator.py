"""An ONNX style file as a callable on arrays. It needs only onnxruntime; see `contract` for the file's format."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from translate.errors import PictureError, UnusableError, UserError
from translate.machine import usable_cores
from translate.style.binding import BoundRuns, Condition
from translate.style.catalogue import find_style, variant_for
from translate.style.contract import CONDITION, DOMAIN, INPUT, OUTPUT, StyleInfo
from translate.style.devices import GpuOptions, choose_device, choose_devices, providers_of
from translate.style.session import (
    DEVICE_LOST,
    OUT_OF_MEMORY,
    DeviceLostError,
    OnnxRuntimeError,
    Target,
    domain_input,
    onnxruntime_call,
    open_session,
    read_contract,
    reason,
)
from translate.style.tiles import spans

AUTO_TILE = 1024  # pixels per side of the result
AUTO_TILE_FROM = 4_000_000  # pixels of the result; smaller ones are not cut
MIN_TILE = 128  # pixels per side, when memory is short
STRIP = 512  # rows at a time of a picture that is not held as a whole
MAX_WORKERS = 4
# Memory that a running style takes per pixel of the result, as measured: `mobile`, whose styles are tile-safe, 135 with
# 48 channels and 159 with 80, less in int8; `resnet`, the largest of those that are not, 2400.
BYTES_PER_PIXEL_TILED = 165
BYTES_PER_PIXEL = 2400

OnRemark = Callable[[str], object]  # is told, from any thread, what went otherwise than asked for


def _ignore(remark: str) -> None:
    """A listener that does nothing."""


class Translator:
    """A style ready to run on one device.

    ``device``: ``auto`` (a usable GPU if there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:N``.
    ``tile``: side in pixels of the tiles a picture is cut into, rounded up to the style's stride; 0 never cuts, None
    cuts large pictures. Cutting needs a tile-safe style, whose tiles equal the whole picture. ``memory``: MB that
    translating a picture may take; a picture that would need more and cannot be cut is refused. ``threads``: CPU cores
    to use; None: all. ``inputs``: the number of pictures that the style is expected to translate together. ``gpu``: how
    a GPU is used. ``bind``: run on buffers that are reused (`binding`); None: on GPUs. ``on_remark`` is called once
    where memory is too short for a batch, or CUDA graphs cannot be recorded.

    Raises ``UnusableError`` if the file or the device cannot be used, ``UserError`` for a tile size that the style
    does not allow, and for a style of another number of pictures.
    """

    def __init__(
        self,
        path: Path,
        *,
        device: str = "auto",
        tile: int | None = None,
        memory: int | None = None,
        threads: int | None = None,
        inputs: int = 1,
        gpu: GpuOptions | None = None,
        bind: bool | None = None,
        on_remark: OnRemark = _ignore,
    ) -> None:
        self.device, self.why_cpu = choose_device(device)
        self.batch_limit: int | None = None  # pictures at a time, once memory has been too short for more
        self._path, self._threads, self._on_remark = path, threads, on_remark
        self._gpu = gpu or GpuOptions()
        self._open()
        if self.device != "cpu" and "CUDAExecutionProvider" not in self._session.get_providers():
            if device != "auto":
                raise UnusableError(f"<device> {device}: onnxruntime could not start CUDA; try <device> cpu")
            self.device, self.why_cpu = "cpu", "onnxruntime could not start CUDA"  # and falls back to the CPU
        self.info = read_contract(self._session, path)
        if self.info.pictures != inputs:
            raise UserError(_wrong_number(self.info, inputs))
        known = {INPUT, *([DOMAIN] if self.info.domains else []), *([CONDITION] if self.info.condition else [])}
        extra = [port.name for port in self._session.get_inputs() if port.name not in known]
        if extra:
            raise UnusableError(
                f"{path}: the style also needs {', '.join(extra)}, which this program cannot provide; "
                f"it supports the inputs {INPUT!r} and, where the metadata say so, {DOMAIN!r} or {CONDITION!r}"
            )
        self._tile_safe = self.info.tile_safe and self.info.receptive_field > 0
        if tile and not self._tile_safe:
            raise UserError(
                f"<tile> {tile}: {self.info.title!r} looks at the whole picture at once and cannot be cut into tiles; "
                "leave <tile> out, and for large pictures use <max_size>"
            )
        self._tile = tile
        self._memory = memory
        self._longest_tile: int | None = None  # set once memory has run out
        self._bound: BoundRuns | None = None
        if bind or (bind is None and self.device != "cpu"):
            graphs = self._gpu.cuda_graphs and self.device != "cpu"
            self._bound = BoundRuns(self._session, self.device, scale=self.info.scale, graphs=graphs)

    def _open(self) -> None:
        """Open the session; without CUDA graphs, where onnxruntime cannot record this style's."""
        try:
            self._session = open_session(self._path, providers_of(self.device, self._gpu), threads=self._threads)
        except UnusableError:
            if not self._gpu.cuda_graphs or self.device == "cpu":
                raise
            self._gpu = replace(self._gpu, cuda_graphs=False)
            self._session = open_session(self._path, providers_of(self.device, self._gpu), threads=self._threads)
            self._on_remark(f"<cuda_graphs>: onnxruntime cannot record those of {self._path.name}; goes on without")

    def __call__(self, images: NDArray[np.uint8], domain: Target = None) -> NDArray[np.uint8]:
        """uint8 [N, H, W, 3] in sRGB -> the same type, ``info.scale`` times as high and wide.

        A style of K pictures takes them one after another in the channels, [N, H, W, 3 K].

        A style with domains (``info.domains``) needs ``domain``, the name of the one to translate to; where the domains
        are attributes, the names of all that the result should have. One with a condition needs a `Wanted` instead.

        If memory runs out, fewer pictures are translated at a time from then on, and those of a tile-safe style in
        smaller tiles. Raises ``PictureError`` if that does not help, ``DeviceLostError`` if the GPU has failed,
        ``UserError`` if ``domain`` does not suit the style, ``UnusableError`` if the style returns another shape.
        """
        count, height, width, _ = images.shape
        condition = domain_input(self.info, [domain] * count)
        while True:
            side, most = self._tile_side(height, width), min(count, self.batch_limit or count)
            try:
                if most == count:
                    return self._run(images, condition, side)
                starts = range(0, count, most)
                parts = [slice(start, start + most) for start in starts]
                return np.concatenate(
                    [self._run(images[part], {k: rows[part] for k, rows in condition.items()}, side) for part in parts]
                )
            except (OnnxRuntimeError, MemoryError) as error:
                if DEVICE_LOST.search(str(error)):
                    raise DeviceLostError(f"{self.device} has failed: {reason(error)}") from error
                if OUT_OF_MEMORY.search(str(error)) and self._take_less(most, side, max(height, width)):
                    continue
                raise PictureError(
                    f"{width} x {height} pixels cannot be translated on {self.device}: {reason(error)}; try <max_size>"
                ) from error

    def _take_less(self, pictures: int, side: int | None, longest: int) -> bool:
        """After memory ran out for as many ``pictures`` at a time, in tiles of ``side``; False: there is no less."""
        if pictures > 1:
            if self.batch_limit is None:
                self._on_remark(
                    f"{self.device}: memory is too short for {pictures} pictures at a time; goes on with fewer"
                )
            self.batch_limit = min(self.batch_limit or pictures, pictures // 2)
            return True
        side = min(side or AUTO_TILE, longest) // 2
        if not self._tile_safe or side < MIN_TILE:
            return False
        self._longest_tile = side
        return True

    def divide_cores(self, pictures: int) -> int:
        """Prepare for ``pictures`` of them: returns how many threads should call at once, each with one picture.

        The CPU cores are divided among these threads. That is faster than all cores sharing the work on each picture:
        two cores took 1.36 s instead of 1.72 for the same 24 photos. More than `MAX_WORKERS` threads would take
        more memory.
        """
        cores = self._threads or usable_cores()
        threads = max(1, min(MAX_WORKERS, pictures, cores if self.device == "cpu" else MAX_WORKERS))
        if threads > 1 and self.device == "cpu" and self._bound is None:
            self._session = open_session(self._path, providers_of("cpu"), threads=cores // threads)
        return threads

    def in_strips(
        self,
        read: Callable[[int, int], NDArray[np.uint8]],
        write: Callable[[int, NDArray[np.uint8]], None],
        size: tuple[int, int],
        domain: Target = None,
    ) -> None:
        """Translate a picture of ``size``, width and height, that is never held as a whole.

        ``read(top, bottom)`` returns its rows as uint8 [bottom - top, W, 3], ``write(top, rows)`` takes the result's,
        ``info.scale`` times as many and as long; both go through the picture once from top to bottom, and no row is
        written before it is read. The result equals that of a call on the whole picture. Raises ``PictureError`` if the
        style is not tile-safe, else as a call does.
        """
        width, height = size
        if not self._tile_safe:
            raise PictureError(
                f"{width} x {height} pixels are too many for {self.info.title!r}, which looks at the whole picture at "
                "once; try <max_size>"
            )
        pending = np.empty((0, width, 3), np.uint8)  # rows already read that later strips still need
        top = 0  # index of the first of them
        for rows in spans(height, STRIP, self.info.stride, self.info.halo):
            pending = np.concatenate((pending[rows.outer.start - top :], read(top + len(pending), rows.outer.stop)))
            top = rows.outer.start
            translated = rows.enlarged(self.info.scale)
            write(translated.core.start, self(pending[np.newaxis], domain)[0, translated.core_in_outer])

    def _tile_side(self, height: int, width: int) -> int | None:
        """The side of the tiles for a picture of this size; None: do not cut."""
        side, scale = self._tile, self.info.scale
        if side is None and self._tile_safe and height * width * scale**2 > AUTO_TILE_FROM:
            side = AUTO_TILE // scale
        if self._memory is not None:
            side = self._side_within(self._memory * 1_000_000, side or max(height, width), height * width)
        if self._longest_tile is not None:
            side = min(side or self._longest_tile, self._longest_tile)
        return side or None

    def _side_within(self, memory: int, side: int, pixels: int) -> int:
        """``side``, or less if a tile with its halo would take more than ``memory`` bytes; 0: do not cut."""
        if not self._tile_safe:
            needed = pixels * self.info.scale**2 * BYTES_PER_PIXEL
            if needed <= memory:
                return 0
            raise PictureError(
                f"{pixels / 1e6:.1f} MP would take about {needed / 1e6:.0f} MB, over <memory> {memory // 1_000_000}, "
                f"and {self.info.title!r} cannot be cut into tiles; try <max_size>"
            )
        longest = math.isqrt(memory // BYTES_PER_PIXEL_TILED) // self.info.scale - 2 * self.info.halo
        return min(side, max(MIN_TILE, longest))

    def _run(self, images: NDArray[np.uint8], condition: Condition, side: int | None) -> NDArray[np.uint8]:
        return self._run_whole(images, condition) if side is None else self._run_tiles(images, condition, side)

    def _run_tiles(self, images: NDArray[np.uint8], condition: Condition, side: int) -> NDArray[np.uint8]:
        count, height, width, _ = images.shape
        stride, halo, scale = self.info.stride, self.info.halo, self.info.scale
        result = np.empty((count, scale * height, scale * width, 3), np.uint8)
        for rows in spans(height, side, stride, halo):
            for columns in spans(width, side, stride, halo):
                tile = self._run_whole(images[:, rows.outer, columns.outer], condition)
                y, x = rows.enlarged(scale), columns.enlarged(scale)
                result[:, y.core, x.core] = tile[:, y.core_in_outer, x.core_in_outer]
        return result

    def _run_whole(self, images: NDArray[np.uint8], condition: Condition) -> NDArray[np.uint8]:
        if self._bound is not None:
            return self._bound(images, condition)
        inputs = {INPUT: np.ascontiguousarray(images), **condition}
        with onnxruntime_call():
            (result,) = self._session.run([OUTPUT], inputs)
        count, height, width, _ = images.shape
        shape = (count, self.info.scale * height, self.info.scale * width, 3)
        if result.shape != shape or result.dtype != np.uint8:
            raise UnusableError(
                f"{self.info.title!r} returns {result.dtype} {result.shape} for {images.shape}, not uint8 {shape}; "
                "export the style again"
            )
        return result


def _wrong_number(info: StyleInfo, given: int) -> str:
    if info.pictures == 1:
        return f"<inputs>: {info.title!r} translates single pictures, not {given}; use `translate convert`"
    remedy = "use `translate sample` with <inputs>" if given == 1 else f"not {given}"
    return f"{info.title!r} translates {info.pictures} pictures together ({', '.join(info.inputs)}); {remedy}"


def open_style(
    name_or_path: str, *, device: str = "auto", tile: int | None = None, memory: int | None = None, int8: bool = True
) -> Translator:
    """Open a shipped style by name, or a style file; parameters and errors as for `Translator`.

    With ``int8``, a shipped style's faster variant is opened: int8 on a CPU where that is fast, float16 on a GPU.
    Raises ``UserError`` for a style that enlarges.
    """
    path = style_file(name_or_path, device=device, int8=int8)
    translator = Translator(path, device=device, tile=tile, memory=memory)
    translator.info.require_same_size()
    return translator


def style_file(name_or_path: str, *, device: str = "auto", int8: bool = True) -> Path:
    """The file that `open_style` opens; ``device`` may be several GPUs too."""
    path = find_style(name_or_path)
    return variant_for(path, choose_devices(device)[0][0]) if int8 else path
