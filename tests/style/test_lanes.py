"""Several devices at once, played by CPU sessions: batches, too little memory, and devices that fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from tests.helpers.pictures import draw_photo
from translate.errors import PictureError
from translate.style.lanes import Lane, Lanes
from translate.style.session import DeviceLostError, onnxruntime_call
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]

# as onnxruntime raises them
FAILED = (
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; "
    "hostname=host ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/gpu_data_transfer.cc ; line=73 ; "
    "expr=cudaMemcpyAsync(dst_data, src_data, bytes, cudaMemcpyDeviceToHost);"
)
NO_MEMORY = (
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Conv node. "
    "Name:'conv2d' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* "
    "onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for "
    "requested buffer of size 939524096"
)
SIZES = [(24, 16), (20, 16), (24, 16)]
PHOTOS = [draw_photo(*SIZES[index % 3]) + np.uint8(index) for index in range(12)]


class Device:
    """A translator on the CPU under another name: raises ``error`` where ``fails`` says so of a batch's length."""

    def __init__(self, style: Path, name: str, fails: Callable[[int], bool] = bool, error: str | None = None) -> None:
        self.translator = Translator(style, device="cpu", bind=True, on_remark=self.remark)
        self.translator.device = name
        self.batches: list[int] = []
        self.remarks: list[str] = []
        run = self.translator._bound
        assert run is not None

        def bound(images: Pixels, condition: Any) -> Pixels:
            self.batches.append(len(images))
            if error is not None and fails(len(images)):
                self.batches.pop()
                raise RuntimeException(error)
            return run(images, condition)

        def guarded(images: Pixels, condition: Any) -> Pixels:
            with onnxruntime_call():
                return bound(images, condition)

        self.translator._bound = guarded  # type: ignore[assignment]

    def remark(self, text: str) -> None:
        self.remarks.append(text)


@contextmanager
def opened(lanes: Lanes) -> Iterator[Callable[[list[Pixels]], list[Pixels]]]:
    """Translates photos from as many threads as the lanes ask for."""

    def convert(photos: list[Pixels]) -> list[Pixels]:
        with ThreadPoolExecutor(lanes.divide_cores(len(photos))) as pool:
            return list(pool.map(lambda photo: lanes(photo[np.newaxis])[0], photos))

    try:
        yield convert
    finally:
        lanes.close()


@pytest.fixture(scope="module")
def expected(tiny_style: Path) -> list[Pixels]:
    translator = Translator(tiny_style, device="cpu")
    return [translator(photo[np.newaxis])[0] for photo in PHOTOS]


def assert_same(results: list[Pixels], expected: list[Pixels]) -> None:
    for result, wanted in zip(results, expected, strict=True):
        assert np.abs(result.astype(int) - wanted).max() <= 1


def test_two_devices_share_the_photos_in_batches(tiny_style: Path, expected: list[Pixels]) -> None:
    devices = [Device(tiny_style, name) for name in ("cuda:0", "cuda:1")]
    lanes = Lanes([Lane(device.translator, batch=4, threads=2) for device in devices])
    assert (lanes.device, lanes.divide_cores(100), lanes.divide_cores(3)) == ("cuda:0,cuda:1", 16, 3)
    with opened(lanes) as convert:
        for _ in range(2):  # the threads that `close` ended start again
            assert_same(convert(PHOTOS), expected)
            lanes.close()
    taken = [device.batches for device in devices]
    assert all(taken) and sum(map(sum, taken)) == 2 * len(PHOTOS)
    assert {count for counts in taken for count in counts} <= {1, 2, 4}


def test_photos_of_one_size_that_wait_become_one_batch(tiny_style: Path, expected: list[Pixels]) -> None:
    device = Device(tiny_style, "cuda:0")
    lanes = Lanes([Lane(device.translator, batch=8)])
    with opened(lanes):
        assert_same(list(lanes(np.stack(PHOTOS[:1] + PHOTOS[2:4]))), expected[:1] + expected[2:4])
        assert device.batches == [2, 1]
        both = lanes(np.stack([PHOTOS[1]] * 8))
    assert device.batches == [2, 1, 8] and len(both) == 8


