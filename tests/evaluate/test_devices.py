"""Where PyTorch computes, and what is refused."""

from __future__ import annotations

import pytest
import torch

from translate.errors import UnusableError, UserError
from translate.evaluate.devices import choose_torch_device


@pytest.mark.parametrize("wanted", ["tpu", "cuda:", "cuda:x", "cpu:0", "auto:1", ""])
def test_unknown_device(wanted: str) -> None:
    with pytest.raises(UserError, match=f"device {wanted}: give auto, cpu, cuda or cuda:N"):
        choose_torch_device(wanted)


def test_device_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_torch_device("auto") == choose_torch_device("cpu") == "cpu"
    with pytest.raises(UnusableError, match=r"device cuda:1: this PyTorch \(.*\) finds no CUDA device"):
        choose_torch_device("cuda:1")


def test_device_with_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_torch_device("auto") == "cuda"
    assert [choose_torch_device(name) for name in ("cpu", "cuda", "cuda:1")] == ["cpu", "cuda", "cuda:1"]
    with pytest.raises(UnusableError, match="device cuda:2: there are 2 CUDA devices"):
        choose_torch_device("cuda:2")
