"""A real server on a loopback port, and clients that do not behave."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo
from tests.web.conftest import StartServer, wait_for
from translate.machine import resources_in_use
from translate.web import server as server_module
from translate.web.conversion import Cancelled, FileConverter


def post(port: int, content: bytes) -> tuple[int, bytes, dict[str, str]]:
    """The status, the body and the headers of the answer to a well-behaved client."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/v1/convert?style=tiny", content)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def say(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send ``pieces`` and return all that comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered and closed already
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def head(length: int | str, *lines: str) -> bytes:
    given = [f"Content-Length: {length}", *lines]
    return "\r\n".join(["POST /v1/convert?style=tiny HTTP/1.1", "Host: 127.0.0.1", *given, "", ""]).encode()


def assert_problem(answer: bytes, status: int, kind: str) -> None:
    start, _, body = answer.partition(b"\r\n\r\n")
    assert start.startswith(f"HTTP/1.1 {status}".encode()), answer
    assert b"application/problem+json" in start
    assert json.loads(body)["type"] == f"/docs#{kind}"


def test_a_length_that_is_too_long_waits_no_longer_than_allowed(start: StartServer, photo: Path) -> None:
    _, port = start(stall=0.3)
    assert_problem(say(port, head(5000), b"only this"), 408, "too-slow")
    assert post(port, photo.read_bytes())[0] == 200


def test_a_length_that_is_too_short_cuts_the_picture(start: StartServer, photo: Path) -> None:
    _, port = start(stall=0.3)
    content = photo.read_bytes()
    answer = say(port, head(len(content) // 2, "Connection: close"), content)
    assert_problem(answer, 422, "unusable-picture")
    assert post(port, content)[0] == 200


@pytest.mark.parametrize("length", ["-5", "many", "5\r\nContent-Length: 7"])
def test_lengths_that_are_none(start: StartServer, photo: Path, length: str) -> None:
    _, port = start()
    assert_problem(say(port, head(length), b"12345"), 400, "bad-request")
    assert post(port, photo.read_bytes())[0] == 200


def test_a_slow_sender(start: StartServer, photo: Path) -> None:
    _, port = start(stall=0.3, slowest=1000)
    content = photo.read_bytes()
    pieces = [content[index : index + 1] for index in range(60)]
    assert_problem(say(port, head(len(content)), *pieces, pause=0.02), 408, "too-slow")
    assert post(port, content)[0] == 200


def test_slow_headers(start: StartServer, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEADER_SECONDS", 0.3)
    _, port = start()
    assert_problem(say(port, b"POST /v1/convert HTTP/1.1\r\nHost: "), 408, "too-slow")
    assert_problem(say(port), 408, "too-slow")  # a connection without any request
    assert post(port, photo.read_bytes())[0] == 200


def test_headers_that_are_too_large(start: StartServer, photo: Path) -> None:
    _, port = start()
    many = [f"X-{number}: {number}" for number in range(10_000)]
    assert_problem(say(port, head(1, *many), b"x"), 400, "bad-request")
    assert post(port, photo.read_bytes())[0] == 200


def test_what_is_no_http(start: StartServer, photo: Path) -> None:
    _, port = start()
    assert_problem(say(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400, "bad-request")
    assert post(port, photo.read_bytes())[0] == 200


def test_a_sender_that_hangs_up_gives_its_place_back(start: StartServer, photo: Path) -> None:
    _, port = start(queue=0, workers=1)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head(5000) + b"a part")
    wait_for(lambda: post(port, photo.read_bytes())[0] == 200)
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/metrics")
        assert 'route="/v1/convert",status="499"' in connection.getresponse().read().decode()


def test_a_client_that_leaves_the_queue_is_not_converted_for(
    start: StartServer, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    go_on = threading.Event()
    convert = FileConverter.convert

    def held(self: FileConverter, *arguments: Any) -> Any:
        begun.append(arguments)
        go_on.wait(30)
        return convert(self, *arguments)

    monkeypatch.setattr(FileConverter, "convert", held)
    _, port = start(workers=1)
    content = photo.read_bytes()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, port, content)
        wait_for(lambda: len(begun) == 1)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head(len(content)) + content)
            wait_for(lambda: "translate_waiting 2.0" in measured(port))
        wait_for(lambda: "translate_waiting 1.0" in measured(port))
        go_on.set()
        assert first.result()[0] == 200
    assert len(begun) == 1


def measured(port: int) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


@pytest.mark.parametrize("clients", [40, 200])
def test_many_clients_at_once(start: StartServer, photo: Path, clients: int) -> None:
    _, port = start(queue=6, workers=2)
    content = photo.read_bytes()
    expected = post(port, content)[1]
    together = threading.Barrier(clients)

    def ask(_: int) -> tuple[int, bytes, dict[str, str]]:
        together.wait(60)
        return post(port, content)

    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(ask, range(clients)))
    assert {status for status, _, _ in answers} == {200, 429}
    for status, body, headers in answers:
        assert (body == expected) if status == 200 else (1 <= int(headers["retry-after"]) <= 60)
    assert post(port, content)[0] == 200


def test_stopping_finishes_what_runs(start: StartServer, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    convert = FileConverter.convert

    def held(self: FileConverter, *arguments: Any) -> Any:
        begun.set()
        go_on.wait(30)
        return convert(self, *arguments)

    monkeypatch.setattr(FileConverter, "convert", held)
    server, port = start()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(post, port, photo.read_bytes())
        begun.wait(30)
        server.should_exit = True
        wait_for(lambda: not can_connect(port))
        go_on.set()
        assert running.result()[0] == 200


def test_stopping_ends_the_events_and_the_jobs(
    start: StartServer, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def held(*_: Any) -> None:
        begun.set()
        go_on.wait(30)
        raise Cancelled

    monkeypatch.setattr(FileConverter, "convert", held)
    server, port = start()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/v1/jobs")
        job = json.loads(connection.getresponse().read())["id"]
        connection.request("POST", f"/v1/jobs/{job}/files?name=a.jpg", photo.read_bytes())
        assert connection.getresponse().read()
        begun.wait(30)
        connection.request("GET", f"/v1/jobs/{job}/events")
        events = connection.getresponse()
        assert b'"running"' in events.readline()
        server.should_exit = True
        assert b"event: end" in events.read()
    go_on.set()


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_no_picture_stays_in_memory(tiny_style: Path, tmp_path: Path) -> None:
    """Photos of several sizes, to a server in a process of its own.

    The allocator settles over some thousand requests, by some megabytes; to keep a photo of each would take more.
    """
    photos = []
    for width in (300, 512, 700):
        content = io.BytesIO()
        Image.fromarray(draw_photo(width, 400)).save(content, "JPEG")
        photos.append(content.getvalue())
    command = [sys.executable, "-m", "translate", "serve", "--port", "0", "--style", str(tiny_style)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stderr.readline())
            assert found is not None
            memory, requests = [], 300
            with ThreadPoolExecutor(4) as pool:
                for count in (requests // 2, requests):
                    answers = pool.map(lambda number: post(int(found[1]), photos[number % 3])[0], range(count))
                    assert set(answers) == {200}
                    memory.append(resources_in_use(process.pid)["memory_mb"])
            received = requests * statistics.mean(map(len, photos)) / 1e6
            assert memory[1] - memory[0] < received
        finally:
            process.terminate()
        assert process.wait(60) == -signal.SIGTERM
