"""The teacher: a command that makes a picture of a photo, run once for each photo.

What it drew is kept with what it was drawn from, the command and the photo; only what is missing or changed runs again.
"""

from __future__ import annotations

import math
import os
import re
import shlex
import statistics
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from translate.distillation.drawn import Pixels, is_drawn, key_of, read_record, resized_like, same_aspect, write_drawn
from translate.distillation.failures import Failure
from translate.distillation.processes import CommandError, Processes, StartError, with_last_line
from translate.errors import PictureError, UserError, literal, one_line, printable
from translate.evaluate.pair_metrics import compare_pictures
from translate.media.images import load_rgb
from translate.storage.atomic import remove_abandoned

REPEATED = 10  # photos that are drawn a second time
# Where two answers are their common mean plus noise of their own, the mean, which is all that a style can learn, is
# 3 dB closer to an answer than another answer is. At 40 dB a style that is 30 dB from the mean is 29.8 dB from an
# answer: the noise costs it nothing. At 25 dB a perfect style would stay at 28 dB, where the included styles are.
REPEATABLE_DB = 40.0
VARYING_DB = 25.0


class HopelessError(UserError):
    """A teacher that draws nothing."""


@dataclass(frozen=True)
class Teacher:
    """A command with {input} and {output}."""

    command: str

    def arguments(self, photo: Path, output: Path) -> list[str]:
        """The program and its arguments: without a shell, with absolute paths where the marks are."""
        paths = {"{input}": str(photo.absolute()), "{output}": str(output.absolute())}
        try:
            parts = shlex.split(self.command)
        except ValueError as error:
            raise UserError(f"<teacher> {self.shown}: {one_line(error)}; check the quotes") from error
        if not parts:
            raise UserError("<teacher> is empty; give a command with {input} and {output}")
        return [re.sub(r"\{(input|output)\}", lambda mark: paths[mark[0]], part) for part in parts]

    def key(self, photo: Path) -> str:
        """Changes whenever the command or the photo does."""
        try:
            return key_of(os.fsencode(self.command), photo.read_bytes())
        except OSError as error:
            raise PictureError(f"{photo}: cannot be read: {error.strerror or one_line(error)}") from error

    def draw(self, photo: Path, processes: Processes, timeout: float) -> tuple[Pixels, float]:
        """Its picture of ``photo``, in the photo's size, and the seconds it took.

        Raises ``CommandError`` where it draws none, and ``UserError`` where it cannot run at all.
        """
        try:
            # a stray child that still writes must not fail the removal
            with TemporaryDirectory(prefix="translate-teacher-", ignore_cleanup_errors=True) as folder:
                output = Path(folder) / f"{photo.stem}.png"
                finished = processes.run(self.arguments(photo, output), timeout)
                return _read_answer(output, load_rgb(photo), finished.said), finished.seconds
        except StartError as error:
            raise UserError(
                f"<teacher> {self.shown}: cannot be started: {literal(str(error))}; "
                "give a program by its path, and pipes of several as a script"
            ) from error
        except OSError as error:
            raise UserError(f"temporary files cannot be written: {error.strerror or one_line(error)}") from error

    @property
    def shown(self) -> str:
        """The command in an error's text."""
        return printable(literal(self.command))


