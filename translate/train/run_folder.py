"""The folder of a run: locking, checking and preparing it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from accelerate import Accelerator

from translate.config import CONFIG_NAME, TrainConfig
from translate.errors import PictureError, UserError, one_line, parse_nested
from translate.storage.atomic import remove_abandoned, write_atomically
from translate.storage.lock import LockedError, LockFile
from translate.train.log import SAMPLES
from translate.weights import checkpoint

BEST = "best"  # in the run's folder: a folder with the best checkpoint
LOCK = ".lock"  # in the run's folder, while it is training


@contextmanager
def locked(config: TrainConfig, accelerator: Accelerator) -> Iterator[LockFile | None]:
    """Hold the lock of the run's folder; of several processes only the first has it.

    Raises ``UserError`` where another training has it, and where it cannot be written.
    """
    if not accelerator.is_main_process:
        yield None
        return
    try:
        lock = LockFile(config.out / LOCK)
    except LockedError as error:
        raise UserError(
            f"<out> {config.out}: another training is under way in it ({error}); give another folder"
        ) from error
    except OSError as error:
        raise UserError(f"<out> {config.out}: cannot be written: {error.strerror}; give another folder") from error
    try:
        yield lock
    finally:
        lock.release()


def check_run_folder(config: TrainConfig) -> None:
    """Raise ``UserError`` for a folder of something else, and where settings differ from those saved and may not."""
    saved = config.out / CONFIG_NAME
    if not saved.is_file() and not (config.out / checkpoint.FOLDER).is_dir():
        refuse_foreign_files(config)
    if saved.is_file():
        try:
            settings = parse_nested(json.loads, saved.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{saved}: is damaged; remove it to go on with the settings given") from error
        changes = config.changes_that_break_resume(settings)
        if changes:
            raise UserError(f"{config.out} cannot be resumed: {'; '.join(changes)}; restore them or give another <out>")


def refuse_foreign_files(config: TrainConfig) -> None:
    """Raise ``UserError`` where ``out`` holds anything but what a training killed at its very start leaves."""
    try:
        others = [path.name for path in config.out.iterdir() if not path.name.startswith(".")]
    except OSError:  # it is not there yet, or no folder, which writing to it reports
        return
    if others:
        raise UserError(f"<out> {config.out}: holds {min(others)} but no run; give a new or an empty folder")


def begin_run_folder(config: TrainConfig) -> None:
    """Save the settings, and remove what a killed run left unfinished. Raises ``UserError`` where that fails."""
    try:
        for folder in (config.out, config.out / BEST):
            checkpoint.remove_unfinished(folder)
        for folder in (config.out, config.out / SAMPLES):
            remove_abandoned(folder)
        write_atomically(config.out / CONFIG_NAME, json.dumps(config.to_dict(), indent=2).encode())
    except (OSError, PictureError) as error:
        raise UserError(f"<out> {config.out}: cannot be written: {one_line(error)}; give another folder") from error
