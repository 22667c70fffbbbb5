"""Training a style on pairs of tiles: rounds that learn with distances alone, then a run that makes it better still."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from translate.config import Pix2PixConfig
from translate.distillation.measures import HeldOut, Measures
from translate.distillation.plan import Plan, painted_settings, refining_steps
from translate.distillation.request import DistillRequest
from translate.distillation.tones import ink_and_paper
from translate.errors import UserError, parse_nested
from translate.evaluate.comparison import Pixels
from translate.evaluate.pair_metrics import compare_pictures, edge_energy
from translate.evaluate.set_metrics import spaced_indices
from translate.export.to_onnx import ExportedStyle
from translate.media.images import load_rgb
from translate.storage.atomic import write_atomically
from translate.train.loop import train
from translate.weights.checkpoint import find, load_generator

LEARN, REFINE, ROUNDS = "learn", "refine", "rounds.json"  # in the work folder
MEASURED = 12  # held-out photos, at most, after each round
PATIENCE = 4  # rounds without a gain that end the learning
GAIN_DB = 0.1  # less is no gain: nobody sees it
CRISP = 0.85  # of the edge energy of the target pictures, from which on a discriminator only costs fidelity
LEAST_GAIN_DB = 1.0  # over the untouched photo, below which hardly anything was learnt
SAVE_EVERY = 100  # steps between checkpoints, what a kill costs at most


def learn(plan: Plan, request: DistillRequest, pairs: Path, held_out: HeldOut, say: Callable[[str], None]) -> int:
    """Train with distances alone in rounds until the held-out pictures get no better; returns the steps taken.

    ``pairs`` holds the tiles, A and B. A repeated call goes on after the rounds that are done. Raises ``UserError``
    where no photo is held out or the record of the rounds is damaged, and as `train.loop.train` does.
    """
    if not held_out:
        raise UserError("none of the photos held out to measure has a picture")
    record, run = request.work_folder / ROUNDS, request.work_folder / LEARN
    rounds = read_rounds(record)
    settings = _learning(plan, request, pairs, run)
    while len(rounds) < plan.max_rounds and still_rising(rounds):
        steps = (len(rounds) + 1) * plan.round_steps
        train(replace(settings, steps=steps))
        if find(run).step != steps:
            raise UserError(f"{record}: lacks rounds of {run}; remove both to learn anew")
        rounds.append(held_out_psnr(run, held_out))
        write_atomically(record, json.dumps(rounds).encode())
        say(f"round {len(rounds)} of {plan.max_rounds} at most: {rounds[-1]:.2f} dB on held-out photos")
    return len(rounds) * plan.round_steps


@dataclass(frozen=True)
class Refined:
    """What `refine` made, and how."""

    run: Path
    steps: int
    adversarial: bool  # with a discriminator

    def __str__(self) -> str:
        return f"{self.steps} steps " + ("with a discriminator" if self.adversarial else "at a falling rate")


def refine(
    plan: Plan, request: DistillRequest, pairs: Path, held_out: HeldOut, learnt: int, say: Callable[[str], None]
) -> Refined:
    """Train on from the ``learnt`` steps of `learn`, two thirds as many.

    The learning rate falls to 0, which brings the last tenths of a dB. Where the style is not yet `CRISP`, a
    discriminator takes part, and the network sees photos through a filter against flicker. A repeated call goes on.
    Raises as `train.loop.train` does.
    """
    edges = edges_of(request.work_folder / LEARN, held_out)
    refined = Refined(request.work_folder / REFINE, refining_steps(learnt), adversarial=edges < CRISP)
    say(f"edge energy is {edges:.0%} of the target pictures'; refining: {refined}")
    train(_refining(plan, request, pairs, refined))
    return refined


def _learning(plan: Plan, request: DistillRequest, pairs: Path, run: Path) -> Pix2PixConfig:
    """Those of the first round: at a constant rate, as more rounds may follow."""
    return _settings(
        plan,
        request,
        pairs,
        run,
        plan.round_steps,
        average_over=plan.round_steps,
        antialias=False,
        schedule="constant",
        gan_start=1.0,
    )


def _refining(plan: Plan, request: DistillRequest, pairs: Path, refined: Refined) -> Pix2PixConfig:
    """The filter against flicker would cost fidelity from the start, and of crisp lines here, too.

    Cel shading lost 0.8 to 1.1 dB by it where edges are dense.
    """
    start = (request.work_folder / LEARN).resolve()  # saved with the run, which may be resumed from another folder
    return _settings(
        plan,
        request,
        pairs,
        refined.run,
        refined.steps,
        average_over=refined.steps // 10,
        antialias=refined.adversarial,
        init=start,
        gan_start=0.0 if refined.adversarial else 1.0,
    )


def _settings(
    plan: Plan,
    request: DistillRequest,
    pairs: Path,
    run: Path,
    steps: int,
    *,
    average_over: int,
    antialias: bool,
    **given: Any,
) -> Pix2PixConfig:
    """Short runs warm up in fewer steps than the preset, and average over fewer: about ``average_over``."""
    preset = Pix2PixConfig.presets["painted"]
    tones = ink_and_paper(sorted(path for path in (pairs / "B").rglob("*") if path.is_file()))
    return painted_settings(
        plan.size,
        plan.precision,
        plan.crop,
        plan.batch_size,
        options={"antialias": antialias} | ({"tones": tones} if tones else {}),
        a=pairs / "A",
        b=pairs / "B",
        out=run,
        steps=steps,
        warmup=min(preset["warmup"], plan.round_steps // 4),
        ema=min(preset["ema"], 1 - 1 / max(1, average_over)),
        working_size=plan.scale,
        lambda_l2=0.0,  # squares ask for the mean of what is likely, which is soft between two flat colours; L1 for one
        seed=request.seed,
        val_samples=0,  # whole photos are held out
        sample_every=0,
        save_every=SAVE_EVERY,
        **given,
    )


def read_rounds(record: Path) -> list[float]:
    """The held-out PSNR in dB after each round so far. Raises ``UserError`` where the file is damaged."""
    if not record.exists():
        return []
    try:
        rounds = parse_nested(json.loads, record.read_text(encoding="utf-8"))
        if not (isinstance(rounds, list) and all(type(value) is float for value in rounds)):
            raise ValueError("not a list of numbers")
    except (OSError, ValueError) as error:
        raise UserError(f"{record}: is damaged; remove it and the folder {LEARN} beside it to learn anew") from error
    return rounds


def still_rising(rounds: Sequence[float]) -> bool:
    """Whether the best of the last `PATIENCE` rounds is at least `GAIN_DB` above the best before them."""
    before, last = rounds[:-PATIENCE], rounds[-PATIENCE:]
    return not before or max(last) >= max(before) + GAIN_DB


def held_out_psnr(run: Path, held_out: HeldOut) -> float:
    """Mean PSNR in dB of what ``run`` makes of held-out photos."""
    return fmean(compare_pictures(made, target).capped_psnr_db for made, target in _translated(run, held_out))


def edges_of(run: Path, held_out: HeldOut) -> float:
    """The edge energy of what ``run`` makes of held-out photos, over that of the target pictures: below 1 for blur."""
    made, target = zip(
        *([edge_energy(picture) for picture in pair] for pair in _translated(run, held_out)), strict=True
    )
    return sum(made) / sum(target) if sum(target) > 0 else 1.0


@torch.inference_mode()
def _translated(run: Path, held_out: HeldOut) -> Iterator[tuple[Pixels, Pixels]]:
    """What the newest averaged generator of ``run`` makes of up to `MEASURED` held-out photos, and the targets."""
    generator, _ = load_generator(run)
    style = ExportedStyle(generator)
    chosen = sorted(held_out)
    for index in spaced_indices(len(chosen), MEASURED):
        photo, target = map(load_rgb, held_out[chosen[index]])
        yield style(torch.from_numpy(photo)[None])[0].numpy(), target


def verdict_of_learning(measures: Measures) -> list[str]:
    """What to say where the style is hardly nearer to the target pictures than the untouched photos; else nothing."""
    gain = measures.psnr_db - measures.photo_psnr_db
    if gain >= LEAST_GAIN_DB:
        return []
    return [
        f"held-out pictures are only {gain:+.1f} dB nearer to their targets than the untouched photos: the pictures do "
        "not follow from the photos, or the training was too short; the teacher may answer differently each time, or "
        "decide by what the whole photo shows"
    ]
