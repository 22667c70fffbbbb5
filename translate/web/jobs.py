"""Jobs: many files, or long ones, converted one after another while their client may come and go.

A job is known by an unguessable name. Its files are on disk, counted against a limit for all jobs together, and are
removed some minutes after the last of them was finished or fetched.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translate.convert.conversion import ConvertRequest
from translate.errors import UserError, one_line
from translate.web.conversion import Cancelled, FileConverter
from translate.web.names import safe_name, unused
from translate.web.places import Workers
from translate.web.problems import Problem, words_of
from translate.web.settings import ServeSettings

LOG = logging.getLogger(__name__)
FINISHED = ("done", "failed", "cancelled")


@dataclass
class JobFile:
    """One file of a job."""

    number: int
    name: str  # safe, of the upload
    folder: Path
    state: str = "waiting"  # waiting, running, or one of FINISHED
    progress: float = 0.0  # 0 to 1
    error: str | None = None
    note: str | None = None  # what the result lacks
    result: Path | None = None
    result_name: str | None = None
    size: tuple[int, int] | None = None  # width and height
    held: int = 0  # bytes on disk
    cancelled: threading.Event = field(default_factory=threading.Event)
    future: Future[None] | None = None

    def described(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "number": self.number,
            "name": self.name,
            "state": self.state,
            "progress": round(self.progress, 3),
            "error": self.error,
            "note": self.note,
            "result": self.result_name if self.state == "done" else None,
            "width": self.size and self.size[0],
            "height": self.size and self.size[1],
        }


@dataclass
class Job:
    """Files that are converted in the same way."""

    id: str
    client: str
    request: ConvertRequest
    folder: Path
    touched: float  # when it was last changed or fetched from, by `time.monotonic`
    files: list[JobFile] = field(default_factory=list)
    version: int = 0  # grows with every change

    @property
    def finished(self) -> bool:
        """Whether no file waits or runs."""
        return all(file.state in FINISHED for file in self.files)

    @property
    def state(self) -> str:
        """``empty``, ``running``, ``cancelled`` or ``done``, whether or not files failed."""
        if not self.files:
            return "empty"
        if not self.finished:
            return "running"
        return "cancelled" if all(file.state == "cancelled" for file in self.files) else "done"

    def used(self) -> None:
        """Keep it for its full time from now on."""
        self.touched = time.monotonic()

    def changed(self) -> None:
        """Show its watchers what is new."""
        self.version += 1
        self.used()

    def described(self) -> dict[str, Any]:
        """As JSON shows it."""
        files = list(self.files)
        return {
            "id": self.id,
            "style": str(self.request.style),
            "state": self.state,
            "progress": round(sum(file.progress for file in files) / len(files), 3) if files else 0.0,
            "files": [file.described() for file in files],
        }


class Jobs:
    """All jobs of a server. ``count`` is called with the style and the outcome of each file."""

    def __init__(
        self, settings: ServeSettings, converter: FileConverter, folder: Path, count: Callable[[str, str], object]
    ) -> None:
        self._settings, self._converter, self._folder, self._count = settings, converter, folder, count
        self.workers = Workers(max(1, settings.workers // 2), "job")  # the rest is left to single pictures
        self._jobs: dict[str, Job] = {}
        self.held = 0  # bytes on disk
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._jobs)

    def create(self, client: str, request: ConvertRequest) -> Job:
        """A job without files. Raises `Problem` if there are too many, of this client or of all."""
        if sum(job.client == client for job in self._jobs.values()) >= self._settings.jobs_per_client:
            limit = self._settings.jobs_per_client
            raise _too_many(f"{limit} jobs of this client are kept already; remove one with DELETE")
        if len(self._jobs) >= self._settings.jobs:
            raise _too_many(f"{self._settings.jobs} jobs are kept already")
        name = secrets.token_urlsafe(16)
        folder = self._folder / f"job-{name}"
        folder.mkdir()
        job = self._jobs[name] = Job(name, client, request, folder, time.monotonic())
        return job

    def find(self, name: str) -> Job:
        """The job of that name; raises `Problem` if there is none any more."""
        if name not in self._jobs:
            raise Problem("not-found", f"job {name}: not there, or no longer")
        return self._jobs[name]

    def new_file(self, job: Job, name: str) -> JobFile:
        """A file of ``job`` whose content is still to come; it counts once it is `start`ed."""
        if len(job.files) >= self._settings.files_per_job:
            raise _too_many(f"{len(job.files)} files are in this job already; begin another")
        folder = job.folder / secrets.token_hex(8)
        folder.mkdir()
        return JobFile(0, safe_name(name), folder)

    def hold(self, file: JobFile, count: int) -> None:
        """Count ``count`` more bytes on disk for ``file``. Raises `Problem` if there is no room for them."""
        with self._lock:
            if self.held + count > self._settings.max_disk:
                raise Problem("no-space", f"more than {self._settings.max_disk / 1e6:g} MB are held already")
            self.held += count
            file.held += count

    def start(self, job: Job, file: JobFile) -> None:
        """Convert ``file``, whose content has come, when its turn comes."""
        if self._jobs.get(job.id) is not job:  # removed while the file came
            self.drop(file)
            raise Problem("not-found", f"job {job.id}: no longer there")
        file.number = len(job.files)
        job.files.append(file)
        job.changed()
        file.future = self.workers.submit(lambda: self._convert(job, file))

    def cancel(self, job: Job) -> None:
        """Cancel what waits and runs. Raises `Problem` if nothing does."""
        if job.finished:
            raise Problem("wrong-state", f"job {job.id}: nothing in it waits or runs; DELETE removes it")
        for file in job.files:
            if file.state not in FINISHED:
                self.cancel_file(job, file)

    def cancel_file(self, job: Job, file: JobFile) -> None:
        """Cancel one file. Raises `Problem` if it is finished."""
        if file.state in FINISHED:
            raise Problem("wrong-state", f"{file.name}: {file.state} already")
        file.cancelled.set()
        if file.future is not None and file.future.cancel():  # it has not begun
            self._finish(job, file, "cancelled")
        job.changed()

    def remove(self, job: Job) -> None:
        """Cancel what waits and runs, and forget the job and its files."""
        self._jobs.pop(job.id, None)
        for file in job.files:
            if file.state not in FINISHED:
                self.cancel_file(job, file)
            self.drop(file)
        shutil.rmtree(job.folder, ignore_errors=True)

    def remove_old(self) -> None:
        """Remove the jobs that were finished and last asked for longer ago than they are kept."""
        now = time.monotonic()
        for job in list(self._jobs.values()):
            if job.finished and now - job.touched > self._settings.keep:
                self.remove(job)

    def drop(self, file: JobFile) -> None:
        """Remove what ``file`` has on disk."""
        shutil.rmtree(file.folder, ignore_errors=True)
        with self._lock:
            self.held -= file.held
            file.held = 0

    def close(self) -> None:
        """Cancel and remove all jobs."""
        for job in list(self._jobs.values()):
            self.remove(job)
        self.workers.close()

    def _convert(self, job: Job, file: JobFile) -> None:
        def progress(_: object, done: int, total: int | None) -> None:
            file.progress = done / total if total else 0.0
            job.version += 1

        def note(_: object, text: str) -> None:
            file.note = text.replace(str(file.folder), "")

        file.state = "running"
        job.changed()
        try:
            source = file.folder / "source"
            done = self._converter.convert(source, file.name, job.request, file.cancelled, progress, note)
            if file.cancelled.is_set():
                raise Cancelled
            self._keep(job, file, done.path)
            file.size = done.size
        except Cancelled:
            self._finish(job, file, "cancelled")
        except UserError as error:
            file.error = words_of(one_line(error))
            self._finish(job, file, "failed")
        except Exception:
            LOG.exception("a file of a job")
            file.error = f"{file.name}: something went wrong in this program; its log says what"
            self._finish(job, file, "failed")
        else:
            self._finish(job, file, "done")

    def _keep(self, job: Job, file: JobFile, path: Path) -> None:
        taken = {other.result_name.lower() for other in job.files if other.result_name is not None}
        stem = f"{Path(file.name).stem}-{job.request.style}"
        file.result, file.result_name = path, unused(stem + path.suffix, taken)
        with self._lock:
            count = path.stat().st_size
            self.held += count - file.held  # the upload is gone
            file.held = count

    def _finish(self, job: Job, file: JobFile, state: str) -> None:
        file.progress = 1.0 if state == "done" else file.progress
        file.state = state
        if state != "done":
            self.drop(file)
        self._count(str(job.request.style), state)
        job.changed()
        if job.id not in self._jobs:  # removed meanwhile
            self.drop(file)
            shutil.rmtree(job.folder, ignore_errors=True)


def _too_many(detail: str) -> Problem:
    return Problem("too-busy", detail, {"Retry-After": "30"})
