"""Faults of the machine during training, described in one line. Whatever happens, the newest checkpoint is whole."""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from translate.errors import ExitCode, UserError, one_line

# what to do, by patterns of the errors' texts, as they have no classes of their own; the first match counts
REMEDIES = {
    r"DataLoader worker.*Terminated": "it was told to end; end a training by Ctrl-C or SIGTERM to its first process",
    r"DataLoader worker": "a worker that dies has usually run out of memory; give fewer <workers>",
    r"Too many open files|ancdata": "raise the limit (`ulimit -n`) or give fewer <workers>",
    r"out of memory|allocate memory|not enough memory": "free memory, or begin another run with a smaller <batch_size>",
    r"No space left|quota|File too large|inline_container|PytorchStreamWriter": "make room on the disk",
}


class FaultError(UserError):
    """A fault of the machine that ended the run."""

    exit_code = ExitCode.SOME_FAILED


@contextmanager
def described_faults(out: Path) -> Iterator[None]:
    """Raise a ``FaultError`` for errors of the system or of a data worker, and for lack of disk space or memory."""
    hook = threading.excepthook
    # TensorBoard's thread prints its error, which is raised in the main thread as well
    threading.excepthook = lambda failure: None if issubclass(failure.exc_type, OSError) else hook(failure)
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, RuntimeError, MemoryError, SafetensorError) as error:
        remedy = next((remedy for pattern, remedy in REMEDIES.items() if re.search(pattern, str(error))), None)
        if remedy is None and isinstance(error, RuntimeError):
            raise  # a bug in the program
        raise FaultError(
            f"<out> {out}: {_reason(error)}; {remedy or 'fix the cause'}, and repeat the command: "
            "it goes on from the newest checkpoint"
        ) from error
    finally:
        threading.excepthook = hook


def _reason(error: BaseException) -> str:
    """The line of the error's text that says what happened: of a worker's error the last, else the first."""
    if isinstance(error, OSError) and error.errno in errno.errorcode:
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    if re.search(r"inline_container|PytorchStreamWriter", str(error)):  # PyTorch does not say why it could not
        return "the checkpoint cannot be written"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return one_line(ValueError(lines[-1] if lines[0].startswith("Caught") else lines[0])).rstrip(".")
