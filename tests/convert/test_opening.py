"""What a style is opened as, on GPUs that the CPU plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.pictures import draw_photo, files_below
from tests.helpers.styles import style_info, write_style
from translate.convert import opening, working_size
from translate.convert.conversion import ConvertRequest, convert_files, prepare
from translate.convert.opening import open_on_devices
from translate.errors import UnusableError, UserError
from translate.media.images import Picture, encode_picture, load_picture
from translate.style import translator as inference
from translate.style.devices import GpuOptions
from translate.style.enlarger import Enlarger
from translate.style.lanes import Lanes
from translate.style.session import DeviceLostError, open_session
from translate.style.translator import Translator


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """``cuda:0`` and ``cuda:1``, or the first of them for ``auto``, whose sessions are on the CPU."""
    monkeypatch.setattr(inference, "providers_of", lambda device, gpu=None: ["CPUExecutionProvider"])
    monkeypatch.setattr(inference, "choose_device", lambda wanted: ("cuda:0" if wanted == "auto" else wanted, None))
    for module in (opening, inference):
        monkeypatch.setattr(
            module, "choose_devices", lambda wanted: (wanted.replace("auto", "cuda:0").split(","), None)
        )
    opened = open_session

    class OnGpu:
        """A session on the CPU that names CUDA's provider."""

        def __init__(self, session: Any) -> None:
            self.session = session

        def get_providers(self) -> list[str]:
            return ["CUDAExecutionProvider"]

        def __getattr__(self, name: str) -> Any:
            return getattr(self.session, name)

    monkeypatch.setattr(inference, "open_session", lambda *given, **more: OnGpu(opened(*given, **more)))
    monkeypatch.setattr("translate.style.binding.parse_device", lambda device: ("cpu", 0))
    monkeypatch.setattr("translate.style.binding._cuda_runtime", lambda: None)


def test_a_folder_on_two_gpus(two_gpus: None, tiny_style: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(9):
        picture = Picture(draw_photo(40 + number % 2, 30))
        (tmp_path / "in" / f"{number}.png").write_bytes(encode_picture(picture, "PNG"))
    made = {}
    for device in ("cpu", "cuda:0,cuda:1"):
        request = ConvertRequest(
            inputs=[tmp_path / "in"], output=tmp_path / device, style=tiny_style, device=device, gpu=GpuOptions(batch=4)
        )
        conversion = prepare(request)
        assert (conversion.device, conversion.options.translate_workers > 4) == (device, device != "cpu")
        assert [result.error for result in conversion.run()] == [None] * 9
        made[device] = [load_picture(path).rgb for path in sorted((tmp_path / device).iterdir())]
    for one, other in zip(*made.values(), strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_a_gpu_that_fails_while_enlarging_gives_way_to_the_cpu(
    two_gpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = write_style(tmp_path / "style.onnx", info=style_info(working_size=20))
    (tmp_path / "photo.png").write_bytes(encode_picture(Picture(draw_photo(60, 40)), "PNG"))
    remarks: list[str] = []

    def enlarger(device: str, workers: int) -> Any:
        if device == "cpu":
            return Enlarger(device="cpu")

        def fail(drawn: object, size: object) -> None:
            raise DeviceLostError(f"{device} has failed: CUDA failure 719: unspecified launch failure")

        fail.device = device  # type: ignore[attr-defined]
        return fail

    monkeypatch.setattr(working_size, "_open_enlarger", enlarger)
    request = ConvertRequest(inputs=[tmp_path / "photo.png"], output=tmp_path / "out.png", style=style)
    (result,) = convert_files(request, on_remark=remarks.append)
    assert (result.error, result.size) == (None, (60, 40))
    assert remarks == ["cuda:0 has failed: CUDA failure 719: unspecified launch failure; its pictures go to cpu"]
    assert files_below(tmp_path) >= {"out.png"}


def test_a_style_without_cuda_graphs_goes_on_without(
    two_gpus: None, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def providers(device: str, gpu: GpuOptions) -> list[str]:
        asked.append(gpu.cuda_graphs)
        if gpu.cuda_graphs:
            raise UnusableError("This session cannot use the graph capture feature as requested by the user")
        return ["CPUExecutionProvider"]

    monkeypatch.setattr(inference, "providers_of", providers)
    remarks: list[str] = []
    opened = open_on_devices(str(tiny_style), "cuda:0", gpu=GpuOptions(cuda_graphs=True), on_remark=remarks.append)
    assert isinstance(opened, Lanes) and asked == [True, False]
    assert remarks == ["<cuda_graphs>: onnxruntime cannot record those of tiny.onnx; goes on without"]


def test_the_cpu_is_no_lane(tiny_style: Path, photo: Path) -> None:
    assert isinstance(open_on_devices(str(tiny_style), "cpu"), Translator)
    with pytest.raises(UserError, match="batch 0: has to be at least 1"):
        open_on_devices(str(tiny_style), "cpu", gpu=GpuOptions(batch=0))
    request = ConvertRequest(inputs=[photo], style=tiny_style, device="cpu", gpu_jpeg=True)
    with pytest.raises(UserError, match="gpu_jpeg: the style runs on the CPU; leave it out, or give device cuda"):
        prepare(request)
