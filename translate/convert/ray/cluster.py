"""Connecting to a Ray cluster without its log output, and dividing it among workers."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from translate.errors import UnusableError, UserError, one_line

CPUS_PER_WORKER = 4  # a network gains little from more threads, but every worker holds the style in memory
CPUS_PER_GPU = 8  # at most this many threads decode and encode for one GPU
CONNECT_TIMEOUT = 15  # seconds
QUIET = {  # environment variables that `import ray` reads
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # native code reports on standard error problems that it fixes itself
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # the cluster logs to standard output, where our data goes
}


@dataclass(frozen=True)
class Workers:
    """How the cluster is divided among workers."""

    count: int
    cpus: int  # per worker: threads to decode, to encode and, without a GPU, to compute
    on_gpu: bool


def plan_workers(machines: Sequence[Mapping[str, float]], device: str, cpus_per_worker: int | None = None) -> Workers:
    """One worker per GPU if there are any and ``device`` allows it, else one per ``cpus_per_worker`` cores.

    ``machines``: the resources of each, as Ray counts them. Raises ``UserError`` if they do not suffice,
    ``UnusableError`` if there is no GPU for ``cuda``, or no CPU.
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
        most = max(cores_of_each)
        raise UserError(f"<cpus_per_worker> {cpus}: no machine of the Ray cluster has more than {most} cores")
    return Workers(count, cpus, False)


def import_ray() -> Any:
    """Import Ray with logging off, unless the environment says otherwise. Raises ``UnusableError`` if it is missing."""
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
    """The module ``ray``, connected to a cluster, and silent on standard output and error.

    The cluster is the one this process is connected to already, else the one at RAY_ADDRESS, else a local one that only
    this machine can reach and that is shut down at the end. Whoever reaches the ports of a real cluster can run code on
    it. Raises ``UnusableError`` if Ray is missing or the cluster does not answer.
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
        with _without_standard_error():  # native code prints its log level there
            if address:
                _require_answer(address)
                ray.init(address, **quiet)
            else:
                with _on_loopback():
                    ray.init("local", include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
    except Exception as error:  # Ray's errors have no common base class
        where = f"RAY_ADDRESS {address}: no Ray cluster answers" if address else "Ray cannot start on this machine"
        raise UnusableError(f"{where}: {one_line(error)}") from error


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Have Ray's services, which would run code for whoever reaches them, listen to this machine alone.

    On Linux Ray replaces a loopback address by that of the network. It does not where clusters of several machines are
    off, as they are by default on macOS and Windows: by a variable for its processes, by a constant in this one.
    """
    from ray._private import ray_constants

    variable = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
    before = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(variable)
    ray_constants.ENABLE_RAY_CLUSTER, os.environ[variable] = False, "0"
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before[0]
        if before[1] is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before[1]


def _require_answer(address: str) -> None:
    """Raise ``OSError`` if nothing listens at ``HOST:PORT`` or ``ray://HOST:PORT``: Ray would keep waiting."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_TIMEOUT).close()


@contextmanager
def _without_standard_error() -> Iterator[None]:
    """Redirect standard error to nowhere, also for native code, which writes to the file descriptor."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
