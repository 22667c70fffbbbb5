"""How the server runs: its address, who may use it, and its bounds."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from translate.errors import UserError
from translate.machine import usable_cores
from translate.style.catalogue import list_styles

MIN_TOKEN = 16  # characters


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """The settings of one server. Raises ``UserError`` for those that would be unsafe or cannot work."""

    host: str = "127.0.0.1"
    port: int = 8000  # 0: any free one
    token: str | None = None  # that requests have to carry; needed beyond this machine
    origins: tuple[str, ...] = ()  # of other sites whose pages may use the interface: "https://photos.example"
    allowed_hosts: tuple[str, ...] = ()  # names in the Host header, besides addresses and localhost
    behind_proxy: bool = False  # a proxy on this machine says in X-Forwarded-For who the client is

    styles: Mapping[str, Path] = field(default_factory=list_styles)  # name -> file
    device: str = "auto"
    int8: bool = True
    warm_styles: int = 4  # styles held in memory; the least recently used one leaves

    workers: int = field(default_factory=lambda: min(4, usable_cores()))  # pictures converted at a time
    queue: int = 32  # requests that may wait for that
    timeout: float = 120.0  # seconds for one request, with its waiting
    max_body: int = 64_000_000  # bytes of one picture
    max_video: int = 1_000_000_000  # bytes of one video of a job
    max_pixels: int = 50_000_000  # of one picture
    stall: float = 15.0  # seconds a body may stand still; after them it has to come at `slowest`
    slowest: int = 8_000  # bytes per second, on average

    keep: float = 600.0  # seconds that a finished job is kept
    jobs_per_client: int = 8
    jobs: int = 64  # of all clients
    files_per_job: int = 500
    max_disk: int = 4_000_000_000  # bytes of uploads and results held at a time
    uploads: int = 32  # files of jobs received at a time
    event_streams: int = 64

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.host):
            raise UserError(f"<host> {self.host}: can be reached from other machines; set a <token>, or use 127.0.0.1")
        if self.token is not None and (len(self.token) < MIN_TOKEN or not self.token.isascii()):
            raise UserError(f"<token>: needs at least {MIN_TOKEN} characters, all of them ASCII")
        for origin in self.origins:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise UserError(f"<origin> {origin}: give scheme and host, such as https://photos.example")


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
