"""Jobs over HTTP: many files and long ones, with progress, cancelling, results and a zip."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.helpers.command_line import RunCli
from tests.web.conftest import Serve
from tests.web.test_picture_routes import problem
from translate.web import app
from translate.web.conversion import FileConverter

Release = Callable[[], None]


def new_job(client: TestClient, query: str = "style=tiny") -> str:
    answer = client.post(f"/v1/jobs?{query}")
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return str(answer.headers["location"])


def add(client: TestClient, job: str, name: str, content: bytes) -> dict[str, Any]:
    answer = client.post(f"{job}/files", params={"name": name}, content=content)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def finished(client: TestClient, job: str) -> dict[str, Any]:
    """What the job says once nothing in it waits or runs."""
    end = time.monotonic() + 60
    while (found := client.get(job).json())["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    return dict(found)


def film(frames: int = 3) -> bytes:
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(frames):
            pixels = np.full((48, 64, 3), 80 * index % 256, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return content.getvalue()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Release:
    """Conversions wait until this is called."""
    go_on = threading.Event()
    convert = FileConverter.convert

    def wait_first(self: FileConverter, *arguments: Any) -> Any:
        go_on.wait(30)
        return convert(self, *arguments)

    monkeypatch.setattr(FileConverter, "convert", wait_first)
    return go_on.set


def test_many_photos(client: TestClient, tiny_style: Path, photo: Path, tmp_path: Path, run_cli: RunCli) -> None:
    expected = tmp_path / "out.png"
    assert run_cli("convert", photo, "-o", expected, "--style", tiny_style, "--strength", 0.5).code == 0
    job = new_job(client, "style=tiny&strength=0.5&format=png")
    for number in range(3):
        assert add(client, job, f"photo {number}.jpg", photo.read_bytes())["number"] == number
    add(client, job, "broken.jpg", b"no picture")
    said = finished(client, job)
    assert [file["state"] for file in said["files"]] == ["done", "done", "done", "failed"]
    assert said["files"][3]["error"].startswith("broken.jpg: not a picture this program reads")
    assert said["files"][0] | {"result": "photo 0-tiny.png", "width": 61, "height": 47} == said["files"][0]
    result = client.get(f"{job}/files/1")
    assert result.content == expected.read_bytes() and result.headers["content-type"] == "image/png"
    assert "photo%201-tiny.png" in result.headers["content-disposition"]
    problem(client.get(f"{job}/files/3"), 409, "wrong-state")
    problem(client.get(f"{job}/files/4"), 404, "not-found")
    with zipfile.ZipFile(io.BytesIO(client.get(f"{job}/zip").content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"photo {number}-tiny.png" for number in range(3)]
        assert archive.read("photo 2-tiny.png") == expected.read_bytes()


def test_a_video(client: TestClient) -> None:
    job = new_job(client)
    add(client, job, "holiday.MP4", film())
    add(client, job, "no-film.mp4", b"no film at all")
    done, failed = finished(client, job)["files"]
    assert done["result"] == "holiday-tiny.mp4" and done["progress"] == 1
    assert failed["state"] == "failed" and failed["error"].startswith("no-film.mp4: ") and "/tmp" not in failed["error"]
    answer = client.get(f"{job}/files/0")
    assert answer.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content), "r") as container:
        assert len(list(container.decode(video=0))) == 3


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd-tiny.jpg"),
        ("C:\\windows\\evil.jpg", "evil-tiny.jpg"),
        ("<img src=x onerror=alert(1)>.jpg", "_img src=x onerror=alert(1)_-tiny.jpg"),
        ("a\r\nSet-Cookie: x=1.jpg", "a__Set-Cookie_ x=1-tiny.jpg"),
        ("..", "picture-tiny.jpg"),
        ("", "picture-tiny.jpg"),
        ("CON.jpg", "_CON-tiny.jpg"),
        ("ünï 絵.jpg", "ünï 絵-tiny.jpg"),
        ("x" * 500 + ".jpg", "x" * 80 + "-tiny.jpg"),
        ("\u202egpj.exe", "_gpj-tiny.jpg"),
    ],
)
def test_names_are_made_safe(client: TestClient, photo: Path, name: str, kept: str) -> None:
    job = new_job(client)
    add(client, job, name, photo.read_bytes())
    assert finished(client, job)["files"][0]["result"] == kept
    with zipfile.ZipFile(io.BytesIO(client.get(f"{job}/zip").content)) as archive:
        assert archive.namelist() == [kept]
    assert "\n" not in client.get(f"{job}/files/0").headers["content-disposition"]


def test_equal_names_are_told_apart(client: TestClient, photo: Path) -> None:
    job = new_job(client)
    for name in ("a/one.jpg", "b/ONE.jpg", "one.png"):
        add(client, job, name, photo.read_bytes())
    results = [file["result"] for file in finished(client, job)["files"]]
    assert results == ["one-tiny.jpg", "ONE-tiny (2).jpg", "one-tiny (3).jpg"]


def test_events_tell_of_every_change(client: TestClient, photo: Path) -> None:
    job = new_job(client)
    for number in range(2):
        add(client, job, f"{number}.jpg", photo.read_bytes())
    with client.stream("GET", f"{job}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        *seen, end = "".join(answer.iter_text()).strip().split("\n\n")
    assert end == "event: end\ndata: {}"
    last = json.loads(seen[-1].removeprefix("data: "))
    assert last["state"] == "done" and last["progress"] == 1


def test_cancelling(client: TestClient, photo: Path, held: Release) -> None:
    job = new_job(client)
    for number in range(3):
        add(client, job, f"{number}.jpg", photo.read_bytes())
    assert client.delete(f"{job}/files/2").status_code == 204
    assert client.get(job).json()["files"][2]["state"] == "cancelled"
    assert client.post(f"{job}/cancel").json()["files"][1]["state"] == "cancelled"
    held()
    assert finished(client, job)["state"] == "cancelled"
    assert "already" in problem(client.delete(f"{job}/files/1"), 409, "wrong-state")
    problem(client.get(f"{job}/zip"), 409, "wrong-state")


def test_a_finished_job_cannot_be_cancelled(client: TestClient, photo: Path) -> None:
    job = new_job(client)
    add(client, job, "photo.jpg", photo.read_bytes())
    finished(client, job)
    problem(client.post(f"{job}/cancel"), 409, "wrong-state")
    problem(client.delete(f"{job}/files/0"), 409, "wrong-state")
    assert client.get(f"{job}/files/0").status_code == 200


def test_a_video_stops_between_frames(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    job = new_job(client)
    add(client, job, "long.mp4", film(600))
    end = time.monotonic() + 60
    while not 0 < client.get(job).json()["progress"] < 1:
        assert time.monotonic() < end
    assert client.delete(f"{job}/files/0").status_code == 204
    assert finished(client, job)["files"][0]["state"] == "cancelled"


def test_removing_leaves_nothing(client: TestClient, photo: Path, tmp_path: Path) -> None:
    job = new_job(client)
    add(client, job, "photo.jpg", photo.read_bytes())
    finished(client, job)
    assert "translate_held_bytes 0.0" not in client.get("/metrics").text
    assert client.delete(job).status_code == 204
    for answer in (client.get(job), client.get(f"{job}/files/0"), client.get(f"{job}/zip"), client.delete(job)):
        problem(answer, 404, "not-found")
    assert "translate_held_bytes 0.0" in client.get("/metrics").text


def test_what_is_finished_is_gone_after_its_time(serve: Serve, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "CLEAN_EVERY", 0.05)
    client = serve(keep=0.3)
    job = new_job(client)
    add(client, job, "photo.jpg", photo.read_bytes())
    end = time.monotonic() + 30
    while "translate_jobs 0.0" not in client.get("/metrics").text:
        assert time.monotonic() < end
        time.sleep(0.05)
    problem(client.get(job), 404, "not-found")
    assert "translate_held_bytes 0.0" in client.get("/metrics").text


def test_bounds(serve: Serve, photo: Path) -> None:
    content = photo.read_bytes()
    client = serve(jobs_per_client=2, files_per_job=1, max_disk=len(content) + 10, max_body=len(content))
    first, _ = new_job(client), new_job(client)
    refused = client.post("/v1/jobs?style=tiny")
    assert "2 jobs of this client" in problem(refused, 429, "too-busy") and refused.headers["retry-after"]
    problem(client.post(f"{first}/files?name=a.jpg", content=content + b"x"), 413, "too-large")
    add(client, first, "a.jpg", content)
    finished(client, first)
    problem(client.post(f"{first}/files?name=b.jpg", content=content), 429, "too-busy")
    client.delete(first)
    second = new_job(client)
    small = serve(max_disk=10)
    problem(small.post(f"{new_job(small)}/files?name=a.jpg", content=content), 507, "no-space")
    assert "translate_held_bytes 0.0" in small.get("/metrics").text
    add(client, second, "a.jpg", content)


@pytest.mark.parametrize("query", ["", "name=a.jpg&path=/etc/passwd", "name=a.jpg&name=b.jpg", "url=http://x/a.jpg"])
def test_a_file_has_a_name_and_nothing_else(client: TestClient, photo: Path, query: str) -> None:
    job = new_job(client)
    problem(client.post(f"{job}/files?{query}", content=photo.read_bytes()), 400, "bad-request")


def test_empty_files_and_unknown_jobs(client: TestClient, photo: Path) -> None:
    job = new_job(client)
    problem(client.post(f"{job}/files?name=a.jpg", content=b""), 422, "unusable-picture")
    assert client.get(job).json()["files"] == []
    problem(client.post("/v1/jobs/unknown/files?name=a.jpg", content=photo.read_bytes()), 404, "not-found")
    problem(client.post("/v1/jobs?style=unknown"), 400, "bad-request")