def run_teacher(
    command: str,
    photos: Mapping[str, Path],
    drawn: Path,
    *,
    workers: int,
    timeout: float,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[Failure]:
    """Have the teacher draw each of ``photos``, PNG files by name, as ``drawn``/NAME.png in the photo's size.

    ``workers`` commands run at a time, each for ``timeout`` seconds at most. After each one ``on_done`` gets the number
    of photos done, with those drawn before, and of all. Returns the photos without a picture, sorted by name; for one
    of those ``drawn`` may still hold what another command drew.

    Raises ``UserError`` if the command cannot be started, fails for the first ``workers`` + 2 photos or for all of
    them, or if a picture cannot be written. However it ends, no command is left running.
    """
    teacher = Teacher(command)
    _remove_abandoned(drawn, photos)
    keys = {name: teacher.key(photo) for name, photo in photos.items()}
    pending = [name for name in sorted(photos) if not is_drawn(drawn, name, keys[name])]
    failures: list[Failure] = []
    done = len(photos) - len(pending)
    processes = Processes()

    def draw(name: str) -> None:
        picture, seconds = teacher.draw(photos[name], processes, timeout)
        write_drawn(drawn, name, picture, keys[name], seconds=round(seconds, 3))

    pool = ThreadPoolExecutor(workers, "teacher")
    try:
        jobs = {pool.submit(draw, name): name for name in pending}
        for job in as_completed(jobs):
            try:
                job.result()
            except CommandError as error:
                failures.append(Failure(jobs[job], str(error)))
            done += 1
            if len(failures) == done >= min(workers + 2, len(photos)):
                raise _hopeless(teacher, failures[-1], photos, done)
            on_done(done, len(photos))
    finally:
        processes.stop()
        pool.shutdown(cancel_futures=True)
    return sorted(failures, key=lambda failure: failure.name)


def repeatability(
    command: str, photos: Mapping[str, Path], drawn: Path, *, workers: int, timeout: float
) -> float | None:
    """How alike two answers of the teacher are: the mean PSNR in dB over up to 10 photos, `MAX_PSNR_DB` for equal ones.

    ``drawn`` holds the first answers, from `run_teacher`; the second ones are kept in the folder ``again`` beside it.
    None if there are no first answers, or the teacher fails on all of these photos now. Raises as `run_teacher` does.
    """
    teacher, again = Teacher(command), drawn.parent / "again"
    answered = [name for name, photo in photos.items() if is_drawn(drawn, name, teacher.key(photo))]
    # by digest: a mixed choice, which stays nearly the same when photos are added
    chosen = sorted(answered, key=lambda name: sha256(os.fsencode(name)).digest())[:REPEATED]
    try:
        failures = run_teacher(
            command, {name: photos[name] for name in chosen}, again, workers=workers, timeout=timeout
        )
    except HopelessError:
        return None
    repeated = sorted(set(chosen) - {failure.name for failure in failures})
    if not repeated:
        return None
    pairs = [(load_rgb(drawn / f"{name}.png"), load_rgb(again / f"{name}.png")) for name in repeated]
    alike = [compare_pictures(first, second).capped_psnr_db for first, second in pairs]
    return math.fsum(alike) / len(alike)


def verdict_of_repeatability(db: float) -> str:
    """What the `repeatability` of a teacher means for a style that learns from it."""
    if db >= REPEATABLE_DB:
        return f"answers the same each time ({db:.0f} dB)"
    if db >= VARYING_DB:
        return f"differs a little each time ({db:.0f} dB): the style learns the mean"
    return (
        f"answers differently each time ({db:.0f} dB): "
        "a style can learn only what its pictures have in common, expect a blur"
    )


def teacher_seconds(drawn: Path) -> float | None:
    """The median of the seconds that the pictures in ``drawn`` took, `run_teacher`'s workers sharing the machine.

    None where no picture has its time with it: it was not drawn by a teacher.
    """
    taken = [read_record(path).get("seconds") for path in drawn.rglob("*.json")]
    known = [float(seconds) for seconds in taken if isinstance(seconds, int | float)]
    return statistics.median(known) if known else None


def _remove_abandoned(drawn: Path, photos: Mapping[str, Path]) -> None:
    for folder in {(drawn / name).parent for name in photos}:
        remove_abandoned(folder)


def _read_answer(output: Path, photo: Pixels, said: str) -> Pixels:
    """The picture that the teacher wrote, on white, in the size of ``photo``."""
    if not output.exists():
        others = sorted(path.name for path in output.parent.iterdir())
        problem = "wrote no picture" + (f" but {printable(others[0])}" if others else "")
        raise CommandError(with_last_line(problem, said))
    try:
        picture = load_rgb(output)
    except PictureError as error:
        raise CommandError(f"its picture: {printable(str(error).removeprefix(f'{output}: '))}") from error
    if not same_aspect(picture, photo):
        size, photo_size = (f"{pixels.shape[1]} x {pixels.shape[0]}" for pixels in (picture, photo))
        raise CommandError(f"its picture has another aspect ratio: {size} pixels, the photo {photo_size}")
    return resized_like(picture, photo)


def _hopeless(teacher: Teacher, failure: Failure, photos: Mapping[str, Path], count: int) -> HopelessError:
    by_hand = shlex.join(teacher.arguments(photos[failure.name], Path("out.png")))
    return HopelessError(
        f"<teacher> {teacher.shown}: failed on each of {count} photos, the last time: {literal(failure.reason)}; "
        f"try it by hand: {printable(literal(by_hand))}"
    )
