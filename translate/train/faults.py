"""What the machine does to a training run, told as one line. Whatever it is, the newest checkpoint is whole."""

from __future__ import annotations

import errno
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from translate.errors import ExitCode, UserError, one_line

# by what is in the errors' texts, which have no classes of their own: what to do, the first that fits
REMEDIES = {
    r"DataLoader worker": "a worker that dies mostly lacked memory; give fewer <workers>",
    r"Too many open files|ancdata": "raise the limit (`ulimit -n`) or give fewer <workers>",
    r"out of memory|allocate memory|not enough memory": "free memory, or begin another run with a smaller <batch_size>",
    r"No space left|quota|File too large|inline_container|PytorchStreamWriter": "make room on the disk",
}


class FaultError(UserError):
    """The machine did not let the run go on."""

    exit_code = ExitCode.SOME_FAILED


@contextmanager
def described_faults(out: Path) -> Iterator[None]:
    """Raise a ``FaultError`` for what the system, a data worker, or the lack of room or memory raises inside."""
    hook = threading.excepthook
    # TensorBoard's thread prints its error, which is raised in the main thread as well
    threading.excepthook = lambda failure: None if issubclass(failure.exc_type, OSError) else hook(failure)
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, RuntimeError, MemoryError, SafetensorError) as error:
        remedy = next((remedy for sign, remedy in REMEDIES.items() if re.search(sign, str(error))), None)
        if remedy is None and isinstance(error, RuntimeError):
            raise  # a mistake in the program
        raise FaultError(
            f"<out> {out}: {_reason(error)}; {remedy or 'see to it'}, and repeat the command: "
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
