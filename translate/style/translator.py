"""One ONNX file -> a callable on pictures as arrays. Needs onnxruntime alone; what the file promises: `contract`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translate.errors import PictureError, UnusableError, UserError
from translate.machine import usable_cores
from translate.style.catalogue import find_style, variant_for
from translate.style.contract import DOMAIN, INPUT, OUTPUT
from translate.style.devices import choose_device, providers_of
from translate.style.session import ORT_ERRORS, SHORT_OF_MEMORY, open_session, read_contract, reason
from translate.style.tiles import spans

AUTO_TILE = 1024  # pixels per side
AUTO_TILE_FROM = 4_000_000  # pixels; smaller pictures go through whole
SMALLEST_TILE = 128  # pixels per side, where memory is short
STRIP = 512  # rows of a picture that is not held as a whole
MOST_WORKERS = 4
# that a style takes while it runs, as measured: of `mobile`, the one generator whose styles are tile-safe, 135 with 48
# channels and 159 with 80, in int8 less; of `resnet`, the largest of the others, 2400
BYTES_A_PIXEL_IN_TILES = 165
BYTES_A_PIXEL = 2400

Condition = dict[str, NDArray[Any]]  # what goes into the network besides the pictures


class Translator:
    """A style ready to run on one device.

    ``device``: ``auto`` (a GPU where there is one, else the processor), ``cpu``, ``cuda`` or ``cuda:N``.
    ``tile``: side in pixels of the tiles a picture is cut in, rounded up to the style's stride; 0 never cuts, None cuts
    large pictures. Cutting needs a tile-safe style, whose tiles equal the whole picture. ``memory``: MB that the
    translation of a picture may take; where tiles do not bring it below, the picture is refused. ``threads``: cores of
    the processor to use, None: all.

    Raises ``UnusableError`` where the file or the device cannot be used, ``UserError`` for a tile size that the style
    does not allow.
    """

    def __init__(
        self,
        path: Path,
        *,
        device: str = "auto",
        tile: int | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.device, self.why_cpu = choose_device(device)
        self._path, self._threads = path, threads
        self._session = open_session(path, providers_of(self.device), threads=threads)
        if self.device != "cpu" and "CUDAExecutionProvider" not in self._session.get_providers():
            if device != "auto":
                raise UnusableError(f"<device> {device}: onnxruntime could not start CUDA; try <device> cpu")
            self.device, self.why_cpu = "cpu", "onnxruntime could not start CUDA"  # and so runs on the processor
        self.info = read_contract(self._session, path)
        known = {INPUT, DOMAIN} if self.info.domains else {INPUT}
        extra = [port.name for port in self._session.get_inputs() if port.name not in known]
        if extra:
            raise UnusableError(
                f"{path}: the style also asks for {', '.join(extra)}, which this program cannot give; "
                f"it takes styles whose inputs are {INPUT!r} and, with domains in the metadata, {DOMAIN!r}"
            )
        self._tile_safe = self.info.tile_safe and self.info.receptive_field > 0
        if tile and not self._tile_safe:
            raise UserError(
                f"<tile> {tile}: {self.info.title!r} looks at the whole picture at once and cannot be cut in tiles; "
                "leave <tile> out, and for large pictures use <max_size>"
            )
        self._tile = tile
        self._memory = memory
        self._longest_tile: int | None = None  # set once memory has run short

    def __call__(self, images: NDArray[np.uint8], domain: str | Sequence[str] | None = None) -> NDArray[np.uint8]:
        """uint8 [N, H, W, 3] in sRGB -> the same shape and type.

        A style with domains (``info.domains``) needs ``domain``, the name of what to translate to; where its domains
        are attributes, the names of all that shall hold, and any others shall not.

        Where memory runs short, a tile-safe style goes on in smaller tiles. Raises ``PictureError`` where that does
        not help either, ``UserError`` where ``domain`` does not suit the style.
        """
        count, height, width, _ = images.shape
        condition = self._condition(domain, count)
        while True:
            side = self._tile_side(height, width)
            try:
                if side is None:
                    return self._run_whole(images, condition)
                return self._run_tiles(images, condition, side)
            except ORT_ERRORS as error:
                side = min(side or AUTO_TILE, max(height, width)) // 2
                if SHORT_OF_MEMORY.search(str(error)) and self._tile_safe and side >= SMALLEST_TILE:
                    self._longest_tile = side
                    continue
                raise PictureError(
                    f"{width} x {height} pixels cannot be translated on {self.device}: {reason(error)}; try <max_size>"
                ) from error

    def divide(self, pictures: int) -> int:
        """Get ready for ``pictures`` of them: returns how many threads are to call at a time, each with one picture.

        A processor's cores are divided among these. They lose less to waiting for each other than where all of them
        share the work on each picture: two cores took 1.36 s instead of 1.72 for the same 24 photos. More such threads
        would take more memory.
        """
        cores = self._threads or usable_cores()
        threads = max(1, min(MOST_WORKERS, pictures, cores if self.device == "cpu" else MOST_WORKERS))
        if threads > 1 and self.device == "cpu":
            self._session = open_session(self._path, providers_of("cpu"), threads=cores // threads)
        return threads

    def in_strips(
        self,
        read: Callable[[int, int], NDArray[np.uint8]],
        write: Callable[[int, NDArray[np.uint8]], None],
        size: tuple[int, int],
        domain: str | Sequence[str] | None = None,
    ) -> None:
        """Translate a picture of ``size``, width and height, that is never held as a whole.

        ``read(top, bottom)`` gives its rows as uint8 [bottom - top, W, 3], ``write(top, rows)`` takes the result's;
        both go through the picture once from above, and no row is written before it was read. The result equals that
        of a call on the whole picture. Raises ``PictureError`` where the style is not tile-safe, and as a call does.
        """
        width, height = size
        if not self._tile_safe:
            raise PictureError(
                f"{width} x {height} pixels are too many for {self.info.title!r}, which looks at the whole picture at "
                "once; try <max_size>"
            )
        pending = np.empty((0, width, 3), np.uint8)  # rows that were read and are still seen by strips to come
        top = 0  # the first of them
        for rows in spans(height, STRIP, self.info.stride, self.info.halo):
            pending = np.concatenate((pending[rows.outer.start - top :], read(top + len(pending), rows.outer.stop)))
            top = rows.outer.start
            write(rows.core.start, self(pending[np.newaxis], domain)[0, rows.core_in_outer])

    def _condition(self, domain: str | Sequence[str] | None, count: int) -> Condition:
        """The inputs besides the pictures, the same for all ``count`` of them."""
        positions = self.info.positions(domain)
        if not self.info.domains:
            return {}
        if self.info.exclusive:
            return {DOMAIN: np.full(count, positions[0], np.int64)}
        attributes = np.zeros((count, len(self.info.domains)), np.float32)
        attributes[:, positions] = 1
        return {DOMAIN: attributes}

    def _tile_side(self, height: int, width: int) -> int | None:
        """The side of the tiles for a picture of this size, None: the whole picture in one."""
        side = self._tile
        if side is None and self._tile_safe and height * width > AUTO_TILE_FROM:
            side = AUTO_TILE
        if self._memory is not None:
            side = self._side_within(self._memory * 1_000_000, side or max(height, width), height * width)
        if self._longest_tile is not None:
            side = min(side or self._longest_tile, self._longest_tile)
        return side or None

    def _side_within(self, memory: int, side: int, pixels: int) -> int:
        """``side``, or the longest with which a tile and its surroundings take no more than ``memory`` bytes."""
        if not self._tile_safe:
            needed = pixels * BYTES_A_PIXEL
            if needed <= memory:
                return 0
            raise PictureError(
                f"{pixels / 1e6:.1f} MP would take about {needed / 1e6:.0f} MB, over <memory> {memory // 1_000_000}, "
                f"and {self.info.title!r} cannot be cut in tiles; try <max_size>"
            )
        longest = math.isqrt(memory // BYTES_A_PIXEL_IN_TILES) - 2 * self.info.halo
        return min(side, max(SMALLEST_TILE, longest))

    def _run_tiles(self, images: NDArray[np.uint8], condition: Condition, side: int) -> NDArray[np.uint8]:
        _, height, width, _ = images.shape
        stride, halo = self.info.stride, self.info.halo
        result = np.empty_like(images)
        for rows in spans(height, side, stride, halo):
            for columns in spans(width, side, stride, halo):
                tile = self._run_whole(images[:, rows.outer, columns.outer], condition)
                result[:, rows.core, columns.core] = tile[:, rows.core_in_outer, columns.core_in_outer]
        return result

    def _run_whole(self, images: NDArray[np.uint8], condition: Condition) -> NDArray[np.uint8]:
        (result,) = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(images), **condition})
        if result.shape != images.shape or result.dtype != np.uint8:
            raise UnusableError(
                f"{self.info.title!r} answers {images.shape} with {result.dtype} {result.shape}, "
                "not with the same shape in uint8; export the style anew"
            )
        return result


def open_style(
    name_or_path: str, *, device: str = "auto", tile: int | None = None, memory: int | None = None, int8: bool = True
) -> Translator:
    """The style of that name, or in that file, ready to run; see `Translator`.

    On a processor that multiplies bytes fast it is the ``int8`` variant of a shipped style, unless that is not wanted.
    """
    path = style_file(name_or_path, device=device, int8=int8)
    return Translator(path, device=device, tile=tile, memory=memory)


def style_file(name_or_path: str, *, device: str = "auto", int8: bool = True) -> Path:
    """The file that `open_style` opens."""
    path = find_style(name_or_path)
    return variant_for(path, choose_device(device)[0]) if int8 else path
