"""Single pictures over HTTP: the same bytes as the command line's, and proper problems for everything else."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import write_style
from tests.web.conftest import Serve


def problem(response: Any, status: int, kind: str) -> str:
    """Check that ``response`` is this problem; returns its detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == status and found["type"] == f"/docs#{kind}" and found["title"]
    assert isinstance(found["detail"], str) and "\n" not in found["detail"]
    return found["detail"]


def png_bomb() -> bytes:
    """A PNG whose header says that it has 2.5 billion pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("style=tiny", ""),
        ("style=tiny&strength=0.5&format=webp&quality=70", "--strength 0.5 --format webp --quality 70"),
        ("style=tiny&max_size=32&format=png&effort=small", "--max-size 32 --format png --effort small"),
        ("style=tiny&compare=true&detail=64", "--compare --detail 64"),
    ],
)
def test_the_bytes_are_those_of_the_command_line(
    client: TestClient, tiny_style: Path, photo: Path, tmp_path: Path, run_cli: RunCli, query: str, options: str
) -> None:
    out = tmp_path / "out"
    done = run_cli("convert", photo, "-o", f"{out}/", "--style", tiny_style, "--device", "cpu", *options.split())
    assert done.code == 0, done.err
    (expected,) = out.iterdir()
    answer = client.post(f"/v1/convert?{query}", content=photo.read_bytes())
    assert answer.status_code == 200, answer.text
    assert answer.content == expected.read_bytes()
    assert (
        answer.headers["content-type"]
        == {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}[expected.suffix]
    )


def test_exif_and_transparency_are_kept(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    content = io.BytesIO()
    alpha = np.linspace(0, 255, 40 * 30).astype(np.uint8).reshape(30, 40, 1)
    Image.fromarray(np.concatenate([draw_photo(40, 30), alpha], axis=2)).save(content, "PNG", exif=exif)
    answer = client.post("/v1/convert?style=tiny", content=content.getvalue())
    result = Image.open(io.BytesIO(answer.content))
    assert result.format == "PNG" and result.getexif()[0x010E] == "a description"
    assert np.array_equal(np.asarray(result)[..., 3:], alpha)


def test_animations_stay_animations(client: TestClient) -> None:
    content = io.BytesIO()
    frames = [Image.fromarray(np.full((20, 30, 3), value, np.uint8)) for value in (10, 120, 240)]
    frames[0].save(content, "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    answer = client.post("/v1/convert?style=tiny", content=content.getvalue())
    assert Image.open(io.BytesIO(answer.content)).n_frames == 3  # type: ignore[attr-defined]


def test_without_a_style_it_is_the_default(client: TestClient, photo: Path) -> None:
    content = photo.read_bytes()
    expected = client.post("/v1/convert?style=tiny", content=content).content
    assert client.post("/v1/convert", content=content).content == expected
    assert client.post("/v1/jobs").json()["style"] == "tiny"


def test_domains(client: TestClient, photo: Path) -> None:
    content = photo.read_bytes()
    spring, autumn = (
        client.post(f"/v1/convert?style=season&domain={name}", content=content) for name in ("spring", "autumn")
    )
    assert spring.status_code == autumn.status_code == 200 and spring.content != autumn.content
    assert "winter" in problem(
        client.post("/v1/convert?style=season&domain=winter", content=content), 400, "bad-request"
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty, 0 bytes"),
        (b"%PDF-1.7\n%" + bytes(2000), "not a picture this program reads"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "the picture: "),
        (png_bomb(), "2500000000 pixels are over the limit of 50000000; raise it with translate serve --max-pixels"),
    ],
    ids=["nothing", "pdf", "broken", "bomb"],
)
def test_bad_content_is_a_problem_and_the_next_request_is_served(
    client: TestClient, photo: Path, content: bytes, says: str
) -> None:
    detail = problem(client.post("/v1/convert?style=tiny", content=content), 422, "unusable-picture")
    assert says in detail and "/tmp" not in detail and "source" not in detail
    assert client.post("/v1/convert?style=tiny", content=photo.read_bytes()).status_code == 200


def test_a_picture_cut_short(client: TestClient, photo: Path) -> None:
    whole = photo.read_bytes()
    answer = client.post("/v1/convert?style=tiny", content=whole[: len(whole) // 2])
    assert problem(answer, 422, "unusable-picture").startswith("the picture: damaged or cut short")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("style=../../etc/passwd", "not one of tiny, season"),
        ("style=http://example.com/x.onnx", "not one of"),
        ("style=tiny&model=/tmp/x.onnx", "model: no such parameter"),
        ("style=tiny&strength=2", "strength 2: has to be from 0 to 1"),
        ("style=tiny&strength=nan", "strength nan"),
        ("style=tiny&strength=much", "not a number"),
        ("style=tiny&quality=9999", "from 1 to 100"),
        ("style=tiny&max_size=0", "at least 1"),
        ("style=tiny&max_size=1.5", "not a whole number"),
        ("style=tiny&format=exe", "has to be one of jpg"),
        ("style=tiny&detail=12", "at least 64 pixels"),
        ("style=tiny&detail=" + "9" * 5000, "at least 64 pixels"),
        ("style=tiny&compare=perhaps", "neither true nor false"),
        ("style=tiny&style=season", "given 2 times"),
        ("style=tiny&domain=spring", "has no domains"),
    ],
)
def test_bad_parameters(client: TestClient, photo: Path, query: str, says: str) -> None:
    answer = client.post(f"/v1/convert?{query}", content=photo.read_bytes())
    assert says in problem(answer, 400, "bad-request")


def test_the_body_is_counted_while_it_comes(serve: Serve, photo: Path) -> None:
    client = serve(max_body=1000)
    taken: list[int] = []

    def endless() -> Any:  # sent in pieces, without a Content-Length
        for number in range(100):
            taken.append(number)
            yield bytes(500)

    assert "0.001 MB" in problem(client.post("/v1/convert?style=tiny", content=endless()), 413, "too-large")
    claims = {"Content-Length": "999999999999"}
    problem(client.post("/v1/convert?style=tiny", content=b"x", headers=claims), 413, "too-large")


def test_a_style_that_vanishes(serve: Serve, tmp_path: Path, tiny_style: Path, photo: Path) -> None:
    file = write_style(tmp_path / "gone.onnx")
    client = serve(styles={"gone": file, "tiny": tiny_style})
    content = photo.read_bytes()
    assert client.post("/v1/convert?style=gone", content=content).status_code == 200
    file.unlink()
    assert "vanished" in problem(client.post("/v1/convert?style=gone", content=content), 503, "unusable-style")
    assert client.post("/v1/convert?style=tiny", content=content).status_code == 200


def test_a_style_that_changes_is_opened_anew(serve: Serve, tmp_path: Path, whole_style: Path, photo: Path) -> None:
    file = write_style(tmp_path / "style.onnx")
    client = serve(styles={"style": file})
    before = client.post("/v1/convert?style=style", content=photo.read_bytes()).content
    file.write_bytes(whole_style.read_bytes())
    assert client.post("/v1/convert?style=style", content=photo.read_bytes()).content != before


def test_styles_are_described(client: TestClient) -> None:
    answer = client.get("/v1/styles").json()
    assert [style["name"] for style in answer["styles"]] == ["tiny", "season"]
    assert answer["styles"][0] | {"title": "Tiny", "licence": "CC0-1.0"} == answer["styles"][0]
    assert answer["default"] == "tiny" and answer["limits"]["picture_bytes"] == 64_000_000
    for style in answer["styles"]:
        shown = client.get(style["preview"])
        assert shown.headers["content-type"] == "image/webp" and Image.open(io.BytesIO(shown.content)).size == (
            480,
            360,
        )


def test_the_shipped_styles_have_cards(serve: Serve) -> None:
    from translate.style.catalogue import list_styles

    client = serve(styles=list_styles())
    for style in client.get("/v1/styles").json()["styles"]:
        assert 20 < len(style["summary"]) < 200 and "](" not in style["summary"]
        assert client.get(style["card"]).text.startswith("# The style")


def test_health_metrics_and_unknown_addresses(client: TestClient, photo: Path) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.post("/v1/convert?style=tiny", content=photo.read_bytes())
    problem(client.get("/no/such"), 404, "not-found")
    assert "POST" in client.get("/v1/convert").headers["allow"]
    problem(client.get("/v1/convert"), 405, "wrong-method")
    text = client.get("/metrics").text
    assert 'translate_conversions_total{outcome="done",style="tiny"} 1.0' in text
    assert 'translate_requests_total{route="/v1/convert",status="200"} 1.0' in text
    assert 'route="/no/such"' not in text
    assert "translate_warm_styles 1.0" in text and "translate_waiting 0.0" in text


def test_the_least_recently_used_style_leaves(serve: Serve, photo: Path) -> None:
    client = serve(warm_styles=1)
    for query in ("style=tiny", "style=season&domain=spring", "style=tiny"):
        assert client.post(f"/v1/convert?{query}", content=photo.read_bytes()).status_code == 200
        assert "translate_warm_styles 1.0" in client.get("/metrics").text


def test_a_stopping_server_takes_no_new_work(serve: Serve, photo: Path) -> None:
    client = serve(stopping=lambda: True)
    answer = client.post("/v1/convert?style=tiny", content=photo.read_bytes())
    problem(answer, 503, "stopping")
    assert int(answer.headers["retry-after"]) > 0
    problem(client.get("/readyz"), 503, "stopping")
    assert client.get("/healthz").status_code == 200


def test_a_conversion_that_takes_too_long(serve: Serve, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from translate.web.conversion import FileConverter

    go_on = threading.Event()
    convert = FileConverter.convert

    def wait_first(self: FileConverter, *arguments: Any) -> Any:
        go_on.wait(30)
        return convert(self, *arguments)

    monkeypatch.setattr(FileConverter, "convert", wait_first)
    client = serve(timeout=0.1)
    problem(client.post("/v1/convert?style=tiny", content=photo.read_bytes()), 503, "too-long")
    go_on.set()


def test_a_mistake_of_the_program_is_a_problem_without_details(
    serve: Serve, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from translate.web.conversion import FileConverter

    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(FileConverter, "convert", fail)
    answer = serve().post("/v1/convert?style=tiny", content=photo.read_bytes())
    assert "secret" not in problem(answer, 500, "internal")


def test_no_files_are_left(serve: Serve, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    client = serve()
    for content in (photo.read_bytes(), b"no picture", b""):
        client.post("/v1/convert?style=tiny", content=content)
    (folder,) = (tmp_path / "temporary").iterdir()
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o077 == 0
