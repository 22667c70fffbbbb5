"""The CPU or a GPU, and what prevents a GPU from being used."""

from __future__ import annotations

import ctypes
from pathlib import Path

import onnxruntime
import pytest

from translate.errors import UnusableError, UserError
from translate.style import devices
from translate.style.devices import Cuda, GpuOptions, choose_device, choose_devices, cuda_obstacle, providers_of


@pytest.mark.parametrize("wanted", ["gpu", "cuda:", "cuda:x", "CPU", ""])
def test_unknown_device(wanted: str) -> None:
    with pytest.raises(UserError, match=f"device {wanted}: give auto, cpu, cuda or cuda:N"):
        choose_device(wanted)


def test_device_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda_obstacle", lambda number=0: "no NVIDIA driver is installed")
    assert choose_device("cpu") == ("cpu", None)
    assert choose_device("auto") == ("cpu", "no NVIDIA driver is installed")
    with pytest.raises(UnusableError, match=r"device cuda:1: no NVIDIA driver is installed; device cpu"):
        choose_device("cuda:1")


def test_device_with_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cuda_obstacle", lambda number=0: None)
    assert choose_device("auto") == ("cuda:0", None)
    assert choose_device("cuda") == ("cuda:0", None)
    assert choose_device("cuda:2") == ("cuda:2", None)
    assert choose_device("cpu") == ("cpu", None)


class Driver:
    """The functions of NVIDIA's driver that return its version and the GPUs."""

    def __init__(self, gpus: int, status: int = 0, version: int = 13020) -> None:
        self.gpus, self.status, self.version = gpus, status, version

    def cuInit(self, flags: int) -> int:  # noqa: N802 (its name in the driver)
        return self.status

    def cuDeviceGetCount(self, count: object) -> int:  # noqa: N802
        count._obj.value = self.gpus  # type: ignore[attr-defined]
        return 0

    def cuDriverGetVersion(self, version: object) -> int:  # noqa: N802
        version._obj.value = self.version  # type: ignore[attr-defined]
        return 0

    def cuDeviceGet(self, device: object, number: int) -> int:  # noqa: N802
        device._obj.value = number  # type: ignore[attr-defined]
        return 0

    def cuDeviceGetName(self, name: ctypes.Array[ctypes.c_char], size: int, device: ctypes.c_int) -> int:  # noqa: N802
        name.value = f"GPU {device.value}".encode()
        return 0 if device.value < 2 else 101


def fake_libraries(monkeypatch: pytest.MonkeyPatch, driver: Driver | None, missing: str = "-") -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: print("Failed to load something"))  # noqa: T201
    monkeypatch.setattr(onnxruntime, "cuda_version", "13.0")
    monkeypatch.setattr(
        devices,
        "load_library",
        lambda name: driver if name in ("libcuda.so.1", "nvcuda.dll") else None if missing in name else object(),
    )