def test_too_little_memory_for_a_batch_is_said_once(tiny_style: Path, expected: list[Pixels]) -> None:
    device = Device(tiny_style, "cuda:0", lambda count: count > 2, NO_MEMORY)
    with opened(Lanes([Lane(device.translator, batch=8)])) as convert:
        device.translator(np.stack([PHOTOS[0]] * 8))
        assert_same(convert(PHOTOS), expected)
    assert device.remarks == ["cuda:0: memory is too short for 8 pictures at a time; goes on with fewer"]
    assert max(device.batches) == 2


def test_the_photos_of_a_device_that_fails_go_to_the_other(tiny_style: Path, expected: list[Pixels]) -> None:
    remarks: list[str] = []
    met = threading.Event()

    def fails(count: int) -> bool:
        met.set()
        return True

    broken, sound = Device(tiny_style, "cuda:0", fails, FAILED), Device(tiny_style, "cuda:1")
    lanes = Lanes(
        [Lane(broken.translator, batch=4, threads=2), Lane(sound.translator, batch=4)], on_remark=remarks.append
    )
    with opened(lanes) as convert:
        while not met.is_set():  # until the broken one has had a photo
            assert_same(convert(PHOTOS), expected)
        assert_same(convert(PHOTOS), expected)
        assert lanes.first_device == "cuda:1"
    assert len(remarks) == 1 and not broken.batches
    assert remarks[0].startswith("cuda:0 has failed: CUDA failure 700: an illegal memory access was encountered")
    assert remarks[0].endswith("; its pictures go to cuda:1")


def test_after_the_last_device_the_cpu_takes_over(tiny_style: Path, expected: list[Pixels]) -> None:
    remarks: list[str] = []
    device = Device(tiny_style, "cuda:0", lambda count: len(device.batches) > 2, FAILED)
    cpu = Translator(tiny_style, device="cpu")
    lanes = Lanes([Lane(device.translator, batch=2, threads=2)], fallback=lambda: Lane(cpu), on_remark=remarks.append)
    with opened(lanes) as convert:
        assert_same(convert(PHOTOS), expected)
    assert [remark.rpartition("; ")[2] for remark in remarks] == ["its pictures go to cpu"]
    assert lanes.first_device == "cpu"


def test_without_a_fallback_photos_fail_at_once(tiny_style: Path) -> None:
    device = Device(tiny_style, "cuda:0", lambda count: True, FAILED)
    with opened(lanes := Lanes([Lane(device.translator, batch=4, threads=2)])) as convert:
        for _ in range(2):
            with pytest.raises(DeviceLostError, match="cuda:0 has failed: CUDA failure 700"):
                convert(PHOTOS)
        with pytest.raises(DeviceLostError):
            _ = lanes.first_device


def test_a_photo_that_cannot_be_translated_does_not_end_its_lane(tiny_style: Path, expected: list[Pixels]) -> None:
    turns = iter([True])
    device = Device(tiny_style, "cuda:0", lambda count: next(turns, False), "[ONNXRuntimeError] : 1 : FAIL : no")
    with opened(lanes := Lanes([Lane(device.translator)])) as convert:
        with pytest.raises(PictureError, match="24 x 16 pixels cannot be translated on cuda:0: no"):
            lanes(PHOTOS[0][np.newaxis])
        assert_same(convert(PHOTOS), expected)


def test_domains_are_batches_of_their_own(season_style: Path) -> None:
    translator = Translator(season_style, device="cpu", bind=True)
    plain = Translator(season_style, device="cpu")
    with opened(lanes := Lanes([Lane(translator, batch=4)])):
        for domain in ("spring", ("autumn",)):
            for photo in PHOTOS[:2]:
                np.testing.assert_array_equal(lanes(photo[None], domain), plain(photo[None], domain))
