"""The pipeline on many machines: shares of the jobs go through `pipeline.run_jobs` in the workers of a Ray cluster.

Ray Data (https://docs.ray.io/en/latest/data/data.html) spreads the shares over a pool of actors, one per GPU or one for
a few processor cores, and gives a share anew when its process or its machine dies. What a lost worker had written
already is seen by the outputs themselves: the share carries what they looked like before the run.
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
from translate.convert.pipeline import Result, run_jobs
from translate.convert.planning import Job
from translate.convert.ray.cluster import Workers, connect, plan_workers
from translate.errors import PictureError, UnusableError, UserError, one_line
from translate.media.images import load_picture
from translate.storage.remote import Location, RemotePath, fingerprint
from translate.style.translator import Translator

SHARE = 16  # jobs a worker takes at a time: they overlap inside a share, and a share is what is given anew
SHARES_EACH = 4  # at least, for every worker, where there are jobs enough: the last ones then end together
CHANCES = 3  # for a picture, and for a worker to load the style, before the death of its process is its own fault
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
    share: int | None = None,
) -> Iterator[Result]:
    """`pipeline.run_jobs` on a Ray cluster: the same files, and a `Result` for each of ``jobs``, as they are finished.

    The cluster is the one of RAY_ADDRESS, else one on this machine that ends with the iterator; one that this process
    is connected to already is used and left. Every machine needs this program with its ``ray`` extra and sees sources
    and outputs under the same path or URL; ``style`` is read here and sent.

    ``device``: ``auto`` (the cluster's GPUs, else its processors), ``cpu`` or ``cuda``. ``cpus_per_worker``: cores and
    threads of a worker without GPU; None: 4, or as many as the smallest machine has. ``share``: jobs a worker takes at
    a time; None: up to 16. ``tile``, ``memory`` and ``options``: as for `Translator` and `pipeline.run_jobs`, but
    a worker's threads are at most as many as its cores, and nobody is told how far a video is.

    A worker that dies is replaced and its share done anew, except for the outputs it had written. A picture whose
    worker dies every time is a result with an error, as is one that cannot be read or written. Raises ``UnusableError``
    where Ray is missing, the cluster cannot be used or the workers cannot use the style or the device, ``UserError``
    for jobs on standard input or output and for devices and tiles that do not suit.
    """
    given = dict(enumerate(jobs))
    if any(job.source is None or job.output is None for job in given.values()):
        raise UserError("<ray>: '-' (standard input or output) is on this machine alone; name files")
    if device.startswith("cuda:"):
        raise UserError(f"<device> {device}: with <ray> every worker has a GPU of its own; give cuda")
    yield from (Result(job=job) for job in given.values() if job.skip)
    waiting = _look_up({number: job for number, job in given.items() if not job.skip})
    if not waiting:
        return
    with connect() as ray:
        workers = plan_workers([node["Resources"] for node in ray.nodes() if node["Alive"]], device, cpus_per_worker)
        fair = -(-len(waiting) // (workers.count * SHARES_EACH))
        setup = _Setup(
            style=ray.put(style.read_bytes()),
            name=style.name,
            device="cuda" if workers.on_gpu else "cpu",
            tile=tile,
            memory=memory,
            cpus=workers.cpus,
            options=replace(options.with_listeners(), workers=min(options.workers, workers.cpus)),
            share=share or min(fair, SHARE),
            starts=ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Starts).remote(),
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
    """What a worker needs to know."""

    style: Any  # reference to the content of the file, in Ray's store
    name: str  # of the style's file
    device: str
    tile: int | None
    memory: int | None
    cpus: int
    options: Options
    share: int  # jobs it takes at a time
    starts: Any  # the actor `_Starts`


def _look_up(jobs: Mapping[int, Job]) -> dict[int, _Task]:
    sent = [replace(job, source=_absolute(job.source), output=_absolute(job.output)) for job in jobs.values()]
    with ThreadPoolExecutor(LOOKUPS) as pool:
        before = pool.map(fingerprint, [job.output for job in sent if job.output is not None])
        return {number: _Task(number, job, mark) for number, job, mark in zip(jobs, sent, before, strict=True)}


def _absolute(place: Location | None) -> Any:
    return place.absolute() if isinstance(place, Path) else place


def _as_given(result: Result, job: Job) -> Result:
    """``result`` of the job as it was sent, for the job as the caller knows it."""
    failure = result.failure
    if failure is not None:
        for sent, given in ((result.source, job.source), (result.output, job.output)):
            failure = failure.replace(str(sent), str(given))
    return replace(result, job=job, failure=failure)


def _run(tasks: Sequence[_Task], workers: Workers, setup: _Setup) -> Iterator[tuple[int, Result]]:
    """The results by the number of their task, as the shares are finished."""
    import ray

    starts = range(0, len(tasks), setup.share)
    shares = [{"share": pickle.dumps(tasks[start : start + setup.share])} for start in starts]
    dataset = ray.data.from_items(shares, override_num_blocks=len(shares)).map_batches(
        _Worker,
        fn_constructor_args=(setup,),
        batch_size=1,
        # Two in flight: the next share is there when one is done. Actors that die are started anew, and so their tasks.
        compute=ray.data.ActorPoolStrategy(size=min(workers.count, len(shares)), max_tasks_in_flight_per_actor=2),
        num_gpus=1 if workers.on_gpu else None,
        num_cpus=None if workers.on_gpu else workers.cpus,
    )
    vars(dataset.context).update(
        print_on_execution_start=False,
        max_consecutive_actor_init_deaths=CHANCES,
        execution_no_progress_timeout_s=-1,  # a share of large pictures takes its time
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


class _Starts:
    """An actor that counts for the workers how often something was begun, whatever becomes of themselves."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def begin(self, what: str) -> int:
        """The number of this start, from 1."""
        self._counts[what] += 1
        return self._counts[what]

    def end(self, what: str) -> None:
        """It went well: the count starts anew."""
        del self._counts[what]


class _Worker:
    """An actor. Takes pickled shares and gives, for each, the pickled results, or what makes all further work vain."""

    def __init__(self, setup: _Setup) -> None:
        self._setup = setup
        self._options = setup.options
        self._translator: Translator | None = None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        done: list[bytes] = []
        for share in batch["share"]:
            try:
                done.append(pickle.dumps(self._convert(pickle.loads(share))))
            except UserError as error:  # raised here, it would be one of Ray's
                done.append(pickle.dumps(error))
            except Exception:  # noqa: BLE001 (a defect of the program: the caller raises it)
                done.append(pickle.dumps(RuntimeError(traceback.format_exc())))
        return {"results": done}

    def _convert(self, tasks: Sequence[_Task]) -> list[tuple[int, Result]]:
        """The results of a share. Where a worker died of it, its jobs go one by one, to find which one it dies of."""
        if self._begin(f"share from {tasks[0].number}") == 1:
            results = self._convert_all([task.job for task in tasks])
        else:
            results = [self._convert_one(task) for task in tasks]
        return [(task.number, result) for task, result in zip(tasks, results, strict=True)]

    def _convert_one(self, task: _Task) -> Result:
        if _written_since(task):
            return Result(job=task.job, size=_size(task.job.output))
        if self._begin(f"job {task.number}") >= CHANCES:
            failure = f"{task.job.source_name}: the worker process died of it {CHANCES} times; try <max_size>"
            return Result(job=task.job, failure=failure)
        (result,) = self._convert_all([task.job])
        return result

    def _convert_all(self, jobs: Sequence[Job]) -> list[Result]:
        translator = self._load()
        return list(run_jobs(jobs, translator, self._options))

    def _begin(self, what: str) -> int:
        import ray

        number = ray.get(self._setup.starts.begin.remote(what))
        assert isinstance(number, int)
        return number

    def _load(self) -> Translator:
        import ray

        if self._translator is None:
            setup = self._setup
            loading = f"style in {ray.get_runtime_context().get_actor_id()}"  # an actor keeps its id as it is restarted
            if self._begin(loading) > CHANCES:
                raise UnusableError(f"{setup.name}: the worker process died of loading it {CHANCES} times")
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / setup.name
                path.write_bytes(ray.get(setup.style))
                self._translator = Translator(
                    path, device=setup.device, tile=setup.tile, memory=setup.memory, threads=setup.cpus
                )
                self._options = replace(setup.options, translate_workers=self._translator.divide(setup.share))
            ray.get(setup.starts.end.remote(loading))
        return self._translator


def _written_since(task: _Task) -> bool:
    """Whether a worker that died since has written the output, in this run."""
    assert task.job.output is not None
    now = fingerprint(task.job.output)
    return now is not None and now != task.before


def _size(output: Location | None) -> tuple[int, int] | None:
    """Width and height of a picture, None: it is a video."""
    assert output is not None
    try:
        return load_picture(output.read_bytes() if isinstance(output, RemotePath) else output).size
    except PictureError:
        return None
