"""The plan of a distillation, made once: the scale, the network, how long to train, which photos only measure."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal, Self, get_args

import torch

from translate.config import Pix2PixConfig
from translate.distillation.request import GENERATORS, DistillRequest, Size
from translate.errors import PictureError, UserError, one_line, parse_nested
from translate.machine import bf16_is_fast
from translate.media.images import picture_size
from translate.storage.atomic import write_atomically
from translate.train.cpu.kernels import chosen_kernels
from translate.train.devices import make_accelerator, to_device
from translate.train.methods.pix2pix import Pix2Pix
from translate.train.step import Batch

Precision = Literal["fp32", "bf16"]

PLAN = "plan.json"  # in the work folder
SCALE = 768  # pixels of the longer side, the working size of the preset `painted`
MULTIPLE = 8  # of which the scale is one
CROP, LEAST_CROP = 224, 32  # pixels; the preset's discriminator needs 24
BATCH_SIZE = 4
ROUND_STEPS, ROUNDS = 500, 20  # where nothing limits them
LEAST_ROUNDS = 4  # of which short training consists, so that its progress shows
MIN_STEPS = 3000  # of learning and refining, for which a size has to leave time
LEARNING_SHARE = 0.6  # of all steps; the others refine, two thirds as many
OVERHEAD = 1.1  # on the time of the steps: decoding, checkpoints, measuring each round
SLOW_STEP = 1.5  # seconds, above which a step is measured in one try
HELD_OUT_SHARE, MIN_HELD_OUT, MAX_HELD_OUT = 0.1, 3, 40


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a distillation has decided. All of it is fixed once training has begun."""

    scale: int  # longest side in pixels at which pictures are made and learnt
    size: Size
    round_steps: int  # of learning, from one measurement to the next
    max_rounds: int
    precision: Precision
    held_out: tuple[str, ...]  # names of the photos that only measure
    seconds_per_step: float  # measured, the mean over learning and refining
    minutes: float | None = None  # as requested
    max_steps: int = 0  # likewise
    crop: int = CROP
    batch_size: int = BATCH_SIZE

    def __post_init__(self) -> None:
        """Raise ``ValueError`` or ``TypeError`` for values that are no plan, which a damaged file may hold."""
        counts = (self.scale, self.round_steps, self.max_rounds, self.crop, self.batch_size)
        names = isinstance(self.held_out, tuple) and all(isinstance(name, str) for name in self.held_out)
        known = self.size in GENERATORS and self.precision in get_args(Precision)
        if not (names and known and all(type(count) is int and count > 0 for count in counts)):
            raise ValueError("not a plan")
        if not self.seconds_per_step > 0 or (self.minutes is not None and not self.minutes > 0) or self.max_steps < 0:
            raise ValueError("not a plan")

    @classmethod
    def read(cls, path: Path) -> Self:
        """The plan in the file ``path``. Raises ``UserError`` where it cannot be read."""
        try:
            values = parse_nested(json.loads, path.read_text(encoding="utf-8"))
            return cls(**values | {"held_out": tuple(values["held_out"])})
        except (OSError, LookupError, TypeError, ValueError) as error:
            raise UserError(f"{path}: is damaged; remove it, and repeat the command to plan again") from error

    def write(self, path: Path) -> None:
        """Write it whole or not at all. Raises ``PictureError`` where the file cannot be written."""
        write_atomically(path, json.dumps(asdict(self), indent=2).encode())

    @property
    def max_total_steps(self) -> int:
        learning = self.round_steps * self.max_rounds
        return learning + refining_steps(learning)

    def describe(self) -> list[str]:
        """What is going to happen and how long it may take, line by line."""
        longest = duration(self.max_total_steps * self.seconds_per_step * OVERHEAD)
        rounds = "1 round" if self.max_rounds == 1 else f"up to {self.max_rounds} rounds"
        lines = [
            f"scale: {self.scale} pixels on the longer side; {len(self.held_out)} photos are held out to measure",
            f"network: {self.size}, trained in {self.precision}, {self.seconds_per_step:.2g} s per step",
            f"training: {rounds} of {self.round_steps} steps, until the held-out pictures get no better, then two "
            f"thirds as many, with a discriminator unless they are crisp; {longest} at most",
        ]
        if self.max_total_steps < MIN_STEPS:
            lines.append(f"that is {self.max_total_steps} steps: expect a rough style below {MIN_STEPS}")
        return lines


