"""The ASGI application: routes, error handlers, and what runs as long as the server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from translate.errors import UserError
from translate.web import job_routes, picture_routes, problems
from translate.web.bodies import HungUp
from translate.web.docs_page import docs_page
from translate.web.guard import Guard
from translate.web.openapi import document
from translate.web.problems import Problem
from translate.web.service import Service
from translate.web.settings import ServeSettings

PAGE = Path(__file__).parent / "page"
PAGE_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}
CLEAN_EVERY = 5.0  # seconds

# All of the page, by name: nothing else is ever read for a request to /static.
FILES = {path.name: path.read_bytes() for path in sorted(PAGE.iterdir()) if path.suffix in PAGE_TYPES}

ROUTES = [
    Route("/v1/convert", picture_routes.convert, methods=["POST"]),
    Route("/v1/styles", picture_routes.list_styles),
    Route("/v1/styles/{style}/preview", picture_routes.preview),
    Route("/v1/styles/{style}/card", picture_routes.card),
    Route("/v1/jobs", job_routes.create, methods=["POST"]),
    Route("/v1/jobs/{job}", job_routes.status),
    Route("/v1/jobs/{job}", job_routes.remove, methods=["DELETE"]),
    Route("/v1/jobs/{job}/files", job_routes.add_file, methods=["POST"]),
    Route("/v1/jobs/{job}/files/{file:int}", job_routes.result),
    Route("/v1/jobs/{job}/files/{file:int}", job_routes.cancel_file, methods=["DELETE"]),
    Route("/v1/jobs/{job}/cancel", job_routes.cancel, methods=["POST"]),
    Route("/v1/jobs/{job}/events", job_routes.events),
    Route("/v1/jobs/{job}/zip", job_routes.archive),
    Route("/healthz", picture_routes.health),
    Route("/readyz", picture_routes.ready),
    Route("/metrics", picture_routes.metrics),
]


def create_app(settings: ServeSettings, stopping: Callable[[], bool] = lambda: False) -> ASGIApp:
    """The application. ``stopping`` says whether the server has been told to stop.

    Raises ``UnusableError`` if a style or the device cannot be used.
    """
    service = Service(settings, stopping)
    documentation, interface = docs_page(), document()

    async def show_docs(request: Request) -> Response:
        return HTMLResponse(documentation)

    async def show_openapi(request: Request) -> Response:
        return JSONResponse(interface)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        cleaning = asyncio.create_task(_clean(service))
        try:
            yield
        finally:
            cleaning.cancel()
            await asyncio.to_thread(service.close)

    app = Starlette(
        routes=[
            *ROUTES,
            Route("/docs", show_docs),
            Route("/openapi.json", show_openapi),
            Route("/", _show_page),
            Route("/static/{name}", _show_file),
        ],
        exception_handlers={
            Problem: problems.answer_problem,
            UserError: problems.answer_user_error,
            HungUp: problems.answer_nobody,
            404: problems.answer_not_found,
            405: problems.answer_wrong_method,
            Exception: problems.answer_mistake,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.service = service
    return Guard(app, settings, service.metrics)


async def _clean(service: Service) -> None:
    while True:
        await asyncio.sleep(CLEAN_EVERY)
        service.jobs.remove_old()


async def _show_page(request: Request) -> Response:
    return _file("index.html")


async def _show_file(request: Request) -> Response:
    return _file(request.path_params["name"])


def _file(name: str) -> Response:
    if name not in FILES:
        raise HTTPException(404)
    media_type = PAGE_TYPES[Path(name).suffix]
    return Response(FILES[name], media_type=media_type, headers={"Cache-Control": "no-cache"})
