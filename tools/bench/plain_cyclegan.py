"""CycleGAN as it is usually written, to compare with: the networks are ours, the loop is not.

Float32, one picture layout, one pass at a time, an unfused Adam, Pillow and torchvision in the workers, and every loss
read back at every step, as for a progress bar.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from models import build_discriminator, build_generator

POOL = 50  # pictures


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """A picture of ``folder/a`` and a random one of ``folder/b``, float [3, crop, crop] in [-1, 1]."""

    def __init__(self, folder: Path, crop: int) -> None:
        self.a, self.b = (sorted((folder / side).iterdir()) for side in "ab")
        steps = [transforms.RandomCrop(crop), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
        self.transform = transforms.Compose([*steps, transforms.Normalize((0.5,) * 3, (0.5,) * 3)])

    def __len__(self) -> int:
        return len(self.a)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        chosen = self.a[index], random.choice(self.b)
        a, b = (self.transform(Image.open(path).convert("RGB")) for path in chosen)
        return a, b


class Pool:
    """Earlier pictures, half of which are shown in place of the newest."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []

    def query(self, images: Tensor) -> Tensor:
        shown = []
        for image in images.detach():
            if len(self.images) < POOL:
                self.images.append(image)
                shown.append(image)
            elif random.random() > 0.5:
                place = random.randrange(POOL)
                shown.append(self.images[place])
                self.images[place] = image
            else:
                shown.append(image)
        return torch.stack(shown)


def images_per_s(
    folder: Path,
    device: torch.device,
    *,
    generator: str,
    options: dict[str, object],
    crop: int,
    batch_size: int,
    workers: int,
    untimed: int,
    steps: int,
) -> float:
    """The speed of ``steps`` steps after ``untimed`` ones, on the pictures in ``folder/a`` and ``folder/b``."""
    torch.manual_seed(0)
    G_AB, G_BA = (build_generator(generator, **options).to(device) for _ in range(2))
    D_A, D_B = (build_discriminator("patchgan", in_channels=3).to(device) for _ in range(2))
    optimizer_G = torch.optim.Adam(chain(G_AB.parameters(), G_BA.parameters()), lr=2e-4, betas=(0.5, 0.999))
    optimizer_D = torch.optim.Adam(chain(D_A.parameters(), D_B.parameters()), lr=2e-4, betas=(0.5, 0.999))
    pool_A, pool_B = Pool(), Pool()
    loader = DataLoader(Pictures(folder, crop), batch_size, shuffle=True, num_workers=workers, drop_last=True)
    batches = _endless(loader)

    def critic_loss(D: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        of_real, of_fake = D(real).logits[0], D(fake).logits[0]
        return 0.5 * (F.mse_loss(of_real, torch.ones_like(of_real)) + F.mse_loss(of_fake, torch.zeros_like(of_fake)))

    def fooling_loss(D: nn.Module, fake: Tensor) -> Tensor:
        logits = D(fake).logits[0]
        return F.mse_loss(logits, torch.ones_like(logits))

    start = 0.0
    for step in range(untimed + steps):
        if step == untimed:
            start = time.perf_counter()
        real_A, real_B = (images.to(device) for images in next(batches))
        fake_B, fake_A = G_AB(real_A), G_BA(real_B)
        for D in (D_A, D_B):
            D.requires_grad_(False)
        losses = {
            "gan_A": fooling_loss(D_B, fake_B),
            "gan_B": fooling_loss(D_A, fake_A),
            "cycle_A": 10 * F.l1_loss(G_BA(fake_B), real_A),
            "cycle_B": 10 * F.l1_loss(G_AB(fake_A), real_B),
            "identity_A": 5 * F.l1_loss(G_BA(real_A), real_A),
            "identity_B": 5 * F.l1_loss(G_AB(real_B), real_B),
        }
        optimizer_G.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        optimizer_G.step()
        for D in (D_A, D_B):
            D.requires_grad_(True)
        optimizer_D.zero_grad()
        losses["D_A"] = critic_loss(D_A, real_A, pool_A.query(fake_A))
        losses["D_B"] = critic_loss(D_B, real_B, pool_B.query(fake_B))
        (losses["D_A"] + losses["D_B"]).backward()
        optimizer_D.step()
        {name: loss.item() for name, loss in losses.items()}
    return steps * batch_size / (time.perf_counter() - start)  # the last `item` has waited for the device


def _endless(loader: DataLoader[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from loader
