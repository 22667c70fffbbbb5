"""Faults of the machine: kills, full disks, no file handles or memory, removed folders, clocks that go backwards."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException
from PIL import Image

from tests.helpers.checkpoints import assert_same_checkpoint
from tests.helpers.command_line import RunCli
from tests.helpers.lives import deaths_of
from tests.helpers.pairs import TINY, tiny_config, write_pairs
from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo, files_below
from tests.media.video.test_convert import film, write_video
from translate.config import Pix2PixConfig
from translate.errors import ExitCode, UserError
from translate.media.video import convert as video
from translate.style import translator as inference
from translate.style.session import open_session
from translate.style.translator import Translator
from translate.train.faults import FaultError
from translate.train.log import RunLog
from translate.train.loop import train
from translate.train.methods.pix2pix import Pix2Pix
from translate.weights import checkpoint

pytestmark = pytest.mark.slow

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
KILLED = -signal.SIGKILL
LAST = "checkpoints/step-000000004"
COUNT = 8


def one_line_of(error: UserError) -> str:
    """As the command line prints it."""
    assert len(str(error).splitlines()) == 1
    return str(error)


@contextmanager
def limited(what: int, limit: int) -> Iterator[None]:
    before = resource.getrlimit(what)
    resource.setrlimit(what, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


@contextmanager
def no_more_files() -> Iterator[None]:
    """Nothing can be opened inside: no number below the limit is free, even when others close files."""
    with limited(resource.RLIMIT_NOFILE, 3):
        yield


# --- training: killed ---


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[int]]]:
    """A folder with an undisturbed run of each method and one that was killed, and what each life ended with."""
    folder = tmp_path_factory.mktemp("lives")
    command = [sys.executable, "-m", "tests.helpers.lives", str(folder), *TINY]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        cwd=ROOT,
        env=ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


@pytest.mark.parametrize("method", TINY)
def test_a_run_killed_at_the_worst_moments_ends_like_an_undisturbed_one(
    method: str, lives: tuple[Path, dict[str, list[int]]]
) -> None:
    folder, ended = lives
    assert ended[method] == [0, *[KILLED] * len(deaths_of(method)), 0]
    whole, killed = folder / method / "undisturbed", folder / method / "killed"
    assert_same_checkpoint(whole / "checkpoints/step-000000006", killed / "checkpoints/step-000000006")
    assert metrics_of(killed) == metrics_of(whole)  # each step once
    written = {name for name in files_below(killed) if not name.startswith("tensorboard/")}
    assert written == {name for name in files_below(whole) if not name.startswith("tensorboard/")}
    for name in written:
        if name.startswith("samples/"):
            assert (killed / name).read_bytes() == (whole / name).read_bytes()


def metrics_of(run: Path) -> list[tuple[int, dict[str, float]]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], {name: value for name, value in line.items() if "/" in name}) for line in lines]


# --- training: faults ---


@pytest.fixture
def run(tmp_path: Path) -> Pix2PixConfig:
    return tiny_config(*write_pairs(tmp_path), tmp_path / "run", save_every=2)


def assert_goes_on(run: Pix2PixConfig) -> None:
    """The failed run's checkpoint of step 2 is whole, and no other is left; repeated, it ends as if all was well."""
    assert [found.step for found in checkpoint.checkpoints(run.out)] == [2]
    assert not [name for name in files_below(run.out) if "/." in f"/{name}"]
    train(run)
    whole = tiny_config(run.a, run.b, run.out.with_name("whole"), save_every=2)  # type: ignore[arg-type]
    train(whole)
    assert_same_checkpoint(whole.out / LAST, run.out / LAST)
    assert metrics_of(run.out) == metrics_of(whole.out)


def at_the_fourth_step(monkeypatch: pytest.MonkeyPatch, do: Any) -> Any:
    """``do()`` there, once."""
    take = Pix2Pix.step

    def take_and_do(self: Pix2Pix, batch: Any, *, step: int, progress: float) -> Any:
        if step == 3:
            do()
        return take(self, batch, step=step, progress=progress)

    monkeypatch.setattr(Pix2Pix, "step", take_and_do)


