"""Measure `translate serve` from outside, as a process of its own. Linux only.

    python -m tools.bench.serve load [--requests 2000] [--clients 16] [--style anime]
    python -m tools.bench.serve soak [--minutes 10] [--clients 8]

``load``: photos of 768 x 512 pixels from many clients at a time, against `translate.convert_files` on the same files;
latencies, and memory after a tenth of the requests and after all. ``soak``: good and bad requests in turn, and whether
memory, open files or threads grow, as `tools.release.soak` judges it. The exit status is 1 if a promise does not hold.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from tools.release.soak import METRICS, show
from translate import ConvertRequest, convert_files
from translate.machine import resources_in_use
from translate.style.catalogue import DEFAULT_STYLE

SIZE = (768, 512)
DISTINCT = 24  # photos; further ones are links to these
SHARE = 0.85  # of the bare pipeline's speed that the server has to reach
GROWTH = 1.05  # of memory, from a tenth of the requests to all
TABLE_WIDTH = 100
HEADER = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)  # of a PNG with that many pixels
BOMB = b"\x89PNG\r\n\x1a\n\x00\x00\x00\r" + HEADER + struct.pack(">I", zlib.crc32(HEADER))
app = typer.Typer(add_completion=False)


def draw_photos(folder: Path, count: int) -> list[Path]:
    """Write ``count`` JPEGs, of which `DISTINCT` differ: smooth shapes under grain."""
    folder.mkdir()
    random = np.random.default_rng(0)
    paths = [folder / f"{number:05d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if number >= DISTINCT:
            path.hardlink_to(paths[number % DISTINCT])
            continue
        shapes = Image.fromarray(random.integers(0, 256, (16, 24, 3), np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
        grain = random.normal(0, 6, (SIZE[1], SIZE[0], 3))
        pixels = np.clip(np.asarray(shapes) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(path, quality=92)
    return paths


@contextmanager
def serving(style: str, clients: int) -> Iterator[tuple[int, int]]:
    """Run a server; its port and its process id."""
    command = [sys.executable, "-m", "translate", "serve", "--port", "0", "--style", style, "--queue", str(clients)]
    command += ["--timeout", "600"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
            if found is None:
                raise SystemExit(f"the server does not start: {line}")
            yield int(found[1]), process.pid
        finally:
            process.terminate()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read()


@app.command()
def load(
    requests: Annotated[int, typer.Option(min=100)] = 2000,
    clients: Annotated[int, typer.Option(min=1)] = 16,
    style: str = DEFAULT_STYLE,
) -> None:
    """Requests per second, latencies and memory of many clients at a time."""
    with tempfile.TemporaryDirectory() as folder:
        photos = draw_photos(Path(folder) / "photos", requests)
        bare = bare_speed(Path(folder), requests, style)
        contents = [photo.read_bytes() for photo in photos[:DISTINCT]]
    latencies: list[float] = []
    memory: list[float] = []
    own = threading.local()
    with serving(style, clients) as (port, process):

        def convert(number: int) -> int:
            if not hasattr(own, "connection"):
                own.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
            begun = time.perf_counter()
            status, _ = ask(own.connection, "POST", "/v1/convert", contents[number % len(contents)])
            latencies.append(time.perf_counter() - begun)
            if len(latencies) == requests // 10:
                memory.append(resources_in_use(process)["memory_mb"])
            return status

        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(convert, range(clients)))  # opens the style
            latencies.clear()
            start = time.perf_counter()
            statuses = Counter(pool.map(convert, range(requests)))
            seconds = time.perf_counter() - start
        memory.append(resources_in_use(process)["memory_mb"])
    speed, cuts = requests / seconds, statistics.quantiles(latencies, n=100)
    table = Table("", "", title=f"{requests} requests of {SIZE[0]}x{SIZE[1]} from {clients} clients, style {style}")
    table.add_row("bare pipeline", f"{bare:.2f} pictures per second")
    table.add_row("server", f"{speed:.2f} requests per second, {speed / bare:.0%} (at least {SHARE:.0%})")
    table.add_row("latency p50, p99", f"{cuts[49]:.2f} s, {cuts[98]:.2f} s")
    table.add_row("memory after a tenth, after all", f"{memory[0]:.0f} MB, {memory[1]:.0f} MB")
    table.add_row("statuses", ", ".join(f"{status}: {count}" for status, count in statuses.items()))
    Console(width=TABLE_WIDTH).print(table)
    held = speed >= SHARE * bare and memory[1] <= GROWTH * memory[0] and set(statuses) == {200}
    raise typer.Exit(0 if held else 1)


def bare_speed(folder: Path, files: int, style: str) -> float:
    """Pictures per second of the pipeline alone, after its first ones, which open the style."""
    finished = []
    for result in convert_files(ConvertRequest(inputs=[folder / "photos"], output=folder / "out", style=style)):
        assert result.failure is None, result.failure
        finished.append(time.perf_counter())
    warm = min(DISTINCT, files // 10)
    return (files - 1 - warm) / (finished[-1] - finished[warm])


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(min=0.1)] = 10.0,
    clients: Annotated[int, typer.Option(min=1)] = 8,
    style: str = DEFAULT_STYLE,
) -> None:
    """Good and bad requests in turn, for some minutes."""
    with tempfile.TemporaryDirectory() as folder:
        photo = draw_photos(Path(folder) / "photos", 1)[0].read_bytes()
    seen: Counter[tuple[str, int]] = Counter()
    samples: list[dict[str, float]] = []
    with serving(style, clients) as (port, process):
        start = time.monotonic()
        end = start + 60 * minutes

        def client(first: int) -> None:
            for name, act in itertools.islice(itertools.cycle(REQUESTS.items()), first, None):
                if time.monotonic() > end:
                    return
                with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=900)) as connection:
                    seen[name, act(connection, photo)] += 1

        with ThreadPoolExecutor(clients) as pool:
            running = [pool.submit(client, number) for number in range(clients)]
            while not all(one.done() for one in running):
                used = resources_in_use(process)
                samples.append({"time": time.monotonic() - start, **{name: used[name] for name in METRICS}})
                time.sleep(0.5)
            for one in running:
                one.result()
    table = Table("request", "status (0: left)", "times", title=f"{minutes:g} minutes, {clients} clients")
    for (name, status), count in sorted(seen.items()):
        table.add_row(name, str(status), str(count))
    Console(width=TABLE_WIDTH).print(table)
    flat = show("the server's process", samples, "time")
    sound = {status for name, status in seen if name == "photo"} == {200} and not [one for one in seen if one[1] == 500]
    raise typer.Exit(0 if flat and sound else 1)


def posting(body: bytes | None, path: str = "/v1/convert") -> Callable[[http.client.HTTPConnection, bytes], int]:
    """Post ``body``; None: the photo."""
    return lambda connection, photo: ask(connection, "POST", path, photo if body is None else body)[0]


def hang_up(connection: http.client.HTTPConnection, photo: bytes) -> int:
    """Say more than is sent, and leave."""
    with socket.create_connection((connection.host, connection.port)) as plain:
        head = f"POST /v1/convert HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {2 * len(photo)}\r\n\r\n"
        plain.sendall(head.encode() + photo)
    return 0


def many_headers(connection: http.client.HTTPConnection, photo: bytes) -> int:
    connection.request("POST", "/v1/convert", photo, {f"X-{number}": "x" for number in range(500)})
    return connection.getresponse().status


def whole_job(connection: http.client.HTTPConnection, photo: bytes) -> int:
    """A job with a name that is a path, its zip, a cancel after its end, and its removal: the last status."""
    job = json.loads(ask(connection, "POST", "/v1/jobs")[1])["id"]
    ask(connection, "POST", f"/v1/jobs/{job}/files?name=..%2F%3Cb%3E.jpg", photo)
    while json.loads(ask(connection, "GET", f"/v1/jobs/{job}")[1])["state"] == "running":
        time.sleep(0.1)
    with io.BytesIO(ask(connection, "GET", f"/v1/jobs/{job}/zip")[1]) as archive:
        assert archive.read(2) == b"PK"
    ask(connection, "POST", f"/v1/jobs/{job}/cancel")
    return ask(connection, "DELETE", f"/v1/jobs/{job}")[0]


REQUESTS: dict[str, Callable[[http.client.HTTPConnection, bytes], int]] = {
    "photo": posting(None),
    "zero bytes": posting(b""),
    "a PDF": posting(b"%PDF-1.4 and nothing else"),
    "a bomb": posting(BOMB),
    "half a photo": lambda connection, photo: ask(connection, "POST", "/v1/convert", photo[: len(photo) // 2])[0],
    "no such style": posting(None, "/v1/convert?style=none"),
    "hangs up": hang_up,
    "500 headers": many_headers,
    "a job": whole_job,
    "no such job": lambda connection, photo: ask(connection, "DELETE", "/v1/jobs/none")[0],
}


if __name__ == "__main__":
    app()
