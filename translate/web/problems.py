"""Errors as problem documents (RFC 9457), in the words of the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from translate.errors import PictureError, UnusableError, UserError, printable, render
from translate.web.parameters import PARAMETERS

LEFT = 499  # nginx's status for a client that has left: it stands in the metrics, and nobody receives it
MEDIA_TYPE = "application/problem+json"
FIELDS = {parameter.setting: parameter.name for parameter in PARAMETERS}


@dataclass(frozen=True)
class Kind:
    """One kind of problem: the status it comes with, its title, and what a client does about it."""

    status: HTTPStatus
    title: str
    remedy: str


KINDS = {
    "bad-request": Kind(HTTPStatus.BAD_REQUEST, "The request cannot be carried out as given", "change it"),
    "no-token": Kind(HTTPStatus.UNAUTHORIZED, "The token is missing or wrong", "send Authorization: Bearer TOKEN"),
    "foreign-origin": Kind(HTTPStatus.FORBIDDEN, "Another site's page may not use this server", "allow its origin"),
    "not-found": Kind(HTTPStatus.NOT_FOUND, "There is nothing at this address", "check it; jobs are kept for minutes"),
    "wrong-method": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "The address does not take this method", "see /docs"),
    "too-slow": Kind(HTTPStatus.REQUEST_TIMEOUT, "The body came too slowly", "send it again"),
    "wrong-state": Kind(HTTPStatus.CONFLICT, "The job is not in a state that allows this", "ask for its status"),
    "too-large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", "send a smaller file"),
    "wrong-host": Kind(HTTPStatus.MISDIRECTED_REQUEST, "This server does not have that name", "allow the host's name"),
    "unusable-picture": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The file cannot be converted", "send another file"),
    "too-busy": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too much is waiting already", "wait as Retry-After says"),
    "large-headers": Kind(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many headers", "send fewer"),
    "internal": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "A mistake in this program", "report it; the log says more"),
    "unusable-style": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The style cannot be used now", "take another style"),
    "too-long": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The conversion took too long", "make it a job, or smaller"),
    "stopping": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The server is stopping", "send it again later"),
    "no-space": Kind(HTTPStatus.INSUFFICIENT_STORAGE, "The server holds too many files", "wait, or remove jobs"),
}


class Problem(Exception):  # noqa: N818 (the field's name for it)
    """Ends a request with a problem document. ``kind``: one of `KINDS`."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers = kind, detail, dict(headers or {})

    @property
    def status(self) -> int:
        return KINDS[self.kind].status

    @property
    def body(self) -> bytes:
        """The document."""
        document = {
            "type": f"/docs#{self.kind}",
            "title": KINDS[self.kind].title,
            "status": self.status,
            "detail": printable(self.detail),
        }
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")

    def response(self) -> Response:
        return Response(self.body, self.status, self.headers, MEDIA_TYPE)


def name_of(setting: str) -> str:
    """A setting as a client knows it: a parameter of the request, or an option of the server."""
    return FIELDS.get(setting) or "translate serve --" + setting.replace("_", "-")


def words_of(marked: str) -> str:
    """A marked text (`translate.errors`) with each setting named for a client."""
    return render(marked, name_of)


def problem_of(error: UserError) -> Problem:
    """The problem that ``error`` is to a client."""
    kind = "bad-request"
    if isinstance(error, PictureError):
        kind = "unusable-picture"
    elif isinstance(error, UnusableError):
        kind = "unusable-style"
    return Problem(kind, words_of(error.marked))


async def answer_problem(request: Request, error: Exception) -> Response:
    """Starlette's handler of a `Problem`."""
    assert isinstance(error, Problem)
    return error.response()


async def answer_user_error(request: Request, error: Exception) -> Response:
    """Starlette's handler of a ``UserError``."""
    assert isinstance(error, UserError)
    return problem_of(error).response()


async def answer_not_found(request: Request, error: Exception) -> Response:
    """Starlette's handler of an address that no route has."""
    return Problem("not-found", f"{request.url.path}: no such address; /docs lists them").response()


async def answer_wrong_method(request: Request, error: Exception) -> Response:
    """Starlette's handler of a method that the address does not take."""
    headers = getattr(error, "headers", None)
    detail = f"{request.method} {request.url.path}: not a method of this address"
    return Problem("wrong-method", detail, headers).response()


async def answer_nobody(request: Request, error: Exception) -> Response:
    """Starlette's handler where the client has left."""
    return Response(status_code=LEFT)


async def answer_mistake(request: Request, error: Exception) -> Response:
    """Starlette's handler of any other exception, which it raises again for the log."""
    return Problem("internal", "something went wrong in this program; its log says what").response()
