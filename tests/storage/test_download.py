"""Downloads resume, end at their limit, and come from web servers alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.web_server import endless, redirect, send, serving, without_ranges
from translate.errors import UnusableError, UserError
from translate.storage.download import BrokenOffError, download, fetch, is_web

CONTENT = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def test_a_download_that_breaks_off_goes_on_where_it_was(tmp_path: Path) -> None:
    part = tmp_path / "it.part"
    answers = {"/it": send(CONTENT, stop_after=1000)}
    with serving(answers) as url:
        for arrived in (1000, 2000):
            with pytest.raises(BrokenOffError, match=rf"{arrived} of 10240 bytes arrived.*repeat the command to go on"):
                download(f"{url}/it", part, limit=20_000)
            assert part.read_bytes() == CONTENT[:arrived]
        answers["/it"] = send(CONTENT)
        download(f"{url}/it", part, limit=20_000)
        assert part.read_bytes() == CONTENT
        download(f"{url}/it", part, limit=20_000)  # nothing is left to request
        assert part.read_bytes() == CONTENT
    download(f"{url}/it", part, limit=20_000, size=len(CONTENT))  # complete: the server, now gone, is not asked


def test_a_server_without_ranges_sends_all_again(tmp_path: Path) -> None:
    part = tmp_path / "it.part"
    part.write_bytes(b"old")
    answers = {"/it": without_ranges(CONTENT, stop_after=1000)}
    with serving(answers) as url:
        with pytest.raises(BrokenOffError, match="nothing is kept, as the server cannot go on"):
            download(f"{url}/it", part, limit=20_000)
        assert not part.exists()
        part.write_bytes(b"old")
        answers["/it"] = without_ranges(CONTENT)
        download(f"{url}/it", part, limit=20_000)
    assert part.read_bytes() == CONTENT


def test_what_a_liar_sends_is_not_kept(tmp_path: Path) -> None:
    part, secret = tmp_path / "it.part", tmp_path / "secret"
    secret.write_text("secret")
    other_part = send(CONTENT, headers={"Content-Range": "bytes 7-10239/10240"})
    answers = {
        "/endless": endless,
        "/huge": without_ranges(CONTENT, length=10_000_000_000),
        "/file": redirect(secret.as_uri()),
        "/ftp": redirect("ftp://127.0.0.1/it"),
        "/secure": redirect("https://127.0.0.1/it"),
        "/round": redirect("/round"),
        "/moved": redirect("/it"),
        "/it": send(CONTENT),
        "/other": other_part,
        "/long": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + bytes(100_000) + b"\r\n\r\n"),
    }
    problems = {
        "endless": "more than 20,000 bytes, which is the limit",
        "huge": "announced with 10,000 MB, more than 20,000 bytes",
        "file": r"redirects to file:///.*secret, which is not followed",
        "ftp": "redirects to ftp://.*, which is not followed",
        "secure": "redirects to https://.*, which is not followed",
        "round": "redirects more than 5 times",
        "nowhere": "answers 404",
        "long": "cannot be downloaded",
    }
    with serving(answers) as url:
        for path, problem in problems.items():
            with pytest.raises(UnusableError, match=problem) as refused:
                download(f"{url}/{path}", part, limit=20_000)
            assert "\n" not in str(refused.value) and f"{url}/{path}" in str(refused.value)
            assert list(tmp_path.iterdir()) == [secret]
        for size in (len(CONTENT) - 1, len(CONTENT) + 1):
            with pytest.raises(UnusableError, match=r"announced with|not the 10241 it should have"):
                download(f"{url}/it", part, limit=20_000, size=size)
            assert not part.exists()
        part.write_bytes(b"begun")
        with pytest.raises(UnusableError, match="another part than requested"):
            download(f"{url}/other", part, limit=20_000)
        assert not part.exists()
        download(f"{url}/moved", part, limit=20_000)
        assert fetch(f"{url}/moved", limit=20_000) == part.read_bytes() == CONTENT
        for path in ("it", "endless"):
            with pytest.raises(UnusableError, match="more than 1,000 bytes"):
                fetch(f"{url}/{path}", limit=1000)


def test_without_a_connection_what_arrived_is_kept(tmp_path: Path) -> None:
    part = tmp_path / "it.part"
    with serving({}) as url:
        pass
    with pytest.raises(BrokenOffError, match=r"cannot be downloaded: .*refused.*; styles on this machine work without"):
        download(f"{url}/it", part, limit=100)
    assert not part.exists()
    part.write_bytes(b"begun")
    with pytest.raises(BrokenOffError):
        download(f"{url}/it", part, limit=100)
    assert part.read_bytes() == b"begun"


def test_only_urls_of_web_servers_are_taken(tmp_path: Path) -> None:
    assert is_web("HTTPS://a/b") and not is_web("file:///etc/passwd") and not is_web("style.zip")
    for url in ("file:///etc/passwd", "ftp://a/b", "http:///b", "b"):
        with pytest.raises(UserError, match="not a URL that begins with http"):
            download(url, tmp_path / "it.part", limit=100)
    with pytest.raises(UserError, match="a URL on a: holds a name or a password") as refused:
        fetch("https://me:word@a/b", limit=100)
    assert "word@" not in str(refused.value)


def test_a_link_at_the_name_of_the_part_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "it.part").symlink_to(tmp_path / "precious")
    with serving({"/it": send(CONTENT)}) as url, pytest.raises(UnusableError, match="is a link"):
        download(f"{url}/it", tmp_path / "it.part", limit=20_000)
    assert (tmp_path / "precious").read_text() == "kept"
