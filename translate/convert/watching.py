"""A folder kept translated: new and changed files are converted as they come.

What is done shows in the results themselves: each has the modification time of the file it was made from, to which it
is set before it appears under its name. So a watcher that was killed goes on where it stopped, without a record that
could be lost, and a result that somebody deleted is made again.

Each look at the folder compares all of it with what is known. Events only say when to look, so that lost ones, as on
network drives, cost time and no files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from translate.convert.conversion import ConvertRequest, open_conversion, plan_for
from translate.convert.inputs import SUFFIXES
from translate.convert.options import Options
from translate.convert.planning import Job
from translate.convert.results import Result
from translate.convert.targets import chosen_targets
from translate.errors import UserError, one_line
from translate.storage.folders import find_images
from translate.storage.lock import LockedError, LockFile
from translate.storage.remote import is_below
from translate.style.translator import Translator

STAGING = ".translate-watch"  # in the output folder: results that are not whole yet
LOOK_AGAIN = 60.0  # seconds after which the folder is looked at without an event
Version = tuple[int, int]  # size in bytes and modification time in nanoseconds


@dataclass
class Known:
    """What is known of a file in the watched folder."""

    version: Version
    since: float  # when this version was first seen
    job: Job | None = None  # planned for this version
    tried: bool = False  # converted or failed


@dataclass(frozen=True)
class Event:
    """Something to tell about one file."""

    source: Path
    output: Path | None = None
    result: Result | None = None  # of its conversion
    failure: str | None = None  # one line, marked as in `errors`
    removed: bool = False  # the source vanished, and so did the output


class Watcher:
    """Keeps ``request.output`` translated from the folder ``request.inputs[0]``.

    ``settle``: seconds for which a file has to be unchanged to count as whole. ``delete``: remove the results of files
    that vanish while it runs. Raises ``UserError`` for folders that cannot be used so, and as ``prepare`` does.
    """

    def __init__(
        self,
        request: ConvertRequest,
        translator: Translator,
        *,
        settle: float = 2.0,
        delete: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.output = Path(str(request.inputs[0])), Path(str(request.output))
        self._request, self._translator = request, translator
        self._settle, self._delete, self._clock = settle, delete, clock
        self._known: dict[Path, Known] = {}
        if not self.folder.is_dir():
            raise UserError(f"{self.folder}: no such folder")
        if os.path.realpath(self.folder) == os.path.realpath(self.output):
            raise UserError(f"<output> {self.output}: the watched folder itself; name another one")
        chosen_targets(translator.info, domain=request.domain, all_domains=False, conditions=request.condition)

    @property
    def unsettled(self) -> bool:
        """Whether a file waits to be unchanged for long enough."""
        return any(not known.tried for known in self._known.values())

    def look(self) -> Iterator[Event]:
        """Convert what is new or changed and whole by now; yields what happened, as it happens."""
        found = dict(self._versions())
        yield from self._forget(found)
        now, due = self._clock(), []
        for source, version in found.items():
            known = self._known.get(source)
            if known is None or known.version != version:
                known = self._known[source] = Known(version, now)
            if not known.tried and now - known.since >= self._settle:
                due.append(source)
        yield from self._convert(due)

    def _versions(self) -> Iterator[tuple[Path, Version]]:
        for source in find_images(self.folder, recursive=self._request.recursive, suffixes=SUFFIXES):
            if is_below(source, self.output):
                continue
            with suppress(OSError):  # it has just vanished, or is a link to nowhere
                status = source.stat()
                yield source, (status.st_size, status.st_mtime_ns)

    def _forget(self, found: dict[Path, Version]) -> Iterator[Event]:
        for source in [source for source in self._known if source not in found]:
            job = self._known.pop(source).job
            if self._delete and job is not None and isinstance(job.output, Path) and job.output.is_file():
                job.output.unlink()
                yield Event(source, job.output, removed=True)

    def _convert(self, due: list[Path]) -> Iterator[Event]:
        jobs: dict[Path, Job] = {}  # staged output -> job
        options: Options | None = None
        for source in due:
            known = self._known[source]
            known.tried = True
            try:
                known.job, options = self._plan(source)
            except UserError as error:
                yield Event(source, failure=one_line(error))
                continue
            assert isinstance(known.job.output, Path)
            if _modified(known.job.output) != known.version[1]:
                staged = self.output / STAGING / known.job.output.relative_to(self.output)
                jobs[staged] = replace(known.job, output=staged)
        if options is not None and jobs:
            for result in open_conversion(list(jobs.values()), options, self._translator).run():
                yield self._published(result)

    def _plan(self, source: Path) -> tuple[Job, Options]:
        """The job of ``source``; raises ``UserError`` if its result would have the name of another file's."""
        target = self.output / source.relative_to(self.folder).parent
        request = replace(self._request, inputs=[source], output=f"{target}{os.sep}", overwrite=True)
        (job,), options = plan_for(request, self._translator.info)
        for other, known in self._known.items():
            if other != source and known.job is not None and known.job.output == job.output:
                raise UserError(f"{source}: would become {job.output}, as {other} has; rename one of them")
        return job, options

    def _published(self, result: Result) -> Event:
        """Give a result its name, with the time of the version that it was made from."""
        source, staged = result.job.source, result.job.output
        assert isinstance(source, Path) and isinstance(staged, Path)
        known = self._known[source]
        assert known.job is not None and isinstance(known.job.output, Path)
        if result.failure is not None:
            return Event(source, known.job.output, failure=result.failure.replace(str(staged), str(known.job.output)))
        try:
            os.utime(staged, ns=(known.version[1], known.version[1]))
            known.job.output.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(known.job.output)
        except OSError as error:
            return Event(source, failure=f"{known.job.output}: cannot be written: {error.strerror}")
        return Event(source, known.job.output, result)


def watch_folder(
    watcher: Watcher, wakes: Iterable[bool], *, clock: Callable[[], float] = time.monotonic
) -> Iterator[Event]:
    """Look whenever one of ``wakes`` says that something has changed, while a file is unsettled, and now and then."""
    with _alone(watcher.output):
        yield from watcher.look()
        last = clock()
        for changed in wakes:
            if changed or watcher.unsettled or clock() - last >= LOOK_AGAIN:
                yield from watcher.look()
                last = clock()


def wakes(folder: Path, *, recursive: bool, every: float) -> Iterator[bool]:
    """True when something below ``folder`` changes, else False ``every`` so many seconds."""
    import watchfiles

    changes = watchfiles.watch(
        folder,
        watch_filter=None,
        recursive=recursive,
        debounce=500,
        rust_timeout=max(50, int(1000 * every)),
        yield_on_timeout=True,
    )
    for changed in changes:
        yield bool(changed)


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Hold the output folder inside; raises ``UserError`` if another watcher does, or it cannot be written."""
    try:
        held = LockFile(output / STAGING / "lock")
    except LockedError as error:
        raise UserError(f"<output> {output}: {error} watches into it already") from error
    except OSError as error:
        raise UserError(f"<output> {output}: cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        held.release()


def _modified(path: Path) -> int | None:
    """The modification time in nanoseconds; None: there is no such file."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
