"""The routes for jobs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from translate.web.archive import zip_pieces
from translate.web.bodies import receive_body
from translate.web.jobs import Job, JobFile
from translate.web.names import attachment, is_video, media_type_of
from translate.web.problems import Problem
from translate.web.service import Service, service_of

LOOK_EVERY = 0.2  # seconds between looks at a watched job
HEARTBEAT = 15.0  # seconds after which a comment is sent, so that proxies keep the connection


async def create(request: Request) -> Response:
    """Begin a job: all its files are converted as the query says."""
    service = service_of(request)
    service.require_running()
    client = request.client.host if request.client else ""
    job = service.jobs.create(client, service.asked(request))
    return JSONResponse(job.described(), 201, {"Location": f"/v1/jobs/{job.id}"})


async def status(request: Request) -> Response:
    """The job and its files."""
    job = _job(request)
    return JSONResponse(job.described())


async def add_file(request: Request) -> Response:
    """Add the body, a picture or a video, to the job; its conversion begins as soon as a thread is free."""
    service, job = service_of(request), _job(request)
    service.require_running()
    names = request.query_params.getlist("name")
    if len(names) != 1 or set(request.query_params) != {"name"}:
        raise Problem("bad-request", "name: give the file's name as the only parameter")
    file = service.jobs.new_file(job, names[0])
    limit = service.settings.max_video if is_video(file.name) else service.settings.max_body

    def count_bytes(count: int) -> None:
        service.jobs.hold(file, count)
        job.used()

    with ExitStack() as undo:
        undo.callback(service.jobs.drop, file)
        with service.uploads.take():
            source = file.folder / "source"
            count = await receive_body(request, source, limit, service.settings, on_bytes=count_bytes)
        service.metrics.received.inc(count)
        service.jobs.start(job, file)
        undo.pop_all()
    return JSONResponse(file.described(), 202, {"Location": f"/v1/jobs/{job.id}/files/{file.number}"})


async def result(request: Request) -> Response:
    """The result of one file."""
    job = _job(request)
    file = _file(request, job)
    if file.state != "done" or file.result is None or file.result_name is None:
        raise Problem("wrong-state", f"{file.name}: {file.error or file.state}")
    return FileResponse(
        file.result,
        media_type=media_type_of(file.result.suffix),
        headers={"Content-Disposition": attachment(file.result_name)},
    )


async def cancel_file(request: Request) -> Response:
    """Cancel one file."""
    job = _job(request)
    service_of(request).jobs.cancel_file(job, _file(request, job))
    return Response(status_code=204)


async def cancel(request: Request) -> Response:
    """Cancel what waits and runs; what is done stays."""
    job = _job(request)
    service_of(request).jobs.cancel(job)
    return JSONResponse(job.described())


async def remove(request: Request) -> Response:
    """Cancel the job, and remove it and its files."""
    service_of(request).jobs.remove(_job(request))
    return Response(status_code=204)


async def archive(request: Request) -> Response:
    """All results so far, in one zip."""
    job = _job(request)
    results = [(file.result, file.result_name) for file in job.files if file.state == "done"]
    found: list[tuple[Path, str]] = [(path, name) for path, name in results if path is not None and name is not None]
    if not found:
        raise Problem("wrong-state", f"job {job.id}: no file of it is done")
    headers = {"Content-Disposition": attachment(f"{job.request.style}.zip")}
    return StreamingResponse(zip_pieces(found), media_type="application/zip", headers=headers)


async def events(request: Request) -> Response:
    """The job at each change, as server-sent events, until nothing in it waits or runs."""
    service, job = service_of(request), _job(request)
    held = ExitStack()
    held.enter_context(service.streams.take())
    return _Stream(_changes(service, job), held)


class _Stream(StreamingResponse):
    """Server-sent events, which give back what is ``held`` when they end, also where the client has left."""

    def __init__(self, content: AsyncIterator[str], held: ExitStack) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def _changes(service: Service, job: Job) -> AsyncIterator[str]:
    shown, quiet = -1, 0.0
    while not service.stopping():
        version, finished = job.version, job.finished
        if version != shown:
            shown, quiet = version, 0.0
            yield f"data: {json.dumps(job.described())}\n\n"
        if finished:
            break
        if quiet >= HEARTBEAT:
            quiet = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(LOOK_EVERY)
        quiet += LOOK_EVERY
    yield "event: end\ndata: {}\n\n"


def _job(request: Request) -> Job:
    """The job that the address names, which is kept for some minutes more."""
    job = service_of(request).jobs.find(request.path_params["job"])
    job.used()
    return job


def _file(request: Request, job: Job) -> JobFile:
    number = request.path_params["file"]
    if number >= len(job.files):
        raise Problem("not-found", f"job {job.id} has {len(job.files)} files, none of them number {number}")
    return job.files[number]
