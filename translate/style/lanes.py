"""A style on several GPUs at once, each with its own session: pictures of equal size are translated in batches.

Callers hand over one picture at a time and wait. Whatever waits when a lane is free becomes its next batch, so that no
picture waits for others to come, and batches grow as soon as the device is slower than what feeds it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from translate.errors import UserError
from translate.style.conditions import Wanted
from translate.style.session import DeviceLostError, Target
from translate.style.translator import OnRemark, Translator

Pixels = NDArray[np.uint8]
Key = tuple[tuple[int, ...], str | tuple[str, ...] | Wanted | None]  # shape and domain of the pictures of a batch


@dataclass(eq=False)
class Lane:
    """One device, and how it is used."""

    translator: Translator
    batch: int = 1  # pictures translated at a time
    threads: int = 1  # that take turns: one copies while the other one computes

    @property
    def most(self) -> int:
        """Pictures to take at a time, now that memory may have been too short for `batch`."""
        return min(self.batch, self.translator.batch_limit or self.batch)


@dataclass(eq=False)
class _Request:
    image: Pixels  # [H, W, 3]
    result: Future[Pixels] = field(default_factory=Future)


class Lanes:
    """Called like a `Translator`, from many threads: `divide_cores` says from how many.

    ``lanes`` have sessions of the same style. If a device fails, its pictures go to the others, and after the last one
    to the lane that ``fallback`` opens; without it they fail, and so do all later ones. ``on_remark`` is told once
    about each. The threads of the lanes end with `close`; a later call starts them again.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        fallback: Callable[[], Lane] | None = None,
        on_remark: OnRemark = lambda remark: None,
    ) -> None:
        self.info = lanes[0].translator.info
        self.device = ",".join(lane.translator.device for lane in lanes)
        self.why_cpu = lanes[0].translator.why_cpu
        self._lanes, self._fallback, self._on_remark = list(lanes), fallback, on_remark
        self._waiting: OrderedDict[Key, deque[_Request]] = OrderedDict()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._running = False
        self._failure: UserError | None = None  # why no lane is left

    def __call__(self, images: Pixels, domain: Target = None) -> Pixels:
        """uint8 [N, H, W, 3] in sRGB -> the same type, ``info.scale`` times as high and wide.

        Raises as `Translator.__call__` does.
        """
        key = images.shape[1:], domain if domain is None or isinstance(domain, str | Wanted) else tuple(domain)
        requests = [_Request(image) for image in images]
        with self._changed:
            if self._failure is not None:
                raise _own(self._failure)
            self._start()
            self._waiting.setdefault(key, deque()).extend(requests)
            self._changed.notify_all()
        return np.stack([request.result.result() for request in requests])

    def in_strips(
        self,
        read: Callable[[int, int], Pixels],
        write: Callable[[int, Pixels], None],
        size: tuple[int, int],
        domain: Target = None,
    ) -> None:
        """As `Translator.in_strips`, on the first device; where that fails, the picture does."""
        self._first().translator.in_strips(read, write, size, domain)

    def divide_cores(self, pictures: int) -> int:
        """Prepare for ``pictures`` of them: returns how many threads should call at once, each with one picture."""
        return max(1, min(pictures, sum(lane.batch * lane.threads for lane in self._lanes)))

    @property
    def first_device(self) -> str:
        """The first of the devices that work."""
        return self._first().translator.device

    def end_device(self, device: str, error: DeviceLostError) -> None:
        """End the lane of ``device``, which has failed with ``error``; without effect if it has ended already."""
        for lane in list(self._lanes):
            if lane.translator.device == device:
                self._end(lane, error)

    def close(self) -> None:
        """End the threads, after what waits has been translated."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join()

    def _first(self) -> Lane:
        with self._changed:
            if self._failure is not None:
                raise _own(self._failure)
            return self._lanes[0]

    def _start(self) -> None:
        if not self._running:
            self._running = True
            for lane in self._lanes:
                self._start_lane(lane)

    def _start_lane(self, lane: Lane) -> None:
        for number in range(lane.threads):
            name = f"{lane.translator.device}-{number}"
            thread = threading.Thread(target=self._serve, args=(lane,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, lane: Lane) -> None:
        """Translate batches until there is nothing left to wait for, or the lane has ended."""
        while (taken := self._take(lane)) is not None:
            key, requests = taken
            try:
                results = lane.translator(np.stack([request.image for request in requests]), key[1])
            except DeviceLostError as error:
                self._end(lane, error)
                self._wait_again(key, requests)
                return
            except BaseException as error:  # noqa: BLE001 (raised again by the callers)
                for request in requests:
                    request.result.set_exception(_own(error))
            else:
                for request, result in zip(requests, results, strict=True):
                    request.result.set_result(result)

    def _take(self, lane: Lane) -> tuple[Key, list[_Request]] | None:
        """The next batch: of the size whose first picture has waited longest, a power of two of them.

        Other numbers would be sizes of their own to the device, each with buffers, and recorded or tuned anew.
        """
        with self._changed:
            while lane in self._lanes and self._running and not self._waiting:
                self._changed.wait()
            if lane not in self._lanes or not self._waiting:
                return None
            key, requests = next(iter(self._waiting.items()))
            count = 1 << (min(len(requests), lane.most).bit_length() - 1)
            taken = [requests.popleft() for _ in range(count)]
            del self._waiting[key]
            if requests:
                self._waiting[key] = requests  # behind the other sizes
            return key, taken

    def _end(self, lane: Lane, error: DeviceLostError) -> None:
        """Take ``lane`` out of service, and open the fallback if it was the last one."""
        with self._changed:
            if lane not in self._lanes:
                return
            self._lanes.remove(lane)
            if not self._lanes:
                self._open_fallback()
            if not self._lanes:
                self._failure = error
                self._fail_waiting()
            self._changed.notify_all()
            to = ",".join(other.translator.device for other in self._lanes)
        if to:
            self._on_remark(f"{error.marked}; its pictures go to {to}")

    def _open_fallback(self) -> None:
        if self._fallback is None:
            return
        try:
            lane = self._fallback()
        except UserError as error:
            self._on_remark(error.marked)
            return
        self._lanes.append(lane)
        if self._running:
            self._start_lane(lane)

    def _wait_again(self, key: Key, requests: list[_Request]) -> None:
        """Put the pictures of a lane that has ended in front of all others."""
        with self._changed:
            self._waiting.setdefault(key, deque()).extendleft(reversed(requests))
            self._waiting.move_to_end(key, last=False)
            if self._failure is not None:
                self._fail_waiting()
            self._changed.notify_all()

    def _fail_waiting(self) -> None:
        assert self._failure is not None
        for requests in self._waiting.values():
            for request in requests:
                request.result.set_exception(_own(self._failure))
        self._waiting.clear()


def _own(error: BaseException) -> BaseException:
    """``error`` for one of several threads: each adds its traceback to what it raises."""
    return type(error)(error.marked) if isinstance(error, UserError) else error