def refining_steps(learnt: int) -> int:
    """The steps that follow ``learnt`` steps of learning: two thirds as many."""
    return max(1, learnt * 2 // 3)


def load_or_make_plan(request: DistillRequest, photos: Mapping[str, Path]) -> Plan:
    """The plan in the work folder; where there is none, one for ``photos``, by name, which is written there.

    Raises ``UserError`` where the one there is damaged or was made for another request, or no photo can be read.
    """
    path = request.work_folder / PLAN
    if path.is_file():
        plan = Plan.read(path)
        require_same(plan, request, path)
        return plan
    plan = make_plan(request, list(photos), picture_sizes(photos.values()))
    plan.write(path)
    return plan


def require_same(plan: Plan, request: DistillRequest, path: Path) -> None:
    """Raise ``UserError`` where ``request`` asks for other than ``plan``, which was read from ``path``."""
    chosen = ("scale", "size", "precision")  # for the user, where the request leaves them open
    asked = {name: getattr(request, name) for name in chosen if getattr(request, name) is not None}
    asked |= {"minutes": request.minutes, "max_steps": request.max_steps}
    known = asdict(plan)
    found = [f"<{name}> is {value}, {path} has {known[name]}" for name, value in asked.items() if value != known[name]]
    if found:
        raise UserError(f"{'; '.join(found)}; restore what was given, or give another <work>")


def picture_sizes(photos: Iterable[Path]) -> list[tuple[int, int]]:
    """Width and height of each of ``photos`` that can be read. Raises ``UserError`` where none can."""
    sizes, problems = [], []
    for photo in photos:
        try:
            sizes.append(picture_size(photo))
        except PictureError as error:
            problems.append(one_line(error))
    if not sizes:
        raise UserError(f"no photo can be read: {problems[0] if problems else 'there is none'}")
    return sizes


def make_plan(request: DistillRequest, names: Sequence[str], sizes: Sequence[tuple[int, int]]) -> Plan:
    """The plan for the photos called ``names`` whose widths and heights are ``sizes``.

    Measures how fast this machine trains, which takes some seconds.
    """
    scale = request.scale or choose_scale(sizes)
    crop = max(LEAST_CROP, min(CROP, scale // MULTIPLE * MULTIPLE))
    precision = request.precision or choose_precision()
    size, seconds = choose_size(request, precision, crop)
    limits = [request.max_steps] if request.max_steps else []
    if request.minutes is not None:
        limits.append(steps_within(request.minutes, seconds))
    round_steps, max_rounds = rounds_within(min(limits)) if limits else (ROUND_STEPS, ROUNDS)
    return Plan(
        scale=scale,
        size=size,
        round_steps=round_steps,
        max_rounds=max_rounds,
        precision=precision,
        held_out=split(names, request.seed),
        seconds_per_step=seconds,
        minutes=request.minutes,
        max_steps=request.max_steps,
        crop=crop,
    )


def choose_scale(sizes: Sequence[tuple[int, int]]) -> int:
    """`SCALE`, or the median of the longer sides where that is smaller; a multiple of `MULTIPLE`."""
    middle = int(median(max(size) for size in sizes))
    return max(MULTIPLE, min(SCALE, middle) // MULTIPLE * MULTIPLE)


def choose_precision() -> Precision:
    """bf16 where the device that trains computes with it; float32 elsewhere, where bf16 would be slower."""
    fast = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else bf16_is_fast()
    return "bf16" if fast else "fp32"


def choose_size(request: DistillRequest, precision: Precision, crop: int) -> tuple[Size, float]:
    """The size asked for, or the largest that the time allows, and its seconds per step."""
    candidates: list[Size] = ["medium"] if request.minutes is None else ["large", "medium", "small"]
    for size in candidates if request.size is None else [request.size]:
        seconds = measured_speed(size, precision, crop, BATCH_SIZE)
        if request.minutes is None or steps_within(request.minutes, seconds) >= MIN_STEPS:
            break
    return size, seconds


def steps_within(minutes: float, seconds_per_step: float) -> int:
    return int(60 * minutes / (seconds_per_step * OVERHEAD))


def rounds_within(steps: int) -> tuple[int, int]:
    """How many steps a round has, and how many rounds there may be, to learn and refine in ``steps``."""
    learning = max(1, int(LEARNING_SHARE * steps))
    round_steps = max(1, min(ROUND_STEPS, learning // LEAST_ROUNDS))
    return round_steps, learning // round_steps


def split(names: Sequence[str], seed: int) -> tuple[str, ...]:
    """The names to hold out, sorted: about a tenth, within `MIN_HELD_OUT` and `MAX_HELD_OUT`.

    A hash of each name decides, so that photos added later leave those that were trained on where they are.
    """

    def hashed(name: str) -> int:
        digest = hashlib.sha256(f"{seed}/{name}".encode(errors="surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big")

    drawn = sum(hashed(name) < HELD_OUT_SHARE * 2**64 for name in names)
    count = max(MIN_HELD_OUT, min(MAX_HELD_OUT, drawn))
    return tuple(sorted(sorted(names, key=hashed)[:count]))


def painted_settings(
    size: Size, precision: str, crop: int, batch_size: int, *, options: Mapping[str, Any], **given: Any
) -> Pix2PixConfig:
    """The preset ``painted`` with the generator of ``size``, which takes further ``options``.

    ``given`` are other settings, among them the folders.
    """
    network = {"generator_options": {**GENERATORS[size], **options}, "precision": precision}
    return Pix2PixConfig.resolve(network | {"crop": crop, "batch_size": batch_size} | given, preset="painted")


def measured_speed(size: Size, precision: Precision, crop: int, batch_size: int) -> float:
    """Seconds per step of training here, the mean over learning and refining, from a few steps on random pictures."""
    nowhere = Path("unused")  # nothing is read or written
    folders = {"a": nowhere, "b": nowhere, "out": nowhere}
    config = painted_settings(size, precision, crop, batch_size, options={"antialias": True}, gan_start=0.5, **folders)
    accelerator = make_accelerator(config)
    method = Pix2Pix(config, accelerator)
    pictures = torch.randint(256, (2, batch_size, 3, crop, crop), dtype=torch.uint8)
    batch = to_device(dict(zip("AB", pictures, strict=True)), accelerator.device, channels_last=config.channels_last)
    with chosen_kernels(config, accelerator.device):
        learning, refining = (_seconds_per_step(method, batch, progress) for progress in (0.0, 1.0))
    return LEARNING_SHARE * learning + (1 - LEARNING_SHARE) * refining


def _seconds_per_step(method: Pix2Pix, batch: Batch, progress: float) -> float:
    """The faster of two tries, as the first one also prepares the kernels; of one where that is slow."""
    first = _seconds_of_two(method, batch, progress) / 2
    return first if first > SLOW_STEP else min(first, _seconds_of_two(method, batch, progress) / 2)


def _seconds_of_two(method: Pix2Pix, batch: Batch, progress: float) -> float:
    """The time of a step with the window against flicker and one without, both without the rare R1 penalty."""
    start = time.perf_counter()
    for step in (1, 2):
        float(method.step(batch, step=step, progress=progress)["G/gradient"])  # waits for a GPU
    return time.perf_counter() - start


def duration(seconds: float) -> str:
    """In words, rounded up to whole minutes: ``2 h 5 min``."""
    hours, minutes = divmod(-int(-seconds // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
