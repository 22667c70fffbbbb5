import torch

from translate.train.devices import tuned


def test_a_gpu_is_tuned_only_while_training() -> None:
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark
    with tuned(torch.device("cuda")):
        assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark) == ("high", True)
    with tuned(torch.device("cpu")):
        assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark) == before
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.benchmark) == before
