"""What this process takes of the machine, as Linux tells; other systems tell nothing here."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


def resources_in_use(process: int | str = "self") -> dict[str, float]:
    """Resident memory, open files and threads of ``process``, an id; {} where the system does not tell."""
    try:
        status = _status(process)
        return {
            "memory_mb": _megabytes(status["VmRSS"]),
            "open_files": float(sum(1 for _ in (_PROC / str(process) / "fd").iterdir())),
            "threads": float(status["Threads"]),
        }
    except (OSError, LookupError, ValueError):
        return {}


def peak_memory_mb(process: int | str = "self") -> float | None:
    """The most memory that ``process``, an id, has had resident at once; None where the system does not tell."""
    try:
        return _megabytes(_status(process)["VmHWM"])
    except (OSError, LookupError, ValueError):
        return None


def _status(process: int | str) -> dict[str, str]:
    lines = (_PROC / str(process) / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _megabytes(text: str) -> float:
    return round(int(text.removesuffix("kB")) * 1024 / 1e6, 1)
