"""The pipeline on many machines: chunks of the jobs go through `pipeline.run_jobs` in the workers of a Ray cluster.

Ray Data (https://docs.ray.io/en/latest/data/data.html) distributes the chunks over a pool of actors, one per GPU or per
few CPU cores, and retries a chunk when its process or its machine dies. What a lost worker had already written is seen
from the outputs themselves: each task carries the fingerprint that its output had before the run.
"""

from __future__ import annotations

import pickle
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import Job
from translate.convert.ray.cluster import Workers, connect, plan_workers
from translate.convert.results import Result
from translate.errors import PictureError, UnusableError, UserError, one_line
from translate.media.images import load_picture
from translate.storage.remote import Location, RemotePath, fingerprint
from translate.style.translator import Translator

CHUNK_SIZE = 16  # at most this many jobs per chunk; jobs overlap within a chunk, and whole chunks are retried
CHUNKS_PER_WORKER = 4  # at least, if there are enough jobs, so that all workers finish at about the same time
MAX_ATTEMPTS = 3  # at converting a picture or loading the style, before it is blamed for killing its process
LOOKUPS = 32  # outputs looked up at a time


def convert_with_ray(
    jobs: Iterable[Job],
    style: Path,
    options: Options,
    *,
    device: str = "auto",
    tile: int | None = None,
    memory: int | None = None,
    cpus_per_worker: int | None = None,
    chunk_size: int | None = None,
) -> Iterator[Result]:
    """`pipeline.run_jobs` on a Ray cluster: the same files, and a `Result` for each of ``jobs`` as it finishes.

    The cluster is the one at RAY_ADDRESS, else a local one that ends with the iterator; a cluster this process is
    already connected to is used and kept. Every machine needs this program with its ``ray`` extra, and sources and
    outputs under the same path or URL; ``style`` is read here and sent.

    ``device``: ``auto`` (the cluster's GPUs, else its CPUs), ``cpu`` or ``cuda``. ``cpus_per_worker``: cores and
    threads per worker without a GPU; None: 4, or as many as the smallest machine has. ``chunk_size``: jobs a worker
    takes at a time; None: up to 16. ``tile``, ``memory`` and ``options``: as for `Translator` and
    `pipeline.run_jobs`, but a worker has at most as many threads as cores, and no listeners are called.

    A worker that dies is replaced and its chunk retried, except for outputs already written. A picture whose worker
    dies every time gives a result with an error, as does one that cannot be read or written. Raises ``UnusableError``
    if Ray is missing, the cluster cannot be used, or its workers cannot use the style or the device, ``UserError`` for
    jobs on standard input or output and for unsuitable devices or tiles.
    """
    given = dict(enumerate(jobs))
    if any(job.source is None or job.output is None for job in given.values()):
        raise UserError("<ray>: '-' (standard input or output) exists only on this machine; name files")
    if device.startswith("cuda:"):
        raise UserError(f"<device> {device}: with <ray> every worker has a GPU of its own; give cuda")
    yield from (Result(job=job) for job in given.values() if job.skip)
    waiting = _make_tasks({number: job for number, job in given.items() if not job.skip})
    if not waiting:
        return
    with connect() as ray:
        workers = plan_workers([node["Resources"] for node in ray.nodes() if node["Alive"]], device, cpus_per_worker)
        even = -(-len(waiting) // (workers.count * CHUNKS_PER_WORKER))
        setup = _Setup(
            style=ray.put(style.read_bytes()),
            name=style.name,
            device="cuda" if workers.on_gpu else "cpu",
            tile=tile,
            memory=memory,
            cpus=workers.cpus,
            options=replace(options.with_listeners(), workers=min(options.workers, workers.cpus)),
            chunk_size=chunk_size or min(even, CHUNK_SIZE),
            attempts=ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Attempts).remote(),
        )
        for number, result in _run(list(waiting.values()), workers, setup):
            if waiting.pop(number, None) is not None:
                yield _as_given(result, given[number])


@dataclass(frozen=True)
class _Task:
    """A job on its way to a worker."""

    number: int
    job: Job  # with absolute paths
    before: str | None  # the fingerprint of its output before the run


@dataclass(frozen=True)
class _Setup:
    """What every worker is given."""

    style: Any  # reference to the file's content in Ray's object store
    name: str  # of the style file
    device: str
    tile: int | None
    memory: int | None
    cpus: int
    options: Options
    chunk_size: int  # jobs it takes at a time
    attempts: Any  # the actor `_Attempts`


def _make_tasks(jobs: Mapping[int, Job]) -> dict[int, _Task]:
    sent = [replace(job, source=_absolute(job.source), output=_absolute(job.output)) for job in jobs.values()]
    with ThreadPoolExecutor(LOOKUPS) as pool:
        before = pool.map(fingerprint, [job.output for job in sent if job.output is not None])
        return {number: _Task(number, job, mark) for number, job, mark in zip(jobs, sent, before, strict=True)}


def _absolute(place: Location | None) -> Any:
    return place.absolute() if isinstance(place, Path) else place


