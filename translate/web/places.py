"""Places for requests, and the threads that work on them: what does not fit is refused at once."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from translate.web.bodies import HungUp
from translate.web.problems import Problem

T = TypeVar("T")
SMOOTHING = 0.9  # of the running mean of seconds per piece of work
LONGEST_WAIT = 60  # seconds that a refused client is asked to wait at most


class Places:
    """``limit`` places; who finds none is refused instead of waiting. It may be used from several threads."""

    def __init__(self, limit: int, what: str) -> None:
        self.limit, self.taken, self._what = limit, 0, what
        self._lock = threading.Lock()

    @contextmanager
    def take(self, retry_after: int = 1) -> Iterator[None]:
        """Hold a place inside. Raises `Problem` if there is none, asking to come back in ``retry_after`` seconds."""
        with self._lock:
            if self.taken >= self.limit:
                detail = f"{self.limit} {self._what} already; try again in {retry_after} s"
                raise Problem("too-busy", detail, {"Retry-After": str(retry_after)})
            self.taken += 1
        try:
            yield
        finally:
            with self._lock:
                self.taken -= 1


class Workers:
    """Threads that take work in the order it came, and know how long it takes."""

    def __init__(self, threads: int, name: str) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, name)
        self._mean = 1.0  # seconds per piece of work
        self.running = 0
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        return self._pool.submit(self._timed, work)

    def retry_after(self, waiting: int) -> int:
        """Whole seconds until ``waiting`` pieces of work are probably done, from 1 to `LONGEST_WAIT`."""
        return max(1, min(LONGEST_WAIT, math.ceil(waiting * self._mean / self.threads)))

    def close(self) -> None:
        """Finish what runs, drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _timed(self, work: Callable[[], T]) -> T:
        start = time.perf_counter()
        with self._lock:
            self.running += 1
        try:
            return work()
        finally:
            with self._lock:
                self.running -= 1
                self._mean = SMOOTHING * self._mean + (1 - SMOOTHING) * (time.perf_counter() - start)


async def outcome(future: Future[T], request: Request, timeout: float) -> T:
    """The result of ``future``, whose work a client waits for.

    Raises `Problem` after ``timeout`` seconds, and `HungUp` as soon as the client leaves; both take the work out of
    the queue if it has not begun.
    """
    finished, left = asyncio.wrap_future(future), asyncio.ensure_future(_left(request))
    try:
        either: set[asyncio.Future[Any]] = {finished, left}
        await asyncio.wait(either, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if finished.done():
            return finished.result()
        if left.done():
            raise HungUp
        raise Problem("too-long", f"not done after {timeout:g} s; /v1/jobs waits longer", {"Retry-After": "30"})
    finally:
        left.cancel()
        finished.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
