"""What becomes of each job."""

from __future__ import annotations

from dataclasses import dataclass, field

from translate.convert.planning import Job
from translate.errors import render
from translate.storage.remote import Location

Seconds = dict[str, float]  # stage, one of STAGES -> seconds spent in it

STAGES = ("decode", "wait", "translate", "encode")  # "wait": for the device


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The outcome of one job."""

    job: Job
    failure: str | None = None  # one line naming the file, marked as in `errors`: front ends render it
    size: tuple[int, int] | None = None  # width and height of what was written
    kept: bool = False  # the output appeared meanwhile, and such outputs are skipped
    stages: Seconds = field(default_factory=dict)  # decoding counts for the first job of a photo

    @property
    def error(self) -> str | None:
        """One line naming the file, with the Python names of settings; None: no error."""
        return None if self.failure is None else render(self.failure)

    @property
    def skipped(self) -> bool:
        """Whether the output was there already, and was kept."""
        return self.job.skip or self.kept

    @property
    def source(self) -> Location | None:
        return self.job.source

    @property
    def output(self) -> Location | None:
        return self.job.output

    @property
    def seconds(self) -> float:
        """Time spent on this job, while other jobs ran in parallel; waiting for the device does not count."""
        return sum(self.stages.values()) - self.stages.get("wait", 0.0)