def _as_given(result: Result, job: Job) -> Result:
    """``result``, whose job has absolute paths, with the caller's own ``job`` and its paths."""
    failure = result.failure
    if failure is not None:
        for sent, given in ((result.source, job.source), (result.output, job.output)):
            failure = failure.replace(str(sent), str(given))
    return replace(result, job=job, failure=failure)


def _run(tasks: Sequence[_Task], workers: Workers, setup: _Setup) -> Iterator[tuple[int, Result]]:
    """The results with the numbers of their tasks, as the chunks finish."""
    import ray

    starts = range(0, len(tasks), setup.chunk_size)
    chunks = [{"chunk": pickle.dumps(tasks[start : start + setup.chunk_size])} for start in starts]
    dataset = ray.data.from_items(chunks, override_num_blocks=len(chunks)).map_batches(
        _Worker,
        fn_constructor_args=(setup,),
        batch_size=1,
        # Two in flight, so that a worker never waits for its next chunk. Ray restarts dead actors and their tasks.
        compute=ray.data.ActorPoolStrategy(size=min(workers.count, len(chunks)), max_tasks_in_flight_per_actor=2),
        num_gpus=1 if workers.on_gpu else None,
        num_cpus=None if workers.on_gpu else workers.cpus,
    )
    vars(dataset.context).update(
        print_on_execution_start=False,
        max_consecutive_actor_init_deaths=MAX_ATTEMPTS,
        execution_no_progress_timeout_s=-1,  # a chunk of large pictures can take long
    )
    try:
        for batch in dataset.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
            for finished in batch["results"]:
                done = pickle.loads(finished)
                if isinstance(done, Exception):
                    raise done
                yield from done
    except ray.exceptions.RayError as error:
        reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), "")
        raise UnusableError(
            f"the workers of the Ray cluster cannot run: {one_line(ValueError(reason))}; every machine needs "
            "pip install 'picture-translate[ray]'"
        ) from error


class _Attempts:
    """An actor that counts attempts for the workers, so that the counts survive a worker's death."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def begin(self, what: str) -> int:
        """The number of this attempt, from 1."""
        self._counts[what] += 1
        return self._counts[what]

    def end(self, what: str) -> None:
        """Reset the count after a success."""
        del self._counts[what]


class _Worker:
    """An actor that maps pickled chunks to pickled results, or to an error that makes further work pointless."""

    def __init__(self, setup: _Setup) -> None:
        self._setup = setup
        self._options = setup.options
        self._translator: Translator | None = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        done: list[bytes] = []
        for chunk in batch["chunk"]:
            try:
                done.append(pickle.dumps(self._convert(pickle.loads(chunk))))
            except UserError as error:  # raised here, Ray would wrap it
                done.append(pickle.dumps(error))
            except Exception:  # noqa: BLE001 (a bug in this program: the caller raises it)
                done.append(pickle.dumps(RuntimeError(traceback.format_exc())))
        return {"results": done}

    def _convert(self, tasks: Sequence[_Task]) -> list[tuple[int, Result]]:
        """The results of a chunk. On a retry its jobs run one by one, to find the one that kills the worker."""
        if self._begin(f"chunk from {tasks[0].number}") == 1:
            results = self._convert_all([task.job for task in tasks])
        else:
            results = [self._convert_one(task) for task in tasks]
        return [(task.number, result) for task, result in zip(tasks, results, strict=True)]

    def _convert_one(self, task: _Task) -> Result:
        if _written_since(task):
            return Result(job=task.job, size=_size(task.job.output))
        if self._begin(f"job {task.number}") >= MAX_ATTEMPTS:
            failure = f"{task.job.source_name}: the worker process died of it {MAX_ATTEMPTS} times; try <max_size>"
            return Result(job=task.job, failure=failure)
        (result,) = self._convert_all([task.job])
        return result

    def _convert_all(self, jobs: Sequence[Job]) -> list[Result]:
        translator = self._load()
        return list(run_jobs(jobs, translator, self._options))

    def _begin(self, what: str) -> int:
        import ray

        number = ray.get(self._setup.attempts.begin.remote(what))
        assert isinstance(number, int)
        return number

    def _load(self) -> Translator:
        import ray

        if self._translator is None:
            setup = self._setup
            loading = f"style in {ray.get_runtime_context().get_actor_id()}"  # a restarted actor keeps its id
            if self._begin(loading) > MAX_ATTEMPTS:
                raise UnusableError(f"{setup.name}: the worker process died of loading it {MAX_ATTEMPTS} times")
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / setup.name
                path.write_bytes(ray.get(setup.style))
                self._translator = Translator(
                    path, device=setup.device, tile=setup.tile, memory=setup.memory, threads=setup.cpus
                )
                threads = self._translator.divide_cores(setup.chunk_size)
                self._options = replace(setup.options, translate_workers=threads)
            ray.get(setup.attempts.end.remote(loading))
        return self._translator


def _written_since(task: _Task) -> bool:
    """Whether a worker that has died since wrote the output in this run."""
    assert task.job.output is not None
    now = fingerprint(task.job.output)
    return now is not None and now != task.before


def _size(output: Location | None) -> tuple[int, int] | None:
    """Width and height of a picture; None: it is a video."""
    assert output is not None
    try:
        return load_picture(output.read_bytes() if isinstance(output, RemotePath) else output).size
    except PictureError:
        return None
