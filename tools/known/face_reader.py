"""A small face classifier, trained independently of any translation, to check what translated faces show."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from translate.data.attributes import match_attributes
from translate.media.images import load_rgb, to_signed_unit

Pictures = NDArray[np.uint8]  # [N, S, S, 3]
Labels = NDArray[np.float32]  # [N, K] of 0 and 1
BATCH = 64
CHANNELS = 32  # of the first convolution, doubled by each of the other two
NOISE = 0.05  # standard deviation of noise on the training faces, in [-1, 1]: fine grain must not be a cue


@dataclass(frozen=True)
class Faces:
    """Faces of exactly one domain each, with additional attributes."""

    names: list[str]  # file names without folders
    pictures: Pictures
    labels: Labels  # domains first, then attributes

    def subset(self, chosen: NDArray[np.int64]) -> Faces:
        return Faces([self.names[index] for index in chosen], self.pictures[chosen], self.labels[chosen])


def load_scaled(files: list[Path], *, size: int) -> Pictures:
    """Pictures scaled to ``size`` pixels per side."""
    pictures = [cv2.resize(load_rgb(file), (size, size), interpolation=cv2.INTER_AREA) for file in files]
    return np.stack(pictures).astype(np.uint8)


def load_faces(table: Path, domains: list[str], attributes: list[str], *, size: int) -> Faces:
    """The pictures that ``table`` names, relative to its folder, scaled to ``size`` pixels per side.

    Pictures that are not of exactly one of the ``domains`` are left out. Raises ``typer.BadParameter`` for a bad table.
    """
    found = match_attributes(table.parent, table, columns=",".join([*domains, *attributes]))
    if found.problems:
        raise typer.BadParameter("; ".join(found.problems))
    chosen = np.flatnonzero(found.labels[:, : len(domains)].sum(axis=1) == 1)
    files = [found.files[index] for index in chosen]
    return Faces([file.name for file in files], load_scaled(files, size=size), found.labels[chosen])


class FaceReader(nn.Module):
    """float [N, 3, size, size] in [-1, 1] -> logits [N, domains + attributes]."""

    def __init__(self, domains: int, attributes: int, *, size: int) -> None:
        super().__init__()
        self.domains = domains
        widths = [3, CHANNELS, 2 * CHANNELS, 4 * CHANNELS]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        features = widths[-1] * (size // 8) ** 2  # the faces are aligned, so position is informative
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.5), nn.Linear(features, domains + attributes))

    def forward(self, faces: Tensor) -> Tensor:
        return self.layers(faces)

    def loss(self, faces: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy over the domains, plus binary cross-entropy of each attribute."""
        logits = self(faces)
        of_domains = F.cross_entropy(logits[:, : self.domains], labels[:, : self.domains])
        of_attributes = F.binary_cross_entropy_with_logits(logits[:, self.domains :], labels[:, self.domains :])
        return of_domains + of_attributes

    @torch.no_grad()
    def read(self, pictures: Pictures) -> Labels:
        """The predicted labels: the most likely domain, and the attributes that are more likely than not."""
        self.eval()
        logits = torch.cat([self(as_floats(part)) for part in torch.from_numpy(pictures).split(BATCH)])
        domain = F.one_hot(logits[:, : self.domains].argmax(dim=1), self.domains)
        return torch.cat([domain, logits[:, self.domains :] > 0], dim=1).float().numpy()


def as_floats(pictures: Tensor) -> Tensor:
    """uint8 [N, S, S, 3] -> float [N, 3, S, S] in [-1, 1]."""
    return to_signed_unit(pictures.permute(0, 3, 1, 2).float())


def trained_reader(faces: Faces, domains: int, *, epochs: int, file: Path | None = None) -> FaceReader:
    """A reader trained on ``faces``; loaded from ``file`` if it exists, else trained and saved there."""
    torch.manual_seed(0)
    size, columns = faces.pictures.shape[1], faces.labels.shape[1]
    reader = FaceReader(domains, columns - domains, size=size)
    if file is not None and file.is_file():
        reader.load_state_dict(load_file(file))
        return reader
    pictures, labels = torch.from_numpy(faces.pictures), torch.from_numpy(faces.labels)
    steps = epochs * (len(pictures) // BATCH)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(pictures)).split(BATCH)[: len(pictures) // BATCH]:
            batch = as_floats(pictures[chosen])
            mirrored = torch.rand(len(batch), 1, 1, 1) < 0.5
            batch = torch.where(mirrored, batch.flip(3), batch)
            loss = reader.loss(batch + NOISE * torch.randn_like(batch), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    if file is not None:
        save_file(reader.state_dict(), file)
    return reader
