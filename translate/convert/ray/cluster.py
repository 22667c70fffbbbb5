"""A Ray cluster for the conversion: connecting to it without its chatter, and sharing it out among workers."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from translate.errors import UnusableError, UserError, one_line

CPUS_PER_WORKER = 4  # a network gains little from more threads, and every worker holds the style in memory
CPUS_PER_GPU = 8  # threads to decode and to encode for one GPU, at most
ANSWER_WITHIN = 15  # seconds
QUIET = {  # environment that `import ray` reads
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # the native part reports on standard error what it mends by itself
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # and the cluster on standard output, where our data go
}


@dataclass(frozen=True)
class Workers:
    """How the cluster is shared out."""

    count: int
    cpus: int  # of each: threads to compute without a GPU, to decode and to encode
    on_gpu: bool


def plan_workers(machines: Sequence[Mapping[str, float]], device: str, cpus_per_worker: int | None = None) -> Workers:
    """One worker a GPU where there are any and ``device`` allows, else one for every ``cpus_per_worker`` cores.

    ``machines``: the resources of each, as Ray counts them. Raises ``UserError`` where they do not suffice.
    """
    with_gpu = [machine for machine in machines if machine.get("GPU", 0) >= 1]
    if device == "cuda" and not with_gpu:
        raise UnusableError("<device> cuda: no machine of the Ray cluster has a GPU; <device> cpu works everywhere")
    if device != "cpu" and with_gpu:
        cores = min(int(machine.get("CPU", 1) // machine["GPU"]) for machine in with_gpu)
        return Workers(sum(int(machine["GPU"]) for machine in with_gpu), max(1, min(cores, CPUS_PER_GPU)), True)
    cores_of_each = [int(machine["CPU"]) for machine in machines if machine.get("CPU", 0) >= 1]
    if not cores_of_each:
        raise UnusableError("the Ray cluster has no processor to offer; start one with `ray start`")
    cpus = cpus_per_worker or min(CPUS_PER_WORKER, *cores_of_each)
    count = sum(cores // cpus for cores in cores_of_each)
    if count == 0:
        raise UserError(f"<cpus_per_worker> {cpus}: no machine of the Ray cluster has more than {max(cores_of_each)}")
    return Workers(count, cpus, False)


def import_ray() -> Any:
    """The module, told to be quiet, unless the environment says otherwise. Raises ``UnusableError`` without it."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UnusableError("<ray>: needs ray: pip install 'picture-translate[ray]'") from error
    return ray


@contextmanager
def connect() -> Iterator[Any]:
    """The module ``ray``, connected to a cluster, and silent on both standard streams.

    The cluster is the one that this process is connected to already, else the one of RAY_ADDRESS, else one on this
    machine that ends here. Raises ``UnusableError`` where Ray is missing or the cluster does not answer.
    """
    ray = import_ray()
    logger = logging.getLogger("ray.data")
    level = logger.level
    connected = ray.is_initialized()
    if not connected:
        _start(ray, os.environ.get("RAY_ADDRESS"))
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield ray
    finally:
        logger.setLevel(level)
        if not connected:
            ray.shutdown()


def _start(ray: Any, address: str | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        with _without_standard_error():  # the native part tells there which level it was set to
            if address:
                _require_answer(address)
                ray.init(address, **quiet)
            else:
                ray.init("local", include_dashboard=False, **quiet)
    except Exception as error:  # its own have no kind in common
        where = f"RAY_ADDRESS {address}: no Ray cluster answers" if address else "Ray cannot start on this machine"
        raise UnusableError(f"{where}: {one_line(error)}") from error


def _require_answer(address: str) -> None:
    """Raise ``OSError`` where nobody listens at ``HOST:PORT`` or ``ray://HOST:PORT``: Ray would wait on and on."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_WITHIN).close()


@contextmanager
def _without_standard_error() -> Iterator[None]:
    """For native code too, which writes to the file descriptor itself."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
