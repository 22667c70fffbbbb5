"""What to distil: the photos, the slow way to their pictures, and the limits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from translate.errors import UserError

Size = Literal["small", "medium", "large"]

MIN_PHOTOS = 12  # three of which are held out
MIN_SCALE, MAX_SCALE = 128, 4096  # pixels of the longer side

# size -> options of the generator `mobile`: 12, 14 and 37 GFLOP at 512x512
GENERATORS: dict[Size, dict[str, Any]] = {
    "small": {},
    "medium": {"dilations": [1, 2, 4, 8, 4, 2]},
    "large": {"wide_channels": 80, "dilations": [1, 2, 4, 8, 1, 2, 4, 8]},
}


@dataclass(frozen=True, kw_only=True)
class DistillRequest:
    """A slow way from photos to pictures, and the style to make of it."""

    photos: Path  # a folder, searched recursively
    output: Path  # the .onnx file; its int8 variant, card and preview are written beside it
    teacher: str | None = None  # a command with {input} and {output}, which reads and writes a PNG
    pairs: Path | None = None  # instead: a folder of finished pictures, named like the photos
    size: Size | None = None  # of the network; None: the largest that ``minutes`` allow, medium without them
    minutes: float | None = None  # of training, at most; None: until the held-out pictures get no better
    scale: int | None = None  # longest side in pixels at which pictures are made and learnt; None: chosen
    work: Path | None = None  # what is made on the way; None: OUTPUT.distill beside the output
    workers: int = os.cpu_count() or 1  # teachers run at a time
    timeout: float = 600  # seconds that the teacher may take for a picture
    max_steps: int = 0  # of training; 0: no limit but the others
    title: str | None = None  # None: the name of the output
    licence: str = "unspecified"
    training_data: str = "unspecified"
    seed: int = 0
    precision: Literal["fp32", "bf16"] | None = None  # of training; None: bf16 where the processor has it

    @property
    def work_folder(self) -> Path:
        return self.work or self.output.with_suffix(".distill")

    def check(self) -> None:
        """Raise one ``UserError`` that names everything that is wrong."""
        found = []
        if self.output.suffix.lower() != ".onnx":
            found.append(f"<output> {self.output}: give a name that ends in .onnx")
        if (self.teacher is None) == (self.pairs is None):
            found.append("give either <teacher> 'command {input} {output}' or <pairs> DIR")
        if self.teacher is not None and not all(mark in self.teacher for mark in ("{input}", "{output}")):
            found.append(f"<teacher> {self.teacher}: has to contain {{input}} and {{output}}")
        if self.size is not None and self.size not in GENERATORS:
            found.append(f"<size> {self.size}: choose one of {', '.join(GENERATORS)}")
        if self.scale is not None and not MIN_SCALE <= self.scale <= MAX_SCALE:
            found.append(f"<scale> {self.scale}: give {MIN_SCALE} to {MAX_SCALE} pixels")
        found += [
            f"<{name}> {getattr(self, name):g}: has to be above 0"
            for name in ("minutes", "workers", "timeout")
            if getattr(self, name) is not None and not getattr(self, name) > 0
        ]
        if found:
            raise UserError("; ".join(found))
