"""The OpenAPI document of the interface, as data; `tests/web/test_openapi.py` compares it with the routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from translate import __version__
from translate.web.parameters import PARAMETERS
from translate.web.problems import KINDS, MEDIA_TYPE

Json = dict[str, Any]

BYTES: Json = {"schema": {"type": "string", "format": "binary"}}
NUMBER_OR_NULL: Json = {"type": ["integer", "null"]}
TEXT: Json = {"type": "string"}
TEXT_OR_NULL: Json = {"type": ["string", "null"]}
EVERYWHERE = ("bad-request", "no-token", "foreign-origin", "wrong-host", "large-headers", "internal")
BODY = ("too-slow", "too-large", "too-busy", "stopping")


def document() -> Json:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "translate",
            "version": __version__,
            "description": "Photos in, translated photos out: the bytes that `translate convert` writes.",
        },
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _paths() -> Json:
    job, file = _in_path("job", TEXT), _in_path("file", {"type": "integer", "minimum": 0})
    style = _in_path("style", TEXT)
    return {
        "/v1/convert": {
            "post": _operation(
                "Translate one picture: the body is the file's content, and so is the answer's",
                {"200": {"description": "the result, with the photo's EXIF and transparency", "content": _pictures()}},
                parameters=_conversion(),
                body=BYTES,
                problems=(*BODY, "unusable-picture", "unusable-style", "too-long"),
            )
        },
        "/v1/styles": {"get": _operation("The styles, and the limits of this server", _json("Styles"))},
        "/v1/styles/{style}/preview": {
            "get": _operation("A small photo in the style", _answer("image/webp"), parameters=[style])
        },
        "/v1/styles/{style}/card": {
            "get": _operation("What there is to know about the style", _answer("text/plain"), parameters=[style])
        },
        "/v1/jobs": {
            "post": _operation(
                "Begin a job, whose files are all converted in the same way",
                _json("Job", "201"),
                parameters=_conversion(),
                problems=("too-busy", "stopping"),
            )
        },
        "/v1/jobs/{job}": {
            "get": _operation("How far the job is", _json("Job"), parameters=[job], problems=("not-found",)),
            "delete": _operation("Remove the job and its files", _done(), parameters=[job], problems=("not-found",)),
        },
        "/v1/jobs/{job}/files": {
            "post": _operation(
                "Add a picture or a video to the job: the body is its content",
                _json("File", "202"),
                parameters=[job, _in_query("name", "the file's name; its suffix tells videos", TEXT, required=True)],
                body=BYTES,
                problems=(*BODY, "not-found", "no-space", "unusable-picture"),
            )
        },
        "/v1/jobs/{job}/files/{file}": {
            "get": _operation("The result of a file", _result(), parameters=[job, file], problems=_OF_FILES),
            "delete": _operation("Cancel a file", _done(), parameters=[job, file], problems=_OF_FILES),
        },
        "/v1/jobs/{job}/cancel": {
            "post": _operation("Cancel what waits and runs", _json("Job"), parameters=[job], problems=_OF_FILES)
        },
        "/v1/jobs/{job}/events": {
            "get": _operation(
                "The job at each change, as server-sent events, until nothing in it waits or runs",
                _answer("text/event-stream"),
                parameters=[job],
                problems=("not-found", "too-busy"),
            )
        },
        "/v1/jobs/{job}/zip": {
            "get": _operation(
                "All results in one zip", _answer("application/zip"), parameters=[job], problems=_OF_FILES
            )
        },
        "/healthz": {"get": _operation("Whether the process answers", _answer("application/json"))},
        "/readyz": {
            "get": _operation("Whether it takes work", _answer("application/json"), problems=("stopping",)),
        },
        "/metrics": {"get": _operation("Metrics for Prometheus", _answer("text/plain"))},
    }


_OF_FILES = ("not-found", "wrong-state")


def _schemas() -> Json:
    file = {
        "number": {"type": "integer"},
        "name": TEXT,
        "state": {"type": "string", "enum": ["waiting", "running", "done", "failed", "cancelled"]},
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "error": TEXT_OR_NULL,
        "note": TEXT_OR_NULL,
        "result": TEXT_OR_NULL,
        "width": NUMBER_OR_NULL,
        "height": NUMBER_OR_NULL,
    }
    job = {
        "id": TEXT,
        "style": TEXT,
        "state": {"type": "string", "enum": ["empty", "running", "done", "cancelled"]},
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "files": {"type": "array", "items": _reference("File")},
    }
    style = {
        **dict.fromkeys(("name", "title", "summary", "licence", "preview"), TEXT),
        "card": TEXT_OR_NULL,
        "domains": {"type": "array", "items": TEXT},
        "exclusive": {"type": "boolean"},
        "working_size": {"type": "integer"},
    }
    limits = ("picture_bytes", "video_bytes", "pixels", "files_per_job", "kept_seconds")
    styles = {
        "default": TEXT,
        "styles": {"type": "array", "items": _object(style)},
        "limits": _object({name: {"type": "number"} for name in limits}),
    }
    kinds = [f"/docs#{kind}" for kind in KINDS]
    problem = {
        "type": {"type": "string", "enum": kinds},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
    }
    schemas = {"File": file, "Job": job, "Styles": styles, "Problem": problem}
    return {name: _object(properties) for name, properties in schemas.items()}


def _object(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _reference(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _operation(
    summary: str,
    answers: Json,
    *,
    parameters: Sequence[Json] = (),
    body: Json | None = None,
    problems: Sequence[str] = (),
) -> Json:
    by_status: dict[str, list[str]] = {}
    for kind in (*EVERYWHERE, *problems):
        by_status.setdefault(str(int(KINDS[kind].status)), []).append(KINDS[kind].title)
    content = {MEDIA_TYPE: {"schema": _reference("Problem")}}
    operation: Json = {
        "summary": summary,
        "responses": answers
        | {status: {"description": "; or: ".join(titles), "content": content} for status, titles in by_status.items()},
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": body}}
    return operation


def _conversion() -> list[Json]:
    return [_in_query(parameter.name, parameter.description, dict(parameter.schema)) for parameter in PARAMETERS]


def _in_query(name: str, description: str, schema: Json, *, required: bool = False) -> Json:
    return {"name": name, "in": "query", "description": description, "required": required, "schema": schema}


def _in_path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _answer(media_type: str) -> Json:
    return {"200": {"description": "as asked", "content": {media_type: BYTES}}}


def _json(schema: str, status: str = "200") -> Json:
    return {status: {"description": schema.lower(), "content": {"application/json": {"schema": _reference(schema)}}}}


def _done() -> Json:
    return {"204": {"description": "done"}}


def _pictures() -> Json:
    return {f"image/{kind}": BYTES for kind in ("jpeg", "png", "webp", "tiff", "bmp", "avif", "gif")}


def _result() -> Json:
    return {"200": {"description": "the result", "content": {"application/octet-stream": BYTES}}}
