"""From photos and a slow way to pictures to a fast style: the parts in order.

Every part keeps what it made in the work folder, so that the same call resumes a killed one and ends with the same
files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from translate.distillation.card import draw_preview, write_card
from translate.distillation.colours import count_of_sheets, write_sheets
from translate.distillation.failures import Failure
from translate.distillation.measures import HeldOut, Measures, measure
from translate.distillation.pairing import draw_refused, match_pairs
from translate.distillation.photos import named_photos, prepare_photos, require_enough
from translate.distillation.plan import (
    PLAN,
    Plan,
    duration,
    load_or_make_plan,
    make_plan,
    picture_sizes,
)
from translate.distillation.processes import CommandError, Processes
from translate.distillation.request import DistillRequest
from translate.distillation.teacher import (
    REPEATED,
    HopelessError,
    Teacher,
    repeatability,
    run_teacher,
    teacher_seconds,
    verdict_of_repeatability,
)
from translate.distillation.tiles import write_tiles
from translate.distillation.training import learn, refine, verdict_of_learning
from translate.errors import UserError
from translate.export.calibration import MAX_PHOTOS
from translate.export.prune import prune_style
from translate.export.quantise import quantise_style
from translate.export.to_onnx import export_style, load_run
from translate.media.images import Picture, encode_picture
from translate.storage.atomic import write_atomically
from translate.storage.lock import LockedError, LockFile
from translate.style.session import read_style

Say = Callable[[str], None]
Paths = Mapping[str, Path]  # by the name of the photo

PHOTOS, DRAWN, TILES, LOCK = "photos", "drawn", "pairs", ".lock"  # in the work folder
COLOURS, COLOURS_DRAWN = "colours", "colours-drawn"  # likewise
REFUSED = "refused.png"  # likewise: the finished pictures that do not match their photos


@dataclass(frozen=True)
class Distilled:
    """The files of a new style, and what is known about it."""

    style: Path
    int8: Path
    card: Path
    preview: Path
    measures: Measures
    failures: list[Failure]  # photos that did not take part
    warnings: list[str] = field(default_factory=list)  # what the teacher or the training cannot do


def distill(request: DistillRequest, *, say: Say = lambda line: None) -> Distilled:
    """Make the style that ``request`` asks for; ``say`` gets a line for each thing that happens.

    Raises ``UserError`` for a request that cannot be carried out, a teacher that never succeeds or too few pictures,
    and as `train.loop.train` does. What was made until then is kept in the work folder, and the same call resumes.
    """
    request.check()
    photos = named_photos(request.photos)
    with _locked(request.work_folder):
        plan = load_or_make_plan(request, photos)
        for line in plan.describe():
            say(line)
        prepared, failures = prepare_photos(
            photos, request.work_folder / PHOTOS, scale=plan.scale, workers=request.workers
        )
        failures += _draw(request, prepared, say)
        for failure in failures:
            say(f"left out: {failure}")
        missing = {failure.name for failure in failures}
        drawn = request.work_folder / DRAWN
        pairs = {name: (photo, drawn / f"{name}.png") for name, photo in prepared.items() if name not in missing}
        require_enough(len(pairs), "photos with a picture", failures)
        verdict = _try_again(request, prepared, say)
        held_out = {name: pair for name, pair in pairs.items() if name in plan.held_out}
        training = {name: pair for name, pair in pairs.items() if name not in held_out}
        tiles = request.work_folder / TILES
        sheets = _draw_colours(request, len(photos), plan.scale, say)
        write_tiles(sheets | training, tiles)
        steps = learn(plan, request, tiles, held_out, say)
        refined = refine(plan, request, tiles, held_out, steps, say)
        say("exporting, and measuring on the held-out photos")
        made = _export(request, plan, refined.run, training, held_out)
        measures = measure(made, int8_of(made), held_out, teacher_seconds(drawn))
        warnings = verdict_of_learning(measures)
        card, preview = made.with_suffix(".md"), made.with_suffix(".jpg")
        write_card(
            card,
            info=read_style(made),
            measures=measures,
            made_from=request.teacher or f"finished pictures in {request.pairs}",
            training=f"{steps} steps with distances, {refined}, {plan.size} network"
            + (f"; {len(sheets)} sheets of plain colours and gradients beside the photos" if sheets else ""),
            repeatability=verdict,
            failures=len(failures),
            photos=len(pairs),
        )
        write_atomically(preview, encode_picture(Picture(draw_preview(made, held_out)), "JPEG"))
    return Distilled(made, int8_of(made), card, preview, measures, failures, warnings)


def explain(request: DistillRequest) -> list[str]:
    """What `distill` is going to do and how long it may take, line by line. Draws one photo; keeps nothing.

    Raises ``UserError`` for a request that cannot be carried out.
    """
    request.check()
    photos = named_photos(request.photos)
    saved = request.work_folder / PLAN
    plan = Plan.read(saved) if saved.is_file() else make_plan(request, list(photos), picture_sizes(photos.values()))
    lines = [f"photos: {len(photos)} in {request.photos}"]
    if request.teacher is not None:
        seconds = _seconds_of_one(request, photos, plan.scale)
        pictures = len(photos) + min(len(photos), REPEATED) + count_of_sheets(len(photos))  # some photos twice
        total = duration(seconds * -(-pictures // request.workers))
        lines.append(f"teacher: {seconds:.1f} s for a picture, {request.workers} at a time: {total}")
    return [*lines, *plan.describe()]


def int8_of(style: Path) -> Path:
    return style.with_name(f"{style.stem}-int8.onnx")


def _draw(request: DistillRequest, photos: Paths, say: Say) -> list[Failure]:
    """Have each photo's picture in the work folder; returns the photos without one."""
    drawn = request.work_folder / DRAWN
    if request.teacher is not None:
        say(f"teacher: {len(photos)} photos, {request.workers} at a time")
        return run_teacher(
            request.teacher,
            photos,
            drawn,
            workers=request.workers,
            timeout=request.timeout,
            on_done=_in_tenths(say, "drawn"),
        )
    assert request.pairs is not None  # one of the two, says `DistillRequest.check`
    say(f"matching {len(photos)} photos with {request.pairs}")
    failures = match_pairs(photos, request.pairs, drawn, on_done=_in_tenths(say, "matched"))
    sheet = draw_refused(photos, request.pairs, failures)
    if sheet is not None:
        write_atomically(request.work_folder / REFUSED, encode_picture(Picture(sheet), "PNG"))
        say(f"what was refused: {request.work_folder / REFUSED}")
    return failures


