"""Links, pipes and folders of others at the names that this program uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from translate.storage.own_files import is_ours, is_private, make_own_folder, open_own

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links and owners")
APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT


@pytest.mark.parametrize("kind", ["link", "broken link", "hard link", "pipe", "folder"])
def test_only_files_of_its_own_are_opened(tmp_path: Path, kind: str) -> None:
    other, path = tmp_path / "other", tmp_path / "log"
    other.write_text("another file")
    if kind == "hard link":
        path.hardlink_to(other)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(other if kind == "link" else tmp_path / "nowhere")
    with pytest.raises(OSError, match="log"):
        open_own(path, APPEND)
    assert other.read_text() == "another file" and not (tmp_path / "nowhere").exists()


def test_a_new_and_an_old_file_are_opened(tmp_path: Path) -> None:
    for _ in range(2):
        descriptor = open_own(tmp_path / "log", APPEND)
        assert not os.get_inheritable(descriptor)
        os.write(descriptor, b"line\n")
        os.close(descriptor)
    assert (tmp_path / "log").read_text() == "line\nline\n"


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    make_own_folder(tmp_path / "new" / "own")
    make_own_folder(tmp_path / "new" / "own")
    (tmp_path / "link").symlink_to(tmp_path / "new")
    with pytest.raises(OSError, match=r"link is a link, which is not followed; remove it"):
        make_own_folder(tmp_path / "link")


def test_private_is_what_nobody_else_may_write_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for mode, private in ((0o700, True), (0o755, True), (0o775, False), (0o777, False), (0o1777, False)):
        tmp_path.chmod(mode)
        assert is_private(tmp_path) == private
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert not is_private(tmp_path) and not is_ours(tmp_path)
