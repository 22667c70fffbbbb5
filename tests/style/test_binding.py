"""Buffers that are reused, on the CPU: the same results, and none of them changes afterwards."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.style import binding
from translate.style.binding import page_locked
from translate.style.translator import Translator

SIZES = [(30, 20), (31, 20), (30, 20), (64, 48), (33, 7)]


@pytest.mark.parametrize("scale", [1, 3])
def test_bound_runs_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: int) -> None:
    monkeypatch.setattr(binding, "MAX_SHAPES", 2)  # so that some buffers are made twice
    style = write_style(tmp_path / "style.onnx", info=style_info(scale=scale))
    plain, bound = Translator(style, device="cpu"), Translator(style, device="cpu", bind=True)
    photos = [np.stack([draw_photo(*size), 255 - draw_photo(*size)]) for size in SIZES * 2]
    results = [bound(photo) for photo in photos]
    for photo, result in zip(photos, results, strict=True):
        np.testing.assert_array_equal(result, plain(photo))


def test_a_thread_has_buffers_of_its_own(tiny_style: Path) -> None:
    bound = Translator(tiny_style, device="cpu", bind=True)
    photo = draw_photo(30, 20)[None]
    wanted = bound(photo)
    wrong: list[int] = []

    def convert(given: np.ndarray, expected: np.ndarray) -> None:
        wrong.extend(turn for turn in range(30) if not np.array_equal(bound(given), expected))

    threads = [Thread(target=convert, args=(given, bound(given))) for given in (photo, 255 - photo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and np.array_equal(bound(photo), wanted)


def test_recorded_shapes_keep_their_buffers(tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "MAX_SHAPES", 2)
    plain = Translator(tiny_style, device="cpu")
    runs = binding.BoundRuns(plain._session, "cpu", graphs=True)
    photos = [draw_photo(*size)[None] for size in SIZES * 2]
    for photo in photos:
        np.testing.assert_array_equal(runs(photo, {}), plain(photo))
    assert set(runs._own.kept) == {(1, 20, 30, 3), (1, 20, 31, 3)}  # later ones are run without a graph


class Runtime:
    """CUDA's runtime library, which refuses to lock memory if ``status`` is not 0."""

    def __init__(self, status: int) -> None:
        self.status, self.calls = status, []  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> object:
        def call(*arguments: object) -> int:
            self.calls.append(name)
            return self.status if name == "cudaHostRegister" else 0

        return call


@pytest.mark.parametrize(("status", "last"), [(0, "cudaHostUnregister"), (2, "cudaGetLastError")])
def test_memory_is_locked_as_long_as_it_is_used(monkeypatch: pytest.MonkeyPatch, status: int, last: str) -> None:
    runtime = Runtime(status)
    monkeypatch.setattr(binding, "_cuda_runtime", lambda: runtime)
    view = page_locked((2, 3), "cuda:1")[1:]
    assert runtime.calls[:2] == ["cudaSetDevice", "cudaHostRegister"] and "cudaHostUnregister" not in runtime.calls
    del view
    assert runtime.calls[-1] == last
    page_locked((2, 3), "cpu")
    assert len(runtime.calls) == 3
