"""What the routes share: the styles, the threads, the places, the jobs, and a folder for what is in work."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request

from translate.convert.conversion import ConvertRequest
from translate.style.catalogue import DEFAULT_STYLE
from translate.web.conversion import FileConverter
from translate.web.jobs import Jobs
from translate.web.metrics import Metrics
from translate.web.parameters import read_parameters
from translate.web.places import Places, Workers
from translate.web.problems import Problem
from translate.web.settings import ServeSettings
from translate.web.styles import Styles


class Service:
    """The state of one server. Raises ``UnusableError`` if a style or the device cannot be used.

    ``stopping`` says whether the server has been told to stop, so that it takes no new work.
    """

    def __init__(self, settings: ServeSettings, stopping: Callable[[], bool] = lambda: False) -> None:
        self.settings, self.stopping = settings, stopping
        self.styles = Styles(
            settings.styles,
            device=settings.device,
            int8=settings.int8,
            limit=settings.warm_styles,
            threads=settings.workers,
        )
        self.metrics = Metrics()
        self.converter = FileConverter(self.styles, settings.workers, settings.max_pixels)
        self.workers = Workers(settings.workers, "convert")
        self.places = Places(settings.queue + settings.workers, "pictures are waiting")
        self.uploads = Places(settings.uploads, "files are on their way")
        self.streams = Places(settings.event_streams, "clients are watching jobs")
        self.folder = Path(tempfile.mkdtemp(prefix="translate-serve-"))  # readable by this user alone
        self.jobs = Jobs(settings, self.converter, self.folder, self._count)

    def require_running(self) -> None:
        """Raise `Problem` if the server is stopping."""
        if self.stopping():
            raise Problem("stopping", "no new work is taken", {"Retry-After": "10"})

    @property
    def default_style(self) -> str:
        """That of the command line, or the first where the server does not have it."""
        return DEFAULT_STYLE if DEFAULT_STYLE in self.styles.entries else next(iter(self.styles.entries))

    def asked(self, request: Request) -> ConvertRequest:
        """What the query of ``request`` asks for, with one of this server's styles. Raises as `read_parameters`."""
        pairs = request.query_params.multi_items()
        if "style" not in request.query_params:
            pairs.append(("style", self.default_style))
        asked = read_parameters(pairs)
        self.styles.require(str(asked.style))
        return asked

    def measure(self) -> bytes:
        """All metrics, as text."""
        self.metrics.waiting.set(self.places.taken)
        self.metrics.running.set(self.workers.running + self.jobs.workers.running)
        self.metrics.warm_styles.set(self.styles.warm)
        self.metrics.jobs.set(len(self.jobs))
        self.metrics.held.set(self.jobs.held)
        return self.metrics.text()

    def close(self) -> None:
        """Finish the conversions that run, cancel jobs, and remove all files."""
        self.jobs.close()
        self.workers.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _count(self, style: str, outcome: str) -> None:
        self.metrics.conversions.labels(style, outcome).inc()


def service_of(request: Request) -> Service:
    """The service of the app that ``request`` came to."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service
