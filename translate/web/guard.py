"""What every request passes: who may ask, and the headers that keep browsers safe.

A browser lets any page send requests to any address. Hence three checks besides the token: the Host header, so that a
foreign name that points here reaches nothing (DNS rebinding); the Origin header, so that foreign pages cannot spend
this machine's time; and no CORS headers unless an origin is allowed.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from translate.web.metrics import Metrics
from translate.web.problems import LEFT, Problem
from translate.web.settings import ServeSettings

MAX_HEADERS = 100
OPEN_PATHS = ("/", "/docs", "/openapi.json", "/healthz", "/readyz")  # without token: nothing of anybody is in them
OPEN_FOLDER = "/static/"
METHODS = "GET, POST, DELETE, OPTIONS"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
}


class Guard:
    """ASGI middleware that lets through what is allowed, and counts what was answered."""

    def __init__(self, app: ASGIApp, settings: ServeSettings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, sent = time.perf_counter(), {"status": LEFT}
        headers = Headers(scope=scope)
        added = SECURITY_HEADERS | self._cors(headers)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent["status"] = message["status"]
                _add_headers(message, added)
            await send(message)

        try:
            answer = self._answer(scope, headers)
            await (answer or self._app)(scope, receive, send_safely)
        finally:
            self._count(scope, sent["status"], time.perf_counter() - start)

    def _answer(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to a request that goes no further; None: it may."""
        try:
            if len(scope["headers"]) > MAX_HEADERS:
                raise Problem("large-headers", f"{len(scope['headers'])} headers; {MAX_HEADERS} are enough")
            self._check_host(headers)
            self._check_origin(headers)
            if scope["method"] == "OPTIONS":
                return Response(status_code=204, headers={"Allow": METHODS})
            self._check_token(scope["path"], headers)
        except Problem as problem:
            self._metrics.refused.labels(problem.kind).inc()
            return problem.response()
        return None

    def _check_host(self, headers: Headers) -> None:
        """An address is no name that somebody could have pointed here."""
        host = _host_name(headers.get("host", ""))
        if host not in ("localhost", *self._settings.allowed_hosts) and not _is_address(host):
            raise Problem("wrong-host", f"{host or 'no host'}: allow it with `translate serve --allow-host {host}`")

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is None:
            if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
                raise Problem("foreign-origin", "this request comes from another site's page")
            return
        same = urlsplit(origin).netloc == headers.get("host")
        if not same and origin not in self._settings.origins:
            raise Problem("foreign-origin", f"{origin}: allow it with `translate serve --origin {origin}`")

    def _check_token(self, path: str, headers: Headers) -> None:
        if self._settings.token is None or path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self._settings.token.encode())
        if scheme.lower() != "bearer" or not right:
            detail = "this server wants a token" if not given else "that is not this server's token"
            raise Problem("no-token", detail, {"WWW-Authenticate": "Bearer"})

    def _cors(self, headers: Headers) -> dict[str, str]:
        """Nothing, unless the request comes from an origin that is allowed."""
        if not self._settings.origins:
            return {}
        origin = headers.get("origin")
        if origin not in self._settings.origins:
            return {"Vary": "Origin", "Cross-Origin-Resource-Policy": "same-origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Expose-Headers": "Content-Disposition, Location, Retry-After",
            "Access-Control-Max-Age": "600",
        }

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.requests.labels(route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)


def _add_headers(message: Message, added: Mapping[str, str]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in added.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")


def _host_name(host: str) -> str:
    """The name or address in a Host header, in lower case and without its port; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
