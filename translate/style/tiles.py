"""Cutting a picture into tiles with a margin of context around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """One tile along one axis."""

    core: slice  # the pixels it contributes to the result
    outer: slice  # the pixels of the photo it is computed from

    @property
    def core_in_outer(self) -> slice:
        start = self.core.start - self.outer.start
        return slice(start, start + self.core.stop - self.core.start)

    def enlarged(self, scale: int) -> Span:
        """The same tile in a picture ``scale`` times as large."""
        core, outer = (slice(scale * part.start, scale * part.stop) for part in (self.core, self.outer))
        return Span(core, outer)


def spans(length: int, side: int, stride: int, halo: int) -> Iterator[Span]:
    """Cut ``length`` pixels into tiles of about equal size, at most ``side`` rounded up to the stride.

    All tiles start at a multiple of the stride, and all but the last end at one: the graph then pads only at the end of
    the picture, as it does for the whole picture. ``halo`` must be a multiple of the stride.
    """
    count = -(-length // (-(-side // stride) * stride))
    step = -(-length // (count * stride)) * stride
    for start in range(0, length, step):
        stop = min(start + step, length)
        yield Span(slice(start, stop), slice(max(0, start - halo), min(length, stop + halo)))
