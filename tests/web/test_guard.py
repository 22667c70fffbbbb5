"""Who may ask: the Host and Origin headers, the token, and the headers of every answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import Serve
from tests.web.test_picture_routes import problem
from translate.errors import UserError
from translate.web.settings import ServeSettings

TOKEN = "a long enough secret"


def test_only_this_machine_without_a_token() -> None:
    for host in ("0.0.0.0", "192.168.1.2", "::", "photos.example"):
        with pytest.raises(UserError, match="set a token"):
            ServeSettings(host=host)
        ServeSettings(host=host, token=TOKEN)
    for host in ("127.0.0.1", "::1", "localhost"):
        ServeSettings(host=host)
    with pytest.raises(UserError, match="at least 16 characters"):
        ServeSettings(token="short")
    with pytest.raises(UserError, match="scheme and host"):
        ServeSettings(origins=("https://photos.example/page",))


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:8000", "[::1"])
def test_a_foreign_name_that_points_here_reaches_nothing(client: TestClient, host: str) -> None:
    for path in ("/", "/v1/styles", "/healthz"):
        problem(client.get(path, headers={"Host": host}), 421, "wrong-host")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "192.168.1.2:80", "LOCALHOST"])
def test_addresses_and_localhost_are_this_server(client: TestClient, host: str) -> None:
    assert client.get("/v1/styles", headers={"Host": host}).status_code == 200


def test_a_name_that_is_allowed(serve: Serve) -> None:
    client = serve(allowed_hosts=("photos.example",))
    assert client.get("/", headers={"Host": "photos.example"}).status_code == 200
    problem(client.get("/", headers={"Host": "other.example"}), 421, "wrong-host")


def test_foreign_pages_cannot_use_it(client: TestClient, photo: Path) -> None:
    content = photo.read_bytes()
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = client.post("/v1/convert?style=tiny", content=content, headers=headers)
        problem(answer, 403, "foreign-origin")
        assert not [name for name in answer.headers if name.startswith("access-control")]
    own = client.post("/v1/convert?style=tiny", content=content, headers={"Origin": "http://localhost"})
    assert own.status_code == 200
    assert not [name for name in own.headers if name.startswith("access-control")]
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}  # a link to the page
    assert client.get("/", headers=followed).status_code == 200


def test_an_origin_that_is_allowed(serve: Serve, photo: Path) -> None:
    client = serve(origins=("https://photos.example",))
    headers = {"Origin": "https://photos.example"}
    asked = client.options("/v1/convert", headers=headers | {"Access-Control-Request-Method": "POST"})
    assert asked.status_code == 204 and asked.headers["access-control-allow-origin"] == "https://photos.example"
    answer = client.post("/v1/convert?style=tiny", content=photo.read_bytes(), headers=headers)
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == "https://photos.example"
    other = client.post("/v1/convert?style=tiny", content=b"", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers and other.status_code == 403


def test_the_token(serve: Serve) -> None:
    client = serve(token=TOKEN)
    for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz", "/static/app.css"):
        assert client.get(path).status_code == 200, path
    for path in ("/v1/styles", "/metrics", "/v1/jobs/x", "/v1/styles/tiny/preview"):
        assert client.get(path).headers["www-authenticate"] == "Bearer"
        for wrong in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00e9"):
            given = [(b"Authorization", wrong.encode("latin-1"))]
            problem(client.get(path, headers=given), 401, "no-token")
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/v1/styles", headers=right).status_code == 200


def test_the_token_is_compared_in_constant_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr("hmac.compare_digest", compare)
    serve(token=TOKEN).get("/v1/styles", headers={"Authorization": "Bearer guess"})
    assert compared == [(b"guess", TOKEN.encode())]


def test_every_answer_has_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/v1/styles", "/no/such", "/static/app.js", "/docs"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
    assert client.get("/v1/styles").headers["cache-control"] == "no-store"


def test_too_many_headers(client: TestClient) -> None:
    many = {f"X-{number}": "1" for number in range(10_000)}
    problem(client.get("/", headers=many), 431, "large-headers")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "app.py", ""])
def test_only_the_pages_own_files_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code in (404, 405)


def test_no_redirects_by_the_host_header(client: TestClient) -> None:
    problem(client.get("/v1/styles/"), 404, "not-found")
