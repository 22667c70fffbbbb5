"""Converting on a small local Ray cluster, whose workers are killed to simulate lost machines."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Self

import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import Job, plan
from translate.convert.ray.cluster import Workers, import_ray, plan_workers
from translate.convert.ray.engine import MAX_ATTEMPTS, convert_with_ray
from translate.convert.results import Result
from translate.errors import UnusableError, UserError
from translate.style.translator import Translator

pytestmark = pytest.mark.slow

if find_spec("ray") is None:
    pytest.skip("needs ray", allow_module_level=True)
ray = import_ray()

COUNT = 12
SMALL = {"num_cpus": 2, "object_store_memory": 100_000_000, "include_dashboard": False, "log_to_driver": False}
needs_fifo = pytest.mark.skipif(sys.platform == "win32", reason="has neither FIFOs nor SIGKILL")


@pytest.fixture(scope="module")
def two_cores() -> Iterator[None]:
    """A cluster of two CPU cores, hence two workers with ``cpus_per_worker=1``."""
    ray.init("local", **SMALL)
    yield
    ray.shutdown()


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of small photos, relative to the current one."""
    monkeypatch.chdir(tmp_path)
    folder = Path("photos")
    folder.mkdir()
    for index in range(COUNT):
        Image.fromarray(draw_photo(40 + index, 30)).save(folder / f"{index:02}.png")
    return folder


def run_locally(jobs: list[Job], style: Path) -> tuple[dict[Path, bytes], list[Result]]:
    """The outputs by path, which are then removed, and the results."""
    results = list(run_jobs(jobs, Translator(style, device="cpu"), Options()))
    contents = {}
    for result in results:
        if result.error is None and not result.job.skip:
            output = output_of(result.job)
            contents[output] = output.read_bytes()
            output.unlink()
    return contents, results


def output_of(job: Job) -> Path:
    assert isinstance(job.output, Path)
    return job.output


def contents_of(jobs: list[Job]) -> dict[Path, bytes]:
    return {output: output.read_bytes() for output in map(output_of, jobs) if output.exists()}


def reported(results: list[Result], jobs: list[Job]) -> list[tuple[Job, str | None, tuple[int, int] | None]]:
    """The outcomes of the results, in the order of the jobs."""
    return [
        (result.job, result.error, result.size) for result in sorted(results, key=lambda result: jobs.index(result.job))
    ]


class PidWriter:
    """Stands in for a job's domain: becomes None in the worker that takes the job, and writes the worker's process id.

    There a named pipe is a photo from then on, which else is refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def __reduce__(self) -> Any:
        return eval, (
            "(setattr(__import__('translate.media.images').media.images, 'require_file', lambda path: None),"
            f" __import__('pathlib').Path({str(self.path)!r}).write_text(str(__import__('os').getpid()))) and None",
        )


class Trap:
    """A photo that blocks the worker decoding it, so that it can be killed, until the ``with`` block ends."""

    def __init__(self, job: Job) -> None:
        assert isinstance(job.source, Path)
        self._photo, self._content = job.source.absolute(), job.source.read_bytes()
        self._photo.unlink()
        os.mkfifo(self._photo)
        self._pid = Path("pid").absolute()
        self._over = threading.Event()
        domain: Any = PidWriter(self._pid)
        self.job = replace(job, domain=domain)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            assert not self._over.wait(0.02), "the conversion ended before"

    def kill(self) -> None:
        """Kill the worker at the photo, or the next one that reaches it."""
        with self._opened():
            worker = int(self._pid.read_text())
            self._pid.unlink()
            os.kill(worker, signal.SIGKILL)

    def release(self) -> None:
        """Give the photo to the next worker that reaches it."""
        with self._opened() as photo:
            photo.write(self._content)

    def _opened(self) -> IO[bytes]:
        """The photo, opened for writing once a worker has opened it for reading."""
        self.wait_until(self._pid.exists)
        descriptors: list[int] = []

        def is_read() -> bool:
            with suppress(OSError):
                descriptors.append(os.open(self._photo, os.O_WRONLY | os.O_NONBLOCK))
            return bool(descriptors)

        self.wait_until(is_read)
        return os.fdopen(descriptors[0], "wb")


def test_files_and_report_equal_those_of_one_machine(
    photos: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """On a cluster that is started only for the run, without output."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (photos / "03.png").write_bytes(b"no picture")
    (photos / "04.png").unlink()
    jobs = [Job(source=photos / f"{n:02}.png", output=Path("out", f"{n}.png"), format="PNG") for n in range(COUNT)]
    Path("file").touch()
    jobs[5] = replace(jobs[5], output=Path("file", "05.png"))
    jobs[6] = replace(jobs[6], skip=True)
    contents, expected = run_locally(jobs, tiny_style)
    capfd.readouterr()
    assert not ray.is_initialized()
    results = list(convert_with_ray(jobs, tiny_style, Options(), device="cpu", cpus_per_worker=1))
    assert not ray.is_initialized()
    assert capfd.readouterr() == ("", "")
    assert reported(results, jobs) == reported(expected, jobs)
    assert [index for index, result in enumerate(expected) if result.error] == [3, 4, 5]
    assert contents_of(jobs) == contents
    hidden = {name for name in files_below(Path("out")) if name.startswith(".")}  # what the killed one was writing
    assert files_below(Path("out")) - hidden == {path.name for path in contents}