def test_obstacles_to_cuda(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fake_libraries(monkeypatch, None)
    assert cuda_obstacle() == "no NVIDIA driver is installed"
    fake_libraries(monkeypatch, Driver(0))
    assert cuda_obstacle() == "the NVIDIA driver finds no GPU"
    fake_libraries(monkeypatch, Driver(1, status=999))
    assert cuda_obstacle() == "the NVIDIA driver finds no GPU"
    fake_libraries(monkeypatch, Driver(2))
    assert cuda_obstacle(1) is None
    assert cuda_obstacle(2) == "there is no GPU number 2, the last one is 1"
    fake_libraries(monkeypatch, Driver(1, version=12080))
    old = "the NVIDIA driver is for CUDA 12.8, and onnxruntime needs 13.0: update the driver"
    assert cuda_obstacle() == old
    with pytest.raises(UnusableError, match=f"device cuda: {old}; device cpu works everywhere"):
        choose_device("cuda")
    fake_libraries(monkeypatch, Driver(1), missing="cudnn")
    assert "cudnn" in str(cuda_obstacle())
    assert "picture-translate[cuda]" in str(cuda_obstacle())
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert "without CUDA" in str(cuda_obstacle())
    assert capsys.readouterr() == ("", "")


def test_the_parts_of_cuda_that_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_libraries(monkeypatch, Driver(3), missing="cudnn")
    cuda = Cuda()
    assert cuda.built
    assert cuda.driver_version == "13.2"
    assert cuda.gpus == ["GPU 0", "GPU 1", "unnamed"]
    assert [name for name, found in cuda.libraries.items() if not found] == [
        name for name in cuda.libraries if "cudnn" in name
    ]
    assert len(cuda.libraries) >= 3
    fake_libraries(monkeypatch, None)
    cuda = Cuda()
    assert (cuda.driver_version, cuda.gpus, all(cuda.libraries.values())) == (None, [], True)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert (Cuda().built, Cuda().libraries) == (False, {})


def test_without_a_driver_no_library_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading takes a second, and is useless without a driver."""
    fake_libraries(monkeypatch, None)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: pytest.fail("loads libraries"))
    assert cuda_obstacle() == "no NVIDIA driver is installed"


def test_a_gpu_without_a_driver_is_present(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cuda, "_driver", None)
    monkeypatch.setattr(devices, "_PCI_DEVICES", tmp_path)
    assert not Cuda().present
    for name, vendor, kind in (("0", "0x8086", "0x030000"), ("1", "0x10de", "0x040300")):  # Intel's; a sound card
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(vendor + "\n")
        (tmp_path / name / "class").write_text(kind + "\n")
    assert not Cuda().present
    (tmp_path / "1" / "class").write_text("0x030200\n")
    assert Cuda().present


def test_several_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_libraries(monkeypatch, Driver(3))
    assert choose_devices("cuda:all") == (["cuda:0", "cuda:1", "cuda:2"], None)
    assert choose_devices("cuda:2, cuda:0") == (["cuda:2", "cuda:0"], None)
    assert choose_devices("auto") == (["cuda:0"], None)
    for wanted, problem in (
        ("cuda:0,cpu", "a list is of GPUs, such as cuda:0,cuda:1"),
        ("cuda,cuda:0", "names a GPU twice"),
        ("cuda:0,", "a list is of GPUs"),
        ("cuda:0,cuda:7", "device cuda:7: there is no GPU number 7, the last one is 2; device cpu works everywhere"),
    ):
        with pytest.raises(UserError, match=problem):
            choose_devices(wanted)
    fake_libraries(monkeypatch, None)
    assert choose_devices("auto") == (["cpu"], "no NVIDIA driver is installed")
    with pytest.raises(UnusableError, match="device cuda:0: no NVIDIA driver is installed"):
        choose_devices("cuda:all")


def test_providers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRANSLATE_CACHE", str(tmp_path / "cache"))
    fake_libraries(monkeypatch, Driver(2))
    assert providers_of("cpu", GpuOptions(tensorrt=True)) == ["CPUExecutionProvider"]
    (name, options), last = providers_of("cuda:1", GpuOptions(cuda_graphs=True))
    assert (name, last, options["device_id"]) == ("CUDAExecutionProvider", "CPUExecutionProvider", 1)
    assert (options["cudnn_conv_algo_search"], options["enable_cuda_graph"]) == ("HEURISTIC", "1")
    with pytest.raises(UnusableError, match="tensorrt: the installed onnxruntime is built without TensorRT; leave it"):
        providers_of("cuda:1", GpuOptions(tensorrt=True))
    providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    first, second, _ = providers_of("cuda:1", GpuOptions(tensorrt=True))
    assert (first[0], second[0]) == ("TensorrtExecutionProvider", "CUDAExecutionProvider")
    assert first[1]["trt_engine_cache_enable"] and Path(first[1]["trt_engine_cache_path"]).is_dir()
    fake_libraries(monkeypatch, Driver(2), missing="nvinfer")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    with pytest.raises(UnusableError, match=r"tensorrt: TensorRT's library libnvinfer.so.10 is not found"):
        providers_of("cuda:1", GpuOptions(tensorrt=True))