def _draw_colours(request: DistillRequest, photos: int, side: int, say: Say) -> dict[str, tuple[Path, Path]]:
    """Sheets of colours beside ``photos`` and the teacher's pictures of them, by name; none without a teacher."""
    if request.teacher is None:
        return {}
    drawn = request.work_folder / COLOURS_DRAWN
    sheets = write_sheets(request.work_folder / COLOURS, side, count_of_sheets(photos))
    say(f"teacher: {len(sheets)} sheets of plain colours and gradients")
    try:
        failures = run_teacher(request.teacher, sheets, drawn, workers=request.workers, timeout=request.timeout)
    except HopelessError as error:
        say(f"colours: learnt from the photos alone: {error}")
        return {}
    for failure in failures:
        say(f"left out: {failure}")
    missing = {failure.name for failure in failures}
    return {name: (sheet, drawn / f"{name}.png") for name, sheet in sheets.items() if name not in missing}


def _in_tenths(say: Say, what: str) -> Callable[[int, int], None]:
    """A listener for progress, which says at each tenth how far it is."""

    def listen(done: int, total: int) -> None:
        if 10 * done // total > 10 * (done - 1) // total:
            say(f"{what}: {done} of {total}")

    return listen


def _try_again(request: DistillRequest, photos: Paths, say: Say) -> str | None:
    """What it means that a teacher answers the same or not when it is run twice; None where there is none."""
    if request.teacher is None:
        return None
    drawn = request.work_folder / DRAWN
    db = repeatability(request.teacher, photos, drawn, workers=request.workers, timeout=request.timeout)
    verdict = "failed the second time" if db is None else verdict_of_repeatability(db)
    say(f"teacher: {verdict}")
    return verdict


def _seconds_of_one(request: DistillRequest, photos: Paths, scale: int) -> float:
    """The seconds that the teacher takes for the first photo. Raises ``UserError`` where it fails."""
    name = min(photos)
    with TemporaryDirectory() as folder:
        prepared, failures = prepare_photos({name: photos[name]}, Path(folder), scale=scale, workers=1)
        if failures:
            raise UserError(str(failures[0]))
        assert request.teacher is not None
        try:
            _, seconds = Teacher(request.teacher).draw(prepared[name], Processes(), request.timeout)
        except CommandError as error:
            raise UserError(f"<teacher> {request.teacher}: {name}: {error}") from error
    return seconds


def _export(request: DistillRequest, plan: Plan, run: Path, training: HeldOut, held_out: HeldOut) -> Path:
    """Write the pruned style and its int8 variant, and return the first one's path."""
    photos = [photo for photo, _ in training.values()]
    chosen = photos[:: max(1, -(-len(photos) // MAX_PHOTOS))]
    generator, info = load_run(
        run,
        "AtoB",
        title=request.title or request.output.stem,
        licence=request.licence,
        training_data=request.training_data,
        working_size=plan.scale,
    )
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        export_style(generator, info, whole)
        prune_style(whole, request.output, chosen)
    quantise_style(request.output, int8_of(request.output), chosen, [photo for photo, _ in held_out.values()])
    return request.output


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the work folder. Raises ``UserError`` where another call has it, or it cannot be written."""
    try:
        lock = LockFile(folder / LOCK)
    except LockedError as error:
        raise UserError(f"<work> {folder}: in use ({error}); give another folder") from error
    except OSError as error:
        raise UserError(f"<work> {folder}: cannot be written: {error.strerror}; give another folder") from error
    try:
        yield
    finally:
        lock.release()
