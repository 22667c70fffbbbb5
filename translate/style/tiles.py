"""Cutting a picture in tiles with a margin of what is round them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


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