@pytest.mark.parametrize("writer", ["save_file", "save"])
def test_a_full_disk_ends_training_in_one_line(
    run: Pix2PixConfig, writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = checkpoint if writer == "save_file" else torch
    write = getattr(module, writer)

    def full(content: Any, path: Path) -> None:
        with limited(resource.RLIMIT_FSIZE, 1000 if "000000004" in str(path) else resource.RLIM_INFINITY):
            write(content, path)

    with monkeypatch.context() as patch:
        patch.setattr(module, writer, full)
        with pytest.raises(FaultError) as caught:
            train(run)
    said = one_line_of(caught.value)
    assert "make room on the disk, and repeat the command" in said and "enforce fail" not in said
    assert_goes_on(run)


def test_no_file_handles_end_training_in_one_line(run: Pix2PixConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    append = RunLog._append

    def append_without(self: Any, line: dict[str, Any]) -> None:
        if line["step"] == 4:
            with no_more_files():
                append(self, line)
        append(self, line)

    with monkeypatch.context() as patch:
        patch.setattr(RunLog, "_append", append_without)
        with pytest.raises(FaultError, match=r"Too many open files; raise the limit \(`ulimit -n`\)") as caught:
            train(run)
    one_line_of(caught.value)
    assert_goes_on(run)


def test_a_dead_worker_ends_training_in_one_line(run: Pix2PixConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill_workers() -> None:
        for worker in multiprocessing.active_children():
            worker.kill()
        time.sleep(20)  # until PyTorch's handler of their death raises

    config = tiny_config(run.a, run.b, run.out, save_every=2, workers=1)  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        at_the_fourth_step(patch, kill_workers)
        with pytest.raises(FaultError, match=r"DataLoader worker .* killed.* fewer workers") as caught:
            train(config)
    one_line_of(caught.value)
    assert_goes_on(run)


def test_a_gpu_without_memory_ends_training_in_one_line(run: Pix2PixConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    with monkeypatch.context() as patch:
        at_the_fourth_step(patch, exhausted)
        with pytest.raises(FaultError, match=r"CUDA out of memory.* free memory, or begin another run") as caught:
            train(run)
    one_line_of(caught.value)
    assert_goes_on(run)


@pytest.mark.parametrize("begun_anew", [False, True])
def test_a_removed_run_is_not_written_to(run: Pix2PixConfig, begun_anew: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run may have been begun in its place."""

    def remove() -> None:
        shutil.rmtree(run.out)
        if begun_anew:
            run.out.mkdir()
            (run.out / ".lock").write_text("process 1 on another machine")

    at_the_fourth_step(monkeypatch, remove)
    with pytest.raises(FaultError, match=rf"out {run.out}: was removed while training; repeat the command"):
        train(run)
    assert files_below(run.out) == ({".lock"} if begun_anew else set())


def test_a_second_training_in_one_run_is_refused(run: Pix2PixConfig) -> None:
    """Until the first one dies, however it dies; that it has forked other processes, which live on, changes nothing."""
    code = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from translate.storage.lock import LockFile\n"
        "lock = LockFile(Path(sys.argv[1]))\n"
        "if os.fork(): print(flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(run.out / ".lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(UserError, match=rf"out {run.out}: another training .* \(process {first.pid} on ") as caught:
            train(run)
        assert caught.value.exit_code == ExitCode.USAGE
        assert files_below(run.out) == {".lock"}
        first.kill()
        first.wait()
        train(run)
        os.killpg(first.pid, signal.SIGKILL)
    assert checkpoint.find(run.out).step == 4
    assert ".lock" not in files_below(run.out)


def test_a_clock_that_goes_backwards_changes_nothing(run: Pix2PixConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = iter(range(500_000, 0, -1))
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 3600.0 * next(hours))
        patch.setattr(time, "time_ns", lambda: 3600 * 10**9 * next(hours))
        train(tiny_config(run.a, run.b, run.out, save_every=2, steps=2, schedule="constant"))  # type: ignore[arg-type]
        train(tiny_config(run.a, run.b, run.out, save_every=2, schedule="constant"))  # type: ignore[arg-type]
    whole = tiny_config(run.a, run.b, run.out.with_name("whole"), save_every=2, schedule="constant")  # type: ignore[arg-type]
    train(whole)
    assert_same_checkpoint(whole.out / LAST, run.out / LAST)
    assert metrics_of(whole.out) == metrics_of(run.out)
    speeds = [json.loads(line)["images_per_s"] for line in (run.out / "metrics.jsonl").read_text().splitlines()]
    assert all(0 < speed < 1e6 for speed in speeds)


# --- converting ---


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(COUNT):
        Image.fromarray(draw_photo(20 + 8 * index, 24)).save(folder / f"{index}.png")
    return folder


def convert_again(run_cli: RunCli, photos: Path, style: Path, *, left: int) -> None:
    """With ``--skip-existing`` the ``left`` ones are made; there is then what an undisturbed conversion writes."""
    done = run_cli("convert", photos, "-o", photos.with_name("out"), "--style", style, "--skip-existing")
    assert done.code == 0 and f"{left} converted, {COUNT - left} skipped, 0 failed" in done.err, done.err
    assert_all_there(run_cli, photos, style)


def assert_all_there(run_cli: RunCli, photos: Path, style: Path) -> None:
    whole, out = photos.with_name("whole"), photos.with_name("out")
    assert run_cli("convert", photos, "-o", whole, "--style", style, "-q").code == 0
    assert files_below(out) == files_below(whole)
    assert all((out / name).read_bytes() == (whole / name).read_bytes() for name in files_below(whole))


def test_a_full_disk_is_one_line_per_picture(run_cli: RunCli, photos: Path, tiny_style: Path) -> None:
    run_cli("convert", photos, "-o", photos.with_name("sizes"), "--style", tiny_style)
    sizes = sorted(path.stat().st_size for path in photos.with_name("sizes").iterdir())
    with limited(resource.RLIMIT_FSIZE, sizes[COUNT // 2 - 1]):
        done = run_cli("convert", photos, "-o", photos.with_name("out"), "--style", tiny_style, "-q")
    assert done.code == ExitCode.SOME_FAILED
    lines = done.err.splitlines()
    assert len(lines) == COUNT // 2
    assert all(line.endswith("cannot be written: File too large") for line in lines), done.err
    assert len(files_below(photos.with_name("out"))) == COUNT // 2
    convert_again(run_cli, photos, tiny_style, left=COUNT // 2)


def test_no_file_handles_are_one_line_per_picture(
    run_cli: RunCli, photos: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate = Translator.__call__
    calls = 0

    def without(self: Translator, *arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 6:  # with a few threads, some are written by then
            handles.__enter__()
        return translate(self, *arguments)

    handles = no_more_files()
    with monkeypatch.context() as patch:
        patch.setattr(Translator, "__call__", without)
        done = run_cli("convert", photos, "-o", photos.with_name("out"), "--style", tiny_style, "-q", "--workers", 1)
    handles.__exit__(None, None, None)
    assert done.code == ExitCode.SOME_FAILED
    lines = done.err.splitlines()
    assert 0 < len(lines) < COUNT and all("Too many open files" in line for line in lines), done.err
    convert_again(run_cli, photos, tiny_style, left=len(lines))


def test_a_removed_output_folder_is_made_again(
    run_cli: RunCli, photos: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate = Translator.__call__
    calls = 0
    out = photos.with_name("out")

    def remove(self: Translator, *arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == COUNT:
            out.rename(out.with_name("removed"))
        return translate(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Translator, "__call__", remove)
        done = run_cli("convert", photos, "-o", out, "--style", tiny_style, "-q", "--workers", 1)
    lines = done.err.splitlines()  # of the pictures that were being written at that moment
    assert done.code == (ExitCode.SOME_FAILED if lines else ExitCode.OK)
    assert len(lines) < COUNT and all("cannot be written: No such file" in line for line in lines), done.err
    there = len(files_below(out))
    assert 0 < there < COUNT
    convert_again(run_cli, photos, tiny_style, left=COUNT - there)


@pytest.mark.parametrize("existing", ["--skip-existing", "--overwrite"])
def test_two_processes_convert_into_one_folder(run_cli: RunCli, photos: Path, tiny_style: Path, existing: str) -> None:
    command = [
        sys.executable,
        "-m",
        "translate",
        "convert",
        photos,
        "-o",
        photos.with_name("out"),
        "--style",
        tiny_style,
    ]
    both = [subprocess.Popen([*map(str, command), existing, "-q"], env=ENVIRONMENT) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert_all_there(run_cli, photos, tiny_style)


def test_two_processes_make_one_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused; the first one's segments are left alone."""
    monkeypatch.setattr(video, "SEGMENT_SECONDS", 8 / 25)
    source, output = write_video(tmp_path / "in.mp4", film(20)), tmp_path / "out.mp4"
    refused: list[bool] = []

    def invert(frames: np.ndarray) -> np.ndarray:
        if not refused:
            with pytest.raises(UserError, match=r"out\.mp4: is being made by another \(process .*name another output"):
                video.convert_video(source, output, lambda frames: frames)
            refused.append(True)
        return 255 - frames

    video.convert_video(source, output, invert)
    assert files_below(tmp_path) == {"in.mp4", "out.mp4"}


def test_what_a_killed_conversion_leaves_is_removed(run_cli: RunCli, photos: Path, tiny_style: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from translate.storage.atomic import atomic_file\n"
        "with atomic_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half')\n"
        "    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    out = photos.with_name("out")
    assert subprocess.run([sys.executable, "-c", code, str(out / "0.png")], check=False).returncode == KILLED
    assert len(files_below(out)) == 1 and "0.png" not in files_below(out)
    convert_again(run_cli, photos, tiny_style, left=COUNT)


def test_a_gpu_without_memory_goes_on_in_smaller_tiles(
    run_cli: RunCli, photos: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(draw_photo(700, 500)).save(photos / "0.png")
    out = photos.with_name("out")
    sides = []

    class Session:
        """onnxruntime's, on a device that has no room for large pictures."""

        def __init__(self, session: Any) -> None:
            self._session = session

        def __getattr__(self, name: str) -> Any:
            return getattr(self._session, name)

        def run(self, outputs: list[str], inputs: dict[str, np.ndarray]) -> Any:
            sides.append(max(inputs["image"].shape[1:3]))
            if sides[-1] > 300:
                raise RuntimeException("[ONNXRuntimeError] : 1 : FAIL : CUDA failure 2: out of memory ; GPU=0")
            return self._session.run(outputs, inputs)

    with monkeypatch.context() as patch:
        patch.setattr(inference, "open_session", lambda *given, **more: Session(open_session(*given, **more)))
        done = run_cli("convert", photos, "-o", out, "--style", tiny_style, "-q", "--workers", 1)
    assert (done.code, done.err) == (0, "")
    assert max(sides) > 300
    assert sum(side > 300 for side in sides) <= 4  # it does not try in vain again
    assert_all_there(run_cli, photos, tiny_style)
