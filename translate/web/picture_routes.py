"""The routes for single pictures and for the styles, and those that say how the server is."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from translate.convert.conversion import ConvertRequest
from translate.web.bodies import receive_body
from translate.web.conversion import FileConverter
from translate.web.names import media_type_of
from translate.web.places import outcome
from translate.web.service import service_of

BODY_NAME = "the picture"  # how messages call a body, which has no name


async def convert(request: Request) -> Response:
    """The body, a picture, translated: the bytes that `translate convert` would write."""
    service = service_of(request)
    service.require_running()
    asked = service.asked(request)
    with ExitStack() as held:
        held.enter_context(service.places.take(service.workers.retry_after(service.places.taken)))
        folder = held.enter_context(TemporaryDirectory(dir=service.folder, ignore_cleanup_errors=True))
        source = Path(folder) / "source"
        settings = service.settings
        count = await receive_body(request, source, settings.max_body, settings, within=settings.timeout)
        service.metrics.received.inc(count)
        cancelled = threading.Event()
        work = partial(_convert_and_read, service.converter, source, asked, cancelled)
        future = service.workers.submit(work)
        # A picture in work cannot be stopped: its place and its files are given back when it is finished.
        kept = held.pop_all()
        future.add_done_callback(lambda _: kept.close())
    finished = False
    try:
        content, suffix = await outcome(future, request, settings.timeout)
        finished = True
    finally:
        cancelled.set()
        service.metrics.conversions.labels(str(asked.style), "done" if finished else "failed").inc()
    return Response(content, media_type=media_type_of(suffix))


def _convert_and_read(
    converter: FileConverter, source: Path, request: ConvertRequest, cancelled: threading.Event
) -> tuple[bytes, str]:
    """The content of the result, and its suffix."""
    converted = converter.convert(source, BODY_NAME, request, cancelled)
    return converted.path.read_bytes(), converted.path.suffix


async def list_styles(request: Request) -> Response:
    """The styles, and the limits that a client should know."""
    service = service_of(request)
    settings = service.settings
    entries = service.styles.entries
    return JSONResponse(
        {
            "default": service.default_style,
            "styles": [entry.described() for entry in entries.values()],
            "limits": {
                "picture_bytes": settings.max_body,
                "video_bytes": settings.max_video,
                "pixels": settings.max_pixels,
                "files_per_job": settings.files_per_job,
                "kept_seconds": settings.keep,
            },
        }
    )


async def preview(request: Request) -> Response:
    """A small photo in the style."""
    service = service_of(request)
    name = service.styles.require(request.path_params["style"]).name
    content = await run_in_threadpool(service.styles.preview, name)
    return Response(content, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})


async def card(request: Request) -> Response:
    """What there is to know about the style, as Markdown."""
    entry = service_of(request).styles.require(request.path_params["style"])
    return PlainTextResponse(entry.card or entry.info.title)


async def health(request: Request) -> Response:
    """Whether the process answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether it takes work; a balancer sends none elsewhere."""
    service_of(request).require_running()
    return JSONResponse({"status": "ready"})


async def metrics(request: Request) -> Response:
    """The metrics, for Prometheus."""
    return Response(service_of(request).measure(), media_type="text/plain; version=0.0.4; charset=utf-8")