@needs_fifo
def test_a_killed_worker_loses_nothing_and_nothing_is_done_twice(
    photos: Path, tiny_style: Path, two_cores: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """When the worker blocks at the fourth photo of its chunk, three are written, also over existing files."""
    jobs = plan([str(photos)], "out", overwrite=True)
    contents, expected = run_locally(jobs, tiny_style)
    for index in (0, 2, 4, 9):
        output = output_of(jobs[index])
        output.write_bytes(b"from an earlier run")
        os.utime(output, (0, 0))
    trap = Trap(jobs[3])
    jobs[3] = trap.job
    before = jobs[:3]

    def kill_the_worker() -> list[int]:
        """When the three outputs were written."""
        trap.wait_until(lambda: contents_of(before).items() <= contents.items() and len(contents_of(before)) == 3)
        times = [output_of(job).stat().st_mtime_ns for job in before]
        trap.kill()
        trap.release()
        return times

    with ThreadPoolExecutor() as pool, trap:
        times = pool.submit(kill_the_worker)
        results = list(convert_with_ray(jobs, tiny_style, Options(), device="cpu", cpus_per_worker=1, chunk_size=6))
    assert [output_of(job).stat().st_mtime_ns for job in before] == times.result()
    assert capfd.readouterr() == ("", "")
    assert reported(results, jobs) == [(job, None, result.size) for job, result in zip(jobs, expected, strict=True)]
    assert contents_of(jobs) == contents
    hidden = {name for name in files_below(Path("out")) if name.startswith(".")}  # what the killed one was writing
    assert files_below(Path("out")) - hidden == {path.name for path in contents}


@needs_fifo
def test_a_picture_that_kills_every_worker_is_one_result(photos: Path, tiny_style: Path, two_cores: None) -> None:
    jobs = plan([str(photos)], "out")[:4]
    contents, _ = run_locally(jobs, tiny_style)
    trap = Trap(jobs[1])
    jobs[1] = trap.job
    with ThreadPoolExecutor(1) as pool, trap:
        killed = [pool.submit(trap.kill) for _ in range(MAX_ATTEMPTS)]
        results = list(convert_with_ray(jobs, tiny_style, Options(), device="cpu", cpus_per_worker=1, chunk_size=4))
    assert all(kill.exception() is None for kill in killed)
    errors = [error for _, error, _ in reported(results, jobs)]
    assert errors == [None, f"{photos / '01.png'}: the worker process died of it 3 times; try max_size", None, None]
    assert contents_of(jobs).keys() == contents.keys() - {jobs[1].output}


def test_errors_of_the_workers_are_raised_here(photos: Path, whole_style: Path, two_cores: None) -> None:
    jobs = plan([str(photos / "00.png")], "out/")
    with pytest.raises(UserError, match=r"tile 64: .* looks at the whole picture at once"):
        list(convert_with_ray(jobs, whole_style, Options(), device="cpu", tile=64, cpus_per_worker=1))
    assert not Path("out").exists()


def test_jobs_that_cannot_be_distributed_are_refused(photos: Path, tiny_style: Path) -> None:
    job = Job(source=photos / "00.png", output=None, format="PNG")
    for unfit in (job, replace(job, source=None, output=Path("out.png"))):
        with pytest.raises(UserError, match=r"ray: '-' .* name files"):
            list(convert_with_ray([unfit], tiny_style, Options()))
    with pytest.raises(UserError, match=r"device cuda:1: .* give cuda"):
        list(convert_with_ray([], tiny_style, Options(), device="cuda:1"))


def test_missing_ray_is_one_line(photos: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UnusableError, match=r"needs ray: pip install 'picture-translate\[ray\]'$"):
        list(convert_with_ray(plan([str(photos)], "out"), tiny_style, Options()))


def test_a_cluster_that_does_not_answer_is_one_line(
    photos: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(UnusableError, match=r"^RAY_ADDRESS 127.0.0.1:1: no Ray cluster answers: "):
        list(convert_with_ray(plan([str(photos)], "out"), tiny_style, Options()))


HEAD, SMALL_NODE, LARGE, GPUS = {"CPU": 0.0}, {"CPU": 2.0}, {"CPU": 17.0}, {"CPU": 32.0, "GPU": 8.0}


@pytest.mark.parametrize(
    ("machines", "device", "cpus", "workers"),
    [
        ([SMALL_NODE], "auto", None, Workers(count=1, cpus=2, on_gpu=False)),
        ([SMALL_NODE], "cpu", 1, Workers(count=2, cpus=1, on_gpu=False)),
        ([HEAD, LARGE, LARGE], "auto", None, Workers(count=8, cpus=4, on_gpu=False)),
        ([SMALL_NODE, LARGE], "auto", None, Workers(count=9, cpus=2, on_gpu=False)),
        ([SMALL_NODE, LARGE], "auto", 8, Workers(count=2, cpus=8, on_gpu=False)),
        ([LARGE, GPUS, GPUS], "auto", None, Workers(count=16, cpus=4, on_gpu=True)),
        ([{"CPU": 32.0, "GPU": 1.0}], "cuda", None, Workers(count=1, cpus=8, on_gpu=True)),
        ([GPUS], "cpu", None, Workers(count=8, cpus=4, on_gpu=False)),
    ],
)
def test_the_cluster_is_divided_among_workers(
    machines: list[dict[str, float]], device: str, cpus: int, workers: Workers
) -> None:
    assert plan_workers(machines, device, cpus) == workers


def test_a_cluster_with_too_few_resources_is_refused() -> None:
    with pytest.raises(UnusableError, match="device cuda: no machine of the Ray cluster has a GPU"):
        plan_workers([LARGE], "cuda")
    with pytest.raises(UserError, match="cpus_per_worker 32: no machine of the Ray cluster has more than 17"):
        plan_workers([SMALL_NODE, LARGE], "cpu", 32)
    with pytest.raises(UnusableError, match="no processor"):
        plan_workers([HEAD], "cpu")
