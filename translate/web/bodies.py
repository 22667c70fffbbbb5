"""Bodies of requests: counted while they come, written to disk as they come, and given up on when they do not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request

from translate.web.problems import Problem
from translate.web.settings import ServeSettings


class HungUp(Exception):  # noqa: N818 (nothing went wrong here)
    """The client closed the connection; nobody is left to answer."""


async def receive_body(
    request: Request,
    path: Path,
    limit: int,
    settings: ServeSettings,
    *,
    within: float | None = None,
    on_bytes: Callable[[int], object] = lambda count: None,
) -> int:
    """Write the body of ``request`` to ``path`` and return its size in bytes, from 1 to ``limit``.

    ``on_bytes`` is called with the size of each piece before it is written. Raises `Problem` for a body that is empty,
    too large, too slow by ``settings``, or not there after ``within`` seconds; `HungUp` where the client leaves.
    """
    _refuse_length(request, limit)
    start, total = time.monotonic(), 0
    with path.open("wb") as file:
        while True:
            piece, more = await _next_piece(request, settings.stall)
            total += len(piece)
            if total > limit:
                raise _too_large(limit)
            on_bytes(len(piece))
            if piece:
                await asyncio.to_thread(file.write, piece)
            if not more:
                break
            _refuse_slow(time.monotonic() - start, total, settings, within)
    if not total:
        raise Problem("unusable-picture", "the body is empty, 0 bytes; send the file's content as the body")
    return total


async def _next_piece(request: Request, stall: float) -> tuple[bytes, bool]:
    """The next piece of the body, and whether there are more."""
    try:
        message = await asyncio.wait_for(request.receive(), stall)
    except TimeoutError:
        raise Problem("too-slow", f"nothing came for {stall:g} seconds", {"Connection": "close"}) from None
    if message["type"] == "http.disconnect":
        raise HungUp
    return message.get("body", b""), message.get("more_body", False)


def _refuse_length(request: Request, limit: int) -> None:
    """Refuse a body that says that it is too large. What it says may be a lie, so that it is counted all the same."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 18 or int(length) > limit):
        raise _too_large(limit)


def _refuse_slow(seconds: float, total: int, settings: ServeSettings, within: float | None) -> None:
    if within is not None and seconds > within:
        raise Problem("too-slow", f"not all of it came in {within:g} seconds", {"Connection": "close"})
    if seconds > settings.stall and total < settings.slowest * seconds:
        slowest = settings.slowest
        raise Problem("too-slow", f"less than {slowest} bytes per second came", {"Connection": "close"})


def _too_large(limit: int) -> Problem:
    return Problem("too-large", f"more than the limit of {limit / 1e6:g} MB", {"Connection": "close"})
