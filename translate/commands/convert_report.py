"""The output of `translate convert` and `upscale`: lines and progress while it runs, a summary and JSON at the end."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from translate.commands.terminal import say, warn, with_flags
from translate.errors import ExitCode, NoSpaceError, printable
from translate.machine import peak_memory_mb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from translate.convert.conversion import Conversion
    from translate.convert.options import Options
    from translate.convert.planning import Job
    from translate.convert.results import Result

MEASURED_SECONDS = 10  # of a video's conversion, before its duration is estimated: encoding lags behind translating
LONG_SECONDS = 60  # left, from which on it is said
STATUSES = ("converted", "skipped", "failed")
DOING = {"decode": "decoding", "translate": "translating", "encode": "encoding"}


class VideoForecast:
    """How long the frames of a video will take, said once if it is long. ``done``: frames done at the start."""

    def __init__(self, done: int) -> None:
        self._start, self._done, self._said = time.perf_counter(), done, False

    def __call__(self, done: int, total: int | None) -> str | None:
        """The line to print when ``done`` of ``total`` frames are done, None: nothing."""
        seconds = time.perf_counter() - self._start
        if self._said or seconds < MEASURED_SECONDS or done == self._done:
            return None
        self._said = True
        each = seconds / (done - self._done)
        left = 0.0 if total is None else each * (total - done)
        if left < LONG_SECONDS:
            return None
        return f"about {left / 60:.0f} more minutes for {total - done if total else 0} frames, {each:.2g} s each"


class Report:
    """The results so far. ``quiet``: only failures are printed; ``verbose``: a line per picture."""

    def __init__(self, options: Options, *, quiet: bool = False, verbose: bool = False) -> None:
        self.options, self.quiet, self.verbose = options, quiet, verbose
        self.start = time.perf_counter()
        self.results: list[Result] = []
        self._forecasts: dict[int, VideoForecast] = {}  # by job
        self._show: Callable[[float], None] = lambda done: None

    def follow(self, results: Iterable[Result], jobs: list[Job]) -> None:
        """Collect the ``results`` of ``jobs`` as they arrive, and show progress; they end up in the jobs' order."""
        place = {id(job): number for number, job in enumerate(jobs)}
        try:
            self._take(results, len(jobs))
        finally:
            self.results.sort(key=lambda result: place[id(result.job)])

    def _take(self, results: Iterable[Result], total: int) -> None:
        for result in self._with_progress(results, total):
            self.results.append(result)
            if result.failure is not None:
                warn(f"failed: {with_flags(result.failure)}")
            elif self.verbose and result.size is None:
                say(f"skipped: {result.job.output_name} exists")
            elif self.verbose and result.size is not None:
                width, height = result.size
                say(f"{job_line(result.job)} ({width} x {height}, {result.seconds:.2f} s)")

    def _with_progress(self, results: Iterable[Result], total: int) -> Iterator[Result]:
        if self.quiet or not sys.stderr.isatty():
            yield from results
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("", total=total)

            def show(done: float) -> None:
                failed = f", {self.counts['failed']} failed" if self.counts["failed"] else ""
                progress.update(bar, completed=done, description=f"{self.speed:.1f} MP/s{failed}")

            self._show = show
            for result in results:
                yield result
                show(len(self.results))

    def show_frames(self, job: Job, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` frames of a video or animation are done, as a fraction of a picture.

        Of one that takes long, a line says how long.
        """
        forecast = self._forecasts.setdefault(id(job), VideoForecast(done))(done, total)
        if forecast is not None and not self.quiet:
            say(f"{job.output_name}: {forecast}")
        if total:
            self._show(len(self.results) + done / total)

    def note(self, job: Job, text: str) -> None:
        """Print a remark on the result of ``job``."""
        say(f"{job.output_name}: {text}")

    @property
    def counts(self) -> Counter[str]:
        return Counter(map(status, self.results))

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    @property
    def megapixels(self) -> float:
        """Megapixels of the pictures that were written."""
        return sum(result.size[0] * result.size[1] for result in self.results if result.size is not None) / 1e6

    @property
    def speed(self) -> float:
        """Megapixels per second."""
        return self.megapixels / max(self.seconds, 1e-9)

    @property
    def stages(self) -> dict[str, float]:
        """Seconds per stage, summed over all pictures: more than the elapsed time."""
        total: Counter[str] = Counter()
        for result in self.results:
            total.update(result.stages)
        return {stage: round(seconds, 3) for stage, seconds in total.items()}

    @property
    def limited_by(self) -> str | None:
        """The stage that kept its threads busiest; translating has fewer threads than decoding and encoding."""
        threads = self.options.translate_workers + self.options.workers
        available = {"decode": threads, "translate": self.options.translate_workers, "encode": threads}
        busy = {stage: self.stages.get(stage, 0.0) / available[stage] for stage in available}
        return max(busy, key=lambda stage: busy[stage]) if any(busy.values()) else None

    def summarise(self, style: str, device: str, *, interrupted: bool) -> None:
        """Print the summary."""
        if self.quiet:
            return
        stopped = "interrupted: " if interrupted else ""
        counted = ", ".join(f"{self.counts[status]} {status}" for status in STATUSES)
        say(f"{stopped}{counted}; style {style} on {device}")
        if self.limited_by is not None and self.counts["converted"]:
            say(
                f"{self.megapixels:.1f} MP in {self.seconds:.1f} s: {self.speed:.1f} MP/s, "
                f"limited by {DOING[self.limited_by]}"
                + ("" if (peak := peak_memory_mb()) is None else f"; peak memory {peak:.0f} MB")
            )
        written = [result.output for result in self.results if result.size is not None and result.output is not None]
        if written:
            from translate.convert.places import whereabouts

            say(f"results: {whereabouts(written)}")

    def as_dict(self, style: str, device: str, *, interrupted: bool) -> dict[str, Any]:
        """Everything, for JSON."""
        files = [
            {
                **paths(result.job),
                "status": status(result),
                "error": None if result.failure is None else with_flags(result.failure),
                "size": result.size,
                "seconds": round(result.seconds, 3),
                "stages": {stage: round(seconds, 4) for stage, seconds in result.stages.items()},
            }
            for result in self.results
        ]
        summary = {
            **{status: self.counts[status] for status in STATUSES},
            "interrupted": interrupted,
            "style": style,
            "device": device,
            "seconds": round(self.seconds, 3),
            "megapixels": round(self.megapixels, 3),
            "megapixels_per_s": round(self.speed, 3),
            "stages": self.stages,
            "limited_by": self.limited_by,
            "peak_memory_mb": peak_memory_mb(),  # of this process; null where the system does not report it
        }
        return {"files": files, "summary": summary}


def say_remark(remark: str) -> None:
    """Print a marked remark on the inputs."""
    say(with_flags(remark))


def status(result: Result) -> str:
    """One of STATUSES."""
    if result.failure is not None:
        return "failed"
    return "skipped" if result.skipped else "converted"


def job_line(job: Job) -> str:
    return f"{job.source_name} -> {job.output_name}"


def paths(job: Job) -> dict[str, Any]:
    return {
        "source": "-" if job.source is None else str(job.source),
        "output": "-" if job.output is None else str(job.output),
        "domain": job.domain if job.condition is None else None,
        "condition": job.condition,
    }


def run_and_report(
    conversion: Conversion, style: str, *, tell_device: bool, as_json: bool, quiet: bool, verbose: bool
) -> None:
    """Run ``conversion``, by the style called ``style``, and report; exits with the code for what happened.

    ``tell_device``: say which device ``auto`` took, if ``verbose`` or if it is the CPU in spite of a GPU.
    """
    report = Report(conversion.options, quiet=quiet, verbose=verbose)
    results = conversion.run(on_progress=report.show_frames, on_note=report.note)
    if tell_device and (verbose or (not quiet and conversion.gpu_is_idle)):
        say(f"--device auto took {conversion.device}" + (f": {conversion.why_cpu}" if conversion.why_cpu else ""))
    interrupted = False
    try:
        report.follow(results, conversion.jobs)
    except KeyboardInterrupt:
        interrupted = True
    except NoSpaceError as error:
        warn(with_flags(error.marked))
    report.summarise(style, conversion.device, interrupted=interrupted)
    if as_json:
        typer.echo(json.dumps(report.as_dict(style, conversion.device, interrupted=interrupted), indent=2))
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if report.counts["failed"]:
        raise typer.Exit(ExitCode.SOME_FAILED)


def show_plan(jobs: list[Job], *, as_json: bool) -> None:
    """Print the inputs and outputs of ``jobs``, none of which has been run."""
    if as_json:
        files = [{**paths(job), "status": "skipped" if job.skip else "planned"} for job in jobs]
        typer.echo(json.dumps({"files": files}, indent=2))
    else:
        for job in jobs:
            typer.echo(printable(job_line(job)) + (" (skipped: exists)" if job.skip else ""))
    skipped = sum(job.skip for job in jobs)
    say(f"{len(jobs) - skipped} to convert, {skipped} to skip; nothing written")
