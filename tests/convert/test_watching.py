"""A folder kept translated, through half-copied files, changes, renames and kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo, files_below
from translate.convert.conversion import ConvertRequest
from translate.convert.watching import STAGING, Event, Watcher, watch_folder
from translate.errors import UserError
from translate.style.translator import open_style

SETTLE = 2.0


class Folder:
    """A watched folder, and a clock that the test sets."""

    def __init__(self, folder: Path, style: Path) -> None:
        self.photos, self.drawn, self._style, self.now = folder / "photos", folder / "drawn", style, 100.0
        self.photos.mkdir()
        self.changes: dict[str, Any] = {}
        self.start()

    def start(self, **changes: Any) -> None:
        """Begin to watch, as after a restart."""
        self.changes = changes or self.changes
        delete = self.changes.pop("delete", False)
        request = ConvertRequest(
            inputs=[self.photos], output=self.drawn, style=self._style, device="cpu", recursive=True, **self.changes
        )
        translator = open_style(str(self._style), device="cpu")
        self.watcher = Watcher(request, translator, settle=SETTLE, delete=delete, clock=lambda: self.now)

    def look(self, seconds: float = 0.0) -> list[Event]:
        """What happens at a look that comes so much later."""
        self.now += seconds
        return list(self.watcher.look())

    def settled(self) -> list[Event]:
        return [*self.look(), *self.look(SETTLE)]

    @property
    def results(self) -> set[str]:
        return {name for name in files_below(self.drawn) if not name.startswith(STAGING)}


@pytest.fixture
def folder(tmp_path: Path, tiny_style: Path) -> Folder:
    return Folder(tmp_path, tiny_style)


def copy(photo: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(photo, target))


def test_new_files_become_what_convert_makes(
    folder: Folder, photo: Path, tmp_path: Path, tiny_style: Path, run_cli: RunCli
) -> None:
    copy(photo, folder.photos / "one.jpg")
    copy(photo, folder.photos / "trip" / "two.jpg")
    (folder.photos / "notes.txt").write_text("no photo")
    events = folder.settled()
    assert [event.failure for event in events] == [None, None]
    assert folder.results == {"one.jpg", "trip/two.jpg"}
    expected = tmp_path / "expected.jpg"
    assert run_cli("convert", photo, "-o", expected, "--style", tiny_style, "--device", "cpu").code == 0
    assert (folder.drawn / "trip" / "two.jpg").read_bytes() == expected.read_bytes()
    assert folder.look(60) == []


def test_a_half_copied_file_is_waited_for(folder: Folder, photo: Path) -> None:
    content = photo.read_bytes()
    target = folder.photos / "slow.jpg"
    for end in range(0, len(content), 500):
        target.write_bytes(content[:end])
        os.utime(target, ns=(end, end))
        assert folder.look(SETTLE * 0.9) == []
    target.write_bytes(content)
    (event,) = folder.settled()
    assert event.failure is None and folder.results == {"slow.jpg"}


def test_a_file_that_stood_still_half_copied_is_tried_again(folder: Folder, photo: Path) -> None:
    target = folder.photos / "stalled.jpg"
    target.write_bytes(photo.read_bytes()[:900])
    (event,) = folder.settled()
    assert event.failure is not None and "cut short" in event.failure and folder.results == set()
    assert folder.look(60) == []  # told once
    copy(photo, target)
    (event,) = folder.settled()
    assert event.failure is None and folder.results == {"stalled.jpg"}


def test_a_changed_file_is_converted_again(folder: Folder, photo: Path) -> None:
    target = copy(photo, folder.photos / "one.jpg")
    folder.settled()
    before = (folder.drawn / "one.jpg").read_bytes()
    Image.fromarray(draw_photo(30, 20)).save(target)
    os.utime(target, (1_000_000_000, 1_000_000_000))  # as copied with its old time
    folder.settled()
    assert (folder.drawn / "one.jpg").read_bytes() != before


def test_a_restart_goes_on_where_it_stopped(folder: Folder, photo: Path) -> None:
    for name in ("one.jpg", "two.jpg"):
        copy(photo, folder.photos / name)
    folder.settled()
    folder.start()
    assert folder.settled() == []
    copy(photo, folder.photos / "three.jpg")
    os.utime(folder.photos / "one.jpg")
    (folder.drawn / "two.jpg").unlink()
    folder.start()
    assert sorted(event.source.name for event in folder.settled()) == ["one.jpg", "three.jpg", "two.jpg"]


def test_a_result_that_was_never_named_is_made_again(folder: Folder, photo: Path) -> None:
    copy(photo, folder.photos / "one.jpg")
    staged = folder.drawn / STAGING / "one.jpg"
    staged.parent.mkdir(parents=True)
    staged.write_bytes(b"half")
    folder.settled()
    Image.open(folder.drawn / "one.jpg").load()
    assert not staged.exists()


@pytest.mark.parametrize("delete", [False, True])
def test_renames_and_deletes(folder: Folder, photo: Path, delete: bool) -> None:
    folder.start(delete=delete)
    copy(photo, folder.photos / "one.jpg").rename(folder.photos / "old.jpg")
    folder.settled()
    (folder.photos / "old.jpg").rename(folder.photos / "new.jpg")
    events = folder.settled()
    assert [event.removed for event in events] == ([True, False] if delete else [False])
    assert folder.results == ({"new.jpg"} if delete else {"new.jpg", "old.jpg"})


def test_two_files_never_become_one(folder: Folder, photo: Path) -> None:
    folder.start(format="png")
    copy(photo, folder.photos / "one.jpg")
    Image.open(photo).save(folder.photos / "one.webp")
    first, second = folder.settled()
    failure = first.failure or second.failure
    assert failure is not None and "rename one of them" in failure and folder.results == {"one.png"}


def test_results_in_the_watched_folder_are_not_photos(folder: Folder, photo: Path) -> None:
    folder.drawn = folder.photos / "drawn"
    folder.start()
    copy(photo, folder.photos / "one.jpg")
    assert len(folder.settled()) == 1
    assert folder.settled() == []


def test_folders_that_cannot_be_used(folder: Folder, tmp_path: Path, tiny_style: Path) -> None:
    translator = open_style(str(tiny_style), device="cpu")
    with pytest.raises(UserError, match="the watched folder itself"):
        Watcher(ConvertRequest(inputs=[folder.photos], output=folder.photos), translator)
    with pytest.raises(UserError, match="no such folder"):
        Watcher(ConvertRequest(inputs=[tmp_path / "none"], output=folder.drawn), translator)


def test_only_one_watches_into_a_folder(folder: Folder) -> None:
    (folder.photos / "broken.jpg").write_bytes(b"x")
    folder.look()
    folder.now += SETTLE
    first = watch_folder(folder.watcher, iter(()))
    assert next(first).failure is not None
    with pytest.raises(UserError, match="watches into it already"):
        next(watch_folder(folder.watcher, iter(())))
    assert list(first) == []
    assert list(watch_folder(folder.watcher, iter(()))) == []


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.05)


@pytest.mark.slow
def test_the_command_survives_being_killed(folder: Folder, photo: Path, tiny_style: Path, tmp_path: Path) -> None:
    """Thirty files come in pieces while it runs; it is killed twice."""
    folders = [str(folder.photos), "-o", str(folder.drawn)]
    command = [sys.executable, "-m", "translate", "watch", *folders, "--style", str(tiny_style)]
    command += ["--device", "cpu", "--settle", "0.3"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    content, lines = photo.read_bytes(), tmp_path / "lines"
    with lines.open("wb") as log:
        for life in range(3):
            process = subprocess.Popen(command, stderr=log, env=environment)
            try:
                for number in range(10 * life, 10 * life + 10):
                    with (folder.photos / f"{number}.jpg").open("wb") as file:
                        for start in range(0, len(content), 1000):
                            file.write(content[start : start + 1000])
                            file.flush()
                            time.sleep(0.01)
                enough = 30 if life == 2 else 10 * life + 1
                wait_for(lambda enough=enough: len(folder.results) >= enough)  # type: ignore[misc]
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
    said = lines.read_text()
    assert "failed" not in said
    assert len({(folder.drawn / f"{number}.jpg").read_bytes() for number in range(30)}) == 1
    for number in range(30):  # once each; a kill may come between naming a result and saying so
        assert said.count(f"{os.sep}{number}.jpg -> ") <= 1
