"""Train METHOD CONFIG.json pairs one after another in this process: under torchrun, which then starts only once."""

from __future__ import annotations

import sys
from pathlib import Path

import torch.distributed

from translate.config import CONFIGS
from translate.train.loop import train

if __name__ == "__main__":
    torch.distributed.destroy_process_group = lambda *_: None  # accelerate makes one per process, not one per run
    for method, file in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        train(CONFIGS[method].resolve({}, preset=None, file=Path(file)))
